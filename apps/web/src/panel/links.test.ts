import { describe, expect, test } from "vitest";
import { asks, drawn } from "./draws";
import type { PanelEvent } from "./events";
import { EMPTY, fold, type PanelState } from "./fold";
import { linksOf } from "./links";

const PANEL = "9b1e0c1e-2222-4333-8444-555566667777";

interface Said {
  readonly round: number;
  readonly seat: number;
  readonly purpose: string;
  readonly role?: string;
  readonly step?: string;
  readonly questions?: readonly string[];
}

/** A panel of this type in which these answers were given, one after the other. */
function panelOf(type: string, ...said: readonly Said[]): PanelState {
  const rounds = [...new Set(said.map((one) => one.round))];
  const events = [
    { name: "panel_created", data: { panel_type: type, agents: [], options: [], configuration: {} } },
    ...rounds.map((round) => ({ name: "round_started", data: { round_number: round, speakers: [] } })),
    ...said.map((one) => ({
      name: "response_added",
      data: {
        round_number: one.round,
        step: one.step ?? String(one.round),
        seat: one.seat,
        purpose: one.purpose,
        role: one.role ?? "expert",
        response_id: `${one.round}${one.purpose}${one.seat}`,
        agent_id: `a${one.seat}`,
        agent_name: `A${one.seat}`,
        content: "…",
        answer: { stance: "support", questions: one.questions },
      },
    })),
  ].map(
    ({ name, data }, place) => ({ name, data: { ...data, sequence: place + 1 } }) as unknown as PanelEvent,
  );
  return fold(EMPTY, events);
}

const told = (panel: PanelState, draws = new Map<string, readonly number[]>()) =>
  Object.fromEntries(
    [...linksOf(panel, draws)].map(([key, links]) => [
      key,
      {
        to: links.to.map((one) => one.responseId),
        from: links.from.map((one) => one.responseId),
        asked: links.asked,
      },
    ]),
  );

describe("the draws of a panel", () => {
  // As the orchestrator draws them: askpanel.orchestrator.anonymity.drawn.
  test("are those of the orchestrator", async () => {
    expect(await drawn(PANEL, ["ring"], [0, 1, 2, 4, 5])).toEqual([4, 0, 1, 5, 2]);
    expect(await drawn(PANEL, ["moderated", 2], [0, 1, 2, 4, 5])).toEqual([5, 1, 0, 2, 4]);
  });

  test("make a circle that moves on with each pair of rounds, and never asks itself", () => {
    expect([0, 1, 2].map((seat) => asks([2, 0, 1], seat, 2))).toEqual([1, 2, 0]);
    expect([0, 1, 2].map((seat) => asks([2, 0, 1], seat, 4))).toEqual([2, 0, 1]);
    expect(asks([2, 0, 1], 7, 2)).toBeNull();
  });
});

describe("what answers what", () => {
  test("socratic: a question stands between the answer it doubts and the one it gets", () => {
    const panel = panelOf(
      "socratic",
      { round: 1, seat: 0, purpose: "opening" },
      { round: 1, seat: 1, purpose: "opening" },
      { round: 2, seat: 0, purpose: "question", questions: ["Why?", "How?"] },
      { round: 3, seat: 1, purpose: "answer" },
    );
    expect(told(panel, new Map([["ring", [0, 1]]]))).toEqual({
      "1/1/1/opening": { to: [], from: ["2question0"], asked: [] },
      "2/2/0/question": { to: ["1opening1"], from: ["3answer1"], asked: [] },
      "3/3/1/answer": { to: ["2question0"], from: [], asked: ["Why?", "How?"] },
    });
  });

  test("socratic: a moderator's n-th question goes to the n-th seat drawn", () => {
    const panel = panelOf(
      "socratic",
      { round: 1, seat: 0, purpose: "opening" },
      { round: 1, seat: 1, purpose: "opening" },
      { round: 2, seat: 3, purpose: "question", step: "2-2", role: "moderator" },
    );
    expect(told(panel, new Map([["moderated:2", [0, 1]]]))["2/2-2/3/question"]?.to).toEqual(["1opening1"]);
  });

  test("adversarial: a rebuttal answers the other side's latest texts", () => {
    const panel = panelOf(
      "adversarial",
      { round: 2, seat: 0, purpose: "view", role: "pro", step: "2a" },
      { round: 2, seat: 1, purpose: "view", role: "con", step: "2a" },
      { round: 2, seat: 0, purpose: "rebuttal", role: "pro", step: "2b" },
      { round: 2, seat: 1, purpose: "rebuttal", role: "con", step: "2b" },
      { round: 3, seat: 0, purpose: "rebuttal", role: "pro", step: "3b" },
    );
    const links = told(panel);
    expect(links["2/2b/0/rebuttal"]?.to).toEqual(["2view1"]);
    expect(links["3/3b/0/rebuttal"]?.to).toEqual(["2rebuttal1"]);
    expect(links["2/2a/1/view"]?.from).toEqual(["2rebuttal0"]);
  });

  test("nothing is linked by guessing: without draws a question has no target", () => {
    const panel = panelOf(
      "socratic",
      { round: 1, seat: 0, purpose: "opening" },
      { round: 2, seat: 1, purpose: "question" },
    );
    expect(told(panel)).toEqual({});
  });
});
