import { Problem } from "@/api/problem";

/** Milliseconds before a read that failed is tried again: at first, and at most. */
const FIRST = 2000;
const MOST = 15_000;
/** The longest wait a browser's timer takes. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Whether a read may go well the next time: nothing answered, or what answered could not now. */
export function isPassing(error: unknown): boolean {
  return error instanceof Problem && (error.status === 0 || error.status === 429 || error.status >= 500);
}

/**
 * How long to wait before the `count`th retry, in milliseconds: as long as the answer said, else a little longer each
 * time, but so that a page is not stale for long after an outage. `chance`, 0 to 1, keeps pages from coming all at once.
 */
export function waitBefore(count: number, error: unknown, chance: number): number {
  const told = error instanceof Problem ? error.retryAfter : null;
  if (told !== null) return Math.min(told * 1000 + chance * FIRST, LONGEST_TIMER);
  return Math.min(FIRST * 2 ** count, MOST) * (0.5 + chance / 2);
}
