"""What routes answer, where the read model has no view for it."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from askpanel.gateway.readmodel.view_parts import Amount


class SeatAnswer(BaseModel):
    """A seat of a new panel; `reason` says why the system proposed the expert."""

    seat: int
    agent_id: str
    agent_name: str
    role: str
    weight: float
    model: str | None
    reason: str | None


class Created(BaseModel):
    """A panel that is on the log. `agents` are the voting experts in seat order.

    `estimate_usd` is what it will about cost, `max_cost_usd` what is reserved for it: there it stops.
    """

    id: UUID
    status: Literal["created"] = "created"
    agents: list[str]
    seats: list[SeatAnswer]
    sequence: int
    estimate_usd: Amount | None = None
    max_cost_usd: Amount | None = None


class Accepted(BaseModel):
    """A wish that is on the log; what becomes of it is told by the stream and the panel."""

    id: UUID
    status: Literal["cancelling", "answered"]
    sequence: int


class PublicEvents(BaseModel):
    """A panel's public events in order, each with event, sequence, at and its own fields."""

    panel_id: UUID
    events: list[dict[str, Any]]
    last_sequence: int = Field(description="Pass it as `after` for what comes later.")


class Ticket(BaseModel):
    """Opens one stream of one panel once, within so many seconds: `/stream?ticket=…`."""

    ticket: str
    expires_in: int


class Matrix(BaseModel):
    """The comparison matrix of a round: per aspect one cell per expert, with quotes. `rows_left_out` as in a panel."""

    panel_id: UUID
    round_number: int | None
    aspects: list[Mapping[str, Any]]
    rows_left_out: bool = False


class ExpertAnswer(BaseModel):
    """An expert as users see it. `own`: of this tenant alone, and its admins may change it."""

    id: str
    name: str
    title: str
    domain: str
    tags: list[str]
    summary: str
    temperament: str
    version: int
    bench: bool
    own: bool


class ExpertDetail(ExpertAnswer):
    """One expert. `instructions` only of an own expert and for those who may edit it, else null."""

    instructions: str | None = None


class Experts(BaseModel):
    """The catalogue of this tenant."""

    agents: list[ExpertAnswer]
    total: int


class Proposed(BaseModel):
    """A proposed expert and why."""

    agent_id: str
    agent_name: str
    reason: str


class EstimateAnswer(BaseModel):
    """Model calls and their cost. `basis`: this tenant's calls of this month, or a usual panel."""

    calls: int
    cost_usd: Amount
    basis: Literal["this_month", "usual"]


class Proposals(BaseModel):
    """Experts proposed for a question, in seat order, and what such a panel will about cost by default."""

    agents: list[Proposed]
    estimate: EstimateAnswer


class PanelTypes(BaseModel):
    """The six protocols with limits and defaults; `available` says whether this tenant may use one."""

    panel_types: list[dict[str, Any]]


class Limit(BaseModel):
    """A limit, what is left of it (None: not counted), and when it starts afresh."""

    limit: int | float | Decimal | None
    remaining: int | Decimal | None = None
    resets_at: datetime | None = None
