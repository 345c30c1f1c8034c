// Generated from the gateway's /openapi.json by `npm run generate`. Do not edit.

export interface paths {
    "/api/v1/panels": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Panels
         * @description The tenant's panels, newest first.
         */
        get: operations["list_panels_api_v1_panels_get"];
        put?: never;
        /**
         * Ask
         * @description Ask a panel of experts a question.
         */
        post: operations["ask_api_v1_panels_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/panels/{panel_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Panel
         * @description One panel with its answers, consensus and cost. Strong ETag; 304 when nothing has changed.
         */
        get: operations["get_panel_api_v1_panels__panel_id__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/panels/{panel_id}/responses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Responses
         * @description The answers of a panel, or of one round.
         */
        get: operations["get_responses_api_v1_panels__panel_id__responses_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/panels/{panel_id}/consensus": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Consensus
         * @description The consensus of a round (the last, unless told), beside those of all rounds.
         */
        get: operations["get_consensus_api_v1_panels__panel_id__consensus_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/panels/{panel_id}/matrix": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Matrix
         * @description Aspects by experts: who supports, opposes, qualifies or says nothing, with quotes. Empty before a result.
         */
        get: operations["get_matrix_api_v1_panels__panel_id__matrix_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/panels/{panel_id}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Panel Usage
         * @description What one panel used and cost; by expert as far as you may see it.
         */
        get: operations["get_panel_usage_api_v1_panels__panel_id__usage_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/panels/{panel_id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Events
         * @description The panel's public events in order, straight from the log.
         */
        get: operations["get_events_api_v1_panels__panel_id__events_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/panels/{panel_id}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export Panel
         * @description The whole panel as a file, dissent and cost included.
         */
        get: operations["export_panel_api_v1_panels__panel_id__export_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/panels/{panel_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel
         * @description Ask a running panel to stop. Repeating it changes nothing.
         */
        post: operations["cancel_api_v1_panels__panel_id__cancel_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/panels/{panel_id}/human-input": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Human Input
         * @description Answer the checkpoint the panel waits at. The first valid answer counts.
         */
        post: operations["human_input_api_v1_panels__panel_id__human_input_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/panels/{panel_id}/stream-tickets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Issue Ticket
         * @description A ticket for one stream of this panel, for browsers' EventSource.
         */
        post: operations["issue_ticket_api_v1_panels__panel_id__stream_tickets_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/panels/{panel_id}/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Stream
         * @description The panel as server-sent events: from its first, or after Last-Event-ID, then live until it ends.
         */
        get: operations["stream_api_v1_panels__panel_id__stream_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/agents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Experts
         * @description Experts this tenant may put on a panel, by id; `q` looks in names, titles, tags and summaries.
         */
        get: operations["list_experts_api_v1_agents_get"];
        put?: never;
        /**
         * Create Expert
         * @description Publish an expert of this tenant. An id of the global catalogue is taken over for this tenant only.
         *
         *     Its versions then go on from the shared one's: running panels name an expert by id and version, and keep theirs.
         */
        post: operations["create_expert_api_v1_agents_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/agents/{agent_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Expert
         * @description One expert. Owners and admins are also shown the instructions of their tenant's own.
         */
        get: operations["get_expert_api_v1_agents__agent_id__get"];
        /**
         * Revise Expert
         * @description Publish the next version; running and ended panels keep the one they were created with.
         */
        put: operations["revise_expert_api_v1_agents__agent_id__put"];
        post?: never;
        /**
         * Retire Expert
         * @description Take an expert out of new panels; those that have it keep it.
         *
         *     The answer is the shared expert of the same id, which new panels seat again, or else the one taken out.
         */
        delete: operations["retire_expert_api_v1_agents__agent_id__delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/agents/select": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Select Experts
         * @description Experts the system would put on a panel for this question, and why.
         */
        post: operations["select_experts_api_v1_agents_select_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/panel-types": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Panel Types
         * @description The six protocols with their limits and default configuration, and which this tenant may use.
         */
        get: operations["list_panel_types_api_v1_panel_types_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tenant": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Tenant
         * @description Settings, features and branding, your role, every limit and what is left of it.
         */
        get: operations["get_tenant_api_v1_tenant_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Usage
         * @description Tokens and cost by whole UTC days. Members see their own, admins and owners the whole tenant's.
         */
        get: operations["get_usage_api_v1_usage_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/livez": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Livez
         * @description The event loop answers. Asks nobody else.
         */
        get: operations["livez_livez_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Readyz
         * @description Whether to send traffic here, and which side is down.
         */
        get: operations["readyz_readyz_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Metrics
         * @description Prometheus metrics of this process.
         */
        get: operations["metrics_metrics_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/asyncapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Asyncapi
         * @description The events on the log as AsyncAPI 3, from the contracts.
         */
        get: operations["asyncapi_asyncapi_json_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * Accepted
         * @description A wish that is on the log; what becomes of it is told by the stream and the panel.
         */
        Accepted: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Status
             * @enum {string}
             */
            status: "cancelling" | "answered";
            /** Sequence */
            sequence: number;
        };
        /**
         * AwaitingView
         * @description What the panel waits for a person to do, until `deadline_at`.
         */
        AwaitingView: {
            /**
             * Checkpoint Id
             * Format: uuid
             */
            checkpoint_id: string;
            /** Kind */
            kind: string;
            /** Question */
            question: string;
            /**
             * Actions
             * @default []
             */
            actions: string[];
            /** Round Number */
            round_number: number;
            /** Requested At */
            requested_at?: string | null;
            /**
             * Deadline At
             * Format: date-time
             */
            deadline_at: string;
        };
        /**
         * BrandingView
         * @description Looks of the UI. `custom_css` of the platform is left out: it could inject.
         */
        BrandingView: {
            /**
             * Primary Color
             * @default #3B82F6
             */
            primary_color: string;
            /**
             * Font Family
             * @default Inter
             */
            font_family: string;
            /** Logo Url */
            logo_url?: string | null;
        };
        /**
         * BudgetExceededView
         * @description A spending limit was reached.
         */
        BudgetExceededView: {
            /** Scope */
            scope: string;
            /** Limit Usd */
            limit_usd: string;
            /** Spent Usd */
            spent_usd: string;
            /** At */
            at?: string | null;
        };
        /**
         * BudgetView
         * @description A month's spending limit and what is left of it. `reserved`: what unfinished panels may still spend.
         */
        BudgetView: {
            /** Limit */
            limit?: string | null;
            /**
             * Spent
             * @default 0
             */
            spent: string;
            /**
             * Reserved
             * @default 0
             */
            reserved: string;
            /** Remaining */
            remaining?: string | null;
        };
        /**
         * Cancellation
         * @description Why the panel shall stop.
         */
        Cancellation: {
            /**
             * Reason
             * @default
             */
            reason: string;
        };
        /**
         * ConsensusReport
         * @description The round asked for (by default the last), and every round's result in order. `rows_left_out` as in a panel.
         */
        ConsensusReport: {
            consensus: components["schemas"]["ConsensusView"] | null;
            /** Rounds */
            rounds: components["schemas"]["ConsensusView"][];
            /**
             * Rows Left Out
             * @default false
             */
            rows_left_out: boolean;
        };
        /**
         * ConsensusView
         * @description One round's result: the row, and what `panels.metadata` knows beyond it.
         */
        ConsensusView: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Round Number */
            round_number: number;
            /** Phase */
            phase?: string | null;
            /** Method */
            method?: string | null;
            /** Consensus Level */
            consensus_level: number;
            /** Band */
            band?: string | null;
            /** Threshold */
            threshold?: number | null;
            /**
             * Agreement Points
             * @default []
             */
            agreement_points: string[];
            /**
             * Disagreement Points
             * @default []
             */
            disagreement_points: string[];
            /**
             * Points
             * @default []
             */
            points: components["schemas"]["PointView"][];
            /**
             * Dissenting Opinions
             * @default []
             */
            dissenting_opinions: components["schemas"]["DissentView"][];
            /** Recommendation */
            recommendation: string;
            /**
             * Alternatives
             * @default []
             */
            alternatives: {
                [key: string]: unknown;
            }[];
            /** Metrics */
            metrics?: {
                [key: string]: unknown;
            };
            /** Quorum */
            quorum?: {
                [key: string]: unknown;
            } | null;
            /**
             * Carried
             * @default []
             */
            carried: number[];
            /**
             * Degraded
             * @default []
             */
            degraded: string[];
            /**
             * Response Ids
             * @default []
             */
            response_ids: string[];
            /** Created At */
            created_at?: string | null;
        };
        /**
         * Created
         * @description A panel that is on the log. `agents` are the voting experts in seat order.
         *
         *     `estimate_usd` is what it will about cost, `max_cost_usd` what is reserved for it: there it stops.
         */
        Created: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Status
             * @default created
             * @constant
             */
            status: "created";
            /** Agents */
            agents: string[];
            /** Seats */
            seats: components["schemas"]["SeatAnswer"][];
            /** Sequence */
            sequence: number;
            /** Estimate Usd */
            estimate_usd?: string | null;
            /** Max Cost Usd */
            max_cost_usd?: string | null;
        };
        /**
         * DissentView
         * @description A voter whose position the result does not hold, in the voter's own words.
         */
        DissentView: {
            /** Agent Id */
            agent_id: string;
            /**
             * Agent Name
             * @default
             */
            agent_name: string;
            /**
             * Opinion
             * @default
             */
            opinion: string;
            /**
             * Reasoning
             * @default
             */
            reasoning: string;
            /** Confidence */
            confidence?: number | null;
        };
        /**
         * EstimateAnswer
         * @description Model calls and their cost. `basis`: this tenant's calls of this month, or a usual panel.
         */
        EstimateAnswer: {
            /** Calls */
            calls: number;
            /** Cost Usd */
            cost_usd: string;
            /**
             * Basis
             * @enum {string}
             */
            basis: "this_month" | "usual";
        };
        /**
         * EvidenceGiven
         * @description A text the experts may cite by its id.
         */
        EvidenceGiven: {
            /** Id */
            id?: string | null;
            /**
             * Title
             * @default
             */
            title: string;
            /** Text */
            text: string;
        };
        /**
         * EvidenceView
         * @description What the experts were given; `excerpt` is its beginning.
         */
        EvidenceView: {
            /** Id */
            id: string;
            /**
             * Title
             * @default
             */
            title: string;
            /**
             * Excerpt
             * @default
             */
            excerpt: string;
        };
        /**
         * ExpertAnswer
         * @description An expert as users see it. `own`: of this tenant alone, and its admins may change it.
         */
        ExpertAnswer: {
            /** Id */
            id: string;
            /** Name */
            name: string;
            /** Title */
            title: string;
            /** Domain */
            domain: string;
            /** Tags */
            tags: string[];
            /** Summary */
            summary: string;
            /** Temperament */
            temperament: string;
            /** Version */
            version: number;
            /** Bench */
            bench: boolean;
            /** Own */
            own: boolean;
        };
        /**
         * ExpertDetail
         * @description One expert. `instructions` only of an own expert and for those who may edit it, else null.
         */
        ExpertDetail: {
            /** Id */
            id: string;
            /** Name */
            name: string;
            /** Title */
            title: string;
            /** Domain */
            domain: string;
            /** Tags */
            tags: string[];
            /** Summary */
            summary: string;
            /** Temperament */
            temperament: string;
            /** Version */
            version: number;
            /** Bench */
            bench: boolean;
            /** Own */
            own: boolean;
            /** Instructions */
            instructions?: string | null;
        };
        /**
         * ExpertGiven
         * @description What an expert is: shown to users, but for the instructions, which only the model and admins see.
         */
        ExpertGiven: {
            /** Name */
            name: string;
            /** Title */
            title: string;
            /** Domain */
            domain: string;
            /**
             * Tags
             * @default []
             */
            tags: string[];
            /** Summary */
            summary: string;
            /** Instructions */
            instructions: string;
            /**
             * Temperament
             * @default balanced
             * @enum {string}
             */
            temperament: "sceptic" | "balanced" | "optimist" | "pragmatist";
        };
        /**
         * Experts
         * @description The catalogue of this tenant.
         */
        Experts: {
            /** Agents */
            agents: components["schemas"]["ExpertAnswer"][];
            /** Total */
            total: number;
        };
        /**
         * FailureView
         * @description Why the panel ended without a result.
         */
        FailureView: {
            /** Reason */
            reason: string;
            /**
             * Detail
             * @default
             */
            detail: string;
            /** At */
            at?: string | null;
        };
        /**
         * HumanInput
         * @description A person's answer to the panel's open checkpoint. Where the panel has options, the vote is one of their ids.
         */
        HumanInput: {
            /**
             * Checkpoint Id
             * Format: uuid
             */
            checkpoint_id: string;
            /**
             * Action
             * @enum {string}
             */
            action: "answer" | "approve" | "modify" | "veto";
            /**
             * Content
             * @default
             */
            content: string;
            /** Stance */
            stance?: ("support" | "conditional" | "oppose" | "abstain") | null;
            /** Option */
            option?: string | null;
        };
        /**
         * Matrix
         * @description The comparison matrix of a round: per aspect one cell per expert, with quotes. `rows_left_out` as in a panel.
         */
        Matrix: {
            /**
             * Panel Id
             * Format: uuid
             */
            panel_id: string;
            /** Round Number */
            round_number: number | null;
            /** Aspects */
            aspects: {
                [key: string]: unknown;
            }[];
            /**
             * Rows Left Out
             * @default false
             */
            rows_left_out: boolean;
        };
        /**
         * ModelPriceView
         * @description What a tenant pays for a model, in USD per million tokens.
         */
        ModelPriceView: {
            /** Input Usd */
            input_usd: string;
            /** Output Usd */
            output_usd: string;
        };
        /**
         * NewExpert
         * @description An expert with the id it will have in panels.
         */
        NewExpert: {
            /** Name */
            name: string;
            /** Title */
            title: string;
            /** Domain */
            domain: string;
            /**
             * Tags
             * @default []
             */
            tags: string[];
            /** Summary */
            summary: string;
            /** Instructions */
            instructions: string;
            /**
             * Temperament
             * @default balanced
             * @enum {string}
             */
            temperament: "sceptic" | "balanced" | "optimist" | "pragmatist";
            /** Agent Id */
            agent_id: string;
        };
        /**
         * NewPanel
         * @description A question for a panel. Without `agents` the system selects the experts and says why.
         */
        NewPanel: {
            /** Query */
            query: string;
            /**
             * Panel Type
             * @enum {string}
             */
            panel_type: "structured" | "open" | "socratic" | "adversarial" | "delphi" | "hybrid";
            /** Agents */
            agents?: string[] | null;
            /**
             * Configuration
             * @description Keys and ranges: GET /panel-types.
             * @default {}
             */
            configuration: {
                [key: string]: unknown;
            };
            /**
             * Options
             * @default []
             */
            options: (string | components["schemas"]["OptionGiven"])[];
            /**
             * Evidence
             * @default []
             */
            evidence: components["schemas"]["EvidenceGiven"][];
            /** Parent Panel Id */
            parent_panel_id?: string | null;
        };
        /**
         * OptionGiven
         * @description A choice to vote on; a plain string is its text. Ids are given out where absent.
         */
        OptionGiven: {
            /** Id */
            id?: string | null;
            /** Text */
            text: string;
        };
        /** OptionView */
        OptionView: {
            /** Id */
            id: string;
            /** Text */
            text: string;
        };
        /**
         * PanelCost
         * @description A panel's totals. They grow while calls are not costed; without such and unpriced ones they are final.
         */
        PanelCost: {
            /**
             * Tokens Used
             * @default 0
             */
            tokens_used: number;
            /**
             * Input Tokens
             * @default 0
             */
            input_tokens: number;
            /**
             * Output Tokens
             * @default 0
             */
            output_tokens: number;
            /** Cost Usd */
            cost_usd?: string | null;
            /**
             * Calls
             * @default 0
             */
            calls: number;
            /**
             * Unpriced Calls
             * @default 0
             */
            unpriced_calls: number;
            /**
             * Execution Time Ms
             * @default 0
             */
            execution_time_ms: number;
            /**
             * Uncosted Calls
             * @default 0
             */
            uncosted_calls: number;
        };
        /**
         * PanelPage
         * @description Newest first. `total` counts what the filter finds, but no further than the gateway counts: then there are
         *     more, and `total_is_exact` is false. `next_cursor` None: this is the end.
         */
        PanelPage: {
            /** Panels */
            panels: components["schemas"]["PanelSummary"][];
            /** Total */
            total: number;
            /**
             * Total Is Exact
             * @default true
             */
            total_is_exact: boolean;
            /** Next Cursor */
            next_cursor?: string | null;
        };
        /**
         * PanelSummary
         * @description A panel in a list.
         */
        PanelSummary: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * User Id
             * Format: uuid
             */
            user_id: string;
            /** Status */
            status: string;
            /** Panel Type */
            panel_type: string;
            awaiting?: components["schemas"]["AwaitingView"] | null;
            /** Sequence */
            sequence?: number | null;
            /** Query */
            query: string;
            /**
             * Agents
             * @default []
             */
            agents: string[];
            /** Consensus Level */
            consensus_level?: number | null;
            /** Band */
            band?: string | null;
            /** Cost Usd */
            cost_usd?: string | null;
            /**
             * Uncosted Calls
             * @default 0
             */
            uncosted_calls: number;
            /**
             * Degraded
             * @default []
             */
            degraded: string[];
            failure?: components["schemas"]["FailureView"] | null;
            /** Parent Panel Id */
            parent_panel_id?: string | null;
            /** Created At */
            created_at?: string | null;
            /** Started At */
            started_at?: string | null;
            /** Completed At */
            completed_at?: string | null;
        };
        /**
         * PanelTypes
         * @description The six protocols with limits and defaults; `available` says whether this tenant may use one.
         */
        PanelTypes: {
            /** Panel Types */
            panel_types: {
                [key: string]: unknown;
            }[];
        };
        /**
         * PanelUsageReport
         * @description Usage of one panel: totals for every member; by expert only from rows the user may see, and not all of them
         *     with `rows_left_out`.
         */
        PanelUsageReport: {
            /**
             * Tokens Used
             * @default 0
             */
            tokens_used: number;
            /**
             * Input Tokens
             * @default 0
             */
            input_tokens: number;
            /**
             * Output Tokens
             * @default 0
             */
            output_tokens: number;
            /** Cost Usd */
            cost_usd?: string | null;
            /**
             * Calls
             * @default 0
             */
            calls: number;
            /**
             * Unpriced Calls
             * @default 0
             */
            unpriced_calls: number;
            /**
             * Execution Time Ms
             * @default 0
             */
            execution_time_ms: number;
            /**
             * Uncosted Calls
             * @default 0
             */
            uncosted_calls: number;
            /**
             * Panel Id
             * Format: uuid
             */
            panel_id: string;
            /**
             * Groups
             * @default []
             */
            groups: components["schemas"]["UsageGroup"][];
            /**
             * Rows Left Out
             * @default false
             */
            rows_left_out: boolean;
        };
        /**
         * PanelView
         * @description A panel whole. `sequence`: its last event that is in here, where a stream may go on.
         *
         *     `ratified_by`: the user who approved the result; None where nobody did.
         *     `rows_left_out`: the tables hold more answers or rounds of it than a panel has, by whomever; the first are here.
         */
        PanelView: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * User Id
             * Format: uuid
             */
            user_id: string;
            /** Status */
            status: string;
            /** Panel Type */
            panel_type: string;
            awaiting?: components["schemas"]["AwaitingView"] | null;
            /** Sequence */
            sequence?: number | null;
            /**
             * Tenant Id
             * Format: uuid
             */
            tenant_id: string;
            /** Query */
            query: string;
            /** Configuration */
            configuration?: {
                [key: string]: unknown;
            };
            /**
             * Agents
             * @default []
             */
            agents: string[];
            /**
             * Seats
             * @default []
             */
            seats: components["schemas"]["SeatView"][];
            /**
             * Options
             * @default []
             */
            options: components["schemas"]["OptionView"][];
            /**
             * Evidence
             * @default []
             */
            evidence: components["schemas"]["EvidenceView"][];
            plan?: components["schemas"]["PlanView"] | null;
            /**
             * Rounds
             * @default []
             */
            rounds: components["schemas"]["RoundView"][];
            /**
             * Responses
             * @default []
             */
            responses: components["schemas"]["ResponseView"][];
            /**
             * Rows Left Out
             * @default false
             */
            rows_left_out: boolean;
            consensus?: components["schemas"]["ConsensusView"] | null;
            /**
             * @default {
             *       "tokens_used": 0,
             *       "input_tokens": 0,
             *       "output_tokens": 0,
             *       "calls": 0,
             *       "unpriced_calls": 0,
             *       "execution_time_ms": 0,
             *       "uncosted_calls": 0
             *     }
             */
            usage: components["schemas"]["PanelCost"];
            /**
             * Degraded
             * @default []
             */
            degraded: string[];
            failure?: components["schemas"]["FailureView"] | null;
            /**
             * Failures
             * @default []
             */
            failures: components["schemas"]["SeatFailureView"][];
            budget_exceeded?: components["schemas"]["BudgetExceededView"] | null;
            /** Stop Reason */
            stop_reason?: string | null;
            /** Ratified By */
            ratified_by?: string | null;
            /** Summary */
            summary?: string | null;
            /** Recommendation */
            recommendation?: string | null;
            /** Parent Panel Id */
            parent_panel_id?: string | null;
            /**
             * Children
             * @default []
             */
            children: string[];
            /** Created At */
            created_at?: string | null;
            /** Started At */
            started_at?: string | null;
            /** Completed At */
            completed_at?: string | null;
            /** Updated At */
            updated_at?: string | null;
        };
        /**
         * PlanView
         * @description The most the panel will do.
         */
        PlanView: {
            /** Rounds */
            rounds: number;
            /** Seats */
            seats: number;
            /** Threshold */
            threshold: number;
            /**
             * Deadline At
             * Format: date-time
             */
            deadline_at: string;
        };
        /**
         * PointView
         * @description A point the panel agrees on or is divided over; agents are named by id.
         */
        PointView: {
            /** Text */
            text: string;
            /**
             * Kind
             * @enum {string}
             */
            kind: "agreement" | "disagreement";
            /**
             * Supporters
             * @default []
             */
            supporters: string[];
            /**
             * Opponents
             * @default []
             */
            opponents: string[];
            /** Sides */
            sides?: {
                [key: string]: string[];
            } | null;
            /** N */
            n?: number | null;
            /**
             * Quotes
             * @default []
             */
            quotes: components["schemas"]["QuoteView"][];
        };
        /**
         * Proposals
         * @description Experts proposed for a question, in seat order, and what such a panel will about cost by default.
         */
        Proposals: {
            /** Agents */
            agents: components["schemas"]["Proposed"][];
            estimate: components["schemas"]["EstimateAnswer"];
        };
        /**
         * Proposed
         * @description A proposed expert and why.
         */
        Proposed: {
            /** Agent Id */
            agent_id: string;
            /** Agent Name */
            agent_name: string;
            /** Reason */
            reason: string;
        };
        /**
         * PublicEvents
         * @description A panel's public events in order, each with event, sequence, at and its own fields.
         */
        PublicEvents: {
            /**
             * Panel Id
             * Format: uuid
             */
            panel_id: string;
            /** Events */
            events: {
                [key: string]: unknown;
            }[];
            /**
             * Last Sequence
             * @description Pass it as `after` for what comes later.
             */
            last_sequence: number;
        };
        /**
         * QuotaView
         * @description What the tenant has used: panels and their known cost since the month began in UTC, panels running.
         *
         *     `reserved_usd_this_month` is what its unfinished panels may still spend; `costed_calls_this_month` are the
         *     calls that `spent_usd_this_month` paid for.
         */
        QuotaView: {
            /** Panels This Month */
            panels_this_month: number;
            /** Running Panels */
            running_panels: number;
            /** Spent Usd This Month */
            spent_usd_this_month: string;
            /**
             * Reserved Usd This Month
             * @default 0
             */
            reserved_usd_this_month: string;
            /**
             * Costed Calls This Month
             * @default 0
             */
            costed_calls_this_month: number;
            /**
             * Month Ends At
             * Format: date-time
             */
            month_ends_at: string;
        };
        /**
         * QuoteView
         * @description Verbatim words of an answer.
         */
        QuoteView: {
            /** Agent Id */
            agent_id: string;
            /** Response Id */
            response_id?: string | null;
            /** Text */
            text: string;
        };
        /**
         * ResponseView
         * @description One answer. The demo model's stated confidence means nothing and is left out, in `answer` too.
         */
        ResponseView: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Agent Id */
            agent_id: string;
            /** Agent Name */
            agent_name: string;
            /** Round Number */
            round_number: number;
            /** Response Type */
            response_type: string;
            /** Content */
            content: string;
            /** Confidence */
            confidence?: number | null;
            /** Stance */
            stance?: string | null;
            /** Position */
            position?: string | null;
            /** Option */
            option?: string | null;
            /**
             * Key Points
             * @default []
             */
            key_points: string[];
            /**
             * Conditions
             * @default []
             */
            conditions: string[];
            /** Answer */
            answer?: {
                [key: string]: unknown;
            } | null;
            /**
             * Role
             * @default expert
             */
            role: string;
            /** Purpose */
            purpose?: string | null;
            /** Step */
            step?: string | null;
            /** Seat */
            seat?: number | null;
            /** Attempt */
            attempt?: number | null;
            /** Model */
            model?: string | null;
            /**
             * Demo
             * @default false
             */
            demo: boolean;
            /** Model Label */
            model_label?: string | null;
            /**
             * Counted
             * @default true
             */
            counted: boolean;
            /** Tokens Used */
            tokens_used?: number | null;
            /** Input Tokens */
            input_tokens?: number | null;
            /** Output Tokens */
            output_tokens?: number | null;
            /** Latency Ms */
            latency_ms?: number | null;
            /**
             * Sources
             * @default []
             */
            sources: components["schemas"]["SourceView"][];
            /**
             * Reasoning
             * @default []
             */
            reasoning: string[];
            /** Action */
            action?: string | null;
            /** Created At */
            created_at?: string | null;
            /** Sequence */
            sequence?: number | null;
        };
        /**
         * ResponsesReport
         * @description Answers in log order. `rows_left_out` as in a panel.
         */
        ResponsesReport: {
            /** Responses */
            responses: components["schemas"]["ResponseView"][];
            /**
             * Rows Left Out
             * @default false
             */
            rows_left_out: boolean;
        };
        /**
         * RoundView
         * @description A round's course. `completed_at` None: still open.
         */
        RoundView: {
            /** Round Number */
            round_number: number;
            /** Purpose */
            purpose?: string | null;
            /**
             * Speakers
             * @default []
             */
            speakers: number[];
            /** Started At */
            started_at?: string | null;
            /** Deadline At */
            deadline_at?: string | null;
            /** Completed At */
            completed_at?: string | null;
            /** Answered */
            answered?: number[] | null;
            /** Missing */
            missing?: number[] | null;
            /** Quorum */
            quorum?: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * SeatAnswer
         * @description A seat of a new panel; `reason` says why the system proposed the expert.
         */
        SeatAnswer: {
            /** Seat */
            seat: number;
            /** Agent Id */
            agent_id: string;
            /** Agent Name */
            agent_name: string;
            /** Role */
            role: string;
            /** Weight */
            weight: number;
            /** Model */
            model: string | null;
            /** Reason */
            reason: string | null;
        };
        /**
         * SeatFailureView
         * @description One failed attempt of one seat.
         */
        SeatFailureView: {
            /** Round Number */
            round_number: number;
            /** Seat */
            seat: number;
            /** Agent Id */
            agent_id: string;
            /**
             * Agent Name
             * @default
             */
            agent_name: string;
            /**
             * Role
             * @default expert
             */
            role: string;
            /**
             * Step
             * @default
             */
            step: string;
            /**
             * Purpose
             * @default
             */
            purpose: string;
            /** Model */
            model?: string | null;
            /**
             * Attempt
             * @default 1
             */
            attempt: number;
            /** Reason */
            reason: string;
            /**
             * Detail
             * @default
             */
            detail: string;
            /**
             * Retryable
             * @default false
             */
            retryable: boolean;
            /** At */
            at?: string | null;
        };
        /**
         * SeatView
         * @description A seat, in seat order. `reason`: why the system proposed this expert.
         */
        SeatView: {
            /** Seat */
            seat: number;
            /** Agent Id */
            agent_id: string;
            /** Agent Name */
            agent_name: string;
            /**
             * Role
             * @default expert
             */
            role: string;
            /**
             * Weight
             * @default 1
             */
            weight: number;
            /** Model */
            model?: string | null;
            /** Reason */
            reason?: string | null;
        };
        /**
         * Selection
         * @description A question to propose experts for; `size` defaults to the protocol's.
         */
        Selection: {
            /** Query */
            query: string;
            /**
             * Panel Type
             * @enum {string}
             */
            panel_type: "structured" | "open" | "socratic" | "adversarial" | "delphi" | "hybrid";
            /** Size */
            size?: number | null;
        };
        /**
         * SourceView
         * @description What an answer cites.
         */
        SourceView: {
            /** Id */
            id: string;
            /**
             * Title
             * @default
             */
            title: string;
            /** Category */
            category?: string | null;
            /** Excerpt */
            excerpt?: string | null;
            /** Score */
            score?: number | null;
            /** Url */
            url?: string | null;
        };
        /**
         * TenantSettings
         * @description What a tenant may do, with the platform's defaults; keys we do not know are kept.
         *
         *     Limits of money and of running panels: the lower of these and the installation's hold; None: only that.
         *     `prices` by model stand in place of the price list.
         */
        TenantSettings: {
            /**
             * Max Panels Per Month
             * @default 100
             */
            max_panels_per_month: number;
            /**
             * Max Experts Per Panel
             * @default 12
             */
            max_experts_per_panel: number;
            /**
             * Enable Streaming
             * @default true
             */
            enable_streaming: boolean;
            /**
             * Enable Exports
             * @default true
             */
            enable_exports: boolean;
            /**
             * Enable Consensus
             * @default true
             */
            enable_consensus: boolean;
            /**
             * Enable Api Access
             * @default true
             */
            enable_api_access: boolean;
            /** Max Running Panels */
            max_running_panels?: number | null;
            /** Max Cost Usd Per Month */
            max_cost_usd_per_month?: string | null;
            /** Max Cost Usd Per Panel */
            max_cost_usd_per_panel?: string | null;
            /** Prices */
            prices?: {
                [key: string]: components["schemas"]["ModelPriceView"];
            };
        } & {
            [key: string]: unknown;
        };
        /**
         * TenantView
         * @description The tenant as its member sees it. `may_create`: its status allows new panels now.
         */
        TenantView: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Name */
            name: string;
            /** Slug */
            slug: string;
            /** Subdomain */
            subdomain?: string | null;
            /** Status */
            status: string;
            /** Subscription Tier */
            subscription_tier?: string | null;
            /** Trial Ends At */
            trial_ends_at?: string | null;
            /** May Create */
            may_create: boolean;
            /** Role */
            role: ("owner" | "admin" | "member" | "guest") | null;
            settings: components["schemas"]["TenantSettings"];
            /** Features */
            features: {
                [key: string]: boolean;
            };
            branding: components["schemas"]["BrandingView"];
            quota: components["schemas"]["QuotaView"];
            /** Limits */
            limits?: {
                [key: string]: unknown;
            };
        };
        /**
         * Ticket
         * @description Opens one stream of one panel once, within so many seconds: `/stream?ticket=…`.
         */
        Ticket: {
            /** Ticket */
            ticket: string;
            /** Expires In */
            expires_in: number;
        };
        /**
         * UsageGroup
         * @description Totals of one day, agent, model or panel type. `key` None: the row does not say.
         */
        UsageGroup: {
            /**
             * Tokens Used
             * @default 0
             */
            tokens_used: number;
            /**
             * Input Tokens
             * @default 0
             */
            input_tokens: number;
            /**
             * Output Tokens
             * @default 0
             */
            output_tokens: number;
            /** Cost Usd */
            cost_usd?: string | null;
            /**
             * Calls
             * @default 0
             */
            calls: number;
            /**
             * Unpriced Calls
             * @default 0
             */
            unpriced_calls: number;
            /**
             * Execution Time Ms
             * @default 0
             */
            execution_time_ms: number;
            /** Key */
            key: string | null;
            /**
             * Panels Count
             * @default 0
             */
            panels_count: number;
        };
        /**
         * UsageReport
         * @description Usage of the tenant over a period, as far as the user may see its rows.
         */
        UsageReport: {
            /**
             * Tokens Used
             * @default 0
             */
            tokens_used: number;
            /**
             * Input Tokens
             * @default 0
             */
            input_tokens: number;
            /**
             * Output Tokens
             * @default 0
             */
            output_tokens: number;
            /** Cost Usd */
            cost_usd?: string | null;
            /**
             * Calls
             * @default 0
             */
            calls: number;
            /**
             * Unpriced Calls
             * @default 0
             */
            unpriced_calls: number;
            /**
             * Execution Time Ms
             * @default 0
             */
            execution_time_ms: number;
            /** Start */
            start?: string | null;
            /** End */
            end?: string | null;
            /** Group By */
            group_by?: ("day" | "agent" | "model" | "panel_type") | null;
            /**
             * Panels Count
             * @default 0
             */
            panels_count: number;
            /**
             * Groups
             * @default []
             */
            groups: components["schemas"]["UsageGroup"][];
            budget?: components["schemas"]["BudgetView"] | null;
        };
        /**
         * LimitBody
         * @description The limit that was met: as `limits` or `settings` of `GET /tenant` name it, with what is left of it.
         */
        LimitBody: {
            /**
             * Name
             * @example requests_per_second
             * @example panels_per_month
             * @example hybrid_panel
             */
            name: string;
            /**
             * Limit
             * @description What it allows; None: this is not a number.
             */
            limit: number | string | null;
            /**
             * Remaining
             * @default 0
             */
            remaining: number | string;
            /**
             * Resets At
             * @description When there is more; None: time alone does not help.
             */
            resets_at: string | null;
        };
        /**
         * Place
         * @description One thing wrong with the request: an RFC 6901 pointer into the body, or `query/…`, `header/…`.
         */
        Place: {
            /** Pointer */
            pointer: string;
            /** Detail */
            detail: string;
        };
        /**
         * ProblemBody
         * @description RFC 9457, with the places in the body and the trace to quote to an operator.
         */
        ProblemBody: {
            /**
             * Type
             * @example urn:askpanel:problem:invalid-request
             */
            type: string;
            /** Title */
            title: string;
            /** Status */
            status: number;
            /** Detail */
            detail: string;
            /** Instance */
            instance: string;
            /**
             * Errors
             * @default []
             */
            errors: components["schemas"]["Place"][];
            /** Trace Id */
            trace_id: string;
            /**
             * @description Where a limit is the reason (402, 403, 429).
             * @default null
             */
            limit: components["schemas"]["LimitBody"] | null;
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
    list_panels_api_v1_panels_get: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string | null;
                status?: ("created" | "running" | "completed" | "failed") | null;
                panel_type?: ("structured" | "open" | "socratic" | "adversarial" | "delphi" | "hybrid") | null;
                q?: string | null;
                created_after?: string | null;
                created_before?: string | null;
            };
            header?: {
                /** @description Wait up to 2 s until the tables show the log up to here. X-Min-Sequence-Reached in the answer says whether they do. */
                "X-Min-Sequence"?: number | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PanelPage"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    ask_api_v1_panels_post: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeat a request with the same key and body: there is never a second panel. */
                "Idempotency-Key"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewPanel"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    /** @description The panel. */
                    Location?: string;
                    /** @description Send it with a GET to read your own write. */
                    "X-Min-Sequence"?: string;
                    /** @description true: this key was used before; the panel is that one. */
                    "Idempotent-Replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Created"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Payment Required */
            402: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Request Timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    get_panel_api_v1_panels__panel_id__get: {
        parameters: {
            query?: never;
            header?: {
                "If-None-Match"?: string | null;
                /** @description Wait up to 2 s until the tables show the log up to here. X-Min-Sequence-Reached in the answer says whether they do. */
                "X-Min-Sequence"?: number | null;
            };
            path: {
                panel_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PanelView"];
                };
            };
            /** @description Not modified */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    get_responses_api_v1_panels__panel_id__responses_get: {
        parameters: {
            query?: {
                round_number?: number | null;
            };
            header?: {
                /** @description Wait up to 2 s until the tables show the log up to here. X-Min-Sequence-Reached in the answer says whether they do. */
                "X-Min-Sequence"?: number | null;
            };
            path: {
                panel_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResponsesReport"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    get_consensus_api_v1_panels__panel_id__consensus_get: {
        parameters: {
            query?: {
                round_number?: number | null;
            };
            header?: {
                /** @description Wait up to 2 s until the tables show the log up to here. X-Min-Sequence-Reached in the answer says whether they do. */
                "X-Min-Sequence"?: number | null;
            };
            path: {
                panel_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConsensusReport"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    get_matrix_api_v1_panels__panel_id__matrix_get: {
        parameters: {
            query?: {
                round_number?: number | null;
            };
            header?: {
                /** @description Wait up to 2 s until the tables show the log up to here. X-Min-Sequence-Reached in the answer says whether they do. */
                "X-Min-Sequence"?: number | null;
            };
            path: {
                panel_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Matrix"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    get_panel_usage_api_v1_panels__panel_id__usage_get: {
        parameters: {
            query?: never;
            header?: {
                /** @description Wait up to 2 s until the tables show the log up to here. X-Min-Sequence-Reached in the answer says whether they do. */
                "X-Min-Sequence"?: number | null;
            };
            path: {
                panel_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PanelUsageReport"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    get_events_api_v1_panels__panel_id__events_get: {
        parameters: {
            query?: {
                after?: number;
            };
            header?: never;
            path: {
                panel_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PublicEvents"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    export_panel_api_v1_panels__panel_id__export_get: {
        parameters: {
            query?: {
                /** @description Markdown or JSON */
                format?: "md" | "json";
            };
            header?: {
                /** @description Wait up to 2 s until the tables show the log up to here. X-Min-Sequence-Reached in the answer says whether they do. */
                "X-Min-Sequence"?: number | null;
            };
            path: {
                panel_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The whole panel */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                    "text/markdown": unknown;
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    cancel_api_v1_panels__panel_id__cancel_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                panel_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Cancellation"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Accepted"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Request Timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    human_input_api_v1_panels__panel_id__human_input_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                panel_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["HumanInput"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Accepted"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Request Timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    issue_ticket_api_v1_panels__panel_id__stream_tickets_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                panel_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ticket"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    stream_api_v1_panels__panel_id__stream_get: {
        parameters: {
            query?: {
                last_event_id?: string | null;
            };
            header?: {
                "Last-Event-ID"?: string | null;
            };
            path: {
                panel_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The panel's events, then live */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": unknown;
                };
            };
            /** @description The panel has ended and the client has all of it */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    list_experts_api_v1_agents_get: {
        parameters: {
            query?: {
                q?: string | null;
                domain?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Experts"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    create_expert_api_v1_agents_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewExpert"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExpertAnswer"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Request Timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    get_expert_api_v1_agents__agent_id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                agent_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExpertDetail"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    revise_expert_api_v1_agents__agent_id__put: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                agent_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExpertGiven"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExpertAnswer"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Request Timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    retire_expert_api_v1_agents__agent_id__delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                agent_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExpertAnswer"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    select_experts_api_v1_agents_select_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Selection"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Proposals"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Request Timeout */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Request Entity Too Large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unsupported Media Type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    list_panel_types_api_v1_panel_types_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PanelTypes"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    get_tenant_api_v1_tenant_get: {
        parameters: {
            query?: never;
            header?: {
                /** @description Wait up to 2 s until the tables show the log up to here. X-Min-Sequence-Reached in the answer says whether they do. */
                "X-Min-Sequence"?: number | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TenantView"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    get_usage_api_v1_usage_get: {
        parameters: {
            query?: {
                /** @description From this UTC day on; default: this month */
                from?: string | null;
                /** @description Up to this moment, to the end of its UTC day; default: now */
                to?: string | null;
                group_by?: "day" | "agent" | "model" | "panel_type";
            };
            header?: {
                /** @description Wait up to 2 s until the tables show the log up to here. X-Min-Sequence-Reached in the answer says whether they do. */
                "X-Min-Sequence"?: number | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsageReport"];
                };
            };
            /** @description Bad Request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Forbidden */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unprocessable Entity */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too Many Requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Internal Server Error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Service Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    livez_livez_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    readyz_readyz_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description Not ready: failures say why */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    metrics_metrics_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    asyncapi_asyncapi_json_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
}
