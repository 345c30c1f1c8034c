/**
 * A panel as its events tell it: `fold(state, events)` is pure, ignores what it has seen already, and
 * keeps every part of the state that did not change identical, so that a view of that part rests.
 */
import type { PanelEvent, SeatTold, StreamData } from "./events";

export type Status = "created" | "running" | "completed" | "failed";
export type Response = StreamData["response_added"];
export type Consensus = StreamData["consensus_calculated"];
export type Created = StreamData["panel_created"];

/** One seat's part of a step: speaking, asked again, answered, failed for good, or cut off by the panel's end. */
export interface Turn {
  readonly key: string;
  readonly round: number;
  readonly step: string;
  readonly seat: number | null;
  readonly purpose: string;
  readonly agentId: string;
  readonly name: string;
  readonly role: string;
  readonly model: string | null;
  readonly attempt: number;
  readonly phase: "speaking" | "retrying" | "answered" | "failed" | "stopped";
  /** Why the panel ended while it was speaking; null where it did not. */
  readonly cut: string | null;
  /** What has been typed so far; replaced by the answer's own text once it is there. */
  readonly text: string;
  /** Whether characters were typed that nobody heard: the next ones begin behind a gap. */
  readonly gap: boolean;
  readonly response: Response | null;
  readonly failures: readonly StreamData["expert_failed"][];
  /** The responses it speaks to. */
  readonly answers: NonNullable<StreamData["expert_speaking"]["answers"]>;
  /** Whether the answer came after its round had closed: kept and paid for, but not counted. */
  readonly late: boolean;
}

export interface Round {
  readonly number: number;
  readonly purpose: string;
  readonly speakers: readonly number[];
  readonly startedAt: string;
  readonly completed: StreamData["round_completed"] | null;
  readonly turns: readonly Turn[];
  readonly consensus: Consensus | null;
}

export interface Spent {
  readonly calls: number;
  readonly tokens: number;
  /** US dollars of the calls whose price is known; null: none is. */
  readonly cost: number | null;
  readonly unpriced: number;
  readonly milliseconds: number;
}

export interface PanelState {
  readonly sequence: number;
  readonly status: Status;
  readonly created: Created | null;
  readonly started: StreamData["panel_started"] | null;
  readonly seats: readonly SeatTold[];
  readonly rounds: readonly Round[];
  readonly awaiting: StreamData["human_requested"] | null;
  readonly spent: Spent;
  readonly spentByAgent: ReadonlyMap<string, Spent>;
  readonly budgetExceeded: StreamData["budget_exceeded"] | null;
  readonly completed: StreamData["panel_completed"] | null;
  readonly failed: StreamData["panel_failed"] | null;
}

const NOBODY: Turn["answers"] = [];

const NOTHING_SPENT: Spent = { calls: 0, tokens: 0, cost: null, unpriced: 0, milliseconds: 0 };

export const EMPTY: PanelState = {
  sequence: 0,
  status: "created",
  created: null,
  started: null,
  seats: [],
  rounds: [],
  awaiting: null,
  spent: NOTHING_SPENT,
  spentByAgent: new Map(),
  budgetExceeded: null,
  completed: null,
  failed: null,
};

/** The state after these events, in order. What is not newer than the state changes nothing. */
export function fold(state: PanelState, events: readonly PanelEvent[]): PanelState {
  return events.reduce(step, state);
}

function step(state: PanelState, event: PanelEvent): PanelState {
  if (event.name === "stream_reset") return { ...state, sequence: 0 };
  if (event.name === "response_delta") return typed(state, event.data);
  if (event.data.sequence <= state.sequence) return state;
  // What a reset leaves is shown until the first event of what replaces it.
  const before = state.sequence === 0 ? EMPTY : state;
  return { ...settled(apply(before, event)), sequence: event.data.sequence };
}

type Recorded = Exclude<PanelEvent, { name: "stream_reset" | "response_delta" }>;

