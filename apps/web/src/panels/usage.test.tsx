import { renderToStaticMarkup } from "react-dom/server";
import { expect, test, vi } from "vitest";
import { Problem } from "@/api/problem";
import { Usage } from "./usage";

const totals = { tokens_used: 5, input_tokens: 0, output_tokens: 0, calls: 1, unpriced_calls: 0 };
const answers = vi.hoisted(() => new Map<string, { data?: unknown; error?: unknown }>());
vi.mock("swr", () => ({
  default: (key: string | readonly string[]) => ({
    mutate: () => undefined,
    ...answers.get(String(Array.isArray(key) ? key[1] : key)),
  }),
}));
vi.mock("@/session/provider", () => ({ useSession: () => ({ api: {} }) }));
vi.mock("@/branding/brand", () => ({ useTenant: () => ({ role: "owner", limits: {} }) }));

test("a chart that does not come says why, and one that comes is waited for", () => {
  answers.set("day", { data: { ...totals, groups: [] } });
  answers.set("agent", { error: new Problem(503, "Unavailable", "The database does not answer now.") });
  const page = renderToStaticMarkup(<Usage />);
  const [, byExpert = "", byType = ""] = page.split("<figcaption>").slice(1);
  expect(byExpert).toContain("By expert");
  expect(byExpert).toContain("The database does not answer now.");
  expect(byExpert).toContain("Try again");
  expect(byType).toContain("By type");
  expect(byType).toContain("Loading…");
});
