import { afterEach, expect, test, vi } from "vitest";
import { newWish } from "./wish";

afterEach(() => vi.unstubAllGlobals());

test("a wish has a name of its own on a host without https too", () => {
  const { crypto } = globalThis;
  vi.stubGlobal("crypto", {
    getRandomValues: (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes),
  });
  const [one, other] = [newWish(), newWish()];
  expect(one).toMatch(/^[0-9a-f]{32}$/);
  expect(other).not.toBe(one);
});
