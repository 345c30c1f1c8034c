"""How a panel's time is shared out among its rounds and their steps.

Nothing here reads a clock. What begins is given its time from the moment `at` of the decision, so a late one
takes nothing from it but what is gone of the panel's own time. The panel's deadline is a promise to who asked:
only waiting for a human, which stops the panel's clock, moves it.
"""

from datetime import datetime, timedelta

from askpanel.contracts.events import StepDeadline
from askpanel.orchestrator.state import PanelState

FINAL = "final"
GRACE = timedelta(seconds=60)
"""How long a last consensus may take, once the panel's time is up, before the panel ends without it."""

CHAIR_STEP = "chair"
CHAIR_TIME = timedelta(seconds=120)


def panel_deadline(state: PanelState) -> datetime:
    """When the panel's time is up: as planned, moved by the time that humans were waited for."""
    limit = timedelta(minutes=state.configuration.time_limit_minutes)
    return state.created_at + limit + waited(state)


def waited(state: PanelState) -> timedelta:
    """How long the panel has waited for humans in all, in waits that are over."""
    return sum((end - begun for begun, end in state.waits.values() if end is not None), timedelta())


def round_deadline(state: PanelState, number: int, rounds: int, at: datetime) -> datetime:
    """Time left divided by rounds left, never beyond the panel's deadline."""
    end, rounds_left = panel_deadline(state), rounds - number + 1
    return end if rounds_left <= 1 or at >= end else at + (end - at) / rounds_left


def step_deadlines(end: datetime, steps: tuple[str, ...], at: datetime) -> tuple[StepDeadline, ...]:
    """Equal shares of a round for its steps; nothing for a round of one step."""
    if len(steps) < 2:
        return ()
    share = max(end - at, timedelta()) / len(steps)
    return tuple(
        StepDeadline(step=step, deadline_at=end if place == len(steps) else min(end, at + share * place))
        for place, step in enumerate(steps, start=1)
    )


def chair_deadline(state: PanelState, at: datetime) -> datetime:
    """The chair's own time, never beyond the panel's deadline, at which nobody waits for it any more."""
    return min(at + CHAIR_TIME, panel_deadline(state))


def final_deadline(state: PanelState, at: datetime) -> datetime:
    """When a last consensus is given up. Whoever hears late that the time is up leaves it as long as anybody."""
    return max(panel_deadline(state), at) + GRACE
