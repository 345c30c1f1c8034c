"""What it cost, and when that was too much."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from askpanel.contracts.blocks import Purpose
from askpanel.contracts.events.fact import Event, Milliseconds, Round, Service, Usd


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
    cache_read_tokens: int | None = Field(default=None, ge=0)
    cache_write_tokens: int | None = Field(default=None, ge=0)
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
