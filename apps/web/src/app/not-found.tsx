import Link from "next/link";
import type { ReactNode } from "react";
import { text } from "@/text";

export default function NotFound(): ReactNode {
  return (
    <main className="page narrow" id="content">
      <h1>{text.problems.pageNotFound}</h1>
      <p>
        <Link href="/">{text.problems.back}</Link>
      </p>
    </main>
  );
}
