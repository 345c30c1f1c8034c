import { describe, expect, test } from "vitest";
import type { PanelEvent, StreamName } from "./events";
import { EMPTY, fold, type PanelState } from "./fold";
import { silenceOf, silentSeats, whySilent } from "./silence";

let sequence = 0;
const event = (name: StreamName, data: object): PanelEvent =>
  ({
    name,
    data: { panel_id: "p", at: "2026-01-01T00:00:00Z", sequence: ++sequence, ...data },
  }) as PanelEvent;

const place = (seat: number, round = 1) => ({
  round_number: round,
  step: "1",
  seat,
  purpose: "opening",
  agent_id: `expert-${seat}`,
  agent_name: ["Ada", "Bo", "Cy"][seat],
  attempt: 1,
});
const speaks = (seat: number, round = 1) => event("expert_speaking", { ...place(seat, round), model: "m" });
const answers = (seat: number, round = 1) =>
  event("response_added", {
    ...place(seat, round),
    role: "expert",
    model: "m",
    response_id: `r${seat}${round}`,
    content: "Yes.",
    answer: {},
  });
const fails = (seat: number, reason: string, round = 1, retryable = false) =>
  event("expert_failed", { ...place(seat, round), reason, retryable });
const types = (seat: number, text: string) =>
  ({
    name: "response_delta",
    data: { sequence: null, round_number: 1, seat, step: "1", text },
  }) as unknown as PanelEvent;

/** Three experts in one round, and what happens to them. */
function after(...events: readonly PanelEvent[]): PanelState {
  const start = [0, 1, 2].map((seat) => ({ ...place(seat), role: "expert" }));
  return fold(EMPTY, [
    event("panel_created", {
      query: "Why?",
      configuration: { attempt_limit: 3 },
      agents: start,
      options: [],
    }),
    event("round_started", { round_number: 1, purpose: "opening", speakers: [0, 1, 2] }),
    ...events,
  ]);
}
// The events are numbered as they are made: the start's come before them.
const story = (make: () => readonly PanelEvent[]): PanelState => {
  sequence = 10;
  const events = make();
  sequence = 0;
  return after(...events);
};
const turn = (state: PanelState, seat: number) => {
  const found = state.rounds[0]?.turns.find((one) => one.seat === seat);
  if (found === undefined) throw new Error(`no turn of seat ${seat}`);
  return found;
};
const ended = (reason: string) => event("panel_failed", { reason, detail: "" });

describe("a panel that has ended", () => {
  test("leaves nobody thinking or typing", () => {
    const state = story(() => [
      speaks(0),
      speaks(1),
      types(1, "I would"),
      fails(2, "timeout", 1, true),
      ended("cancelled"),
    ]);
    expect(state.rounds[0]?.turns.map((one) => one.phase)).toEqual(["stopped", "stopped", "failed"]);
    expect(turn(state, 1).text).toBe("I would");
    expect(whySilent(turn(state, 0))).toBe("Stopped before answering.");
    expect(whySilent(turn(state, 2))).toBe("No answer: no answer in time");
  });

  test("says what ended it, where that was not a person", () => {
    const late = story(() => [speaks(0), ended("deadline_passed")]);
    expect(whySilent(turn(late, 0))).toBe("Stopped before answering: the time was up.");
    const done = story(() => [speaks(0), event("panel_completed", { stop_reason: "max_rounds" })]);
    expect(whySilent(turn(done, 0))).toBe("Stopped before answering: the panel had ended.");
  });

  test("types no more, and still takes an answer that comes after the end", () => {
    const stopped = story(() => [speaks(0), ended("cancelled")]);
    expect(fold(stopped, [types(0, "more")])).toBe(stopped);
    sequence = 50;
    expect(turn(fold(stopped, [answers(0)]), 0).phase).toBe("answered");
    expect(turn(fold(stopped, [speaks(1)]), 1).phase).toBe("stopped");
  });
});

describe("the silent", () => {
  test("are remembered: who never answered, and who did not in some round", () => {
    const state = story(() => [
      answers(0),
      fails(1, "refused"),
      answers(2),
      event("round_started", { round_number: 2, purpose: "ballot", speakers: [0, 2] }),
      answers(0, 2),
      fails(2, "timeout", 2),
      event("panel_completed", { stop_reason: "max_rounds" }),
    ]);
    expect([0, 1, 2].map((seat) => silenceOf(state, seat))).toEqual([
      null,
      "gave no answer",
      "gave no answer in round 2",
    ]);
    expect(silentSeats(state).map((seat) => seat.agent_name)).toEqual(["Bo"]);
  });

  test("are not those who were never asked", () => {
    const state = story(() => [ended("cancelled")]);
    expect(silenceOf(state, 0)).toBeNull();
    expect(silentSeats(state)).toEqual([]);
  });
});
