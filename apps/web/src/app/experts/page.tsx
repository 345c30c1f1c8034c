import type { Metadata } from "next";
import { type ReactNode, Suspense } from "react";
import { ExpertsPage } from "@/experts/experts-page";
import { text } from "@/text";

export const metadata: Metadata = { title: text.experts.title };

export default function Page(): ReactNode {
  return (
    <Suspense>
      <ExpertsPage />
    </Suspense>
  );
}
