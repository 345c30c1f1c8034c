/** What a person writes at a checkpoint, until it is sent. Pure, but for where it is kept. */
import type { StreamData } from "./events";

export type Action = StreamData["human_requested"]["actions"][number];

/** Characters, as the gateway takes them. */
export const LONGEST_ANSWER = 4000;

/** Why this cannot be sent; null: it can. */
export function faultOf(action: Action, content: string): "missing" | "too long" | null {
  const { length } = content.trim();
  if (length > LONGEST_ANSWER) return "too long";
  return length === 0 && (action === "answer" || action === "modify") ? "missing" : null;
}

/** What was being written when the page was left or drawn anew. */
export function kept(place: string, tab: Pick<Storage, "getItem">): string {
  return tab.getItem(`askpanel.checkpoint.${place}`) ?? "";
}

/** Empty: it is sent, and there is nothing to keep. */
export function keep(place: string, content: string, tab: Pick<Storage, "setItem" | "removeItem">): void {
  try {
    if (content === "") tab.removeItem(`askpanel.checkpoint.${place}`);
    else tab.setItem(`askpanel.checkpoint.${place}`, content);
  } catch {
    // It is more than the tab may keep, and more than can be sent.
  }
}
