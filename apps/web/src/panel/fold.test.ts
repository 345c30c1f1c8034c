import { describe, expect, test } from "vitest";
import { stanceOf } from "./ballots";
import type { PanelEvent, StreamData, StreamName } from "./events";
import { EMPTY, fold, hasEnded, interrupted, type PanelState } from "./fold";

let sequence = 0;
function event<N extends StreamName>(name: N, data: object): PanelEvent {
  const live = name === "response_delta" || name === "stream_reset";
  sequence += live ? 0 : 1;
  return {
    name,
    data: { panel_id: "p", at: "2026-01-01T00:00:00Z", sequence: live ? null : sequence, ...data },
  } as PanelEvent;
}

const place = { round_number: 1, step: "1", seat: 0, purpose: "opening", agent_id: "a" };

function story(): PanelEvent[] {
  sequence = 0;
  return [
    event("panel_created", {
      query: "Why?",
      configuration: { attempt_limit: 3 },
      agents: [
        { seat: 0, agent_id: "a", agent_name: "Ada", role: "expert" },
        { seat: 1, agent_id: "b", agent_name: "Bo", role: "expert" },
      ],
    }),
    event("panel_started", { plan: { rounds: 2 } }),
    event("round_started", { round_number: 1, purpose: "opening", speakers: [0, 1] }),
    event("expert_speaking", { ...place, agent_name: "Ada", model: "m", attempt: 1 }),
    event("response_delta", { round_number: 1, seat: 0, agent_id: "a", step: "1", text: "Be" }),
    event("response_delta", { round_number: 1, seat: 0, agent_id: "a", step: "1", text: "cause" }),
    event("response_added", {
      ...place,
      agent_name: "Ada",
      role: "expert",
      model: "m",
      attempt: 1,
      response_id: "r",
      content: "Because.",
      stance: "support",
      answer: { stance: "support", position: "" },
    }),
  ];
}

const turnOf = (state: PanelState) => state.rounds[0]?.turns[0];

