import { renderToStaticMarkup } from "react-dom/server";
import { expect, test, vi } from "vitest";
import type { PanelTypeInfo } from "@/api/panel-types";
import { Estimate } from "./proposal";

vi.mock("swr", () => ({
  default: (key: readonly unknown[] | null) => ({
    data:
      key === null
        ? undefined
        : { agents: [], estimate: { calls: 10, cost_usd: key[3] === 4 ? "0.4" : "0.3" } },
  }),
}));
vi.mock("@/session/provider", () => ({ useSession: () => ({ api: {} }) }));

const type = { id: "open", experts: { min: 3, max: 5, default: 3 } } as PanelTypeInfo;

function about(query: string | null, seats: number | null): string {
  return renderToStaticMarkup(<Estimate type={type} query={query} seats={seats} />);
}

test("what a panel will about cost is told for as many experts as will sit on it", () => {
  expect(about("Shall we go?", null)).toBe(" · about $0.30");
  expect(about("Shall we go?", 4)).toBe(" · about $0.40");
  expect(about("Shall we go?", 6)).toBe("");
  expect(about(null, null)).toBe("");
});
