/** The numbers beside a result. Consensus methods differ in what they say, so every part may be absent. */
import { at, listOf, numberOf, textOf } from "@/api/problem";

export interface Item {
  readonly id: string;
  readonly n: number;
  readonly median: number | null;
  readonly quartiles: readonly [number, number] | null;
  readonly verdict: string;
  readonly stable: boolean | null;
  readonly disagreement: boolean;
  /** The unit of a forecast; null for ratings. */
  readonly unit: string | null;
}

export interface Position {
  readonly position: string;
  readonly text: string;
  /** Share of the method's weight, 0 to 1. */
  readonly share: number | null;
  readonly voters: readonly string[];
}

export interface ChangedVote {
  readonly agentId: string;
  readonly from: string;
  readonly to: string;
  readonly cause: string | null;
}

export interface Metrics {
  readonly voters: number | null;
  /** Effective number of independent votes among them. */
  readonly effective: number | null;
  readonly flags: readonly string[];
  readonly positions: readonly Position[];
  readonly items: readonly Item[];
  readonly changed: readonly ChangedVote[];
  readonly levelBefore: number | null;
  readonly levelNow: number | null;
  readonly interval: readonly [number, number] | null;
}

export function metricsOf(raw: Readonly<Record<string, unknown>>): Metrics {
  const shift = raw["shift"];
  return {
    voters: numberOf(raw["voters"]),
    effective: numberOf(raw["n_eff"]),
    flags: texts(raw["flags"]),
    positions: listOf(raw["positions"]).flatMap((entry) => positionOf(entry) ?? []),
    items: listOf(raw["items"]).flatMap((entry) => itemOf(entry) ?? []),
    changed: listOf(raw["changed"]).flatMap((entry) => changeOf(entry) ?? []),
    levelBefore: numberOf(at(shift, "level_before")),
    levelNow: numberOf(at(shift, "level_now")),
    interval: pair(raw["level_interval"]),
  };
}

function positionOf(entry: unknown): Position | null {
  const position = textOf(at(entry, "position"));
  if (position === null) return null;
  return {
    position,
    text: textOf(at(entry, "text")) ?? position,
    share: numberOf(at(entry, "share")),
    voters: texts(at(entry, "voters")),
  };
}

function itemOf(entry: unknown): Item | null {
  const id = textOf(at(entry, "item"));
  if (id === null) return null;
  return {
    id,
    n: numberOf(at(entry, "n")) ?? 0,
    median: numberOf(at(entry, "median")),
    quartiles: pair(at(entry, "quartiles")),
    verdict: textOf(at(entry, "verdict")) ?? "undecided",
    stable: at(entry, "stable") === null ? null : at(entry, "stable") === true,
    disagreement: at(entry, "disagreement") === true,
    unit: textOf(at(entry, "unit")),
  };
}

function changeOf(entry: unknown): ChangedVote | null {
  const agentId = textOf(at(entry, "agent_id"));
  const from = textOf(at(entry, "from"));
  const to = textOf(at(entry, "to"));
  if (agentId === null || from === null || to === null) return null;
  return { agentId, from, to, cause: textOf(at(entry, "cause")) };
}

function pair(value: unknown): readonly [number, number] | null {
  const numbers = listOf(value).flatMap((one) => numberOf(one) ?? []);
  const [low, high] = [numbers[0], numbers.at(-1)];
  return low === undefined || high === undefined || numbers.length < 2 ? null : [low, high];
}

function texts(value: unknown): readonly string[] {
  return listOf(value).flatMap((one) => textOf(one) ?? []);
}
