"""From attempts to usage records, and from records to budgets. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal
from uuid import UUID

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import (
    BudgetExceeded,
    ExpertFailed,
    ExpertResponded,
    ModelPrice,
    PanelCreated,
    UsageRecorded,
)
from askpanel.usage.prices import price

Attempt = ExpertResponded | ExpertFailed


def record(attempt: Attempt, user_id: UUID, agreed: Iterable[ModelPrice] = ()) -> UsageRecorded:
    """The one usage record of an attempt, failed ones included. Absent token counts count as none used.

    `agreed` are the prices that the panel was created with.
    """
    answered = isinstance(attempt, ExpertResponded)
    cost = price(attempt.model, attempt.usage, agreed)
    tokens = attempt.usage
    return UsageRecorded(
        round_number=attempt.round_number,
        step=attempt.step,
        seat=attempt.seat,
        attempt=attempt.attempt,
        response_id=attempt.response_id if answered else None,
        user_id=user_id,
        agent_id=attempt.agent_id,
        model=attempt.model,
        input_tokens=tokens.input_tokens if tokens else None,
        output_tokens=tokens.output_tokens if tokens else None,
        cache_read_tokens=tokens.cache_read_tokens if tokens else None,
        cache_write_tokens=tokens.cache_write_tokens if tokens else None,
        tokens_used=tokens.input_tokens + tokens.output_tokens if tokens else 0,
        execution_time_ms=attempt.execution_time_ms,
        cost_usd=cost.cost_usd,
        unpriced=cost.unpriced,
        prices=cost.source,
        purpose=_purpose(attempt, answered=answered),
        step_purpose=attempt.purpose,
    )


def _purpose(attempt: Attempt, *, answered: bool) -> Literal["answer", "synthesis", "failed_attempt"]:
    if not answered:
        return "failed_attempt"
    return "synthesis" if attempt.purpose == "synthesis" else "answer"


@dataclass(frozen=True, slots=True)
class Spending:
    """What a panel may spend and what it has spent, in USD, as its log tells."""

    limit_usd: Decimal | None
    spent_usd: Decimal
    exceeded: bool


def spending(events: Iterable[Recorded]) -> Spending:
    """Fold a panel's events. `limit_usd` is None when the configuration sets none that can be read."""
    limit, spent, exceeded = None, Decimal(0), False
    seen: set[UUID] = set()
    for recorded in events:
        match recorded.event:
            case PanelCreated(configuration=configuration):
                limit = _decimal(configuration.get("max_cost_usd"))
            case UsageRecorded(cost_usd=cost) if recorded.envelope.id not in seen:
                seen.add(recorded.envelope.id)
                spent += cost or Decimal(0)
            case BudgetExceeded():
                exceeded = True
            case _:
                pass
    return Spending(limit, spent, exceeded)


def budget(panel: Spending) -> BudgetExceeded | None:
    """The event that stops a panel at its limit, once."""
    if panel.limit_usd is None or panel.exceeded or panel.spent_usd < panel.limit_usd:
        return None
    return BudgetExceeded(scope="panel", limit_usd=panel.limit_usd, spent_usd=panel.spent_usd)


def _decimal(value: object) -> Decimal | None:
    try:
        return Decimal(str(value)) if value is not None else None
    except InvalidOperation:
        return None
