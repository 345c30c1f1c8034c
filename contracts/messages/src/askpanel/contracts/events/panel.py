"""The panel as a whole: asked, begun, cut short, ended."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from askpanel.contracts.blocks import Option, Role
from askpanel.contracts.events.fact import (
    Data,
    Event,
    Level,
    Milliseconds,
    PanelFailureReason,
    PanelType,
    Round,
    Service,
    StopReason,
    Usd,
)


class Seat(Data):
    """One seat of the panel, in seat order. `reason` says why the system proposed this expert.

    `shared` says whose expert of that id and version speaks: the one all tenants share, or (false) the tenant's own.
    Without it the tenant's own comes first.
    """

    agent_id: str
    name: str
    role: Role = "expert"
    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    model: str | None = None
    version: int = Field(default=1, ge=1)
    shared: bool | None = None
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


class ModelPrice(Data):
    """What a tenant pays for a model (`<provider>:<name>`, or `scripted`), in USD per million tokens."""

    model: str
    input_usd: Usd
    output_usd: Usd


class Terms(Data):
    """What was agreed about money when the panel was created, so that a replay prices it alike.

    `estimate_usd` is what such a panel was expected to cost; `configuration.max_cost_usd` is what it may.
    `prices` stand in place of the price list.
    """

    estimate_usd: Usd | None = None
    prices: tuple[ModelPrice, ...] = ()


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
    terms: Terms | None = None
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
    """The panel ended with a result.

    Nobody waits for costs, so some may be recorded later. `cost_usd` is the whole cost, and absent while it
    is not known: then `recorded_usd` is what is known, and the two counts say how many calls are missing,
    `uncosted_calls` not recorded yet, `unpriced_calls` without a known price.
    """

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
    recorded_usd: Usd | None = None
    uncosted_calls: int = Field(default=0, ge=0)
    unpriced_calls: int = Field(default=0, ge=0)
    duration_ms: Milliseconds


class PanelFailed(Event):
    """The panel ended without a result; `detail` is a sentence for people."""

    TYPE: ClassVar[str] = "panel.failed"
    OWNER: ClassVar[Service] = "orchestrator"
    SSE: ClassVar[str | None] = "panel_failed"

    reason: PanelFailureReason
    detail: str
