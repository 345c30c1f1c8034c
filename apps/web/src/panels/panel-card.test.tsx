import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test, vi } from "vitest";
import { PanelCard } from "./panel-card";

vi.mock("@/panel/panel-actions", () => ({ useMayAct: (asker: string) => asker === "me" }));

type Panel = Parameters<typeof PanelCard>[0]["panel"];

function card(part: Partial<Panel>): string {
  const panel: Panel = {
    id: "p",
    user_id: "me",
    status: "completed",
    panel_type: "open",
    query: "Why?",
    agents: [],
    degraded: [],
    uncosted_calls: 0,
    ...part,
  };
  return renderToStaticMarkup(<PanelCard panel={panel} onEnd={null} />).replace(/<[^>]*>/g, "|");
}

describe("a panel's card", () => {
  test("says that nothing will be counted where a panel completed without a count", () => {
    expect(card({})).toContain("Consensus is switched off");
    expect(card({ status: "running" })).toContain("No consensus yet");
    expect(card({ consensus_level: 0.8, band: "strong" })).toContain("80%");
  });

  test("says for whom a panel waits", () => {
    const awaiting = { checkpoint_id: "c", kind: "input" } as unknown as Panel["awaiting"];
    expect(card({ status: "running", awaiting })).toContain("Waits for you");
    expect(card({ status: "running", awaiting, user_id: "other" })).toContain("Waits for a person");
  });

  test("shows an amount that is not the whole as the least it was", () => {
    expect(card({ cost_usd: "0.02" })).toContain("|$0.02|");
    expect(card({ cost_usd: "0.02", uncosted_calls: 1 })).toContain("|at least $0.02|");
  });
});
