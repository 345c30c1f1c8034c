"""Rounds as the log tells them: models that change between them, and a person's vote."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from askpanel.consensus.compute import compute
from askpanel.consensus.reading import read_request
from askpanel.consensus.result import Result
from askpanel.contracts.answer import Answer
from askpanel.contracts.blocks import Option
from askpanel.contracts.envelope import seal
from askpanel.contracts.events import (
    ConsensusRequested,
    Event,
    ExpertResponded,
    HumanResponded,
    PanelCreated,
    PanelType,
    Seat,
)
from askpanel.contracts.subjects import PanelRef

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
PANEL = PanelRef(UUID(int=1), UUID(int=2))


def responded(seat: int, number: int, model: str, **fields: Any) -> ExpertResponded:
    return ExpertResponded(
        round_number=number, step=str(number), seat=seat, purpose="opening", response_id=UUID(int=100 * number + seat),
        agent_id=f"agent-{seat}", agent_name=f"Expert {seat}", role="expert", response_type="analysis",
        content="Text.", answer=Answer.model_validate({"position": f"Position of {seat}", "stance": "support"} | fields),
        model=model, execution_time_ms=1, attempt=1,
    )  # fmt: skip


def created(
    seats: int,
    panel_type: PanelType = "structured",
    options: Sequence[str] = (),
    models: Sequence[str | None] = (),
) -> PanelCreated:
    given = models or (None,) * seats
    return PanelCreated(
        query="Launch?", panel_type=panel_type, configuration={}, request_hash="", user_id=UUID(int=3),
        agents=tuple(Seat(agent_id=f"agent-{n}", name=f"Expert {n}", model=given[n]) for n in range(seats)),
        options=tuple(Option(id=one, text=one.title()) for one in options),
    )  # fmt: skip


def counted(
    number: int, *events: Event, carried: Sequence[ExpertResponded] = (), method: str = "majority"
) -> Result:
    """The result of a round: of its answers, of earlier ones that are carried, and of what a person said."""
    said = [
        event
        for event in events
        if isinstance(event, HumanResponded)
        or (isinstance(event, ExpertResponded) and event.round_number == number)
    ]
    asked = ConsensusRequested(
        round_number=number, method=method, threshold=0.7, carried=tuple(one.seat for one in carried),
        responses=tuple(one.response_id for one in (*said, *carried)),
    )  # fmt: skip
    log = [seal(event, PANEL, time=NOON).at(place) for place, event in enumerate((*events, asked), start=1)]
    return compute(read_request(asked, log, embeddings=False))


def test_a_model_that_all_have_anew_is_no_second_one_because_a_silent_expert_had_the_old_one() -> None:
    before = [responded(seat, 1, "a") for seat in range(5)]
    now = [responded(seat, 2, "b") for seat in range(4)]
    result = counted(2, created(5), *before, *now, carried=before[4:])
    assert (result.quorum.met, result.quorum.answered) == (True, 4)
    assert counted(2, created(5), *before, *now).quorum.met


def test_one_model_alone_is_no_quorum_where_the_seats_were_given_more() -> None:
    now = [responded(seat, 1, "a") for seat in range(4)]
    models = ("a", "a", "a", "a", "b")
    result = counted(1, created(5, models=models), *now)
    assert (result.quorum.met, result.band) == (False, "none")
    assert counted(1, created(5, models=models), *now, responded(4, 1, "b")).quorum.met


def test_a_person_chooses_an_option_and_counts_twice() -> None:
    person = HumanResponded(
        checkpoint_id=UUID(int=7), response_id=UUID(int=8), round_number=1, action="answer",
        content="France, without doubt.", option="france", user_id=UUID(int=3), user_name="Ada",
    )  # fmt: skip
    votes = [responded(seat, 2, f"m{seat}", option="germany" if seat < 2 else "france") for seat in range(4)]
    events = (created(4, "hybrid", ("germany", "france")), person, *votes)
    assert "No majority" in counted(2, events[0], *votes, method="weighted").recommendation
    result = counted(2, *events, method="weighted")
    assert round(result.consensus_level, 4) == round(4 / 6, 4)
    assert "Ada" not in {one.agent_name for one in result.metrics.abstained}
