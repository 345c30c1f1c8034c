import { afterEach, expect, test, vi } from "vitest";
import { Problem } from "@/api/problem";
import { loadConfig } from "./config";

afterEach(() => vi.unstubAllGlobals());

test.each([
  [{}, false],
  [{ local: "yes" }, false],
  [{ local: true }, true],
])("only an installation that says it is local is one: %j", async (body, local) => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify(body))));
  expect(await loadConfig()).toMatchObject({ local });
});

test("a network that is away is a problem, not a mistake of the page", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  const failure = await loadConfig().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Problem);
  expect(failure).toMatchObject({ status: 0 });
});
