// Generated from the contracts by `make generate`. Do not edit.
//
// Optional fields are absent, never null. Money is a decimal string in USD, times are RFC 3339 in UTC,
// durations are milliseconds. Ignore fields and event types that are not here.

/** A point several voters made; `n` counts distinct ballots behind it. */
export interface AgreementPoint {
  text: string;
  supporters: readonly string[];
  quotes?: readonly Quote[];
  n: number;
}

/** A position that does not lead. */
export interface Alternative {
  position: string;
  text: string;
  supporters: readonly string[];
  conditions?: readonly string[];
  confidence: number;
  confidence_stated?: boolean;
}

/**
 * The typed part of one expert's answer.
 *
 * `ratings` are in item order, None where the expert has no view. `ranking` holds option ids, best first; a nested tuple is a tie. `confidence` is None when unstated or unusable, never clamped.
 */
export interface Answer {
  position: string;
  stance: "support" | "conditional" | "oppose" | "neutral" | "abstain";
  option?: string;
  ratings?: readonly (number | null)[];
  ranking?: readonly (string | readonly string[])[];
  changed?: boolean;
  cause?: string;
  key_points?: readonly (string | KeyPoint)[];
  conditions?: readonly string[];
  confidence?: number;
  citations?: readonly string[];
  questions?: readonly string[];
  forecast?: Forecast;
  judgement?: Judgement;
}

/** An earlier response that a step speaks to. What a person said has no seat. */
export interface Answered {
  response_id: string;
  seat?: number;
}

/** As `RoundQuorum`, with how many different models answered. */
export interface ConsensusQuorum {
  needed: number;
  answered: number;
  seats: number;
  models?: number;
  met: boolean;
  reason?: string;
}

/** `context` of `expert.requested`. */
export interface Context {
  blocks?: readonly (QuestionBlock | OwnAnswerBlock | PeerAnswerBlock | ThemeBlock | QuestionPutBlock | PropositionBlock | OpponentTextBlock | DebateTextBlock | ItemBlock | QuantityBlock | StatisticsBlock | HumanTextBlock | EvidenceBlock | ParentBlock | CustomPromptBlock | ResultBlock)[];
}

/** The user's `configuration.custom_prompt`: quoted user text, it changes no step and no ballot. */
export interface CustomPromptBlock {
  kind: "custom_prompt";
  text: string;
}

/** A speech, question or rebuttal of the debate, for a ballot with sides lifted and for the judge. */
export interface DebateTextBlock {
  kind: "debate_text";
  label: string;
  side: "pro" | "con" | "neutral";
  text: string;
}

/** A contested point: which agents stand on which side. */
export interface DisagreementPoint {
  text: string;
  sides: Readonly<Record<string, readonly string[]>>;
  quotes?: readonly Quote[];
}

/** A voter whose position cannot be reconciled with the leading one, in the voter's own words. */
export interface Dissent {
  agent_id: string;
  agent_name: string;
  opinion: string;
  reasoning: string;
  confidence?: number;
}

/** Text the experts are given and may cite by `id`. */
export interface Evidence {
  id: string;
  title?: string;
  text: string;
}

/** A piece of evidence the panel was given; `id` is what an answer cites. */
export interface EvidenceBlock {
  kind: "evidence";
  id: string;
  title?: string;
  text: string;
}

/** A numeric estimate in the unit the question names, with the range the expert finds plausible. */
export interface Forecast {
  value: number;
  low?: number;
  high?: number;
}

/** What the human of a hybrid panel wrote, marked as such. */
export interface HumanTextBlock {
  kind: "human_text";
  text: string;
  stance?: "support" | "conditional" | "oppose" | "neutral" | "abstain";
}

/** One item to rate 1-9. The order of the item blocks is the order of `ratings`. */
export interface ItemBlock {
  kind: "item";
  id: string;
  text: string;
}

/** What the judge of an adversarial panel found; it names no winner and is never a vote. */
export interface Judgement {
  strongest_pro: string;
  strongest_con: string;
  unresolved?: readonly string[];
}

/** One point of the answer, tagged by the expert with one of the panel's dimensions. */
export interface KeyPoint {
  text: string;
  dimension: string;
}

/** What a tenant pays for a model (`<provider>:<name>`, or `scripted`), in USD per million tokens. */
export interface ModelPrice {
  model: string;
  input_usd: string;
  output_usd: string;
}

/** A text of the other side, to be rebutted with a quotation of the point answered. */
export interface OpponentTextBlock {
  kind: "opponent_text";
  label: string;
  text: string;
}

/** One of the choices of a question: the vote is its id. */
export interface Option {
  id: string;
  text: string;
}

