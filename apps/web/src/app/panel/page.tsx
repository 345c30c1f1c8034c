import type { Metadata } from "next";
import { type ReactNode, Suspense } from "react";
import { PanelPage } from "@/panel/panel-page";
import { text } from "@/text";

export const metadata: Metadata = { title: text.panel.seats };

export default function Page(): ReactNode {
  return (
    <Suspense>
      <PanelPage />
    </Suspense>
  );
}
