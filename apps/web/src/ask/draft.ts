/** What is being asked, before it is asked. Pure, but for where the draft is kept. */
import type { Schemas } from "@/api/client";
import type { PanelTypeInfo } from "@/api/panel-types";
import { at, listOf, numberOf, textOf } from "@/api/problem";

export interface Evidence {
  readonly title: string;
  readonly text: string;
}

/** Only what differs from the protocol's defaults. */
export interface Advanced {
  readonly maxRounds: number | null;
  readonly threshold: number | null;
  readonly minutes: number | null;
  readonly maxCost: string;
  readonly method: string;
  readonly customPrompt: string;
  readonly dissent: boolean;
  readonly chair: boolean;
}

export interface Draft {
  readonly query: string;
  readonly type: string;
  /** Chosen experts in seat order; null: the system selects them. */
  readonly agents: readonly string[] | null;
  readonly options: readonly string[];
  readonly evidence: readonly Evidence[];
  readonly advanced: Advanced;
  readonly parent: string | null;
}

const PLAIN: Advanced = {
  maxRounds: null,
  threshold: null,
  minutes: null,
  maxCost: "",
  method: "",
  customPrompt: "",
  dissent: true,
  chair: false,
};

export const BLANK: Draft = {
  query: "",
  type: "structured",
  agents: null,
  options: [],
  evidence: [],
  advanced: PLAIN,
  parent: null,
};

export interface Limits {
  readonly shortest: number;
  readonly longest: number;
}

export function limitsOf(limits: unknown): Limits {
  const query = at(limits, "query_characters");
  return { shortest: numberOf(at(query, "min")) ?? 10, longest: numberOf(at(query, "limit")) ?? 2000 };
}

/** Why it cannot be asked yet. */
export type Fault = "too short" | "too long" | "too few experts" | "too many experts";

export function faultsOf(draft: Draft, type: PanelTypeInfo, limits: Limits): readonly Fault[] {
  const length = draft.query.trim().length;
  const seats = draft.agents?.length ?? null;
  return [
    ...(length < limits.shortest ? (["too short"] as const) : []),
    ...(length > limits.longest ? (["too long"] as const) : []),
    ...(seats !== null && seats < type.experts.min ? (["too few experts"] as const) : []),
    ...(seats !== null && seats > type.experts.max ? (["too many experts"] as const) : []),
  ];
}

export function bodyOf(draft: Draft, type: PanelTypeInfo): Schemas["NewPanel"] {
  const { advanced } = draft;
  const configuration: Record<string, unknown> = {
    ...(advanced.maxRounds !== null &&
      type.rounds.allowed.includes(advanced.maxRounds) && { max_rounds: advanced.maxRounds }),
    ...(advanced.threshold !== null && { consensus_threshold: advanced.threshold }),
    ...(advanced.minutes !== null && { time_limit_minutes: advanced.minutes }),
    ...(advanced.maxCost.trim() && { max_cost_usd: advanced.maxCost.trim() }),
    ...(type.methods.includes(advanced.method) && { method: advanced.method }),
    ...(advanced.customPrompt.trim() && { custom_prompt: advanced.customPrompt.trim() }),
    ...(!advanced.dissent && { enable_dissent: false }),
    ...(advanced.chair && { chair: true }),
  };
  const options = draft.options.map((option) => option.trim()).filter(Boolean);
  const evidence = draft.evidence.filter((one) => one.text.trim());
  return {
    query: draft.query.trim(),
    panel_type: draft.type as Schemas["NewPanel"]["panel_type"],
    ...(draft.agents !== null && { agents: [...draft.agents] }),
    configuration,
    options,
    evidence: evidence.map(({ title, text }) => ({ title: title.trim(), text: text.trim() })),
    ...(draft.parent !== null && { parent_panel_id: draft.parent }),
  };
}

/** A kept draft; what cannot be read in it is left out. */
export function parseDraft(stored: string | null): Draft {
  let raw: unknown;
  try {
    raw = stored === null ? null : JSON.parse(stored);
  } catch {
    return BLANK;
  }
  const advanced = at(raw, "advanced");
  const texts = (value: unknown): readonly string[] => listOf(value).flatMap((one) => textOf(one) ?? []);
  return {
    query: textOf(at(raw, "query")) ?? "",
    type: textOf(at(raw, "type")) ?? BLANK.type,
    agents: Array.isArray(at(raw, "agents")) ? texts(at(raw, "agents")) : null,
    options: texts(at(raw, "options")),
    evidence: listOf(at(raw, "evidence")).map((one) => ({
      title: textOf(at(one, "title")) ?? "",
      text: textOf(at(one, "text")) ?? "",
    })),
    advanced: {
      maxRounds: numberOf(at(advanced, "maxRounds")),
      threshold: numberOf(at(advanced, "threshold")),
      minutes: numberOf(at(advanced, "minutes")),
      maxCost: textOf(at(advanced, "maxCost")) ?? "",
      method: textOf(at(advanced, "method")) ?? "",
      customPrompt: textOf(at(advanced, "customPrompt")) ?? "",
      dissent: at(advanced, "dissent") !== false,
      chair: at(advanced, "chair") === true,
    },
    parent: null,
  };
}

export function isBlank(draft: Draft): boolean {
  return JSON.stringify({ ...draft, parent: null }) === JSON.stringify(BLANK);
}