/** The speaker's own last answer. */
export interface OwnAnswerBlock {
  kind: "own_answer";
  label?: string;
  text: string;
  position?: string;
  stance?: "support" | "conditional" | "oppose" | "neutral" | "abstain";
  option?: string;
  key_points?: readonly string[];
}

/** The panel that this one follows up, as it stood when this one was created. */
export interface Parent {
  panel_id: string;
  query: string;
  recommendation: string;
  dissent?: readonly string[];
}

/** The panel this one follows up: its question, consensus and dissent. */
export interface ParentBlock {
  kind: "parent";
  question: string;
  recommendation: string;
  dissent?: readonly string[];
}

/**
 * Another seat's answer (or, in delphi, its reason), known by its label only. Never with a confidence.
 *
 * `asked_about` marks, for purpose `question`, the answer to be questioned.
 */
export interface PeerAnswerBlock {
  kind: "peer_answer";
  label: string;
  text: string;
  position?: string;
  stance?: "support" | "conditional" | "oppose" | "neutral" | "abstain";
  option?: string;
  key_points?: readonly string[];
  asked_about?: boolean;
}

/** What the panel will do at most: rounds, expert seats, the agreement it looks for, and until when. */
export interface Plan {
  rounds: number;
  seats: number;
  threshold: number;
  deadline_at: string;
}

/** The proposition under debate: pro defends it, con attacks it. */
export interface PropositionBlock {
  kind: "proposition";
  text: string;
}

/** A number to forecast: its unit and, if known, the bounds it must lie in. */
export interface QuantityBlock {
  kind: "quantity";
  unit: string;
  minimum?: number;
  maximum?: number;
}

/** The panel's question. With `options` the vote is one of them (and, if `rank_options`, an order of all of them); with `dimensions` each key point may be tagged with one of these names. `ask_human` invites questions for the human who will decide (hybrid). */
export interface QuestionBlock {
  kind: "question";
  text: string;
  options?: readonly Option[];
  rank_options?: boolean;
  dimensions?: readonly string[];
  ask_human?: boolean;
}

/** A question put to the speaker, to be answered one by one. */
export interface QuestionPutBlock {
  kind: "question_put";
  label: string;
  text: string;
}

/** Verbatim words of one answer. */
export interface Quote {
  agent_id: string;
  response_id?: string;
  text: string;
}

/** The computed consensus, for the chair to phrase and never to change. */
export interface ResultBlock {
  kind: "result";
  recommendation: string;
  agreement_points?: readonly string[];
  disagreement_points?: readonly string[];
  dissenting_opinions?: readonly string[];
}

/** How many seats had to answer, and how many did, of those planned. */
export interface RoundQuorum {
  needed: number;
  answered: number;
  seats: number;
  met: boolean;
}

/**
 * One seat of the panel, in seat order. `reason` says why the system proposed this expert.
 *
 * `shared` says whose expert of that id and version speaks: the one all tenants share, or (false) the tenant's own. Without it the tenant's own comes first.
 */
export interface Seat {
  agent_id: string;
  name: string;
  role?: "expert" | "pro" | "con" | "neutral" | "moderator" | "judge" | "chair";
  weight?: number;
  model?: string;
  version?: number;
  shared?: boolean;
  reason?: string;
}

/**
 * The panel's anonymous figures of the round before for one item (or, without item, the forecast).
 *
 * `histogram` counts the ratings 1 to 9; it is empty for a forecast. `explain` asks a seat far from the median for its reasons.
 */
export interface StatisticsBlock {
  kind: "statistics";
  item?: string;
  n: number;
  median: number;
  lower_quartile: number;
  upper_quartile: number;
  histogram?: readonly number[];
  own_rating?: number;
  own_forecast?: number;
  explain?: boolean;
}

/** When a step of a round closes with what it has. */
export interface StepDeadline {
  step: string;
  deadline_at: string;
}

/**
 * What was agreed about money when the panel was created, so that a replay prices it alike.
 *
 * `estimate_usd` is what such a panel was expected to cost; `configuration.max_cost_usd` is what it may. `prices` stand in place of the price list.
 */
export interface Terms {
  estimate_usd?: string;
  prices?: readonly ModelPrice[];
}

/** A theme of an open panel so far, verbatim, without names and counts. */
export interface ThemeBlock {
  kind: "theme";
  label: string;
  text: string;
}

/**
 * Tokens as the provider reported them.
 *
 * Of the input tokens, `cache_read_tokens` were read from the provider's cache and `cache_write_tokens` written to it, which have prices of their own; absent: none, or not told.
 */
export interface TokenUsage {
  input_tokens: number;
  output_tokens: number;
  cache_read_tokens?: number;
  cache_write_tokens?: number;
}

