import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { leave } from "./leaving";
import { SUPABASE_SESSION, writeSession } from "./store";
import type { SignIn } from "./supabase";

const supabase = (out: () => Promise<void>) => async () => ({ out }) as SignIn;

let tab: Map<string, string>;
beforeEach(() => {
  tab = new Map([[SUPABASE_SESSION, "a refresh token"]]);
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => tab.get(key) ?? null,
    setItem: (key: string, value: string) => tab.set(key, value),
    removeItem: (key: string) => tab.delete(key),
  });
});
afterEach(() => vi.unstubAllGlobals());

test.each([
  ["answers", supabase(() => Promise.resolve())], // also with an error, which its client does not throw
  ["does not answer", supabase(() => Promise.reject(new TypeError("Failed to fetch")))],
  ["was never loaded", () => Promise.reject(new TypeError("no script"))],
])("whoever leaves leaves nothing in the tab, where Supabase %s", async (_, signIn) => {
  await leave(signIn);
  expect([...tab]).toEqual([]);
});

test("who signs in while it waits keeps the session", async () => {
  await leave(supabase(async () => writeSession({ token: "next", tenant: "acme" })));
  expect(tab.get(SUPABASE_SESSION)).toBe("a refresh token");
});
