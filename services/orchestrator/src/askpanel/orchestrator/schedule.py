"""How a panel's time is shared out among its rounds and their steps.

Nothing here reads a clock. A deadline is counted from the time of the last input that the decision rests
on. Waiting for a human stops the panel's clock, so each finished wait moves the panel's deadline.
"""

from datetime import datetime, timedelta

from askpanel.contracts.events import StepDeadline
from askpanel.orchestrator.state import PanelState

FINAL = "final"
GRACE = timedelta(seconds=60)
"""How long after the panel's deadline a last consensus may take before the panel ends without it."""

CHAIR_STEP = "chair"
CHAIR_TIME = timedelta(seconds=120)


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