/** Somebody asked. `configuration` is the full effective configuration, frozen here. */
export interface PanelCreated {
  query: string;
  panel_type: "structured" | "open" | "socratic" | "adversarial" | "delphi" | "hybrid";
  agents: readonly Seat[];
  configuration: Readonly<Record<string, unknown>>;
  options?: readonly Option[];
  evidence?: readonly Evidence[];
  parent?: Parent;
  terms?: Terms;
  user_id: string;
  request_hash: string;
}

/** The panel runs. */
export interface PanelStarted {
  protocol: "structured" | "open" | "socratic" | "adversarial" | "delphi" | "hybrid";
  plan: Plan;
}

/** A person wants the panel to stop. */
export interface PanelCancelRequested {
  user_id: string;
  reason?: string;
}

/**
 * A timer fired. Late, early by a retry, or twice: the decider judges what it still means.
 *
 * `step` is the step of the round whose time is up; `final` (purpose panel) is the end of the grace that a last consensus has after the panel's deadline.
 */
export interface PanelDeadlinePassed {
  purpose: "round" | "human" | "panel";
  round_number?: number;
  checkpoint_id?: string;
  step?: string;
}

/**
 * The panel ended with a result.
 *
 * Nobody waits for costs, so some may be recorded later. `cost_usd` is the whole cost, and absent while it is not known: then `recorded_usd` is what is known, and the two counts say how many calls are missing, `uncosted_calls` not recorded yet, `unpriced_calls` without a known price.
 */
export interface PanelCompleted {
  rounds: number;
  consensus_level?: number;
  recommendation: string;
  summary?: string;
  stop_reason: "threshold_reached" | "stable" | "nothing_new" | "max_rounds" | "human_approved" | "deadline_passed" | "budget_exceeded";
  ratified_by?: string;
  degraded?: readonly string[];
  cost_usd?: string;
  recorded_usd?: string;
  uncosted_calls?: number;
  unpriced_calls?: number;
  duration_ms: number;
}

/** The panel ended without a result; `detail` is a sentence for people. */
export interface PanelFailed {
  reason: "quorum_not_met" | "providers_unavailable" | "deadline_passed" | "cancelled" | "budget_exceeded" | "rejected";
  detail: string;
}

/**
 * A round begins. `deadline_at` is when it closes with what it has.
 *
 * `steps` are the deadlines within a round of several steps. `panel_deadline_at` is the panel's deadline where waiting for a human has moved it.
 */
export interface RoundStarted {
  round_number: number;
  purpose: "opening" | "view" | "question" | "answer" | "rebuttal" | "ballot" | "rating" | "judgement" | "synthesis";
  speakers: readonly number[];
  deadline_at: string;
  steps?: readonly StepDeadline[];
  panel_deadline_at?: string;
}

/** A round is closed: whatever answers later is kept and paid for, but neither shown nor counted. */
export interface RoundCompleted {
  round_number: number;
  answered: readonly number[];
  missing: readonly number[];
  quorum: RoundQuorum;
}

/**
 * A seat is asked to speak; `context` is all it may see.
 *
 * `answers` says to which responses the step speaks, for those who watch: it never enters a prompt, since the experts know each other by label only. Empty where a step speaks to nobody in particular. `agent_shared` is the seat's `shared`.
 */
export interface ExpertRequested {
  round_number: number;
  step: string;
  seat: number;
  purpose: "opening" | "view" | "question" | "answer" | "rebuttal" | "ballot" | "rating" | "judgement" | "synthesis";
  agent_id: string;
  agent_name: string;
  agent_version?: number;
  agent_shared?: boolean;
  role: "expert" | "pro" | "con" | "neutral" | "moderator" | "judge" | "chair";
  model?: string;
  response_type: "analysis" | "statement" | "rebuttal" | "question";
  context: Context;
  attempt_limit: number;
  deadline_at: string;
  answers?: readonly Answered[];
}

/** A model is about to be called for this attempt. `answers` is the request's, passed on. */
export interface ExpertStarted {
  round_number: number;
  step: string;
  seat: number;
  purpose: "opening" | "view" | "question" | "answer" | "rebuttal" | "ballot" | "rating" | "judgement" | "synthesis";
  agent_id: string;
  agent_name: string;
  model: string;
  attempt: number;
  answers?: readonly Answered[];
}

/** A seat answered. One per paid step: its id has no attempt. */
export interface ExpertResponded {
  round_number: number;
  step: string;
  seat: number;
  purpose: "opening" | "view" | "question" | "answer" | "rebuttal" | "ballot" | "rating" | "judgement" | "synthesis";
  response_id: string;
  agent_id: string;
  agent_name: string;
  role?: "expert" | "pro" | "con" | "neutral" | "moderator" | "judge" | "chair";
  response_type: "analysis" | "statement" | "rebuttal" | "question";
  content: string;
  answer: Answer;
  model: string;
  usage?: TokenUsage;
  execution_time_ms: number;
  attempt: number;
}

