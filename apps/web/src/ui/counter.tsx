import type { ReactNode } from "react";
import { text } from "@/text";

/** How much of a text's room is used. Typing and pasting go on beyond it: nothing is cut off unseen. */
export function Counter({ length, limit }: { readonly length: number; readonly limit: number }): ReactNode {
  return <p className={`counter ${length > limit ? "over" : ""}`}>{text.ask.counter(length, limit)}</p>;
}
