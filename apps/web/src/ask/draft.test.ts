import { describe, expect, test } from "vitest";
import type { PanelTypeInfo } from "@/api/panel-types";
import { BLANK, bodyOf, faultsOf, isBlank, parseDraft, replaces } from "./draft";

const TYPE: PanelTypeInfo = {
  id: "structured",
  title: "Structured",
  purpose: "",
  available: true,
  experts: { min: 3, max: 8, default: 5 },
  rounds: { allowed: [1, 2], default: 2 },
  threshold: { min: 0.5, max: 1, default: 0.7 },
  methods: ["majority"],
  minutes: 15,
  maxCost: "1.00",
  modelCalls: 10,
  moderator: false,
  human: false,
  quantity: false,
};
const LIMITS = { shortest: 10, longest: 20 };

describe("a draft", () => {
  test("asks only what differs from the defaults", () => {
    expect(bodyOf({ ...BLANK, query: " Shall we go? " }, TYPE)).toEqual({
      query: "Shall we go?",
      panel_type: "structured",
      configuration: {},
      options: [],
      evidence: [],
    });
  });

  test("leaves out what the chosen protocol does not know, and empty lines", () => {
    const advanced = { ...BLANK.advanced, maxRounds: 5, method: "delphi", dissent: false, maxCost: " 2 " };
    const body = bodyOf(
      {
        ...BLANK,
        query: "Shall we go?",
        options: ["a", "  "],
        evidence: [{ title: "t", text: " " }],
        advanced,
        parent: "p",
      },
      TYPE,
    );
    expect(body.configuration).toEqual({ enable_dissent: false, max_cost_usd: "2" });
    expect(body.options).toEqual(["a"]);
    expect(body.evidence).toEqual([]);
    expect(body.parent_panel_id).toBe("p");
  });

  test("asks for a number in its unit instead of options, where the protocol forecasts", () => {
    const draft = {
      ...BLANK,
      query: "How many patients by 2030?",
      options: ["a", "b"],
      quantity: { unit: " patients ", minimum: "0", maximum: "1e6" },
    };
    const body = bodyOf(draft, { ...TYPE, quantity: true });
    expect(body.configuration).toEqual({ quantity: { unit: "patients", minimum: 0, maximum: 1_000_000 } });
    expect(body.options).toEqual([]);
    expect(bodyOf(draft, TYPE).options).toEqual(["a", "b"]);
  });

  test.each([
    ["9", "3"],
    ["5", "5"],
    ["many", ""],
  ])("wants a range of numbers, low before high: not %s to %s", (minimum, maximum) => {
    const draft = { ...BLANK, query: "How many beds?", quantity: { unit: "beds", minimum, maximum } };
    expect(faultsOf(draft, { ...TYPE, quantity: true }, LIMITS)).toEqual(["bad range"]);
    expect(faultsOf(draft, TYPE, LIMITS)).toEqual([]);
  });

  test("names a moderator, ranks and tags only where that means something", () => {
    const advanced = {
      ...BLANK.advanced,
      moderator: "chair-person",
      humanHours: 2,
      rank: true,
      dimensions: "risk, ,cost",
    };
    const draft = { ...BLANK, query: "Shall we go?", advanced };
    expect(bodyOf(draft, TYPE).configuration).toEqual({ dimensions: ["risk", "cost"] });
    expect(
      bodyOf({ ...draft, options: ["a", "b"] }, { ...TYPE, moderator: true, human: true }).configuration,
    ).toEqual({
      moderator_agent: "chair-person",
      human_deadline_minutes: 120,
      rank_options: true,
      dimensions: ["risk", "cost"],
    });
  });

  test("says everything that is wrong with it", () => {
    expect(faultsOf({ ...BLANK, query: "short", agents: ["a"] }, TYPE, LIMITS)).toEqual([
      "too short",
      "too few experts",
    ]);
    expect(
      faultsOf({ ...BLANK, query: "x".repeat(21), agents: Array.from({ length: 9 }, String) }, TYPE, LIMITS),
    ).toEqual(["too long", "too many experts"]);
    expect(faultsOf({ ...BLANK, query: "Shall we go?" }, TYPE, LIMITS)).toEqual([]);
  });

  test("takes a text of any length, and says when it is more than can be asked", () => {
    const asked = { ...BLANK, query: "Shall we go?" };
    const long = { title: "", text: "x".repeat(20_000) };
    expect(faultsOf({ ...asked, evidence: [long] }, TYPE, LIMITS)).toEqual([]);
    expect(faultsOf({ ...asked, evidence: [{ title: "", text: `${long.text}x` }] }, TYPE, LIMITS)).toEqual([
      "long evidence",
    ]);
    const prompt = { ...BLANK.advanced, customPrompt: "x".repeat(2001) };
    expect(faultsOf({ ...asked, advanced: prompt }, TYPE, LIMITS)).toEqual(["long prompt"]);
  });

  test("counts all its texts together in the bytes the gateway takes", () => {
    const texts = (count: number, character: string) => ({
      ...BLANK,
      query: "Shall we go?",
      evidence: Array.from({ length: count }, () => ({ title: "", text: character.repeat(20_000) })),
    });
    expect(faultsOf(texts(13, "x"), TYPE, LIMITS)).toEqual([]);
    expect(faultsOf(texts(14, "x"), TYPE, LIMITS)).toEqual(["too much"]);
    expect(faultsOf(texts(7, "é"), TYPE, LIMITS)).toEqual(["too much"]);
  });

  test("survives being kept, and anything else that is found in its place", () => {
    const draft = { ...BLANK, query: "Shall we go?", agents: ["a"], evidence: [{ title: "t", text: "x" }] };
    expect(parseDraft(JSON.stringify(draft))).toEqual(draft);
    for (const stored of [null, "", "{", "[]", "null", '{"query":1,"agents":"x","advanced":[]}']) {
      expect(isBlank(parseDraft(stored))).toBe(true);
    }
  });
});

test("a kept draft is lost to another form, and not to itself with the experts somebody chose", () => {
  const kept = { ...BLANK, query: "Should we buy the plant in Lyon?" };
  const again = { ...BLANK, query: "Should we sell it?" };
  expect(replaces(kept, again)).toBe(true);
  expect(replaces(BLANK, again)).toBe(false);
  expect(replaces(kept, { ...kept, parent: "earlier" })).toBe(false);
  expect(replaces(kept, { ...kept, agents: ["cfo"] })).toBe(false);
  expect(replaces({ ...kept, agents: ["cto"] }, { ...kept, agents: ["cfo"] })).toBe(true);
});
