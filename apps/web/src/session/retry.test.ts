import { expect, test } from "vitest";
import { Problem } from "@/api/problem";
import { isPassing, waitBefore } from "./retry";

const answer = (status: number, retryAfter: number | null = null) =>
  new Problem(status, "", "", new Map(), retryAfter);

test("what passes by itself is tried again, and nothing else", () => {
  for (const status of [0, 429, 500, 503]) expect(isPassing(answer(status))).toBe(true);
  for (const status of [400, 401, 403, 404, 422]) expect(isPassing(answer(status))).toBe(false);
  expect(isPassing(new TypeError("a fault of the page"))).toBe(false);
});

test("after however long an outage a page is stale for at most fifteen seconds more", () => {
  for (const chance of [0, 1]) {
    const waits = [1, 2, 3, 4, 10, 2000].map((count) => waitBefore(count, answer(0), chance));
    expect(waits).toEqual(waits.toSorted((one, other) => one - other));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(1000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(15_000);
  }
});

test("an answer that says how long to wait is believed", () => {
  expect(waitBefore(1, answer(429, 40), 0)).toBe(40_000);
  expect(waitBefore(9, answer(503, 1), 0)).toBe(1000);
  expect(waitBefore(1, answer(429, 1e9), 1)).toBeLessThan(2 ** 31);
});
