import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { renewed } from "./renewal";
import type { SignIn } from "./supabase";

const supabase = (token: string | null): (() => Promise<SignIn>) => {
  const signIn = { token: async () => token, refreshed: async () => "forced" };
  return async () => signIn as unknown as SignIn;
};

let stored: string | null;
beforeEach(() => {
  stored = "{}";
  vi.stubGlobal("sessionStorage", { getItem: () => stored });
});
afterEach(() => vi.unstubAllGlobals());

test("a session of Supabase has a next token: its own, or a forced one where its own was refused", async () => {
  expect(await renewed(supabase("next"), "old")).toBe("next");
  expect(await renewed(supabase("old"), "old")).toBe("forced");
  expect(await renewed(supabase(null), "old")).toBeNull();
});

test("a token that was handed over has none", async () => {
  expect(await renewed(null, "old")).toBeNull();
  stored = null;
  expect(await renewed(supabase("next"), "old")).toBeNull();
});

test("a sign-in that is not reached says nothing about the session", async () => {
  await expect(renewed(() => Promise.reject(new TypeError("network")), "old")).rejects.toMatchObject({
    status: 0,
  });
});