/** One attempt failed. It was the last when it is not retryable or has reached the attempt limit. */
export interface ExpertFailed {
  round_number: number;
  step: string;
  seat: number;
  purpose: "opening" | "view" | "question" | "answer" | "rebuttal" | "ballot" | "rating" | "judgement" | "synthesis";
  agent_id: string;
  agent_name: string;
  role?: "expert" | "pro" | "con" | "neutral" | "moderator" | "judge" | "chair";
  model: string;
  attempt: number;
  reason: "rate_limited" | "provider_error" | "misconfigured" | "network" | "timeout" | "bad_output" | "truncated" | "refused" | "interrupted" | "unknown_expert" | "budget_exceeded";
  detail?: string;
  retryable: boolean;
  usage?: TokenUsage;
  execution_time_ms: number;
}

/** The ballots of a round are to be counted: the listed responses and, if any, the human's. */
export interface ConsensusRequested {
  round_number: number;
  method: string;
  responses: readonly string[];
  carried?: readonly number[];
  missing?: readonly number[];
  degraded?: readonly string[];
  threshold: number;
}

/** What the panel agrees on, counted by code from typed answers. */
export interface ConsensusCalculated {
  round_number: number;
  method: string;
  consensus_level: number;
  band: "unanimous" | "strong" | "moderate" | "weak" | "split" | "none";
  threshold: number;
  agreement_points: readonly AgreementPoint[];
  disagreement_points: readonly DisagreementPoint[];
  dissenting_opinions: readonly Dissent[];
  recommendation: string;
  alternatives: readonly Alternative[];
  metrics: Readonly<Record<string, unknown>>;
  degraded?: readonly string[];
  quorum: ConsensusQuorum;
  matrix?: readonly (Readonly<Record<string, unknown>>)[];
  response_ids?: readonly string[];
  carried?: readonly number[];
}

/** The panel waits for a person: for input, or to ratify the result. */
export interface HumanRequested {
  checkpoint_id: string;
  round_number: number;
  kind: "input" | "ratify";
  question: string;
  actions: readonly ("answer" | "approve" | "modify" | "veto")[];
  deadline_at: string;
}

/**
 * The person's answer to a checkpoint. Its id has no user: the first one wins.
 *
 * The vote of a panel with options is `option`, the id of one of them; of any other it is `stance`.
 */
export interface HumanResponded {
  checkpoint_id: string;
  response_id: string;
  round_number: number;
  action: "answer" | "approve" | "modify" | "veto";
  content: string;
  stance?: "support" | "conditional" | "oppose" | "abstain";
  option?: string;
  user_id: string;
  user_name?: string;
}

/** What one attempt used and cost. No known price: `cost_usd` is absent and `unpriced` is true. */
export interface UsageRecorded {
  round_number: number;
  step: string;
  seat: number;
  attempt: number;
  response_id?: string;
  user_id: string;
  agent_id: string;
  model: string;
  input_tokens?: number;
  output_tokens?: number;
  cache_read_tokens?: number;
  cache_write_tokens?: number;
  tokens_used: number;
  execution_time_ms: number;
  cost_usd?: string;
  unpriced: boolean;
  prices?: string;
  purpose: "answer" | "synthesis" | "failed_attempt";
  step_purpose: "opening" | "view" | "question" | "answer" | "rebuttal" | "ballot" | "rating" | "judgement" | "synthesis";
}

/** Spending reached a limit; the panel ends at the next safe point. */
export interface BudgetExceeded {
  scope: "panel" | "tenant_month";
  limit_usd: string;
  spent_usd: string;
}

/** What each event type carries. */
export interface EventData {
  "panel.created": PanelCreated;
  "panel.started": PanelStarted;
  "panel.cancel_requested": PanelCancelRequested;
  "panel.deadline_passed": PanelDeadlinePassed;
  "panel.completed": PanelCompleted;
  "panel.failed": PanelFailed;
  "round.started": RoundStarted;
  "round.completed": RoundCompleted;
  "expert.requested": ExpertRequested;
  "expert.started": ExpertStarted;
  "expert.responded": ExpertResponded;
  "expert.failed": ExpertFailed;
  "consensus.requested": ConsensusRequested;
  "consensus.calculated": ConsensusCalculated;
  "human.requested": HumanRequested;
  "human.responded": HumanResponded;
  "usage.recorded": UsageRecorded;
  "budget.exceeded": BudgetExceeded;
}

export type EventType = keyof EventData;
