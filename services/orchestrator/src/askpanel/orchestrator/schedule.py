"""Deadlines and durable timers: how a panel's time is shared out, and what a fired timer still means.

Nothing here reads a clock. A deadline is counted from the time of the event that a decision rests on;
waiting for a human stops the panel's clock, so each finished wait moves the panel's deadline.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from askpanel.contracts.events import (
    Event,
    ExpertRequested,
    HumanRequested,
    PanelDeadlinePassed,
    PanelStarted,
    RoundStarted,
    StepDeadline,
)
from askpanel.orchestrator.state import PanelState

FINAL = "final"
GRACE = timedelta(seconds=60)
"""How long after the panel's deadline a last consensus may take before the panel ends without it."""

CHAIR_TIME = timedelta(seconds=120)
CHAIR_STEP = "chair"

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
        }
        return {name: value for name, value in fields.items() if value is not None}


def timers(event: Event) -> tuple[Timer, ...]:
    """The timers that an event needs; they are armed before the event is appended."""
    match event:
        case PanelStarted():
            return _panel_timers("panel", event.plan.deadline_at, None)
        case RoundStarted(round_number=number):
            moved = event.panel_deadline_at
            return (
                Timer(f"round-{number}", event.deadline_at, "round", number),
                *(
                    Timer(f"round-{number}-{step.step}", step.deadline_at, "round", number, step=step.step)
                    for step in event.steps
                ),
                *(() if moved is None else _panel_timers(f"panel-{number}", moved, number)),
            )
        case HumanRequested(checkpoint_id=checkpoint):
            return (Timer(f"human-{checkpoint}", event.deadline_at, "human", checkpoint_id=checkpoint),)
        case ExpertRequested(role="chair", round_number=number):
            return (Timer(f"round-{number}-chair", event.deadline_at, "round", number, step=CHAIR_STEP),)
        case _:
            return ()


def _panel_timers(key: str, at: datetime, number: int | None) -> tuple[Timer, ...]:
    return (
        Timer(key, at, "panel", number),
        Timer(f"{key}-{FINAL}", at + GRACE, "panel", number, step=FINAL),
    )


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
            awaits = checkpoint_id in state.waits and state.waits[checkpoint_id][1] is None
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
    if number not in state.rounds:
        return None
    if step == CHAIR_STEP:
        return PanelDeadlinePassed(purpose="round", round_number=number, step=step)
    if number in state.completed:
        return None
    if step is None and state.rounds[number].deadline_at >= panel_deadline(state):
        return PanelDeadlinePassed(purpose="panel")
    return PanelDeadlinePassed(purpose="round", round_number=number, step=step)


def panel_deadline(state: PanelState) -> datetime:
    """When the panel's time is up: as planned, moved by the time that humans were waited for."""
    limit = timedelta(minutes=state.configuration.time_limit_minutes)
    return state.created_at + limit + waited(state)


def waited(state: PanelState) -> timedelta:
    """How long the panel has waited for humans in all, in waits that are over."""
    return sum((end - begun for begun, end in state.waits.values() if end is not None), timedelta())


def round_deadline(state: PanelState, number: int, rounds: int) -> datetime:
    """Time left divided by rounds left, counted from the last input."""
    left = max(panel_deadline(state) - state.at, timedelta())
    rounds_left = rounds - number + 1
    return panel_deadline(state) if rounds_left <= 1 else state.at + left / rounds_left


def step_deadlines(state: PanelState, end: datetime, steps: tuple[str, ...]) -> tuple[StepDeadline, ...]:
    """Equal shares of a round for its steps; nothing for a round of one step."""
    if len(steps) < 2:
        return ()
    share = max(end - state.at, timedelta()) / len(steps)
    return tuple(
        StepDeadline(step=step, deadline_at=end if place == len(steps) else state.at + share * place)
        for place, step in enumerate(steps, start=1)
    )
