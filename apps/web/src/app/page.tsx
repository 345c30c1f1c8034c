import type { Metadata } from "next";
import { type ReactNode, Suspense } from "react";
import { Dashboard } from "@/panels/dashboard";
import { text } from "@/text";

export const metadata: Metadata = { title: text.panels.title };

export default function Page(): ReactNode {
  return (
    <Suspense>
      <Dashboard />
    </Suspense>
  );
}
