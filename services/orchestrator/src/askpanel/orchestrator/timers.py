"""Durable timers: which an event needs, and what a fired one still means.

A timer may fire late, twice, or before the event it was armed for stands on the log; the folded state
alone decides whether it means anything.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from askpanel.contracts.events import (
    Event,
    ExpertRequested,
    HumanRequested,
    PanelDeadlinePassed,
    PanelStarted,
    RoundStarted,
)
from askpanel.orchestrator.schedule import CHAIR_STEP, FINAL, final_deadline, panel_deadline
from askpanel.orchestrator.state import PanelState

TimerPurpose = Literal["round", "human", "panel"]


@dataclass(frozen=True, slots=True)
class Timer:
    """A durable timer: `purpose_key` is one subject token, the rest is what `deadline` is asked with."""

    purpose_key: str
    at: datetime
    purpose: TimerPurpose
    round_number: int | None = None
    checkpoint_id: UUID | None = None
    step: str | None = None

    def body(self) -> dict[str, Any]:
        """The timer's message, as JSON values; absent fields are left out."""
        fields = {
            "purpose": self.purpose,
            "round_number": self.round_number,
            "checkpoint_id": None if self.checkpoint_id is None else str(self.checkpoint_id),
            "step": self.step,
            "at": self.at.isoformat(),
        }
        return {name: value for name, value in fields.items() if value is not None}


def timers(event: Event, state: PanelState, now: datetime) -> tuple[Timer, ...]:
    """The timers that an event decided at `now` needs; they are armed before it is appended to this state.

    A last round ends with the panel and needs none of its own; the last respite begins when the panel's
    time is up, and is armed then.
    """
    match event:
        case PanelStarted():
            return (Timer("panel", event.plan.deadline_at, "panel"),)
        case PanelDeadlinePassed(purpose="panel", step=None):
            at, number = final_deadline(state, now), state.round_number or None
            return (Timer(f"panel-{FINAL}", at, "panel", number, step=FINAL),)
        case RoundStarted(round_number=number):
            moved = event.panel_deadline_at
            return (
                *_round_timer(event, panel_deadline(state)),
                *(
                    Timer(f"round-{number}-{step.step}", step.deadline_at, "round", number, step=step.step)
                    for step in event.steps[:-1]
                ),
                *(() if moved is None else (Timer(f"panel-{number}", moved, "panel", number),)),
            )
        case HumanRequested(checkpoint_id=checkpoint):
            return (Timer(f"human-{checkpoint}", event.deadline_at, "human", checkpoint_id=checkpoint),)
        case ExpertRequested(role="chair", round_number=number):
            return (Timer(f"round-{number}-chair", event.deadline_at, "round", number, step=CHAIR_STEP),)
        case _:
            return ()


def _round_timer(event: RoundStarted, panel_ends: datetime) -> tuple[Timer, ...]:
    number = event.round_number
    own = event.deadline_at < panel_ends
    return (Timer(f"round-{number}", event.deadline_at, "round", number),) if own else ()


def moved(timer: Timer, state: PanelState) -> Timer | None:
    """The timer at the deadline that stands on the log, where that is not the one it was armed for.

    Another process decided the same at another moment and was first; this one's alarm took the place of its own.
    """
    at = _logged(timer, state)
    return None if at is None or at == timer.at else replace(timer, at=at)


def _logged(timer: Timer, state: PanelState) -> datetime | None:
    """The timer's deadline on the log. None for one not there, and for the panel's own, which all count alike."""
    match timer.purpose:
        case "human":
            asked = None if timer.checkpoint_id is None else state.checkpoints.get(timer.checkpoint_id)
            return None if asked is None else asked.deadline_at
        case "round" if timer.step == CHAIR_STEP:
            chair = (request.deadline_at for request in state.requested.values() if request.role == "chair")
            return next(chair, None)
        case "round":
            begun = None if timer.round_number is None else state.rounds.get(timer.round_number)
            if begun is None or timer.step is None:
                return None if begun is None else begun.deadline_at
            return next((one.deadline_at for one in begun.steps if one.step == timer.step), None)
        case "panel":
            return None


def deadline(
    state: PanelState,
    purpose: TimerPurpose,
    round_number: int | None,
    checkpoint_id: UUID | None,
    step: str | None = None,
) -> PanelDeadlinePassed | None:
    """What a fired timer still means; None when it is moot: too late, a second time, or superseded."""
    if state.ending is not None:
        return None
    match purpose:
        case "human":
            awaits = checkpoint_id is not None and state.awaits(checkpoint_id)
            passed = PanelDeadlinePassed(purpose="human", checkpoint_id=checkpoint_id) if awaits else None
        case "panel":
            moot = _superseded(state, round_number)
            passed = None if moot else PanelDeadlinePassed(purpose="panel", step=step)
        case "round":
            passed = _round_deadline(state, round_number, step)
    return None if passed is None or state.has_passed(passed) else passed


def _superseded(state: PanelState, round_number: int | None) -> bool:
    """Whether the panel's clock was stopped after this timer was armed; a later round's stands for it."""
    since = round_number or 1
    return any(request.round_number >= since for request in state.checkpoints.values())


def _round_deadline(state: PanelState, number: int | None, step: str | None) -> PanelDeadlinePassed | None:
    if number is None or number not in state.rounds:
        return None
    passed = PanelDeadlinePassed(purpose="round", round_number=number, step=step)
    if step == CHAIR_STEP:
        chair = (key for key, request in state.requested.items() if request.role == "chair")
        return passed if any(not state.is_done(key) for key in chair) else None
    if number in state.completed:
        return None
    if step is None:
        last = state.rounds[number].deadline_at >= panel_deadline(state)
        return PanelDeadlinePassed(purpose="panel") if last else passed
    steps = [planned.step for planned in state.rounds[number].steps]
    begun = state.steps.get(number)
    over = step not in steps or (begun in steps and steps.index(begun) > steps.index(step))
    return None if over else passed
