import { expect, test } from "vitest";
import { aspectsOf, columnsOf } from "./matrix";

const cell = (agent_id: string, view: string, ...texts: string[]) => ({
  agent_id,
  view,
  quotes: texts.map((text) => ({ agent_id, response_id: "r", text })),
});

test("aspects keep their order, their cells and the quotes behind them", () => {
  const aspects = aspectsOf([
    {
      text: "vote",
      kind: "vote",
      dimension: null,
      cells: [cell("a", "support", "Go."), cell("b", "oppose")],
    },
    { text: "Costs fall.", kind: "point", cells: [cell("b", "qualified", "Costs fall.", "They may.")] },
  ]);
  expect(aspects.map((aspect) => aspect.kind)).toEqual(["vote", "point"]);
  expect(aspects[1]?.cells[0]?.quotes).toHaveLength(2);
  expect(columnsOf(aspects)).toEqual(["a", "b"]);
});

test("what a newer gateway may say is read as far as it is understood", () => {
  const aspects = aspectsOf([
    null,
    { kind: "x" },
    { text: "t", kind: "x", cells: [{ agent_id: "a", view: "x" }, 1] },
  ]);
  expect(aspects).toEqual([
    { text: "t", kind: "point", cells: [{ agentId: "a", view: "neutral", quotes: [] }] },
  ]);
});
