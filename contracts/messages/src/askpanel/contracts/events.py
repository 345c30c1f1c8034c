"""Every event of Ask Panel: the facts on the log, one frozen model each.

An event is never changed once released: a new shape is a new `VERSION` with an upcast, a new meaning is
a new name. Readers ignore fields they do not know. Times are UTC, money is a decimal string in USD,
durations are whole milliseconds, confidences and levels lie in [0, 1].

`identity()` is what tells an event from the others of its type in its panel; with panel and type it
makes the event's id (see `ids`).
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from askpanel.contracts.answer import Answer
from askpanel.contracts.blocks import Context, Option, Purpose, ResponseType, Role

PanelType = Literal["structured", "open", "socratic", "adversarial", "delphi", "hybrid"]
Service = Literal["gateway", "orchestrator", "expert-runner", "consensus", "usage"]
FailureReason = Literal[
    "rate_limited",
    "provider_error",
    "misconfigured",
    "network",
    "timeout",
    "bad_output",
    "truncated",
    "refused",
    "interrupted",
    "unknown_expert",
    "budget_exceeded",
]
PanelFailureReason = Literal[
    "quorum_not_met", "providers_unavailable", "deadline_passed", "cancelled", "budget_exceeded", "rejected"
]
StopReason = Literal[
    "threshold_reached",
    "stable",
    "nothing_new",
    "max_rounds",
    "human_approved",
    "deadline_passed",
    "budget_exceeded",
]
Band = Literal["unanimous", "strong", "moderate", "weak", "split", "none"]

Level = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Milliseconds = Annotated[int, Field(ge=0)]
Round = Annotated[int, Field(ge=1)]
Usd = Annotated[Decimal, Field(ge=0), PlainSerializer(lambda value: f"{value:f}", return_type=str)]


class Data(BaseModel):
    """A part of an event."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Data):
    """A fact. `TYPE` is its literal name, `OWNER` the only service that may write it."""

    TYPE: ClassVar[str]
    OWNER: ClassVar[Service]
    VERSION: ClassVar[int] = 1
    SSE: ClassVar[str | None] = None

    def identity(self) -> tuple[object, ...]:
        """What tells this event from others of its type in its panel; nothing where there is but one."""
        return ()


# --------------------------------------------------------------------------------------- panel


class Seat(Data):
    """One seat of the panel, in seat order. `reason` says why the system proposed this expert."""

    agent_id: str
    name: str
    role: Role = "expert"
    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    model: str | None = None
    version: int = Field(default=1, ge=1)
    reason: str | None = None


class Evidence(Data):
    """Text the experts are given and may cite by `id`."""

    id: str
    title: str = ""
    text: str


class Parent(Data):
    """The panel that this one follows up, as it stood when this one was created."""

    panel_id: UUID
    query: str
    recommendation: str
    dissent: tuple[str, ...] = ()


