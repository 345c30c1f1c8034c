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

export function typeName(id: string): string {
  return text.types[id]?.name ?? id;
}
