import { describe, expect, test } from "vitest";
import { announcement } from "./announcement";
import type { PanelEvent, StreamName } from "./events";
import { EMPTY, fold, type PanelState } from "./fold";

let sequence = 0;
const event = (name: StreamName, data: object): PanelEvent =>
  ({
    name,
    data: { panel_id: "p", at: "2026-01-01T00:00:00Z", sequence: ++sequence, ...data },
  }) as PanelEvent;

const running = fold(EMPTY, [
  event("panel_created", { query: "Why?", configuration: {}, agents: [], options: [] }),
  event("round_started", { round_number: 1, purpose: "opening", speakers: [] }),
]);
const counted = (state: PanelState): PanelState =>
  fold(state, [
    event("consensus_calculated", { round_number: 1, consensus_level: 0.8, band: "strong", metrics: {} }),
  ]);
const said = (now: PanelState, before = running, mayAct = true): string | null =>
  announcement(before, now, mayAct);

describe("a screen reader hears", () => {
  test("a round and its result, once", () => {
    const second = fold(running, [
      event("round_started", { round_number: 2, purpose: "view", speakers: [] }),
    ]);
    expect(said(second)).toBe("Round 2 has begun.");
    expect(said(counted(running))).toBe("Consensus after round 1: 80%.");
    expect(said(second, second)).toBeNull();
  });

  test("for whom the panel waits, at every checkpoint", () => {
    const first = fold(running, [event("human_requested", { checkpoint_id: "one" })]);
    const second = fold(first, [event("human_requested", { checkpoint_id: "two" })]);
    expect(said(first)).toBe("The panel waits for you");
    expect(said(first, running, false)).toBe("The panel waits for a person");
    expect(said(second, first)).toBe("The panel waits for you");
    expect(said(second, second)).toBeNull();
  });

  test("how the panel ended", () => {
    const result = counted(running);
    const completed = fold(result, [event("panel_completed", { recommendation: "Go." })]);
    expect(said(completed, result)).toBe("The panel has ended. Consensus: 80%, Strong agreement.");
    const stopped = fold(running, [event("panel_failed", { reason: "cancelled", detail: "" })]);
    expect(said(stopped)).toBe("The panel has ended without a result: Stopped by a person.");
    const uncounted = fold(running, [event("panel_completed", { recommendation: "Go." })]);
    expect(said(uncounted)).toBe("The panel has ended.");
    expect(said(completed, completed)).toBeNull();
  });
});
