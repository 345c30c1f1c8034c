"""What the outside may see of an event: one function per public event, each a list of allowed fields.

Used for the stream and for `GET /panels/{id}/events` alike. Events without an SSE name stay inside.
Pure.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import (
    BudgetExceeded,
    ConsensusCalculated,
    Event,
    ExpertFailed,
    ExpertResponded,
    ExpertStarted,
    HumanRequested,
    HumanResponded,
    PanelCompleted,
    PanelCreated,
    PanelFailed,
    PanelStarted,
    RoundCompleted,
    RoundStarted,
    Seat,
    UsageRecorded,
)

Payload = dict[str, Any]

DEMO = "local:"
"""Prefix of the demo model's label (models.md)."""


def name_of(recorded: Recorded) -> str | None:
    """The event's public name, None when it is not for the outside."""
    return recorded.event.SSE


def payload(recorded: Recorded) -> Payload | None:
    """The public fields of an event as JSON values; None when it is not for the outside."""
    shape = _SHAPES.get(type(recorded.event))
    if shape is None:
        return None
    place = {
        "panel_id": str(recorded.envelope.panel.panel_id),
        "sequence": recorded.sequence,
        "at": recorded.envelope.time.isoformat().replace("+00:00", "Z"),
    }
    return place | shape(recorded.event)


def seats(agents: tuple[Seat, ...]) -> list[Payload]:
    """The seats of a panel in seat order; `reason` says why the system proposed the expert."""
    return [
        {
            "seat": number,
            "agent_id": seat.agent_id,
            "agent_name": seat.name,
            "role": seat.role,
            "weight": seat.weight,
            "model": seat.model,
            "reason": seat.reason,
        }
        for number, seat in enumerate(agents)
    ]


def _fields(event: Event, *names: str) -> Payload:
    """These fields as JSON values; a field without a value is null."""
    return event.model_dump(mode="json", include=set(names))


def _created(event: PanelCreated) -> Payload:
    return {
        "status": "created",
        **_fields(event, "query", "panel_type", "configuration", "options", "user_id"),
        "agents": seats(event.agents),
        "evidence": [{"id": item.id, "title": item.title} for item in event.evidence],
        "parent_panel_id": str(event.parent.panel_id) if event.parent else None,
    }


def _started(event: PanelStarted) -> Payload:
    return {"status": "running", **_fields(event, "protocol", "plan")}


def _round_started(event: RoundStarted) -> Payload:
    return _fields(event, "round_number", "purpose", "speakers", "deadline_at")


def _speaking(event: ExpertStarted) -> Payload:
    step = _fields(event, "round_number", "step", "seat", "purpose", "attempt", "answers")
    return _fields(event, "agent_id", "agent_name", "model") | step


def _responded(event: ExpertResponded) -> Payload:
    # What the small demo model states as confidence means nothing.
    hidden = {"confidence"} if event.model.startswith(DEMO) else set[str]()
    answer = event.answer
    used = event.usage.input_tokens + event.usage.output_tokens if event.usage else None
    return {
        "response_id": str(event.response_id),
        **_fields(event, "round_number", "step", "seat", "purpose", "agent_id", "agent_name", "role"),
        **_fields(event, "response_type", "content", "model", "execution_time_ms", "attempt"),
        "confidence": None if hidden else answer.confidence,
        "position": answer.position,
        "stance": answer.stance,
        "option": answer.option,
        "answer": answer.model_dump(mode="json", exclude=hidden, exclude_none=True),
        "tokens_used": used,
    }


def _human_responded(event: HumanResponded) -> Payload:
    return {
        "response_id": str(event.response_id),
        **_fields(event, "round_number", "content", "stance", "option", "action", "checkpoint_id"),
        "agent_id": f"human:{event.user_id}",
        "agent_name": event.user_name or "Human",
        "role": "human",
        "response_type": "statement",
        "confidence": None,
    }


def _failed(event: ExpertFailed) -> Payload:
    step = _fields(event, "round_number", "step", "seat", "purpose", "attempt")
    reason = _fields(event, "reason", "detail", "retryable", "execution_time_ms")
    return _fields(event, "agent_id", "agent_name", "role", "model") | step | reason


def _round_completed(event: RoundCompleted) -> Payload:
    return _fields(event, "round_number", "answered", "missing", "quorum")


def _calculated(event: ConsensusCalculated) -> Payload:
    counted = _fields(event, "round_number", "method", "threshold", "metrics", "degraded", "quorum")
    points = _fields(event, "agreement_points", "disagreement_points", "dissenting_opinions", "alternatives")
    result = _fields(event, "consensus_level", "band", "recommendation", "response_ids", "carried")
    return result | points | counted


def _human_requested(event: HumanRequested) -> Payload:
    return _fields(event, "checkpoint_id", "round_number", "kind", "question", "actions", "deadline_at")


def _usage(event: UsageRecorded) -> Payload:
    step = _fields(event, "round_number", "step", "seat", "attempt", "purpose", "response_id")
    tokens = _fields(event, "input_tokens", "output_tokens", "tokens_used", "execution_time_ms")
    return _fields(event, "agent_id", "model", "cost_usd", "unpriced") | step | tokens


def _budget(event: BudgetExceeded) -> Payload:
    return _fields(event, "scope", "limit_usd", "spent_usd")


def _completed(event: PanelCompleted) -> Payload:
    result = _fields(event, "rounds", "consensus_level", "recommendation", "summary", "stop_reason")
    return {
        "status": "completed",
        **result,
        **_fields(event, "ratified_by", "degraded", "cost_usd", "duration_ms"),
        **_fields(event, "recorded_usd", "uncosted_calls", "unpriced_calls"),
    }


def _panel_failed(event: PanelFailed) -> Payload:
    return {"status": "failed", **_fields(event, "reason", "detail")}


E = TypeVar("E", bound=Event)


def _shape(kind: type[E], fields: Callable[[E], Payload]) -> tuple[type[Event], Callable[[Event], Payload]]:
    return kind, cast("Callable[[Event], Payload]", fields)


_SHAPES: Mapping[type[Event], Callable[[Event], Payload]] = dict(
    (
        _shape(PanelCreated, _created),
        _shape(PanelStarted, _started),
        _shape(RoundStarted, _round_started),
        _shape(ExpertStarted, _speaking),
        _shape(ExpertResponded, _responded),
        _shape(HumanResponded, _human_responded),
        _shape(ExpertFailed, _failed),
        _shape(RoundCompleted, _round_completed),
        _shape(ConsensusCalculated, _calculated),
        _shape(HumanRequested, _human_requested),
        _shape(UsageRecorded, _usage),
        _shape(BudgetExceeded, _budget),
        _shape(PanelCompleted, _completed),
        _shape(PanelFailed, _panel_failed),
    )
)
