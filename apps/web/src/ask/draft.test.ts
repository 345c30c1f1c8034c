import { describe, expect, test } from "vitest";
import type { PanelTypeInfo } from "@/api/panel-types";
import { BLANK, bodyOf, faultsOf, isBlank, parseDraft } from "./draft";

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

  test("survives being kept, and anything else that is found in its place", () => {
    const draft = { ...BLANK, query: "Shall we go?", agents: ["a"], evidence: [{ title: "t", text: "x" }] };
    expect(parseDraft(JSON.stringify(draft))).toEqual(draft);
    for (const stored of [null, "", "{", "[]", "null", '{"query":1,"agents":"x","advanced":[]}']) {
      expect(isBlank(parseDraft(stored))).toBe(true);
    }
  });
});