class PanelCreated(Event):
    """Somebody asked. `configuration` is the full effective configuration, frozen here."""

    TYPE: ClassVar[str] = "panel.created"
    OWNER: ClassVar[Service] = "gateway"
    SSE: ClassVar[str | None] = "panel_created"

    query: str
    panel_type: PanelType
    agents: tuple[Seat, ...]
    configuration: Mapping[str, Any]
    options: tuple[Option, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    parent: Parent | None = None
    user_id: UUID
    request_hash: str


class Plan(Data):
    """What the panel will do at most: rounds, expert seats, the agreement it looks for, and until when."""

    rounds: int
    seats: int
    threshold: Level
    deadline_at: datetime


class PanelStarted(Event):
    """The panel runs."""

    TYPE: ClassVar[str] = "panel.started"
    OWNER: ClassVar[Service] = "orchestrator"
    SSE: ClassVar[str | None] = "panel_started"

    protocol: PanelType
    plan: Plan


class PanelCancelRequested(Event):
    """A person wants the panel to stop."""

    TYPE: ClassVar[str] = "panel.cancel_requested"
    OWNER: ClassVar[Service] = "gateway"

    user_id: UUID
    reason: str = ""


class PanelDeadlinePassed(Event):
    """A timer fired. Late, early by a retry, or twice: the decider judges what it still means.

    `step` is the step of the round whose time is up; `final` (purpose panel) is the end of the grace
    that a last consensus has after the panel's deadline.
    """

    TYPE: ClassVar[str] = "panel.deadline_passed"
    OWNER: ClassVar[Service] = "orchestrator"

    purpose: Literal["round", "human", "panel"]
    round_number: Round | None = None
    checkpoint_id: UUID | None = None
    step: str | None = None

    def identity(self) -> tuple[object, ...]:
        place = (self.purpose, self.round_number, self.checkpoint_id)
        return place if self.step is None else (*place, self.step)


class PanelCompleted(Event):
    """The panel ended with a result."""

    TYPE: ClassVar[str] = "panel.completed"
    OWNER: ClassVar[Service] = "orchestrator"
    SSE: ClassVar[str | None] = "panel_completed"

    rounds: int
    consensus_level: Level | None = None
    recommendation: str
    summary: str | None = None
    stop_reason: StopReason
    ratified_by: UUID | None = None
    degraded: tuple[str, ...] = ()
    cost_usd: Usd | None = None
    duration_ms: Milliseconds


class PanelFailed(Event):
    """The panel ended without a result; `detail` is a sentence for people."""

    TYPE: ClassVar[str] = "panel.failed"
    OWNER: ClassVar[Service] = "orchestrator"
    SSE: ClassVar[str | None] = "panel_failed"

    reason: PanelFailureReason
    detail: str


# --------------------------------------------------------------------------------------- rounds


class StepDeadline(Data):
    """When a step of a round closes with what it has."""

    step: str
    deadline_at: datetime


class RoundStarted(Event):
    """A round begins. `deadline_at` is when it closes with what it has.

    `steps` are the deadlines within a round of several steps. `panel_deadline_at` is the panel's
    deadline where waiting for a human has moved it.
    """

    TYPE: ClassVar[str] = "round.started"
    OWNER: ClassVar[Service] = "orchestrator"
    SSE: ClassVar[str | None] = "round_started"

    round_number: Round
    purpose: Purpose
    speakers: tuple[int, ...]
    deadline_at: datetime
    steps: tuple[StepDeadline, ...] = ()
    panel_deadline_at: datetime | None = None

    def identity(self) -> tuple[object, ...]:
        return (self.round_number,)


class RoundQuorum(Data):
    """How many seats had to answer, and how many did, of those planned."""

    needed: int
    answered: int
    seats: int
    met: bool


class RoundCompleted(Event):
    """A round is closed: whatever answers later is kept and paid for, but neither shown nor counted."""

    TYPE: ClassVar[str] = "round.completed"
    OWNER: ClassVar[Service] = "orchestrator"
    SSE: ClassVar[str | None] = "round_completed"

    round_number: Round
    answered: tuple[int, ...]
    missing: tuple[int, ...]
    quorum: RoundQuorum

    def identity(self) -> tuple[object, ...]:
        return (self.round_number,)


# --------------------------------------------------------------------------------------- experts


class Step(Data):
    """Identifies a paid step with its panel: at most `attempt_limit` attempts, one answer."""

    round_number: Round
    step: str
    seat: int
    purpose: Purpose

    def step_identity(self) -> tuple[object, ...]:
        return (self.round_number, self.step, self.seat, self.purpose)


class ExpertRequested(Step, Event):
    """A seat is asked to speak; `context` is all it may see."""

    TYPE: ClassVar[str] = "expert.requested"
    OWNER: ClassVar[Service] = "orchestrator"

    agent_id: str
    agent_name: str
    agent_version: int = Field(default=1, ge=1)
    role: Role
    model: str | None = None
    response_type: ResponseType
    context: Context
    attempt_limit: int = Field(ge=1)
    deadline_at: datetime

    def identity(self) -> tuple[object, ...]:
        return self.step_identity()


class ExpertStarted(Step, Event):
    """A model is about to be called for this attempt."""

    TYPE: ClassVar[str] = "expert.started"
    OWNER: ClassVar[Service] = "expert-runner"
    SSE: ClassVar[str | None] = "expert_speaking"

    agent_id: str
    agent_name: str
    model: str
    attempt: int = Field(ge=1)

    def identity(self) -> tuple[object, ...]:
        return (*self.step_identity(), self.attempt)


class TokenUsage(Data):
    """Tokens as the provider reported them."""

    input_tokens: int = Field(ge=0)
    output_tokens: int = Field(ge=0)


class ExpertResponded(Step, Event):
    """A seat answered. One per paid step: its id has no attempt."""

    TYPE: ClassVar[str] = "expert.responded"
    OWNER: ClassVar[Service] = "expert-runner"
    SSE: ClassVar[str | None] = "response_added"

    response_id: UUID
    agent_id: str
    agent_name: str
    role: Role = "expert"
    response_type: ResponseType
    content: str
    answer: Answer
    model: str
    usage: TokenUsage | None = None
    execution_time_ms: Milliseconds
    attempt: int = Field(ge=1)

    def identity(self) -> tuple[object, ...]:
        return self.step_identity()


class ExpertFailed(Step, Event):
    """One attempt failed. It was the last when it is not retryable or has reached the attempt limit."""

    TYPE: ClassVar[str] = "expert.failed"
    OWNER: ClassVar[Service] = "expert-runner"
    SSE: ClassVar[str | None] = "expert_failed"

    agent_id: str
    agent_name: str
    role: Role = "expert"
    model: str
    attempt: int = Field(ge=1)
    reason: FailureReason
    detail: str = ""
    retryable: bool
    usage: TokenUsage | None = None
    execution_time_ms: Milliseconds

    def identity(self) -> tuple[object, ...]:
        return (*self.step_identity(), self.attempt)


# --------------------------------------------------------------------------------------- consensus


class ConsensusRequested(Event):
    """The ballots of a round are to be counted: the listed responses and, if any, the human's."""

    TYPE: ClassVar[str] = "consensus.requested"
    OWNER: ClassVar[Service] = "orchestrator"

    round_number: Round
    method: str
    responses: tuple[UUID, ...]
    carried: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    degraded: tuple[str, ...] = ()
    threshold: Level

    def identity(self) -> tuple[object, ...]:
        return (self.round_number,)


class Quote(Data):
    """Verbatim words of one answer."""

    agent_id: str
    response_id: UUID | None = None
    text: str


class AgreementPoint(Data):
    """A point several voters made; `n` counts distinct ballots behind it."""

    text: str
    supporters: tuple[str, ...]
    quotes: tuple[Quote, ...] = ()
    n: int


class DisagreementPoint(Data):
    """A contested point: which agents stand on which side."""

    text: str
    sides: Mapping[str, tuple[str, ...]]
    quotes: tuple[Quote, ...] = ()


class Dissent(Data):
    """A voter whose position cannot be reconciled with the leading one, in the voter's own words."""

    agent_id: str
    agent_name: str
    opinion: str
    reasoning: str
    confidence: Level | None = None


class Alternative(Data):
    """A position that does not lead."""

    position: str
    text: str
    supporters: tuple[str, ...]
    conditions: tuple[str, ...] = ()
    confidence: Level
    confidence_stated: bool = True


class ConsensusQuorum(Data):
    """As `RoundQuorum`, with how many different models answered."""

    needed: int
    answered: int
    seats: int
    models: int = 1
    met: bool
    reason: str | None = None


class ConsensusCalculated(Event):
    """What the panel agrees on, counted by code from typed answers."""

    TYPE: ClassVar[str] = "consensus.calculated"
    OWNER: ClassVar[Service] = "consensus"
    SSE: ClassVar[str | None] = "consensus_calculated"

    round_number: Round
    method: str
    consensus_level: Level
    band: Band
    threshold: Level
    agreement_points: tuple[AgreementPoint, ...]
    disagreement_points: tuple[DisagreementPoint, ...]
    dissenting_opinions: tuple[Dissent, ...]
    recommendation: str
    alternatives: tuple[Alternative, ...]
    metrics: Mapping[str, Any]
    degraded: tuple[str, ...] = ()
    quorum: ConsensusQuorum
    matrix: tuple[Mapping[str, Any], ...] = ()
    response_ids: tuple[UUID, ...] = ()
    carried: tuple[int, ...] = ()

    def identity(self) -> tuple[object, ...]:
        return (self.round_number,)


# --------------------------------------------------------------------------------------- the human


class HumanRequested(Event):
    """The panel waits for a person: for input, or to ratify the result."""

    TYPE: ClassVar[str] = "human.requested"
    OWNER: ClassVar[Service] = "orchestrator"
    SSE: ClassVar[str | None] = "human_requested"

    checkpoint_id: UUID
    round_number: Round
    kind: Literal["input", "ratify"]
    question: str
    actions: tuple[Literal["answer", "approve", "modify", "veto"], ...]
    deadline_at: datetime

    def identity(self) -> tuple[object, ...]:
        return (self.checkpoint_id,)


class HumanResponded(Event):
    """The person's answer to a checkpoint. Its id has no user: the first one wins."""

    TYPE: ClassVar[str] = "human.responded"
    OWNER: ClassVar[Service] = "gateway"
    SSE: ClassVar[str | None] = "response_added"

    checkpoint_id: UUID
    response_id: UUID
    round_number: Round
    action: Literal["answer", "approve", "modify", "veto"]
    content: str
    stance: Literal["support", "conditional", "oppose", "abstain"] | None = None
    user_id: UUID
    user_name: str = ""

    def identity(self) -> tuple[object, ...]:
        return (self.checkpoint_id,)


# --------------------------------------------------------------------------------------- money


class UsageRecorded(Event):
    """What one attempt used and cost. No known price: `cost_usd` is absent and `unpriced` is true."""

    TYPE: ClassVar[str] = "usage.recorded"
    OWNER: ClassVar[Service] = "usage"
    SSE: ClassVar[str | None] = "usage_recorded"

    round_number: Round
    step: str
    seat: int
    attempt: int = Field(ge=1)
    response_id: UUID | None = None
    user_id: UUID
    agent_id: str
    model: str
    input_tokens: int | None = Field(default=None, ge=0)
    output_tokens: int | None = Field(default=None, ge=0)
    tokens_used: int = Field(ge=0)
    execution_time_ms: Milliseconds
    cost_usd: Usd | None = None
    unpriced: bool
    prices: str = ""
    purpose: Literal["answer", "synthesis", "failed_attempt"]
    step_purpose: Purpose

    def identity(self) -> tuple[object, ...]:
        return (self.round_number, self.step, self.seat, self.step_purpose, self.attempt)


class BudgetExceeded(Event):
    """Spending reached a limit; the panel ends at the next safe point."""

    TYPE: ClassVar[str] = "budget.exceeded"
    OWNER: ClassVar[Service] = "usage"
    SSE: ClassVar[str | None] = "budget_exceeded"

    scope: Literal["panel", "tenant_month"]
    limit_usd: Usd
    spent_usd: Usd

    def identity(self) -> tuple[object, ...]:
        return (self.scope,)


EVENTS: Mapping[str, type[Event]] = {
    event.TYPE: event
    for event in (
        PanelCreated,
        PanelStarted,
        PanelCancelRequested,
        PanelDeadlinePassed,
        PanelCompleted,
        PanelFailed,
        RoundStarted,
        RoundCompleted,
        ExpertRequested,
        ExpertStarted,
        ExpertResponded,
        ExpertFailed,
        ConsensusRequested,
        ConsensusCalculated,
        HumanRequested,
        HumanResponded,
        UsageRecorded,
        BudgetExceeded,
    )
}
"""By literal name. `ids`, subjects, permissions, schemas and documents derive from this table."""

TERMINAL = (PanelCompleted.TYPE, PanelFailed.TYPE)
