import { expect, test } from "vitest";
import { handingOver } from "./offer";

const as = (sub: string, tenant: string, exp = 1) => ({
  token: `x.${btoa(JSON.stringify({ sub, exp }))}.y`,
  tenant,
});

test("a link signs in who is not, renews who is, and asks before it makes somebody another", () => {
  const now = as("alice", "acme");
  expect(handingOver(null, now)).toBe("none");
  expect(handingOver(as("alice", "acme"), null)).toBe("take");
  expect(handingOver(as("alice", "acme", 2), now)).toBe("take");
  expect(handingOver(as("mallory", "acme"), now)).toBe("ask");
  expect(handingOver(as("alice", "globex"), now)).toBe("ask");
});
