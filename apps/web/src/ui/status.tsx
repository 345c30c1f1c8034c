import type { ReactNode } from "react";
import { text } from "@/text";

export function StatusChip({ status }: { readonly status: string }): ReactNode {
  return (
    <span className={`chip status-${status}`}>
      <i aria-hidden="true" />
      {text.statuses[status] ?? status}
    </span>
  );
}

/** The status of a panel that waits for a person: for who looks at it, or for another. */
export function waitsFor(mayAct: boolean): string {
  return mayAct ? "awaiting" : "awaiting-other";
}

export function typeName(id: string): string {
  return text.types[id]?.name ?? id;
}
