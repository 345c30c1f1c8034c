import type { Metadata } from "next";
import { type ReactNode, Suspense } from "react";
import { CreatePanelPage } from "@/ask/create-panel-page";
import { text } from "@/text";

export const metadata: Metadata = { title: text.ask.title };

export default function Page(): ReactNode {
  return (
    <Suspense>
      <CreatePanelPage />
    </Suspense>
  );
}
