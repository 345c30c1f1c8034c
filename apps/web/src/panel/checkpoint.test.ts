import { expect, test } from "vitest";
import { faultOf, keep, kept } from "./checkpoint";

test("an answer is not sent without words, and nothing with more of them than are taken", () => {
  expect(faultOf("answer", " ")).toBe("missing");
  expect(faultOf("approve", " ")).toBeNull();
  expect(faultOf("answer", `${"x".repeat(4000)} `)).toBeNull();
  expect(faultOf("approve", "x".repeat(4001))).toBe("too long");
});

test("what is written at a checkpoint is kept for it alone, until it is sent", () => {
  const tab = new Map<string, string>();
  const storage = {
    getItem: (key: string) => tab.get(key) ?? null,
    setItem: (key: string, value: string) => void tab.set(key, value),
    removeItem: (key: string) => void tab.delete(key),
  };
  keep("one", "We have the plant.", storage);
  expect(kept("one", storage)).toBe("We have the plant.");
  expect(kept("other", storage)).toBe("");
  keep("one", "", storage);
  expect(tab.size).toBe(0);
});
