"""Rows that events become: pure, and the same for the live tables and for a rebuild.

`panel_responses`, `panel_consensus` and `agent_usage` rows are inserted once and complete, because other
readers act on the insert alone. The row of `panels` grows with its panel and is folded in `panel`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from pydantic_core import from_json

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import (
    ConsensusCalculated,
    Event,
    ExpertResponded,
    HumanResponded,
    UsageRecorded,
)
from askpanel.contracts.ids import row_id

Json = Mapping[str, Any]

LARGEST_INTEGER = 2**31 - 1
LARGEST_COST = Decimal(999_999)
"""USD that the column for a call's cost certainly holds; it has six digits before the point."""
EXCERPT = 280
"""Characters of a piece of evidence kept with the panel and shown beside an answer that cites it."""
HUMAN = "human:"
"""Prefix of a person's `agent_id`; the user's id follows."""


class Unstorable(ValueError):
    """PostgreSQL can never hold this event's content; the text says what of it."""


@dataclass(frozen=True, slots=True)
class ResponseRow:
    """A row of `panel_responses`."""

    id: UUID
    tenant_id: UUID
    panel_id: UUID
    agent_id: str
    agent_name: str
    round_number: int
    response_type: str
    content: str
    confidence_score: float | None
    created_at: datetime
    metadata: Json


@dataclass(frozen=True, slots=True)
class ConsensusRow:
    """A row of `panel_consensus`; what the table has no column for is in `panels.metadata.consensus`."""

    id: UUID
    tenant_id: UUID
    panel_id: UUID
    round_number: int
    consensus_level: float
    agreement_points: Sequence[str]
    disagreement_points: Sequence[str]
    recommendation: str
    dissenting_opinions: Sequence[Json]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class UsageRow:
    """A row of `agent_usage`. `cost_usd` None: no known price, which is not 0."""

    id: UUID
    tenant_id: UUID
    user_id: UUID
    panel_id: UUID
    agent_id: str
    tokens_used: int
    execution_time_ms: int
    cost_usd: Decimal | None
    created_at: datetime
    metadata: Json


Row = ResponseRow | ConsensusRow | UsageRow


def plain(event: Event) -> Json:
    """The event's data as JSON values a `jsonb` column takes. Raises Unstorable.

    Numbers that are not finite become null; text with a NUL character and integers beyond the columns'
    four bytes are refused.
    """
    text = event.model_dump_json()
    data: Json = from_json(text)
    # The escape is also what a backslash before "u0000" looks like, so a hit is looked at closely.
    if "\\u0000" in text and _has_nul(data):
        raise Unstorable(f"{event.TYPE} has text with a NUL character")
    for name in ("round_number", "seat", "attempt", "tokens_used", "execution_time_ms"):
        if (data.get(name) or 0) > LARGEST_INTEGER:
            raise Unstorable(f"{event.TYPE} has {name} {data[name]}")
    return data


def response_row(
    recorded: Recorded, event: ExpertResponded, data: Json, *, counted: bool, evidence: Sequence[Json]
) -> ResponseRow:
    """An expert's answer. `evidence` is what the panel was given, as kept in `panels.metadata`."""
    usage = event.usage
    metadata = {
        "model": event.model,
        "tokens_used": usage.input_tokens + usage.output_tokens if usage else None,
        "input_tokens": usage.input_tokens if usage else None,
        "output_tokens": usage.output_tokens if usage else None,
        "latency_ms": event.execution_time_ms,
        "seat": event.seat,
        "role": event.role,
        "purpose": event.purpose,
        "step": event.step,
        "attempt": event.attempt,
        "sequence": recorded.sequence,
        "counted": counted,
        "answer": data["answer"],
        "sources": _sources(event.answer.citations, evidence),
        "reasoning": [point if isinstance(point, str) else point.text for point in event.answer.key_points],
    }
    return ResponseRow(
        id=event.response_id,
        tenant_id=recorded.envelope.panel.tenant_id,
        panel_id=recorded.envelope.panel.panel_id,
        agent_id=event.agent_id,
        agent_name=event.agent_name,
        round_number=event.round_number,
        response_type=event.response_type,
        content=event.content,
        confidence_score=event.answer.confidence,
        created_at=recorded.envelope.time,
        metadata=metadata,
    )


