import { expect, test } from "vitest";
import type { Api } from "@/api/client";
import type { Expert } from "./expert-draft";
import { read } from "./reading";

const told = (version: number): Api =>
  ({
    GET: async () => ({ data: { id: "tax-counsel", version, instructions: `v${version}` } }),
  }) as unknown as Api;
const known = { id: "tax-counsel", version: 2 } as Expert;

test("an expert is edited from what it is now, and never from an older version than was seen", async () => {
  expect((await read(told(2), known)).instructions).toBe("v2");
  expect((await read(told(3), known)).instructions).toBe("v3");
  await expect(read(told(1), known)).rejects.toMatchObject({ status: 503 });
});
