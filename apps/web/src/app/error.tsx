"use client";

import type { ReactNode } from "react";
import { text } from "@/text";

/** In place of a page that failed while it was drawn: what stands around it stays. */
export default function ErrorPage({ error }: { readonly error: Error }): ReactNode {
  return (
    <main className="page narrow" id="content">
      <h1>{text.problems.title}</h1>
      <div role="alert">
        <p className="lead">{text.problems.bug}</p>
        <p className="hint">{String(error)}</p>
      </div>
      <div className="buttons">
        <button type="button" className="button primary" onClick={() => location.reload()}>
          {text.problems.reload}
        </button>
        {/* Not by the router: the page begins anew, also where this is its address already. */}
        <a className="button" href="/">
          {text.problems.back}
        </a>
      </div>
    </main>
  );
}
