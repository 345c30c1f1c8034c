"""What the log already says about one paid step. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import (
    TERMINAL,
    ExpertFailed,
    ExpertRequested,
    ExpertResponded,
    ExpertStarted,
    RoundCompleted,
)


@dataclass(frozen=True, slots=True)
class History:
    """`settled`: answered, finally failed, or no longer wanted, so that no model may be called.

    `attempts` is how many attempts were begun; `lost` are those begun whose outcome nobody told (their
    process died). Settled or not, they have to be told: they may have cost.
    """

    settled: bool = False
    attempts: int = 0
    lost: tuple[int, ...] = ()


def history(request: ExpertRequested, events: Iterable[Recorded]) -> History:
    """Fold the panel's events to what matters for this step."""
    step = request.step_identity()
    started: set[int] = set()
    told: set[int] = set()
    settled = False
    for recorded in events:
        event = recorded.event
        if event.TYPE in TERMINAL:
            settled = True
        elif isinstance(event, RoundCompleted):
            settled |= event.round_number == request.round_number and request.purpose != "synthesis"
        elif isinstance(event, ExpertStarted) and event.step_identity() == step:
            started.add(event.attempt)
        elif isinstance(event, ExpertResponded) and event.step_identity() == step:
            told.add(event.attempt)
            settled = True
        elif isinstance(event, ExpertFailed) and event.step_identity() == step:
            told.add(event.attempt)
            settled |= not event.retryable or event.attempt >= request.attempt_limit
    return History(settled, max(started | told, default=0), tuple(sorted(started - told)))
