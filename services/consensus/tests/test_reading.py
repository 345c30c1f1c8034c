"""What a panel's events ask for: from the log to a result."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from askpanel.consensus.compute import compute
from askpanel.consensus.reading import read_request
from askpanel.consensus.result import Result
from askpanel.contracts.answer import Answer
from askpanel.contracts.envelope import seal
from askpanel.contracts.events import (
    ConsensusRequested,
    Event,
    ExpertResponded,
    PanelCreated,
    Seat,
)
from askpanel.contracts.subjects import PanelRef

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
PANEL = PanelRef(UUID(int=1), UUID(int=2))


def responded(seat: int, **fields: Any) -> ExpertResponded:
    return ExpertResponded(
        round_number=1, step="1", seat=seat, purpose="opening", response_id=UUID(int=100 + seat),
        agent_id=f"agent-{seat}", agent_name=f"Expert {seat}", role="expert", response_type="analysis",
        content="Text.", answer=Answer.model_validate({"position": f"Position of {seat}"} | fields),
        model=f"model-{seat}", execution_time_ms=1, attempt=1,
    )  # fmt: skip


def counted(
    *answers: ExpertResponded, method: str = "majority", configuration: Mapping[str, Any] | None = None
) -> Result:
    """The result of a structured panel with these answers, read from its events."""
    created = PanelCreated(
        query="Launch?", panel_type="structured", configuration=dict(configuration or {}), request_hash="",
        agents=tuple(Seat(agent_id=one.agent_id, name=one.agent_name) for one in answers), user_id=UUID(int=3),
    )  # fmt: skip
    asked = ConsensusRequested(
        round_number=1, method=method, responses=tuple(one.response_id for one in answers), threshold=0.7
    )
    events: tuple[Event, ...] = (created, *answers, asked)
    log = [seal(event, PANEL, time=NOON).at(number) for number, event in enumerate(events, start=1)]
    return compute(read_request(asked, log, embeddings=False))


def test_a_key_that_nobody_reads_changes_nothing() -> None:
    answers = [
        responded(0, stance="support", confidence=0.95),
        responded(1, stance="support", confidence=0.95),
        responded(2, stance="oppose", confidence=1.0),
    ]
    plain = counted(*answers, method="weighted")
    assert counted(*answers, method="weighted", configuration={"shrink": True}) == plain
    assert round(plain.consensus_level, 4) == 0.6552
