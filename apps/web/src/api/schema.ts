// Generated from the gateway's /openapi.json by `npm run generate`. Do not edit.

export interface paths {
    readonly "/api/v1/panels": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List Panels
         * @description The tenant's panels, newest first.
         */
        readonly get: operations["list_panels_api_v1_panels_get"];
        readonly put?: never;
        /**
         * Ask
         * @description Ask a panel of experts a question.
         */
        readonly post: operations["ask_api_v1_panels_post"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/panels/{panel_id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get Panel
         * @description One panel with its answers, consensus and cost. Strong ETag; 304 when nothing has changed.
         */
        readonly get: operations["get_panel_api_v1_panels__panel_id__get"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/panels/{panel_id}/responses": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get Responses
         * @description The answers of a panel, or of one round.
         */
        readonly get: operations["get_responses_api_v1_panels__panel_id__responses_get"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/panels/{panel_id}/consensus": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get Consensus
         * @description The consensus of a round (the last, unless told), beside those of all rounds.
         */
        readonly get: operations["get_consensus_api_v1_panels__panel_id__consensus_get"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/panels/{panel_id}/usage": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get Panel Usage
         * @description What one panel used and cost; by expert as far as you may see it.
         */
        readonly get: operations["get_panel_usage_api_v1_panels__panel_id__usage_get"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/panels/{panel_id}/events": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get Events
         * @description The panel's public events in order, straight from the log.
         */
        readonly get: operations["get_events_api_v1_panels__panel_id__events_get"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/panels/{panel_id}/export": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Export Panel
         * @description The whole panel as a file, dissent and cost included.
         */
        readonly get: operations["export_panel_api_v1_panels__panel_id__export_get"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/panels/{panel_id}/cancel": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Cancel
         * @description Ask a running panel to stop. Repeating it changes nothing.
         */
        readonly post: operations["cancel_api_v1_panels__panel_id__cancel_post"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/panels/{panel_id}/human-input": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Human Input
         * @description Answer the checkpoint the panel waits at. The first valid answer counts.
         */
        readonly post: operations["human_input_api_v1_panels__panel_id__human_input_post"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/panels/{panel_id}/stream-tickets": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Issue Ticket
         * @description A ticket for one stream of this panel, for browsers' EventSource.
         */
        readonly post: operations["issue_ticket_api_v1_panels__panel_id__stream_tickets_post"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/panels/{panel_id}/stream": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Stream
         * @description The panel as server-sent events: from its first, or after Last-Event-ID, then live until it ends.
         */
        readonly get: operations["stream_api_v1_panels__panel_id__stream_get"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/agents": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List Experts
         * @description Experts this tenant may put on a panel, by id; `q` looks in names, titles, tags and summaries.
         */
        readonly get: operations["list_experts_api_v1_agents_get"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/agents/{agent_id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get Expert
         * @description One expert.
         */
        readonly get: operations["get_expert_api_v1_agents__agent_id__get"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/agents/select": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Select Experts
         * @description Experts the system would put on a panel for this question, and why.
         */
        readonly post: operations["select_experts_api_v1_agents_select_post"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/panel-types": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List Panel Types
         * @description The six protocols with their limits and default configuration, and which this tenant may use.
         */
        readonly get: operations["list_panel_types_api_v1_panel_types_get"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/tenant": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get Tenant
         * @description Settings, features and branding, your role, every limit and what is left of it.
         */
        readonly get: operations["get_tenant_api_v1_tenant_get"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/usage": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Get Usage
         * @description Tokens and cost. Members see their own rows, admins and owners the whole tenant's.
         */
        readonly get: operations["get_usage_api_v1_usage_get"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/livez": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Livez
         * @description The event loop answers. Asks nobody else.
         */
        readonly get: operations["livez_livez_get"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/readyz": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Readyz
         * @description Whether to send traffic here, and which side is down.
         */
        readonly get: operations["readyz_readyz_get"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/metrics": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Metrics
         * @description Prometheus metrics of this process.
         */
        readonly get: operations["metrics_metrics_get"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/asyncapi.json": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Asyncapi
         * @description The events on the log as AsyncAPI 3, as generated from the contracts.
         */
        readonly get: operations["asyncapi_asyncapi_json_get"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * Accepted
         * @description A wish that is on the log; what becomes of it is told by the stream and the panel.
         */
        readonly Accepted: {
            /**
             * Id
             * Format: uuid
             */
            readonly id: string;
            /**
             * Status
             * @enum {string}
             */
            readonly status: "cancelling" | "answered";
            /** Sequence */
            readonly sequence: number;
        };
        /**
         * AwaitingView
         * @description What the panel waits for a person to do, until `deadline_at`.
         */
        readonly AwaitingView: {
            /**
             * Checkpoint Id
             * Format: uuid
             */
            readonly checkpoint_id: string;
            /** Kind */
            readonly kind: string;
            /** Question */
            readonly question: string;
            /**
             * Actions
             * @default []
             */
            readonly actions: readonly string[];
            /** Round Number */
            readonly round_number: number;
            /** Requested At */
            readonly requested_at?: string | null;
            /**
             * Deadline At
             * Format: date-time
             */
            readonly deadline_at: string;
        };
        /**
         * BrandingView
         * @description Looks of the UI. `custom_css` of the platform is left out: it could inject.
         */
        readonly BrandingView: {
            /**
             * Primary Color
             * @default #3B82F6
             */
            readonly primary_color: string;
            /**
             * Font Family
             * @default Inter
             */
            readonly font_family: string;
            /** Logo Url */
            readonly logo_url?: string | null;
        };
        /**
         * BudgetExceededView
         * @description A spending limit was reached.
         */
        readonly BudgetExceededView: {
            /** Scope */
            readonly scope: string;
            /** Limit Usd */
            readonly limit_usd: string;
            /** Spent Usd */
            readonly spent_usd: string;
            /** At */
            readonly at?: string | null;
        };
        /**
         * BudgetView
         * @description A spending limit and what is left of it.
         */
        readonly BudgetView: {
            /** Limit */
            readonly limit?: string | null;
            /**
             * Spent
             * @default 0
             */
            readonly spent: string;
            /** Remaining */
            readonly remaining?: string | null;
        };
        /**
         * Cancellation
         * @description Why the panel shall stop.
         */
        readonly Cancellation: {
            /**
             * Reason
             * @default
             */
            readonly reason: string;
        };
        /**
         * ConsensusReport
         * @description The round asked for (by default the last), and every round's result in order.
         */
        readonly ConsensusReport: {
            readonly consensus: components["schemas"]["ConsensusView"] | null;
            /** Rounds */
            readonly rounds: readonly components["schemas"]["ConsensusView"][];
        };
        /**
         * ConsensusView
         * @description One round's result: the row, and what `panels.metadata` knows beyond it.
         */
        readonly ConsensusView: {
            /**
             * Id
             * Format: uuid
             */
            readonly id: string;
            /** Round Number */
            readonly round_number: number;
            /** Phase */
            readonly phase?: string | null;
            /** Method */
            readonly method?: string | null;
            /** Consensus Level */
            readonly consensus_level: number;
            /** Band */
            readonly band?: string | null;
            /** Threshold */
            readonly threshold?: number | null;
            /**
             * Agreement Points
             * @default []
             */
            readonly agreement_points: readonly string[];
            /**
             * Disagreement Points
             * @default []
             */
            readonly disagreement_points: readonly string[];
            /**
             * Points
             * @default []
             */
            readonly points: readonly components["schemas"]["PointView"][];
            /**
             * Dissenting Opinions
             * @default []
             */
            readonly dissenting_opinions: readonly components["schemas"]["DissentView"][];
            /** Recommendation */
            readonly recommendation: string;
            /**
             * Alternatives
             * @default []
             */
            readonly alternatives: readonly {
                readonly [key: string]: unknown;
            }[];
            /** Metrics */
            readonly metrics?: {
                readonly [key: string]: unknown;
            };
            /** Quorum */
            readonly quorum?: {
                readonly [key: string]: unknown;
            } | null;
            /**
             * Carried
             * @default []
             */
            readonly carried: readonly number[];
            /**
             * Degraded
             * @default []
             */
            readonly degraded: readonly string[];
            /**
             * Response Ids
             * @default []
             */
            readonly response_ids: readonly string[];
            /** Created At */
            readonly created_at?: string | null;
        };
        /**
         * Created
         * @description A panel that is on the log. `agents` are the voting experts in seat order.
         */
        readonly Created: {
            /**
             * Id
             * Format: uuid
             */
            readonly id: string;
            /**
             * Status
             * @default created
             * @constant
             */
            readonly status: "created";
            /** Agents */
            readonly agents: readonly string[];
            /** Seats */
            readonly seats: readonly components["schemas"]["SeatAnswer"][];
            /** Sequence */
            readonly sequence: number;
        };
        /**
         * DissentView
         * @description A voter whose position the result does not hold, in the voter's own words.
         */
        readonly DissentView: {
            /** Agent Id */
            readonly agent_id: string;
            /**
             * Agent Name
             * @default
             */
            readonly agent_name: string;
            /**
             * Opinion
             * @default
             */
            readonly opinion: string;
            /**
             * Reasoning
             * @default
             */
            readonly reasoning: string;
            /** Confidence */
            readonly confidence?: number | null;
        };
        /**
         * EvidenceGiven
         * @description A text the experts may cite by its id.
         */
        readonly EvidenceGiven: {
            /** Id */
            readonly id?: string | null;
            /**
             * Title
             * @default
             */
            readonly title: string;
            /** Text */
            readonly text: string;
        };
        /**
         * EvidenceView
         * @description What the experts were given; `excerpt` is its beginning.
         */
        readonly EvidenceView: {
            /** Id */
            readonly id: string;
            /**
             * Title
             * @default
             */
            readonly title: string;
            /**
             * Excerpt
             * @default
             */
            readonly excerpt: string;
        };
        /**
         * ExpertAnswer
         * @description An expert as users see it; its instructions stay inside.
         */
        readonly ExpertAnswer: {
            /** Id */
            readonly id: string;
            /** Name */
            readonly name: string;
            /** Title */
            readonly title: string;
            /** Domain */
            readonly domain: string;
            /** Tags */
            readonly tags: readonly string[];
            /** Summary */
            readonly summary: string;
            /** Temperament */
            readonly temperament: string;
            /** Version */
            readonly version: number;
            /** Bench */
            readonly bench: boolean;
        };
        /**
         * Experts
         * @description The catalogue of this tenant.
         */
        readonly Experts: {
            /** Agents */
            readonly agents: readonly components["schemas"]["ExpertAnswer"][];
            /** Total */
            readonly total: number;
        };
        /**
         * FailureView
         * @description Why the panel ended without a result.
         */
        readonly FailureView: {
            /** Reason */
            readonly reason: string;
            /**
             * Detail
             * @default
             */
            readonly detail: string;
            /** At */
            readonly at?: string | null;
        };
        /** HTTPValidationError */
        readonly HTTPValidationError: {
            /** Detail */
            readonly detail?: readonly components["schemas"]["ValidationError"][];
        };
        /**
         * HumanInput
         * @description A person's answer to the panel's open checkpoint.
         */
        readonly HumanInput: {
            /**
             * Checkpoint Id
             * Format: uuid
             */
            readonly checkpoint_id: string;
            /**
             * Action
             * @enum {string}
             */
            readonly action: "answer" | "approve" | "modify" | "veto";
            /**
             * Content
             * @default
             */
            readonly content: string;
            /** Stance */
            readonly stance?: ("support" | "conditional" | "oppose" | "abstain") | null;
        };
        /**
         * NewPanel
         * @description A question for a panel. Without `agents` the system selects the experts and says why.
         */
        readonly NewPanel: {
            /** Query */
            readonly query: string;
            /**
             * Panel Type
             * @enum {string}
             */
            readonly panel_type: "structured" | "open" | "socratic" | "adversarial" | "delphi" | "hybrid";
            /** Agents */
            readonly agents?: readonly string[] | null;
            /**
             * Configuration
             * @description Keys and ranges: GET /panel-types.
             * @default {}
             */
            readonly configuration: {
                readonly [key: string]: unknown;
            };
            /**
             * Options
             * @default []
             */
            readonly options: readonly (string | components["schemas"]["OptionGiven"])[];
            /**
             * Evidence
             * @default []
             */
            readonly evidence: readonly components["schemas"]["EvidenceGiven"][];
            /** Parent Panel Id */
            readonly parent_panel_id?: string | null;
        };
        /**
         * OptionGiven
         * @description A choice to vote on; a plain string is its text. Ids are given out where absent.
         */
        readonly OptionGiven: {
            /** Id */
            readonly id?: string | null;
            /** Text */
            readonly text: string;
        };
        /** OptionView */
        readonly OptionView: {
            /** Id */
            readonly id: string;
            /** Text */
            readonly text: string;
        };
        /**
         * PanelPage
         * @description Newest first. `total` counts all that the filter finds; `next_cursor` None: this is the end.
         */
        readonly PanelPage: {
            /** Panels */
            readonly panels: readonly components["schemas"]["PanelSummary"][];
            /** Total */
            readonly total: number;
            /** Next Cursor */
            readonly next_cursor?: string | null;
        };
        /**
         * PanelSummary
         * @description A panel in a list.
         */
        readonly PanelSummary: {
            /**
             * Id
             * Format: uuid
             */
            readonly id: string;
            /**
             * User Id
             * Format: uuid
             */
            readonly user_id: string;
            /** Status */
            readonly status: string;
            /** Panel Type */
            readonly panel_type: string;
            readonly awaiting?: components["schemas"]["AwaitingView"] | null;
            /** Sequence */
            readonly sequence?: number | null;
            /** Query */
            readonly query: string;
            /**
             * Agents
             * @default []
             */
            readonly agents: readonly string[];
            /** Consensus Level */
            readonly consensus_level?: number | null;
            /** Band */
            readonly band?: string | null;
            /** Cost Usd */
            readonly cost_usd?: string | null;
            /**
             * Degraded
             * @default []
             */
            readonly degraded: readonly string[];
            readonly failure?: components["schemas"]["FailureView"] | null;
            /** Parent Panel Id */
            readonly parent_panel_id?: string | null;
            /** Created At */
            readonly created_at?: string | null;
            /** Started At */
            readonly started_at?: string | null;
            /** Completed At */
            readonly completed_at?: string | null;
        };
        /**
         * PanelTypes
         * @description The six protocols with limits and defaults; `available` says whether this tenant may use one.
         */
        readonly PanelTypes: {
            /** Panel Types */
            readonly panel_types: readonly {
                readonly [key: string]: unknown;
            }[];
        };
        /**
         * PanelUsageReport
         * @description Usage of one panel: totals for every member; by expert only from rows the user may see.
         */
        readonly PanelUsageReport: {
            /**
             * Tokens Used
             * @default 0
             */
            readonly tokens_used: number;
            /**
             * Input Tokens
             * @default 0
             */
            readonly input_tokens: number;
            /**
             * Output Tokens
             * @default 0
             */
            readonly output_tokens: number;
            /** Cost Usd */
            readonly cost_usd?: string | null;
            /**
             * Calls
             * @default 0
             */
            readonly calls: number;
            /**
             * Unpriced Calls
             * @default 0
             */
            readonly unpriced_calls: number;
            /**
             * Execution Time Ms
             * @default 0
             */
            readonly execution_time_ms: number;
            /**
             * Panel Id
             * Format: uuid
             */
            readonly panel_id: string;
            /**
             * Groups
             * @default []
             */
            readonly groups: readonly components["schemas"]["UsageGroup"][];
        };
        /**
         * PanelView
         * @description A panel whole. `sequence`: its last event that is in here, where a stream may go on.
         */
        readonly PanelView: {
            /**
             * Id
             * Format: uuid
             */
            readonly id: string;
            /**
             * User Id
             * Format: uuid
             */
            readonly user_id: string;
            /** Status */
            readonly status: string;
            /** Panel Type */
            readonly panel_type: string;
            readonly awaiting?: components["schemas"]["AwaitingView"] | null;
            /** Sequence */
            readonly sequence?: number | null;
            /**
             * Tenant Id
             * Format: uuid
             */
            readonly tenant_id: string;
            /** Query */
            readonly query: string;
            /** Configuration */
            readonly configuration?: {
                readonly [key: string]: unknown;
            };
            /**
             * Agents
             * @default []
             */
            readonly agents: readonly string[];
            /**
             * Seats
             * @default []
             */
            readonly seats: readonly components["schemas"]["SeatView"][];
            /**
             * Options
             * @default []
             */
            readonly options: readonly components["schemas"]["OptionView"][];
            /**
             * Evidence
             * @default []
             */
            readonly evidence: readonly components["schemas"]["EvidenceView"][];
            readonly plan?: components["schemas"]["PlanView"] | null;
            /**
             * Rounds
             * @default []
             */
            readonly rounds: readonly components["schemas"]["RoundView"][];
            /**
             * Responses
             * @default []
             */
            readonly responses: readonly components["schemas"]["ResponseView"][];
            readonly consensus?: components["schemas"]["ConsensusView"] | null;
            /**
             * @default {
             *       "tokens_used": 0,
             *       "input_tokens": 0,
             *       "output_tokens": 0,
             *       "calls": 0,
             *       "unpriced_calls": 0,
             *       "execution_time_ms": 0
             *     }
             */
            readonly usage: components["schemas"]["UsageTotals"];
            /**
             * Degraded
             * @default []
             */
            readonly degraded: readonly string[];
            readonly failure?: components["schemas"]["FailureView"] | null;
            /**
             * Failures
             * @default []
             */
            readonly failures: readonly components["schemas"]["SeatFailureView"][];
            readonly budget_exceeded?: components["schemas"]["BudgetExceededView"] | null;
            /** Stop Reason */
            readonly stop_reason?: string | null;
            /** Summary */
            readonly summary?: string | null;
            /** Recommendation */
            readonly recommendation?: string | null;
            /** Parent Panel Id */
            readonly parent_panel_id?: string | null;
            /**
             * Children
             * @default []
             */
            readonly children: readonly string[];
            /** Created At */
            readonly created_at?: string | null;
            /** Started At */
            readonly started_at?: string | null;
            /** Completed At */
            readonly completed_at?: string | null;
            /** Updated At */
            readonly updated_at?: string | null;
        };
        /**
         * PlanView
         * @description The most the panel will do.
         */
        readonly PlanView: {
            /** Rounds */
            readonly rounds: number;
            /** Seats */
            readonly seats: number;
            /** Threshold */
            readonly threshold: number;
            /**
             * Deadline At
             * Format: date-time
             */
            readonly deadline_at: string;
        };
        /**
         * PointView
         * @description A point the panel agrees on or is divided over; agents are named by id.
         */
        readonly PointView: {
            /** Text */
            readonly text: string;
            /**
             * Kind
             * @enum {string}
             */
            readonly kind: "agreement" | "disagreement";
            /**
             * Supporters
             * @default []
             */
            readonly supporters: readonly string[];
            /**
             * Opponents
             * @default []
             */
            readonly opponents: readonly string[];
            /** Sides */
            readonly sides?: {
                readonly [key: string]: readonly string[];
            } | null;
            /** N */
            readonly n?: number | null;
            /**
             * Quotes
             * @default []
             */
            readonly quotes: readonly components["schemas"]["QuoteView"][];
        };
        /**
         * Proposals
         * @description Experts proposed for a question, in seat order.
         */
        readonly Proposals: {
            /** Agents */
            readonly agents: readonly components["schemas"]["Proposed"][];
        };
        /**
         * Proposed
         * @description A proposed expert and why.
         */
        readonly Proposed: {
            /** Agent Id */
            readonly agent_id: string;
            /** Agent Name */
            readonly agent_name: string;
            /** Reason */
            readonly reason: string;
        };
        /**
         * PublicEvents
         * @description A panel's public events in order, each with event, sequence, at and its own fields.
         */
        readonly PublicEvents: {
            /**
             * Panel Id
             * Format: uuid
             */
            readonly panel_id: string;
            /** Events */
            readonly events: readonly {
                readonly [key: string]: unknown;
            }[];
            /**
             * Last Sequence
             * @description Pass it as `after` for what comes later.
             */
            readonly last_sequence: number;
        };
        /**
         * QuotaView
         * @description What the tenant has used: panels and their known cost since the month began in UTC, panels running.
         */
        readonly QuotaView: {
            /** Panels This Month */
            readonly panels_this_month: number;
            /** Running Panels */
            readonly running_panels: number;
            /** Spent Usd This Month */
            readonly spent_usd_this_month: string;
            /**
             * Month Ends At
             * Format: date-time
             */
            readonly month_ends_at: string;
        };
        /**
         * QuoteView
         * @description Verbatim words of an answer.
         */
        readonly QuoteView: {
            /** Agent Id */
            readonly agent_id: string;
            /** Response Id */
            readonly response_id?: string | null;
            /** Text */
            readonly text: string;
        };
        /**
         * ResponseView
         * @description One answer. The demo model's stated confidence means nothing and is left out, in `answer` too.
         */
        readonly ResponseView: {
            /**
             * Id
             * Format: uuid
             */
            readonly id: string;
            /** Agent Id */
            readonly agent_id: string;
            /** Agent Name */
            readonly agent_name: string;
            /** Round Number */
            readonly round_number: number;
            /** Response Type */
            readonly response_type: string;
            /** Content */
            readonly content: string;
            /** Confidence */
            readonly confidence?: number | null;
            /** Stance */
            readonly stance?: string | null;
            /** Position */
            readonly position?: string | null;
            /** Option */
            readonly option?: string | null;
            /**
             * Key Points
             * @default []
             */
            readonly key_points: readonly string[];
            /**
             * Conditions
             * @default []
             */
            readonly conditions: readonly string[];
            /** Answer */
            readonly answer?: {
                readonly [key: string]: unknown;
            } | null;
            /**
             * Role
             * @default expert
             */
            readonly role: string;
            /** Purpose */
            readonly purpose?: string | null;
            /** Step */
            readonly step?: string | null;
            /** Seat */
            readonly seat?: number | null;
            /** Attempt */
            readonly attempt?: number | null;
            /** Model */
            readonly model?: string | null;
            /**
             * Demo
             * @default false
             */
            readonly demo: boolean;
            /** Model Label */
            readonly model_label?: string | null;
            /**
             * Counted
             * @default true
             */
            readonly counted: boolean;
            /** Tokens Used */
            readonly tokens_used?: number | null;
            /** Input Tokens */
            readonly input_tokens?: number | null;
            /** Output Tokens */
            readonly output_tokens?: number | null;
            /** Latency Ms */
            readonly latency_ms?: number | null;
            /**
             * Sources
             * @default []
             */
            readonly sources: readonly components["schemas"]["SourceView"][];
            /**
             * Reasoning
             * @default []
             */
            readonly reasoning: readonly string[];
            /** Action */
            readonly action?: string | null;
            /** Created At */
            readonly created_at?: string | null;
            /** Sequence */
            readonly sequence?: number | null;
        };
        /**
         * Responses
         * @description Answers in log order.
         */
        readonly Responses: {
            /** Responses */
            readonly responses: readonly components["schemas"]["ResponseView"][];
        };
        /**
         * RoundView
         * @description A round's course. `completed_at` None: still open.
         */
        readonly RoundView: {
            /** Round Number */
            readonly round_number: number;
            /** Purpose */
            readonly purpose?: string | null;
            /**
             * Speakers
             * @default []
             */
            readonly speakers: readonly number[];
            /** Started At */
            readonly started_at?: string | null;
            /** Deadline At */
            readonly deadline_at?: string | null;
            /** Completed At */
            readonly completed_at?: string | null;
            /** Answered */
            readonly answered?: readonly number[] | null;
            /** Missing */
            readonly missing?: readonly number[] | null;
            /** Quorum */
            readonly quorum?: {
                readonly [key: string]: unknown;
            } | null;
        };
        /**
         * SeatAnswer
         * @description A seat of a new panel; `reason` says why the system proposed the expert.
         */
        readonly SeatAnswer: {
            /** Seat */
            readonly seat: number;
            /** Agent Id */
            readonly agent_id: string;
            /** Agent Name */
            readonly agent_name: string;
            /** Role */
            readonly role: string;
            /** Weight */
            readonly weight: number;
            /** Model */
            readonly model: string | null;
            /** Reason */
            readonly reason: string | null;
        };
        /**
         * SeatFailureView
         * @description One failed attempt of one seat.
         */
        readonly SeatFailureView: {
            /** Round Number */
            readonly round_number: number;
            /** Seat */
            readonly seat: number;
            /** Agent Id */
            readonly agent_id: string;
            /**
             * Agent Name
             * @default
             */
            readonly agent_name: string;
            /**
             * Role
             * @default expert
             */
            readonly role: string;
            /**
             * Step
             * @default
             */
            readonly step: string;
            /**
             * Purpose
             * @default
             */
            readonly purpose: string;
            /** Model */
            readonly model?: string | null;
            /**
             * Attempt
             * @default 1
             */
            readonly attempt: number;
            /** Reason */
            readonly reason: string;
            /**
             * Detail
             * @default
             */
            readonly detail: string;
            /**
             * Retryable
             * @default false
             */
            readonly retryable: boolean;
            /** At */
            readonly at?: string | null;
        };
        /**
         * SeatView
         * @description A seat, in seat order. `reason`: why the system proposed this expert.
         */
        readonly SeatView: {
            /** Seat */
            readonly seat: number;
            /** Agent Id */
            readonly agent_id: string;
            /** Agent Name */
            readonly agent_name: string;
            /**
             * Role
             * @default expert
             */
            readonly role: string;
            /**
             * Weight
             * @default 1
             */
            readonly weight: number;
            /** Model */
            readonly model?: string | null;
            /** Reason */
            readonly reason?: string | null;
        };
        /**
         * Selection
         * @description A question to propose experts for; `size` defaults to the protocol's.
         */
        readonly Selection: {
            /** Query */
            readonly query: string;
            /**
             * Panel Type
             * @enum {string}
             */
            readonly panel_type: "structured" | "open" | "socratic" | "adversarial" | "delphi" | "hybrid";
            /** Size */
            readonly size?: number | null;
        };
        /**
         * SourceView
         * @description What an answer cites.
         */
        readonly SourceView: {
            /** Id */
            readonly id: string;
            /**
             * Title
             * @default
             */
            readonly title: string;
            /** Category */
            readonly category?: string | null;
            /** Excerpt */
            readonly excerpt?: string | null;
            /** Score */
            readonly score?: number | null;
            /** Url */
            readonly url?: string | null;
        };
        /**
         * TenantSettings
         * @description What a tenant may do, with the platform's defaults; keys we do not know are kept.
         */
        readonly TenantSettings: {
            /**
             * Max Panels Per Month
             * @default 100
             */
            readonly max_panels_per_month: number;
            /**
             * Max Experts Per Panel
             * @default 12
             */
            readonly max_experts_per_panel: number;
            /**
             * Enable Streaming
             * @default true
             */
            readonly enable_streaming: boolean;
            /**
             * Enable Exports
             * @default true
             */
            readonly enable_exports: boolean;
            /**
             * Enable Consensus
             * @default true
             */
            readonly enable_consensus: boolean;
            /**
             * Enable Api Access
             * @default true
             */
            readonly enable_api_access: boolean;
        } & {
            readonly [key: string]: unknown;
        };
        /**
         * TenantView
         * @description The tenant as its member sees it. `may_create`: its status allows new panels now.
         */
        readonly TenantView: {
            /**
             * Id
             * Format: uuid
             */
            readonly id: string;
            /** Name */
            readonly name: string;
            /** Slug */
            readonly slug: string;
            /** Subdomain */
            readonly subdomain?: string | null;
            /** Status */
            readonly status: string;
            /** Subscription Tier */
            readonly subscription_tier?: string | null;
            /** Trial Ends At */
            readonly trial_ends_at?: string | null;
            /** May Create */
            readonly may_create: boolean;
            /** Role */
            readonly role: ("owner" | "admin" | "member" | "guest") | null;
            readonly settings: components["schemas"]["TenantSettings"];
            /** Features */
            readonly features: {
                readonly [key: string]: boolean;
            };
            readonly branding: components["schemas"]["BrandingView"];
            readonly quota: components["schemas"]["QuotaView"];
            /** Limits */
            readonly limits?: {
                readonly [key: string]: unknown;
            };
        };
        /**
         * Ticket
         * @description Opens one stream of one panel once, within so many seconds: `/stream?ticket=…`.
         */
        readonly Ticket: {
            /** Ticket */
            readonly ticket: string;
            /** Expires In */
            readonly expires_in: number;
        };
        /**
         * UsageGroup
         * @description Totals of one day, agent, model or panel type. `key` None: the row does not say.
         */
        readonly UsageGroup: {
            /**
             * Tokens Used
             * @default 0
             */
            readonly tokens_used: number;
            /**
             * Input Tokens
             * @default 0
             */
            readonly input_tokens: number;
            /**
             * Output Tokens
             * @default 0
             */
            readonly output_tokens: number;
            /** Cost Usd */
            readonly cost_usd?: string | null;
            /**
             * Calls
             * @default 0
             */
            readonly calls: number;
            /**
             * Unpriced Calls
             * @default 0
             */
            readonly unpriced_calls: number;
            /**
             * Execution Time Ms
             * @default 0
             */
            readonly execution_time_ms: number;
            /** Key */
            readonly key: string | null;
            /**
             * Panels Count
             * @default 0
             */
            readonly panels_count: number;
        };
        /**
         * UsageReport
         * @description Usage of the tenant over a period, as far as the user may see its rows.
         */
        readonly UsageReport: {
            /**
             * Tokens Used
             * @default 0
             */
            readonly tokens_used: number;
            /**
             * Input Tokens
             * @default 0
             */
            readonly input_tokens: number;
            /**
             * Output Tokens
             * @default 0
             */
            readonly output_tokens: number;
            /** Cost Usd */
            readonly cost_usd?: string | null;
            /**
             * Calls
             * @default 0
             */
            readonly calls: number;
            /**
             * Unpriced Calls
             * @default 0
             */
            readonly unpriced_calls: number;
            /**
             * Execution Time Ms
             * @default 0
             */
            readonly execution_time_ms: number;
            /** Start */
            readonly start?: string | null;
            /** End */
            readonly end?: string | null;
            /** Group By */
            readonly group_by?: ("day" | "agent" | "model" | "panel_type") | null;
            /**
             * Panels Count
             * @default 0
             */
            readonly panels_count: number;
            /**
             * Groups
             * @default []
             */
            readonly groups: readonly components["schemas"]["UsageGroup"][];
            readonly budget?: components["schemas"]["BudgetView"] | null;
        };
        /**
         * UsageTotals
         * @description `cost_usd` sums the priced calls; None when no call has a price, which is not 0.
         */
        readonly UsageTotals: {
            /**
             * Tokens Used
             * @default 0
             */
            readonly tokens_used: number;
            /**
             * Input Tokens
             * @default 0
             */
            readonly input_tokens: number;
            /**
             * Output Tokens
             * @default 0
             */
            readonly output_tokens: number;
            /** Cost Usd */
            readonly cost_usd?: string | null;
            /**
             * Calls
             * @default 0
             */
            readonly calls: number;
            /**
             * Unpriced Calls
             * @default 0
             */
            readonly unpriced_calls: number;
            /**
             * Execution Time Ms
             * @default 0
             */
            readonly execution_time_ms: number;
        };
        /** ValidationError */
        readonly ValidationError: {
            /** Location */
            readonly loc: readonly (string | number)[];
            /** Message */
            readonly msg: string;
            /** Error Type */
            readonly type: string;
            /** Input */
            readonly input?: unknown;
            /** Context */
            readonly ctx?: Record<string, never>;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    readonly list_panels_api_v1_panels_get: {
        readonly parameters: {
            readonly query?: {
                readonly limit?: number;
                readonly cursor?: string | null;
                readonly status?: ("created" | "running" | "completed" | "failed") | null;
                readonly panel_type?: ("structured" | "open" | "socratic" | "adversarial" | "delphi" | "hybrid") | null;
                readonly q?: string | null;
                readonly created_after?: string | null;
                readonly created_before?: string | null;
            };
            readonly header?: {
                /** @description Wait up to 2 s until the tables show the log up to here. X-Min-Sequence-Reached in the answer says whether they do. */
                readonly "X-Min-Sequence"?: number | null;
                /** @description The tenant's id (uuid) in which you act. */
                readonly "X-Tenant-ID"?: string | null;
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Successful Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PanelPage"];
                };
            };
            /** @description Bad Request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            readonly 429: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly ask_api_v1_panels_post: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Repeat a request with the same key and body: there is never a second panel. */
                readonly "Idempotency-Key"?: string | null;
                /** @description The tenant's id (uuid) in which you act. */
                readonly "X-Tenant-ID"?: string | null;
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["NewPanel"];
            };
        };
        readonly responses: {
            /** @description Successful Response */
            readonly 201: {
                headers: {
                    /** @description The panel. */
                    readonly Location?: string;
                    /** @description Send it with a GET to read your own write. */
                    readonly "X-Min-Sequence"?: string;
                    /** @description true: this key was used before; the panel is that one. */
                    readonly "Idempotent-Replayed"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Created"];
                };
            };
            /** @description Bad Request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Payment Required */
            readonly 402: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Conflict */
            readonly 409: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Request Entity Too Large */
            readonly 413: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            readonly 429: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly get_panel_api_v1_panels__panel_id__get: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                readonly "If-None-Match"?: string | null;
                /** @description Wait up to 2 s until the tables show the log up to here. X-Min-Sequence-Reached in the answer says whether they do. */
                readonly "X-Min-Sequence"?: number | null;
                /** @description The tenant's id (uuid) in which you act. */
                readonly "X-Tenant-ID"?: string | null;
            };
            readonly path: {
                readonly panel_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Successful Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PanelView"];
                };
            };
            /** @description Not modified */
            readonly 304: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad Request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            readonly 429: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly get_responses_api_v1_panels__panel_id__responses_get: {
        readonly parameters: {
            readonly query?: {
                readonly round_number?: number | null;
            };
            readonly header?: {
                /** @description Wait up to 2 s until the tables show the log up to here. X-Min-Sequence-Reached in the answer says whether they do. */
                readonly "X-Min-Sequence"?: number | null;
                /** @description The tenant's id (uuid) in which you act. */
                readonly "X-Tenant-ID"?: string | null;
            };
            readonly path: {
                readonly panel_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Successful Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Responses"];
                };
            };
            /** @description Bad Request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            readonly 429: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly get_consensus_api_v1_panels__panel_id__consensus_get: {
        readonly parameters: {
            readonly query?: {
                readonly round_number?: number | null;
            };
            readonly header?: {
                /** @description Wait up to 2 s until the tables show the log up to here. X-Min-Sequence-Reached in the answer says whether they do. */
                readonly "X-Min-Sequence"?: number | null;
                /** @description The tenant's id (uuid) in which you act. */
                readonly "X-Tenant-ID"?: string | null;
            };
            readonly path: {
                readonly panel_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Successful Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ConsensusReport"];
                };
            };
            /** @description Bad Request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            readonly 429: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly get_panel_usage_api_v1_panels__panel_id__usage_get: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Wait up to 2 s until the tables show the log up to here. X-Min-Sequence-Reached in the answer says whether they do. */
                readonly "X-Min-Sequence"?: number | null;
                /** @description The tenant's id (uuid) in which you act. */
                readonly "X-Tenant-ID"?: string | null;
            };
            readonly path: {
                readonly panel_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Successful Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PanelUsageReport"];
                };
            };
            /** @description Bad Request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            readonly 429: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly get_events_api_v1_panels__panel_id__events_get: {
        readonly parameters: {
            readonly query?: {
                readonly after?: number;
            };
            readonly header?: {
                /** @description The tenant's id (uuid) in which you act. */
                readonly "X-Tenant-ID"?: string | null;
            };
            readonly path: {
                readonly panel_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Successful Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PublicEvents"];
                };
            };
            /** @description Bad Request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            readonly 429: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly export_panel_api_v1_panels__panel_id__export_get: {
        readonly parameters: {
            readonly query?: {
                /** @description Markdown or JSON */
                readonly format?: "md" | "json";
            };
            readonly header?: {
                /** @description Wait up to 2 s until the tables show the log up to here. X-Min-Sequence-Reached in the answer says whether they do. */
                readonly "X-Min-Sequence"?: number | null;
                /** @description The tenant's id (uuid) in which you act. */
                readonly "X-Tenant-ID"?: string | null;
            };
            readonly path: {
                readonly panel_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The whole panel */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": unknown;
                    readonly "text/markdown": unknown;
                };
            };
            /** @description Bad Request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            readonly 429: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly cancel_api_v1_panels__panel_id__cancel_post: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The tenant's id (uuid) in which you act. */
                readonly "X-Tenant-ID"?: string | null;
            };
            readonly path: {
                readonly panel_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                readonly "application/json": components["schemas"]["Cancellation"] | null;
            };
        };
        readonly responses: {
            /** @description Successful Response */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Accepted"];
                };
            };
            /** @description Bad Request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Conflict */
            readonly 409: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Request Entity Too Large */
            readonly 413: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            readonly 429: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly human_input_api_v1_panels__panel_id__human_input_post: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The tenant's id (uuid) in which you act. */
                readonly "X-Tenant-ID"?: string | null;
            };
            readonly path: {
                readonly panel_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["HumanInput"];
            };
        };
        readonly responses: {
            /** @description Successful Response */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Accepted"];
                };
            };
            /** @description Bad Request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Conflict */
            readonly 409: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Request Entity Too Large */
            readonly 413: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            readonly 429: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly issue_ticket_api_v1_panels__panel_id__stream_tickets_post: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The tenant's id (uuid) in which you act. */
                readonly "X-Tenant-ID"?: string | null;
            };
            readonly path: {
                readonly panel_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Successful Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Ticket"];
                };
            };
            /** @description Bad Request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            readonly 429: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly stream_api_v1_panels__panel_id__stream_get: {
        readonly parameters: {
            readonly query?: {
                readonly last_event_id?: string | null;
                /** @description Instead of the two headers. */
                readonly ticket?: string | null;
            };
            readonly header?: {
                readonly "Last-Event-ID"?: string | null;
                /** @description The tenant's id (uuid) in which you act. */
                readonly "X-Tenant-ID"?: string | null;
            };
            readonly path: {
                readonly panel_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The panel's events, then live */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/event-stream": unknown;
                };
            };
            /** @description The panel has ended and the client has all of it */
            readonly 204: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad Request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            readonly 429: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly list_experts_api_v1_agents_get: {
        readonly parameters: {
            readonly query?: {
                readonly q?: string | null;
                readonly domain?: string | null;
            };
            readonly header?: {
                /** @description The tenant's id (uuid) in which you act. */
                readonly "X-Tenant-ID"?: string | null;
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Successful Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Experts"];
                };
            };
            /** @description Bad Request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            readonly 429: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly get_expert_api_v1_agents__agent_id__get: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The tenant's id (uuid) in which you act. */
                readonly "X-Tenant-ID"?: string | null;
            };
            readonly path: {
                readonly agent_id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Successful Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ExpertAnswer"];
                };
            };
            /** @description Bad Request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            readonly 429: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly select_experts_api_v1_agents_select_post: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The tenant's id (uuid) in which you act. */
                readonly "X-Tenant-ID"?: string | null;
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["Selection"];
            };
        };
        readonly responses: {
            /** @description Successful Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Proposals"];
                };
            };
            /** @description Bad Request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Request Entity Too Large */
            readonly 413: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            readonly 429: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly list_panel_types_api_v1_panel_types_get: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description The tenant's id (uuid) in which you act. */
                readonly "X-Tenant-ID"?: string | null;
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Successful Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PanelTypes"];
                };
            };
            /** @description Bad Request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Validation Error */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
            /** @description Too Many Requests */
            readonly 429: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly get_tenant_api_v1_tenant_get: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Wait up to 2 s until the tables show the log up to here. X-Min-Sequence-Reached in the answer says whether they do. */
                readonly "X-Min-Sequence"?: number | null;
                /** @description The tenant's id (uuid) in which you act. */
                readonly "X-Tenant-ID"?: string | null;
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Successful Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["TenantView"];
                };
            };
            /** @description Bad Request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Validation Error */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
            /** @description Too Many Requests */
            readonly 429: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly get_usage_api_v1_usage_get: {
        readonly parameters: {
            readonly query?: {
                /** @description Inclusive; default: this UTC month */
                readonly from?: string | null;
                /** @description Exclusive; default: now */
                readonly to?: string | null;
                readonly group_by?: "day" | "agent" | "model" | "panel_type";
            };
            readonly header?: {
                /** @description Wait up to 2 s until the tables show the log up to here. X-Min-Sequence-Reached in the answer says whether they do. */
                readonly "X-Min-Sequence"?: number | null;
                /** @description The tenant's id (uuid) in which you act. */
                readonly "X-Tenant-ID"?: string | null;
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Successful Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["UsageReport"];
                };
            };
            /** @description Bad Request */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            readonly 429: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly livez_livez_get: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Successful Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/plain": string;
                };
            };
        };
    };
    readonly readyz_readyz_get: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Successful Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": unknown;
                };
            };
            /** @description Not ready: failures say why */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly metrics_metrics_get: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Successful Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/plain": string;
                };
            };
        };
    };
    readonly asyncapi_asyncapi_json_get: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Successful Response */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": unknown;
                };
            };
            /** @description Not part of this build */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
