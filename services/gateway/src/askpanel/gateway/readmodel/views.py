"""What the read model answers: frozen models that the API returns as they are (conventions: `view_parts`)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from askpanel.gateway.readmodel.view_parts import (
    Amount,
    AwaitingView,
    BudgetExceededView,
    ConsensusView,
    DissentView,
    EvidenceView,
    FailureView,
    Money,
    OptionView,
    PlanView,
    PointView,
    QuoteView,
    ResponseView,
    RoundView,
    SeatFailureView,
    SeatView,
    SourceView,
    UsageTotals,
    View,
)

__all__ = [
    "Amount",
    "AwaitingView",
    "BrandingView",
    "BudgetExceededView",
    "BudgetView",
    "ConsensusReport",
    "ConsensusView",
    "DissentView",
    "EvidenceView",
    "FailureView",
    "GroupBy",
    "ModelPriceView",
    "Money",
    "OptionView",
    "PanelCost",
    "PanelFilter",
    "PanelHead",
    "PanelPage",
    "PanelSummary",
    "PanelUsageReport",
    "PanelView",
    "PlanView",
    "PointView",
    "QuotaView",
    "QuoteView",
    "ResponseView",
    "ResponsesReport",
    "Role",
    "RoundView",
    "SeatFailureView",
    "SeatView",
    "SourceView",
    "TenantSettings",
    "TenantView",
    "UsageFilter",
    "UsageGroup",
    "UsageReport",
    "UsageTotals",
    "View",
]

Price = Annotated[Amount, Field(ge=0, le=1_000_000, max_digits=18, decimal_places=12)]
LimitUsd = Annotated[Amount, Field(ge=0, le=1_000_000_000, decimal_places=6)]

Role = Literal["owner", "admin", "member", "guest"]
GroupBy = Literal["day", "agent", "model", "panel_type"]

ENDED = ("completed", "failed")


class PanelHead(View):
    """As much of a panel as a command or a stream needs to know."""

    id: UUID
    user_id: UUID
    status: str
    panel_type: str
    awaiting: AwaitingView | None = None
    sequence: int | None = None

    @property
    def ended(self) -> bool:
        return self.status in ENDED


class PanelCost(UsageTotals):
    """A panel's totals. They grow while calls are not costed; without such and unpriced ones they are final."""

    uncosted_calls: int = 0


class PanelView(PanelHead):
    """A panel whole. `sequence`: its last event that is in here, where a stream may go on.

    `ratified_by`: the user who approved the result; None where nobody did.
    `rows_left_out`: the tables hold more answers or rounds of it than a panel has, by whomever; the first are here.
    """

    tenant_id: UUID
    query: str
    configuration: Mapping[str, Any] = Field(default_factory=dict[str, Any])
    agents: tuple[str, ...] = ()
    seats: tuple[SeatView, ...] = ()
    options: tuple[OptionView, ...] = ()
    evidence: tuple[EvidenceView, ...] = ()
    plan: PlanView | None = None
    rounds: tuple[RoundView, ...] = ()
    responses: tuple[ResponseView, ...] = ()
    rows_left_out: bool = False
    consensus: ConsensusView | None = None
    usage: PanelCost = PanelCost()
    degraded: tuple[str, ...] = ()
    failure: FailureView | None = None
    failures: tuple[SeatFailureView, ...] = ()
    budget_exceeded: BudgetExceededView | None = None
    stop_reason: str | None = None
    ratified_by: UUID | None = None
    summary: str | None = None
    recommendation: str | None = None
    parent_panel_id: UUID | None = None
    children: tuple[UUID, ...] = ()
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    updated_at: datetime | None = None


class PanelSummary(PanelHead):
    """A panel in a list."""

    query: str
    agents: tuple[str, ...] = ()
    consensus_level: float | None = None
    band: str | None = None
    cost_usd: Money | None = None
    uncosted_calls: int = 0
    degraded: tuple[str, ...] = ()
    failure: FailureView | None = None
    parent_panel_id: UUID | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None


class PanelFilter(View):
    """Which panels to list; `created_after` is inclusive, `created_before` is not."""

    status: str | None = None
    panel_type: str | None = None
    q: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


