/** What is being asked, before it is asked. Pure, but for where the draft is kept. */
import type { Schemas } from "@/api/client";
import type { PanelTypeInfo } from "@/api/panel-types";
import { at, listOf, numberOf, textOf } from "@/api/problem";

export interface Evidence {
  readonly title: string;
  readonly text: string;
}

/** A number to estimate, of a panel that forecasts; an empty unit: ratings instead. Bounds as typed. */
export interface Quantity {
  readonly unit: string;
  readonly minimum: string;
  readonly maximum: string;
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
  /** Who moderates or judges; empty: the protocol's own way. */
  readonly moderator: string;
  /** Hours a person has for each answer. */
  readonly humanHours: number | null;
  /** Whether the experts put all options in order, and not just choose one. */
  readonly rank: boolean;
  /** Names to tag points with, separated by commas. */
  readonly dimensions: string;
}

export interface Draft {
  readonly query: string;
  readonly type: string;
  /** Chosen experts in seat order; null: the system selects them. */
  readonly agents: readonly string[] | null;
  readonly options: readonly string[];
  readonly quantity: Quantity;
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
  moderator: "",
  humanHours: null,
  rank: false,
  dimensions: "",
};

const RATINGS: Quantity = { unit: "", minimum: "", maximum: "" };

export const BLANK: Draft = {
  query: "",
  type: "structured",
  agents: null,
  options: [],
  quantity: RATINGS,
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

/** Characters of one text of evidence, and of the additional instruction, as the gateway takes them. */
export const LONGEST_EVIDENCE = 20_000;
export const LONGEST_PROMPT = 2000;
/** Bytes of a whole request (the gateway's ASKPANEL_MAX_BODY_BYTES, where nobody has set it). */
export const MOST_BYTES = 262_144;

/** Why it cannot be asked yet. */
export type Fault =
  | "too short"
  | "too long"
  | "too few experts"
  | "too many experts"
  | "bad range"
  | "long evidence"
  | "long prompt"
  | "too much";

export function faultsOf(draft: Draft, type: PanelTypeInfo, limits: Limits): readonly Fault[] {
  const length = draft.query.trim().length;
  const seats = draft.agents?.length ?? null;
  return [
    ...(length < limits.shortest ? (["too short"] as const) : []),
    ...(length > limits.longest ? (["too long"] as const) : []),
    ...(seats !== null && seats < type.experts.min ? (["too few experts"] as const) : []),
    ...(seats !== null && seats > type.experts.max ? (["too many experts"] as const) : []),
    ...(forecasts(draft, type) && !isRange(draft.quantity) ? (["bad range"] as const) : []),
    ...(draft.evidence.some(isTooLong) ? (["long evidence"] as const) : []),
    ...(draft.advanced.customPrompt.trim().length > LONGEST_PROMPT ? (["long prompt"] as const) : []),
    ...(bytesOf(draft, type) > MOST_BYTES ? (["too much"] as const) : []),
  ];
}

export function isTooLong(evidence: Evidence): boolean {
  return evidence.text.trim().length > LONGEST_EVIDENCE;
}

function bytesOf(draft: Draft, type: PanelTypeInfo): number {
  return new TextEncoder().encode(JSON.stringify(bodyOf(draft, type))).length;
}

/** Whether this panel estimates a number: it has no options then. */
export function forecasts(draft: Draft, type: PanelTypeInfo): boolean {
  return type.quantity && draft.quantity.unit.trim() !== "";
}

function isRange({ minimum, maximum }: Quantity): boolean {
  const [low, high] = [numberIn(minimum), numberIn(maximum)];
  return !Number.isNaN(low) && !Number.isNaN(high) && (low === null || high === null || low < high);
}

/** The number typed; null where nothing is, NaN where it is none. */
function numberIn(typed: string): number | null {
  return typed.trim() === "" ? null : Number(typed.trim());
}

function quantityOf({ unit, minimum, maximum }: Quantity): Record<string, unknown> {
  const [low, high] = [numberIn(minimum), numberIn(maximum)];
  return {
    unit: unit.trim(),
    ...(low !== null && { minimum: low }),
    ...(high !== null && { maximum: high }),
  };
}

export function bodyOf(draft: Draft, type: PanelTypeInfo): Schemas["NewPanel"] {
  const { advanced } = draft;
  const forecast = forecasts(draft, type);
  const options = forecast ? [] : draft.options.map((option) => option.trim()).filter(Boolean);
  const dimensions = advanced.dimensions
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
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
    ...(type.moderator && advanced.moderator && { moderator_agent: advanced.moderator }),
    ...(type.human && advanced.humanHours !== null && { human_deadline_minutes: advanced.humanHours * 60 }),
    ...(forecast && { quantity: quantityOf(draft.quantity) }),
    ...(advanced.rank && options.length > 1 && { rank_options: true }),
    ...(dimensions.length > 0 && { dimensions }),
  };
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
  const quantity = at(raw, "quantity");
  const texts = (value: unknown): readonly string[] => listOf(value).flatMap((one) => textOf(one) ?? []);
  return {
    query: textOf(at(raw, "query")) ?? "",
    type: textOf(at(raw, "type")) ?? BLANK.type,
    agents: Array.isArray(at(raw, "agents")) ? texts(at(raw, "agents")) : null,
    options: texts(at(raw, "options")),
    quantity: {
      unit: textOf(at(quantity, "unit")) ?? "",
      minimum: textOf(at(quantity, "minimum")) ?? "",
      maximum: textOf(at(quantity, "maximum")) ?? "",
    },
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
      moderator: textOf(at(advanced, "moderator")) ?? "",
      humanHours: numberOf(at(advanced, "humanHours")),
      rank: at(advanced, "rank") === true,
      dimensions: textOf(at(advanced, "dimensions")) ?? "",
    },
    parent: null,
  };
}

export function isBlank(draft: Draft): boolean {
  return JSON.stringify({ ...draft, parent: null }) === JSON.stringify(BLANK);
}

/** Whether something of a kept draft is lost when another form is kept instead. Chosen experts replace no choice. */
export function replaces(kept: Draft, form: Draft): boolean {
  const written = ({ agents, ...rest }: Draft): string =>
    JSON.stringify({ ...rest, agents: kept.agents && agents, parent: null });
  return !isBlank(kept) && written(kept) !== written(form);
}
