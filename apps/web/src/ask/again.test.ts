import { describe, expect, test } from "vitest";
import type { Schemas } from "@/api/client";
import type { PanelTypeInfo } from "@/api/panel-types";
import { draftKey, draftOf, earlierIn, forgetUnowned, remember, remembered } from "./again";
import { BLANK, bodyOf } from "./draft";

const TYPE: PanelTypeInfo = {
  id: "structured",
  title: "Structured",
  purpose: "",
  available: true,
  experts: { min: 3, max: 8, default: 5 },
  rounds: { allowed: [1, 2, 3], default: 2 },
  threshold: { min: 0.5, max: 1, default: 0.7 },
  methods: ["majority", "weighted"],
  minutes: 15,
  maxCost: "1.00",
  modelCalls: 10,
  moderator: true,
  human: true,
  quantity: false,
};
/** As `GET /panels/{id}` tells it: every key of the configuration, defaults too. */
const USUAL = {
  chair: false,
  method: "majority",
  dimensions: [],
  max_rounds: 2,
  max_cost_usd: "1.00",
  rank_options: false,
  attempt_limit: 3,
  custom_prompt: null,
  enable_dissent: true,
  moderator_agent: null,
  human_deadline_minutes: 1440,
  time_limit_minutes: 15,
  consensus_threshold: 0.7,
};

function panel(more: object): Schemas["PanelView"] {
  const whole = {
    id: "p",
    query: "Shall we go to A or B?",
    panel_type: "structured",
    agents: ["a", "b", "c"],
    options: [
      { id: "option-1", text: "A" },
      { id: "option-2", text: "B" },
    ],
    evidence: [],
    configuration: USUAL,
    parent_panel_id: null,
    ...more,
  };
  return whole as unknown as Schemas["PanelView"];
}

describe("asking again", () => {
  test("reads the panel after the sequence that its page had seen, where the address says one", () => {
    const read = (address: string) => earlierIn(new URLSearchParams(address));
    expect(read("again=p&after=4711")).toEqual({ again: "p", after: 4711 });
    expect(read("again=p")).toEqual({ again: "p", after: null });
    expect(read("again=p&after=soon")).toEqual({ again: "p", after: null });
    expect(read("")).toEqual({ again: null, after: null });
  });

  test("fills in question, type, experts and options, and no more of the configuration than was chosen", () => {
    const { draft, cut } = draftOf(panel({}), TYPE);
    expect(draft).toEqual({
      ...BLANK,
      query: "Shall we go to A or B?",
      agents: ["a", "b", "c"],
      options: ["A", "B"],
    });
    expect(cut).toEqual([]);
  });

  test("asks for exactly the configuration that was asked for", () => {
    const chosen = {
      max_rounds: 3,
      consensus_threshold: 0.9,
      time_limit_minutes: 5,
      max_cost_usd: "0.50",
      method: "weighted",
      custom_prompt: "Be brief.",
      enable_dissent: false,
      chair: true,
      moderator_agent: "m",
      human_deadline_minutes: 120,
      rank_options: true,
      dimensions: ["risk", "cost"],
    };
    const { draft } = draftOf(
      panel({ configuration: { ...USUAL, ...chosen }, agents: ["a", "b", "m"], parent_panel_id: "before" }),
      TYPE,
    );
    expect(bodyOf(draft, TYPE)).toMatchObject({
      agents: ["a", "b"],
      configuration: chosen,
      parent_panel_id: "before",
    });
  });

  test("estimates the same number again", () => {
    const quantity = { unit: "patients", minimum: 0, maximum: 9000 };
    const delphi = { ...TYPE, quantity: true, methods: ["delphi"] };
    const { draft } = draftOf(
      panel({ configuration: { ...USUAL, method: "delphi", quantity }, options: [] }),
      delphi,
    );
    expect(bodyOf(draft, delphi).configuration).toEqual({ quantity });
  });

  test("names the texts of which only the beginning is known, and has them whole from the tab that asked", () => {
    const whole = [{ title: "Prices", text: "x".repeat(400) }];
    const known = panel({ evidence: [{ id: "E1", title: "Prices", excerpt: "x".repeat(280) }] });
    expect(draftOf(known, TYPE).cut).toEqual(["Prices"]);
    const tab = new Map<string, string>();
    const storage = {
      getItem: (key: string) => tab.get(key) ?? null,
      setItem: (key: string, value: string) => void tab.set(key, value),
    };
    expect(remembered("me", "p", storage)).toBeNull();
    remember("me", "p", { ...BLANK, evidence: whole }, storage);
    expect(remembered("me", "p", storage)).toEqual(whole);
    expect(remembered("me", "q", storage)).toBeNull();
    expect(remembered("you", "p", storage)).toBeNull();
  });

  test("forgets what was kept without its owner, and nothing else", () => {
    const keys = new Set(["askpanel.draft.t", "askpanel.asked", draftKey("t.me")]);
    const storage = { removeItem: (key: string) => void keys.delete(key) };
    forgetUnowned("t", storage, storage);
    expect([...keys]).toEqual([draftKey("t.me")]);
  });
});
