import type { ReactNode } from "react";
import { initials } from "@/format";

/** An expert's initials on the colour of the seat. */
export function Avatar({
  name,
  seat,
  size = "",
}: {
  readonly name: string;
  readonly seat: number | null;
  readonly size?: "" | "small";
}): ReactNode {
  return (
    <span className={`avatar ${size} ${seat === null ? "person" : `seat-${seat % 12}`}`} aria-hidden="true">
      {initials(name)}
    </span>
  );
}