class PanelPage(View):
    """Newest first. `total` counts what the filter finds, but no further than the gateway counts: then there are
    more, and `total_is_exact` is false. `next_cursor` None: this is the end."""

    panels: tuple[PanelSummary, ...]
    total: int
    total_is_exact: bool = True
    next_cursor: str | None = None


class ResponsesReport(View):
    """Answers in log order. `rows_left_out` as in a panel."""

    responses: tuple[ResponseView, ...]
    rows_left_out: bool = False


class ConsensusReport(View):
    """The round asked for (by default the last), and every round's result in order. `rows_left_out` as in a panel."""

    consensus: ConsensusView | None
    rounds: tuple[ConsensusView, ...]
    rows_left_out: bool = False


class UsageFilter(View):
    """A period [start, end); None is open. Without `group_by`: totals alone."""

    start: datetime | None = None
    end: datetime | None = None
    group_by: GroupBy | None = None


class UsageGroup(UsageTotals):
    """Totals of one day, agent, model or panel type. `key` None: the row does not say."""

    key: str | None
    panels_count: int = 0


class BudgetView(View):
    """A month's spending limit and what is left of it. `reserved`: what unfinished panels may still spend."""

    limit: Amount | None = None
    spent: Amount = Decimal(0)
    reserved: Amount = Decimal(0)
    remaining: Amount | None = None


class UsageReport(UsageTotals):
    """Usage of the tenant over a period, as far as the user may see its rows."""

    start: datetime | None = None
    end: datetime | None = None
    group_by: GroupBy | None = None
    panels_count: int = 0
    groups: tuple[UsageGroup, ...] = ()
    budget: BudgetView | None = None


class PanelUsageReport(PanelCost):
    """Usage of one panel: totals for every member; by expert only from rows the user may see, and not all of them
    with `rows_left_out`."""

    panel_id: UUID
    groups: tuple[UsageGroup, ...] = ()
    rows_left_out: bool = False


class ModelPriceView(View):
    """What a tenant pays for a model, in USD per million tokens."""

    input_usd: Price
    output_usd: Price


class TenantSettings(BaseModel):
    """What a tenant may do, with the platform's defaults; keys we do not know are kept.

    Limits of money and of running panels: the lower of these and the installation's hold; None: only that.
    `prices` by model stand in place of the price list.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    max_panels_per_month: int = Field(default=100, ge=0)
    max_experts_per_panel: int = Field(default=12, ge=0)
    enable_streaming: bool = True
    enable_exports: bool = True
    enable_consensus: bool = True
    enable_api_access: bool = True
    max_running_panels: int | None = Field(default=None, ge=0)
    max_cost_usd_per_month: LimitUsd | None = None
    max_cost_usd_per_panel: LimitUsd | None = None
    prices: Mapping[str, ModelPriceView] = Field(default_factory=dict[str, ModelPriceView], max_length=100)


class BrandingView(View):
    """Looks of the UI. `custom_css` of the platform is left out: it could inject."""

    primary_color: str = Field(default="#3B82F6", pattern=r"^#[0-9A-Fa-f]{3,8}$")
    font_family: str = Field(default="Inter", pattern=r"^[A-Za-z0-9 ,'\"-]{1,100}$")
    logo_url: str | None = Field(default=None, pattern=r"^https://")


class QuotaView(View):
    """What the tenant has used: panels and their known cost since the month began in UTC, panels running.

    `reserved_usd_this_month` is what its unfinished panels may still spend; `costed_calls_this_month` are the
    calls that `spent_usd_this_month` paid for.
    """

    panels_this_month: int
    running_panels: int
    spent_usd_this_month: Amount
    reserved_usd_this_month: Amount = Decimal(0)
    costed_calls_this_month: int = 0
    month_ends_at: datetime
    shown: frozenset[UUID] = Field(
        default=frozenset(), exclude=True
    )  # in these numbers: asked about, and the newest


class TenantView(View):
    """The tenant as its member sees it. `may_create`: its status allows new panels now."""

    id: UUID
    name: str
    slug: str
    subdomain: str | None = None
    status: str
    subscription_tier: str | None = None
    trial_ends_at: datetime | None = None
    may_create: bool
    role: Role | None
    settings: TenantSettings
    features: Mapping[str, bool]
    branding: BrandingView
    quota: QuotaView
    limits: Mapping[str, Any] = Field(default_factory=dict[str, Any])