function apply(state: PanelState, event: Recorded): PanelState {
  switch (event.name) {
    case "panel_created":
      return { ...state, created: event.data, seats: event.data.agents };
    case "panel_started":
      return { ...state, status: "running", started: event.data };
    case "round_started":
      return { ...state, rounds: [...state.rounds, opened(event.data)] };
    case "expert_speaking":
      return withTurn(state, event.data, (turn) => ({
        ...turn,
        name: event.data.agent_name,
        model: event.data.model,
        attempt: event.data.attempt,
        phase: "speaking",
        text: "",
        gap: false,
        answers: event.data.answers ?? NOBODY,
      }));
    case "response_added":
      return answered(state, event.data);
    case "expert_failed":
      return withTurn(state, event.data, (turn) => ({
        ...turn,
        name: event.data.agent_name,
        phase: isFinal(state, event.data) ? "failed" : "retrying",
        text: "",
        failures: [...turn.failures, event.data],
      }));
    case "round_completed":
      return inRound(state, event.data.round_number, (round) => ({ ...round, completed: event.data }));
    case "consensus_calculated":
      return inRound(state, event.data.round_number, (round) => ({ ...round, consensus: event.data }));
    case "human_requested":
      return { ...state, awaiting: event.data };
    case "usage_recorded":
      return paid(state, event.data);
    case "budget_exceeded":
      return { ...state, budgetExceeded: event.data };
    case "panel_completed":
      return { ...state, status: "completed", completed: event.data, awaiting: null };
    case "panel_failed":
      return { ...state, status: "failed", failed: event.data, awaiting: null };
  }
}

/** Nobody speaks on a panel that has ended: who was to be asked again has failed, who was speaking was cut off. */
function settled(state: PanelState): PanelState {
  const open = (turn: Turn): boolean => turn.phase === "speaking" || turn.phase === "retrying";
  if (!hasEnded(state) || !state.rounds.some((round) => round.turns.some(open))) return state;
  const cut = state.failed?.reason ?? state.completed?.stop_reason ?? null;
  const end = (turn: Turn): Turn =>
    turn.phase === "retrying" ? { ...turn, phase: "failed" } : { ...turn, phase: "stopped", cut };
  return {
    ...state,
    rounds: state.rounds.map((round) =>
      round.turns.some(open)
        ? { ...round, turns: round.turns.map((turn) => (open(turn) ? end(turn) : turn)) }
        : round,
    ),
  };
}

function opened(data: StreamData["round_started"]): Round {
  return {
    number: data.round_number,
    purpose: data.purpose,
    speakers: data.speakers,
    startedAt: data.at,
    completed: null,
    turns: [],
    consensus: null,
  };
}

interface StepPlace {
  readonly round_number: number;
  readonly step: string;
  readonly seat: number;
  readonly purpose: string;
  readonly agent_id: string;
}

function turnKey(place: Omit<StepPlace, "agent_id">): string {
  return `${place.round_number}/${place.step}/${place.seat}/${place.purpose}`;
}

function newTurn(state: PanelState, place: StepPlace): Turn {
  const seat = state.seats.find((one) => one.seat === place.seat);
  return {
    key: turnKey(place),
    round: place.round_number,
    step: place.step,
    seat: place.seat,
    purpose: place.purpose,
    agentId: place.agent_id,
    name: seat?.agent_name ?? place.agent_id,
    role: seat?.role ?? "expert",
    model: null,
    attempt: 1,
    phase: "speaking",
    cut: null,
    text: "",
    gap: false,
    response: null,
    failures: [],
    answers: NOBODY,
    late: false,
  };
}

function withTurn(state: PanelState, place: StepPlace, change: (turn: Turn) => Turn): PanelState {
  const key = turnKey(place);
  return inRound(state, place.round_number, (round) =>
    round.turns.some((turn) => turn.key === key)
      ? { ...round, turns: round.turns.map((turn) => (turn.key === key ? change(turn) : turn)) }
      : { ...round, turns: [...round.turns, change(newTurn(state, place))] },
  );
}

function inRound(state: PanelState, number: number, change: (round: Round) => Round): PanelState {
  return {
    ...state,
    rounds: state.rounds.map((round) => (round.number === number ? change(round) : round)),
  };
}

