import { describe, expect, test } from "vitest";
import type { PanelEvent } from "./events";
import { EMPTY, fold, type PanelState } from "./fold";
import { linksOf } from "./links";

interface Said {
  readonly round: number;
  readonly seat: number;
  readonly purpose: string;
  readonly answers?: readonly string[];
  readonly questions?: readonly string[];
  readonly silent?: boolean;
}

/** A panel in which these spoke, one after the other; a silent one is still at it. */
function panelOf(...said: readonly Said[]): PanelState {
  const rounds = [...new Set(said.map((one) => one.round))];
  const events = [
    { name: "panel_created", data: { agents: [], options: [], configuration: {} } },
    ...rounds.map((round) => ({ name: "round_started", data: { round_number: round, speakers: [] } })),
    ...said.flatMap((one) => {
      const place = {
        round_number: one.round,
        step: String(one.round),
        seat: one.seat,
        purpose: one.purpose,
        agent_id: `a${one.seat}`,
        agent_name: `A${one.seat}`,
      };
      const answers = one.answers?.map((response_id) => ({ response_id, seat: 0 }));
      const speaking = { name: "expert_speaking", data: { ...place, attempt: 1, answers } };
      if (one.silent) return [speaking];
      const answer = { stance: "support", questions: one.questions };
      const response_id = `${one.round}${one.purpose}${one.seat}`;
      return [
        speaking,
        { name: "response_added", data: { ...place, role: "expert", response_id, content: "…", answer } },
      ];
    }),
  ].map(
    ({ name, data }, place) => ({ name, data: { ...data, sequence: place + 1 } }) as unknown as PanelEvent,
  );
  return fold(EMPTY, events);
}

const told = (panel: PanelState) =>
  Object.fromEntries(
    [...linksOf(panel)].map(([key, links]) => [
      key,
      {
        to: links.to.map((one) => one.responseId),
        from: links.from.map((one) => one.responseId),
        asked: links.asked,
      },
    ]),
  );

describe("what answers what", () => {
  test("a question stands between the answer it doubts and the one it gets", () => {
    const panel = panelOf(
      { round: 1, seat: 0, purpose: "opening" },
      { round: 1, seat: 1, purpose: "opening" },
      { round: 2, seat: 0, purpose: "question", answers: ["1opening1"], questions: ["Why?", "How?"] },
      { round: 3, seat: 1, purpose: "answer", answers: ["2question0"] },
    );
    expect(told(panel)).toEqual({
      "1/1/1/opening": { to: [], from: ["2question0"], asked: [] },
      "2/2/0/question": { to: ["1opening1"], from: ["3answer1"], asked: [] },
      "3/3/1/answer": { to: ["2question0"], from: [], asked: ["Why?", "How?"] },
    });
  });

  test("who is still speaking is already seen to answer, but answers nobody yet", () => {
    const panel = panelOf(
      { round: 1, seat: 0, purpose: "opening" },
      { round: 2, seat: 1, purpose: "rebuttal", answers: ["1opening0"], silent: true },
    );
    expect(told(panel)).toEqual({ "2/2/1/rebuttal": { to: ["1opening0"], from: [], asked: [] } });
  });

  test("nothing is linked by guessing: an event without `answers`, or to what is not there, links nothing", () => {
    const panel = panelOf(
      { round: 1, seat: 0, purpose: "opening" },
      { round: 2, seat: 1, purpose: "question" },
      { round: 2, seat: 2, purpose: "question", answers: ["elsewhere"] },
    );
    expect(told(panel)).toEqual({});
  });
});
