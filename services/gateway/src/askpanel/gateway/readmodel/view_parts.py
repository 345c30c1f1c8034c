"""Parts of a panel as the API shows them: seats, rounds, answers, results, failures.

Money is a decimal string in USD, times are UTC, levels and confidences lie in [0, 1], durations are
milliseconds. Fields that come from a row's metadata are empty where another program wrote the row.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

Amount = Annotated[Decimal, PlainSerializer(lambda value: f"{value:f}", return_type=str)]
"""Of our own reckoning."""
Money = Annotated[Amount, Field(ge=0, le=10**15, max_digits=55, decimal_places=40)]
"""As a row tells it, where anybody may have written it. Every digit is written out: of `1e999999999` a billion."""


class View(BaseModel):
    """A part of an answer; unknown fields of a row are left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class SeatView(View):
    """A seat, in seat order. `reason`: why the system proposed this expert."""

    seat: int
    agent_id: str
    agent_name: str
    role: str = "expert"
    weight: float = 1.0
    model: str | None = None
    reason: str | None = None


class OptionView(View):
    id: str
    text: str


class EvidenceView(View):
    """What the experts were given; `excerpt` is its beginning."""

    id: str
    title: str = ""
    excerpt: str = ""


class SourceView(View):
    """What an answer cites."""

    id: str
    title: str = ""
    category: str | None = None
    excerpt: str | None = None
    score: float | None = None
    url: str | None = None


class RoundView(View):
    """A round's course. `completed_at` None: still open."""

    round_number: int
    purpose: str | None = None
    speakers: tuple[int, ...] = ()
    started_at: datetime | None = None
    deadline_at: datetime | None = None
    completed_at: datetime | None = None
    answered: tuple[int, ...] | None = None
    missing: tuple[int, ...] | None = None
    quorum: Mapping[str, Any] | None = None


class FailureView(View):
    """Why the panel ended without a result."""

    reason: str
    detail: str = ""
    at: datetime | None = None


class SeatFailureView(View):
    """One failed attempt of one seat."""

    round_number: int
    seat: int
    agent_id: str
    agent_name: str = ""
    role: str = "expert"
    step: str = ""
    purpose: str = ""
    model: str | None = None
    attempt: int = 1
    reason: str
    detail: str = ""
    retryable: bool = False
    at: datetime | None = None


class AwaitingView(View):
    """What the panel waits for a person to do, until `deadline_at`."""

    checkpoint_id: UUID
    kind: str
    question: str
    actions: tuple[str, ...] = ()
    round_number: int
    requested_at: datetime | None = None
    deadline_at: datetime


class PlanView(View):
    """The most the panel will do."""

    rounds: int
    seats: int
    threshold: float
    deadline_at: datetime


class BudgetExceededView(View):
    """A spending limit was reached."""

    scope: str
    limit_usd: Money
    spent_usd: Money
    at: datetime | None = None


class UsageTotals(View):
    """`cost_usd` sums the priced calls; None when no call has a price, which is not 0."""

    tokens_used: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Money | None = None
    calls: int = 0
    unpriced_calls: int = 0
    execution_time_ms: int = 0


class ResponseView(View):
    """One answer. The demo model's stated confidence means nothing and is left out, in `answer` too."""

    id: UUID
    agent_id: str
    agent_name: str
    round_number: int
    response_type: str
    content: str
    confidence: float | None = None
    stance: str | None = None
    position: str | None = None
    option: str | None = None
    key_points: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    answer: Mapping[str, Any] | None = None
    role: str = "expert"
    purpose: str | None = None
    step: str | None = None
    seat: int | None = None
    attempt: int | None = None
    model: str | None = None
    demo: bool = False
    model_label: str | None = None
    counted: bool = True
    tokens_used: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    latency_ms: int | None = None
    sources: tuple[SourceView, ...] = ()
    reasoning: tuple[str, ...] = ()
    action: str | None = None
    created_at: datetime | None = None
    sequence: int | None = None


class QuoteView(View):
    """Verbatim words of an answer."""

    agent_id: str
    response_id: UUID | None = None
    text: str


class PointView(View):
    """A point the panel agrees on or is divided over; agents are named by id."""

    text: str
    kind: Literal["agreement", "disagreement"]
    supporters: tuple[str, ...] = ()
    opponents: tuple[str, ...] = ()
    sides: Mapping[str, tuple[str, ...]] | None = None
    n: int | None = None
    quotes: tuple[QuoteView, ...] = ()


class DissentView(View):
    """A voter whose position the result does not hold, in the voter's own words."""

    agent_id: str
    agent_name: str = ""
    opinion: str = ""
    reasoning: str = ""
    confidence: float | None = None


class ConsensusView(View):
    """One round's result: the row, and what `panels.metadata` knows beyond it."""

    id: UUID
    round_number: int
    phase: str | None = None
    method: str | None = None
    consensus_level: float
    band: str | None = None
    threshold: float | None = None
    agreement_points: tuple[str, ...] = ()
    disagreement_points: tuple[str, ...] = ()
    points: tuple[PointView, ...] = ()
    dissenting_opinions: tuple[DissentView, ...] = ()
    recommendation: str
    alternatives: tuple[Mapping[str, Any], ...] = ()
    metrics: Mapping[str, Any] = Field(default_factory=dict[str, Any])
    matrix: tuple[Mapping[str, Any], ...] = Field(default=(), exclude=True)  # answered on a route of its own
    quorum: Mapping[str, Any] | None = None
    carried: tuple[int, ...] = ()
    degraded: tuple[str, ...] = ()
    response_ids: tuple[UUID, ...] = ()
    created_at: datetime | None = None