describe("a panel told by its events", () => {
  test("shows an answer while it is typed, then the answer itself", () => {
    const events = story();
    expect(turnOf(fold(EMPTY, events.slice(0, 6)))).toMatchObject({ phase: "speaking", text: "Because" });
    expect(turnOf(fold(EMPTY, events))).toMatchObject({ phase: "answered", text: "Because.", name: "Ada" });
  });

  test("is the same however often and in whatever pieces its events come", () => {
    const events = story();
    const once = fold(EMPTY, events);
    expect(fold(once, events)).toEqual(once);
    expect(
      events.reduce(
        (state, one) =>
          fold(
            fold(state, [one]),
            [one].filter((e) => e.name !== "response_delta"),
          ),
        EMPTY,
      ),
    ).toEqual(once);
    expect(once.rounds[0]?.turns).toHaveLength(1);
  });

  test("takes no token that comes after its answer", () => {
    const state = fold(EMPTY, story());
    expect(
      fold(state, [
        event("response_delta", { round_number: 1, seat: 0, agent_id: "a", step: "1", text: "late" }),
      ]),
    ).toBe(state);
  });

  test("leaves the other turns untouched, so that their cards rest", () => {
    const state = fold(EMPTY, [
      ...story(),
      event("expert_speaking", {
        ...place,
        seat: 1,
        agent_id: "b",
        agent_name: "Bo",
        model: "m",
        attempt: 1,
      }),
    ]);
    const next = fold(state, [
      event("response_delta", { round_number: 1, seat: 1, agent_id: "b", step: "1", text: "x" }),
    ]);
    expect(next.rounds[0]?.turns[0]).toBe(state.rounds[0]?.turns[0]);
    expect(next.rounds[0]?.turns[1]?.text).toBe("x");
  });

  test("tells an attempt that will be repeated from a seat that has failed", () => {
    const failing = (attempt: number, retryable: boolean): PanelState =>
      fold(EMPTY, [
        ...story().slice(0, 4),
        event("expert_failed", { ...place, agent_name: "Ada", attempt, retryable, reason: "timeout" }),
      ]);
    expect(turnOf(failing(1, true))?.phase).toBe("retrying");
    expect(turnOf(failing(3, true))?.phase).toBe("failed");
    expect(turnOf(failing(1, false))?.phase).toBe("failed");
  });

  test("begins a new attempt with an empty card", () => {
    const again = event("expert_speaking", { ...place, agent_name: "Ada", model: "m", attempt: 2 });
    expect(turnOf(fold(EMPTY, [...story().slice(0, 6), again]))).toMatchObject({
      text: "",
      attempt: 2,
      phase: "speaking",
    });
  });

  test("marks an answer that came after its round had closed", () => {
    const events = story();
    const closed = { ...event("round_completed", { round_number: 1, answered: [], missing: [0] }) };
    (closed.data as { sequence: number }).sequence = 6.5;
    const answer = events.at(-1) as PanelEvent;
    expect(
      turnOf(
        fold(EMPTY, [
          ...events.slice(0, 6),
          closed,
          { ...answer, data: { ...answer.data, sequence: 7.5 } } as PanelEvent,
        ]),
      )?.late,
    ).toBe(true);
  });

  test("starts over when the log no longer knows where we were", () => {
    const before = fold(EMPTY, story());
    const reset = fold(before, [event("stream_reset", { reason: "" })]);
    // What was there is shown until the first event of what replaces it is there.
    expect(reset).toMatchObject({ created: before.created, rounds: before.rounds });
    const [first] = story();
    expect(first && fold(reset, [first])).toEqual(first && fold(EMPTY, [first]));
    expect(fold(reset, story())).toEqual(before);
  });

  test("marks the gap when a connection is lost in the middle of an answer", () => {
    const next = event("response_delta", {
      round_number: 1,
      seat: 0,
      agent_id: "a",
      step: "1",
      text: "later",
    });
    const lost = interrupted(interrupted(fold(EMPTY, story().slice(0, 6))));
    expect(turnOf(fold(lost, [next, next]))?.text).toBe("Because … laterlater");
    expect(interrupted(fold(EMPTY, story()))).toEqual(fold(EMPTY, story()));
  });

  test("begins behind a gap where the page was opened while somebody spoke", () => {
    const next = event("response_delta", {
      round_number: 1,
      seat: 0,
      agent_id: "a",
      step: "1",
      text: "later",
    });
    expect(turnOf(fold(interrupted(fold(EMPTY, story().slice(0, 4)), true), [next]))?.text).toBe("… later");
    expect(turnOf(fold(interrupted(fold(EMPTY, story().slice(0, 6)), true), [next]))?.text).toBe(
      "Becauselater",
    );
  });

  test("counts an unpriced call as unpriced, never as free", () => {
    const used = { agent_id: "a", tokens_used: 10, execution_time_ms: 5 };
    const state = fold(EMPTY, [
      ...story(),
      event("usage_recorded", { ...used, cost_usd: null, unpriced: true }),
      event("usage_recorded", { ...used, cost_usd: "0.25", unpriced: false }),
    ]);
    expect(state.spent).toEqual({ calls: 2, tokens: 20, cost: 0.25, unpriced: 1, milliseconds: 10 });
  });

  test("takes a stance from a seat's own view, not from a side it was assigned", () => {
    const speech = {
      ...(story().at(-1)?.data as StreamData["response_added"]),
      step: "2a",
      purpose: "view",
      role: "con",
      stance: "oppose",
      sequence: 99,
    };
    const state = fold(EMPTY, [...story(), { name: "response_added", data: speech } as PanelEvent]);
    expect(stanceOf(state, 0)).toBe("support");
    expect(stanceOf(state, 1)).toBeNull();
  });

  test("ends, and waits for nobody any more", () => {
    const events = story();
    const waiting = event("human_requested", {
      checkpoint_id: "c",
      round_number: 1,
      actions: [],
      deadline_at: "",
    });
    const state = fold(EMPTY, [
      ...events,
      waiting,
      event("panel_failed", { reason: "cancelled", detail: "" }),
    ]);
    expect(hasEnded(state)).toBe(true);
    expect(state.awaiting).toBeNull();
  });
});