def human_row(recorded: Recorded, event: HumanResponded, *, counted: bool) -> ResponseRow:
    """What a person said at a checkpoint, as one more response of the round it follows."""
    vote = {name: said for name, said in (("stance", event.stance), ("option", event.option)) if said}
    answer = {"position": event.content, **vote} if vote else None
    metadata: Json = {
        "role": "human",
        "purpose": "human",
        "action": event.action,
        "checkpoint_id": str(event.checkpoint_id),
        "sequence": recorded.sequence,
        "counted": counted,
        "answer": answer,
        "sources": [],
        "reasoning": [],
    }
    return ResponseRow(
        id=event.response_id,
        tenant_id=recorded.envelope.panel.tenant_id,
        panel_id=recorded.envelope.panel.panel_id,
        agent_id=f"{HUMAN}{event.user_id}",
        agent_name=event.user_name or "Human",
        round_number=event.round_number,
        response_type="statement",
        content=event.content,
        confidence_score=None,
        created_at=recorded.envelope.time,
        metadata=metadata,
    )


def consensus_row(recorded: Recorded, event: ConsensusCalculated, data: Json) -> ConsensusRow:
    """One round's result: points as strings, since outside readers render strings only."""
    panel = recorded.envelope.panel
    return ConsensusRow(
        id=row_id(panel.panel_id, "panel_consensus", *event.identity()),
        tenant_id=panel.tenant_id,
        panel_id=panel.panel_id,
        round_number=event.round_number,
        consensus_level=event.consensus_level,
        agreement_points=[point.text for point in event.agreement_points],
        disagreement_points=[point.text for point in event.disagreement_points],
        recommendation=event.recommendation,
        dissenting_opinions=data["dissenting_opinions"],
        created_at=recorded.envelope.time,
    )


def consensus_detail(event: ConsensusCalculated, data: Json) -> Json:
    """What `panels.metadata.consensus` holds for one round: all that the row has no column for."""
    points: list[Json] = [
        {
            "text": point["text"],
            "kind": "agreement",
            "supporters": point["supporters"],
            "opponents": [],
            "n": point["n"],
            "quotes": point["quotes"],
        }
        for point in data["agreement_points"]
    ]
    points += [
        {
            "text": point["text"],
            "kind": "disagreement",
            **_two_sides(point["sides"]),
            "sides": point["sides"],
            "quotes": point["quotes"],
        }
        for point in data["disagreement_points"]
    ]
    kept = (
        "method",
        "consensus_level",
        "band",
        "threshold",
        "alternatives",
        "metrics",
        "matrix",
        "quorum",
        "carried",
        "degraded",
        "response_ids",
    )
    return {
        "phase": "pre" if event.round_number == 1 else "post",
        "points": points,
        **{name: data[name] for name in kept},
    }


def usage_row(recorded: Recorded, event: UsageRecorded, data: Json) -> UsageRow:
    """What one attempt used; the column holds a rounded cost, LARGEST_COST at most, the metadata the exact one."""
    panel = recorded.envelope.panel
    metadata = {
        "model": event.model,
        "input_tokens": event.input_tokens,
        "output_tokens": event.output_tokens,
        **{
            name: data[name] for name in ("cache_read_tokens", "cache_write_tokens") if data[name] is not None
        },
        "cost_usd_exact": data["cost_usd"],
        "unpriced": event.unpriced,
        "prices": event.prices,
        "purpose": event.purpose,
        "step_purpose": event.step_purpose,
        "round_number": event.round_number,
        "step": event.step,
        "seat": event.seat,
        "attempt": event.attempt,
        "response_id": data["response_id"],
    }
    return UsageRow(
        id=row_id(panel.panel_id, "agent_usage", *event.identity()),
        tenant_id=panel.tenant_id,
        user_id=event.user_id,
        panel_id=panel.panel_id,
        agent_id=event.agent_id,
        tokens_used=event.tokens_used,
        execution_time_ms=event.execution_time_ms,
        cost_usd=None if event.cost_usd is None else min(event.cost_usd, LARGEST_COST),
        created_at=recorded.envelope.time,
        metadata=metadata,
    )


def _sources(citations: Sequence[str], evidence: Sequence[Json]) -> list[Json]:
    known = {piece["id"]: piece for piece in evidence}
    return [
        {
            "id": cited,
            "title": known[cited]["title"],
            "category": "evidence",
            "excerpt": known[cited]["excerpt"],
            "score": None,
            "url": None,
        }
        for cited in dict.fromkeys(citations)
        if cited in known
    ]


def _two_sides(sides: Mapping[str, Sequence[str]]) -> Json:
    """The first side, which leads, against all others."""
    first, *others = list(sides.values()) or [[]]
    return {"supporters": list(first), "opponents": [agent for side in others for agent in side]}


def _has_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        items = cast(dict[str, object], value).items()
        return any("\x00" in key or _has_nul(one) for key, one in items)
    return isinstance(value, list) and any(map(_has_nul, cast(list[object], value)))
