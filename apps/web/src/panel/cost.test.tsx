import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test } from "vitest";
import { costOf, type UsageReport, usedBy } from "./cost";
import type { PanelEvent, StreamName } from "./events";
import { EMPTY, fold, type PanelState } from "./fold";
import { CostByExpert } from "./records";
import { nextRead } from "./use-usage";

/** A panel of one call per cost, null for a call without a known price; `end` is its last event. */
function panelOf(costs: readonly (string | null)[], end?: StreamName): PanelState {
  let sequence = 0;
  const event = (name: StreamName, data: object): PanelEvent =>
    ({
      name,
      data: { panel_id: "p", at: "2026-01-01T00:00:00Z", sequence: ++sequence, ...data },
    }) as PanelEvent;
  return fold(EMPTY, [
    event("panel_created", { query: "Why?", configuration: {}, agents: [], options: [] }),
    ...costs.map((cost) =>
      event("usage_recorded", {
        agent_id: "a",
        cost_usd: cost,
        unpriced: cost === null,
        tokens_used: 10,
        execution_time_ms: 5,
      }),
    ),
    ...(end === undefined ? [] : [event(end, { reason: "cancelled", detail: "", recommendation: "Go." })]),
  ]);
}

function reportOf(part: Partial<UsageReport>): UsageReport {
  return {
    panel_id: "p",
    tokens_used: 20,
    input_tokens: 0,
    output_tokens: 0,
    cost_usd: "0.04",
    calls: 2,
    unpriced_calls: 0,
    execution_time_ms: 10,
    uncosted_calls: 0,
    groups: [],
    rows_left_out: false,
    ...part,
  };
}

function words(panel: PanelState, report: UsageReport | null = null): string {
  const { spent, known } = usedBy(panel, report);
  return costOf(spent, known);
}

describe("what a panel cost", () => {
  test("is while it runs what was spent so far, and unknown before the first call is recorded", () => {
    expect(words(panelOf([]))).toBe("not known yet");
    expect(words(panelOf(["0.01", "0.01"]))).toBe("$0.02");
  });

  test.each(["panel_completed", "panel_failed"] as const)(
    "is after %s the least it was, until the report tells the whole",
    (end) => {
      const panel = panelOf(["0.02"], end);
      expect(words(panel)).toBe("at least $0.02");
      expect(words(panel, reportOf({ uncosted_calls: 1 }))).toBe("at least $0.04");
      expect(words(panel, reportOf({}))).toBe("$0.04");
      expect(usedBy(panel, reportOf({})).spent.tokens).toBe(20);
    },
  );

  test("is not taken from a report that knows less than was heard", () => {
    expect(words(panelOf(["0.02", "0.02", "0.02"], "panel_failed"), reportOf({}))).toBe("at least $0.06");
  });

  test("is never nothing because it is unknown", () => {
    expect(words(panelOf([], "panel_failed"))).toBe("not known yet");
    expect(words(panelOf([null], "panel_failed"))).toBe("no price known");
    const unpriced = reportOf({ cost_usd: null, unpriced_calls: 2 });
    expect(words(panelOf([null], "panel_failed"), unpriced)).toBe("no price known");
    const none = reportOf({ cost_usd: null, calls: 0, tokens_used: 0 });
    expect(words(panelOf([], "panel_failed"), none)).toBe("$0.00");
  });

  test("is the least it was where some calls have no known price", () => {
    expect(words(panelOf(["0.02", null]))).toBe("at least $0.02");
    expect(words(panelOf(["0.02", null], "panel_failed"), reportOf({ unpriced_calls: 1 }))).toBe(
      "at least $0.04",
    );
  });

  test("is read again until it is whole, but not for ever", () => {
    expect(nextRead(undefined, 0)).toBe(4000);
    expect(nextRead(null, 0)).toBe(4000);
    expect(nextRead(reportOf({ uncosted_calls: 2 }), 60_000)).toBe(4000);
    expect(nextRead(reportOf({ uncosted_calls: 2 }), 120_000)).toBe(0);
    expect(nextRead(reportOf({}), 0)).toBe(0);
  });
});

describe("the cost by expert", () => {
  const panel = panelOf(["0.02"], "panel_failed");
  const table = (report: UsageReport): string =>
    renderToStaticMarkup(<CostByExpert panel={panel} used={usedBy(panel, report)} />);

  test("lists the calls that ended after the panel", () => {
    const group = { ...reportOf({}), key: "late", panels_count: 1 };
    const shown = table(reportOf({ groups: [group] }));
    expect(shown).toContain("late");
    expect(shown).not.toContain("no line here shows");
  });

  test("says what is in the total only, for who may not see the panel's rows", () => {
    expect(table(reportOf({}))).toContain("The total holds 1 call that no line here shows.");
  });

  test("says that rows were left out, where the lines are of those that were not", () => {
    const group = { ...reportOf({}), key: "first", panels_count: 1 };
    expect(table(reportOf({ groups: [group], rows_left_out: true }))).toContain("Incomplete: ");
    expect(table(reportOf({ groups: [group] }))).not.toContain("Incomplete: ");
    expect(table(reportOf({ rows_left_out: true }))).not.toContain("Incomplete: ");
  });
});