function answered(state: PanelState, data: Response): PanelState {
  if (!("seat" in data)) return humanSaid(state, data);
  return withTurn(state, data, (turn) => ({
    ...turn,
    name: data.agent_name,
    role: data.role,
    model: data.model,
    attempt: data.attempt,
    phase: "answered",
    text: data.content,
    response: data,
    late: state.rounds.some((round) => round.number === data.round_number && round.completed !== null),
  }));
}

function humanSaid(state: PanelState, data: Exclude<Response, { seat: number }>): PanelState {
  const turn: Turn = {
    key: `${data.round_number}/human/${data.checkpoint_id}`,
    round: data.round_number,
    step: "human",
    seat: null,
    purpose: "human",
    agentId: data.agent_id,
    name: data.agent_name,
    role: "human",
    model: null,
    attempt: 1,
    phase: "answered",
    cut: null,
    text: data.content,
    gap: false,
    response: data,
    failures: [],
    answers: NOBODY,
    late: false,
  };
  const asked = state.awaiting?.checkpoint_id === data.checkpoint_id;
  return {
    ...inRound(state, data.round_number, (round) => ({ ...round, turns: [...round.turns, turn] })),
    awaiting: asked ? null : state.awaiting,
  };
}

function isFinal(state: PanelState, data: StreamData["expert_failed"]): boolean {
  const limit = state.created?.configuration["attempt_limit"];
  return !data.retryable || (typeof limit === "number" && data.attempt >= limit);
}

/** Newly typed characters: only a turn that is still speaking takes them, so a late one does no harm. */
function typed(state: PanelState, delta: StreamData["response_delta"]): PanelState {
  const takes = (turn: Turn): boolean =>
    turn.phase === "speaking" &&
    turn.seat === delta.seat &&
    (delta.step === undefined || turn.step === delta.step) &&
    (delta.attempt === undefined || turn.attempt === delta.attempt);
  const round = state.rounds.find((one) => one.number === delta.round_number);
  if (round === undefined || !round.turns.some(takes)) return state;
  return inRound(state, delta.round_number, (one) => ({
    ...one,
    turns: one.turns.map((turn) =>
      takes(turn) ? { ...turn, text: joined(turn) + delta.text, gap: false } : turn,
    ),
  }));
}

function joined(turn: Turn): string {
  if (!turn.gap) return turn.text;
  return turn.text === "" ? "… " : `${turn.text} … `;
}

function paid(state: PanelState, data: StreamData["usage_recorded"]): PanelState {
  const before = state.spentByAgent.get(data.agent_id) ?? NOTHING_SPENT;
  return {
    ...state,
    spent: added(state.spent, data),
    spentByAgent: new Map(state.spentByAgent).set(data.agent_id, added(before, data)),
  };
}

function added(sum: Spent, data: StreamData["usage_recorded"]): Spent {
  const cost = data.cost_usd == null ? null : Number(data.cost_usd);
  return {
    calls: sum.calls + 1,
    tokens: sum.tokens + data.tokens_used,
    cost: cost === null ? sum.cost : (sum.cost ?? 0) + cost,
    unpriced: sum.unpriced + (data.unpriced ? 1 : 0),
    milliseconds: sum.milliseconds + data.execution_time_ms,
  };
}

/**
 * Speaking turns lose what is typed while nobody listens: what follows stands behind a gap. With `silent`
 * only those of which nothing was heard, as when a page opens in the middle of a panel.
 */
export function interrupted(state: PanelState, silent = false): PanelState {
  const open = (turn: Turn): boolean =>
    turn.phase === "speaking" && !turn.gap && !(silent && turn.text !== "");
  if (!state.rounds.some((round) => round.turns.some(open))) return state;
  return {
    ...state,
    rounds: state.rounds.map((round) => ({
      ...round,
      turns: round.turns.map((turn) => (open(turn) ? { ...turn, gap: true } : turn)),
    })),
  };
}

export function hasEnded(state: PanelState): boolean {
  return state.status === "completed" || state.status === "failed";
}

/** Results in the order of their rounds. */
export function results(state: PanelState): readonly Consensus[] {
  return state.rounds.flatMap((round) => round.consensus ?? []);
}
