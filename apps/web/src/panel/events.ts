/**
 * The stream's events. Each carries the public fields of one event of the contracts (the gateway leaves
 * some out and writes null for what is absent), beside its place in the panel.
 */
import type {
  Answer,
  BudgetExceeded,
  ConsensusCalculated,
  ExpertFailed,
  ExpertResponded,
  ExpertStarted,
  HumanRequested,
  HumanResponded,
  Option,
  PanelCompleted,
  PanelCreated,
  PanelFailed,
  PanelStarted,
  RoundCompleted,
  RoundStarted,
  Seat,
  UsageRecorded,
} from "@contracts/events";

interface Place {
  readonly panel_id: string;
  readonly sequence: number;
  readonly at: string;
}

/** What is optional in the log is null, or absent, on the stream. */
type Told<T> = { readonly [K in keyof T]: undefined extends T[K] ? T[K] | null : T[K] };

export interface SeatTold extends Omit<Told<Seat>, "name" | "version"> {
  readonly seat: number;
  readonly agent_name: string;
}

export type Stance = Answer["stance"];

type Created = Told<Pick<PanelCreated, "query" | "panel_type" | "configuration" | "user_id">> & {
  readonly options: readonly Option[];
  readonly agents: readonly SeatTold[];
  readonly evidence: readonly { readonly id: string; readonly title: string }[];
  readonly parent_panel_id: string | null;
};

type Responded = Told<Omit<ExpertResponded, "usage" | "role">> & {
  readonly role: NonNullable<ExpertResponded["role"]>;
  readonly confidence: number | null;
  readonly position: string | null;
  readonly stance: Stance | null;
  readonly option: string | null;
  readonly tokens_used: number | null;
};

type HumanSaid = Told<Omit<HumanResponded, "user_id" | "user_name">> & {
  readonly agent_id: string;
  readonly agent_name: string;
  readonly role: "human";
};

interface Delta extends Omit<Place, "sequence"> {
  readonly sequence: null;
  readonly round_number: number;
  readonly seat: number;
  readonly agent_id: string;
  readonly text: string;
  readonly step?: string;
  readonly attempt?: number;
}

/** Every name the stream has, with what comes under it. */
export interface StreamData {
  panel_created: Place & Created;
  panel_started: Place & Told<PanelStarted>;
  round_started: Place & Told<RoundStarted>;
  expert_speaking: Place & Told<ExpertStarted>;
  response_delta: Delta;
  response_added: Place & (Responded | HumanSaid);
  expert_failed: Place & Told<ExpertFailed>;
  round_completed: Place & Told<RoundCompleted>;
  consensus_calculated: Place & Told<ConsensusCalculated>;
  human_requested: Place & Told<HumanRequested>;
  usage_recorded: Place & Told<UsageRecorded>;
  budget_exceeded: Place & Told<BudgetExceeded>;
  panel_completed: Place & Told<PanelCompleted>;
  panel_failed: Place & Told<PanelFailed>;
  stream_reset: Omit<Place, "sequence"> & { readonly sequence: null; readonly reason: string };
}

export type StreamName = keyof StreamData;

/** One event as it came. */
export type PanelEvent = {
  [N in StreamName]: { readonly name: N; readonly data: StreamData[N] };
}[StreamName];

const NAMES: ReadonlySet<string> = new Set<StreamName>([
  "panel_created",
  "panel_started",
  "round_started",
  "expert_speaking",
  "response_delta",
  "response_added",
  "expert_failed",
  "round_completed",
  "consensus_calculated",
  "human_requested",
  "usage_recorded",
  "budget_exceeded",
  "panel_completed",
  "panel_failed",
  "stream_reset",
]);

/** The event of this name and JSON object; null for a name that a newer gateway may have. */
export function eventOf(name: string, data: object): PanelEvent | null {
  return NAMES.has(name) ? ({ name, data } as PanelEvent) : null;
}
