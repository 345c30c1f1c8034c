"""A panel as its log tells it: for commands and streams, which never ask the database. Folding is pure.

What this build cannot read is left out here (the projector puts it among the dead letters), but its
place counts: whoever appends must expect the panel's last sequence, whatever stands there.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from askpanel.contracts.envelope import Recorded, Unreadable, decode
from askpanel.contracts.events import (
    TERMINAL,
    HumanRequested,
    HumanResponded,
    PanelCancelRequested,
    PanelCreated,
    PanelDeadlinePassed,
)
from askpanel.contracts.subjects import PanelRef
from askpanel.runtime.errors import Raw
from askpanel.runtime.log import EventLog

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class History:
    """The readable events of a panel in order, and the sequence of its last event, readable or not."""

    events: tuple[Recorded, ...]
    last_sequence: int

    @property
    def created(self) -> PanelCreated | None:
        """How the panel began; None when there is no such panel."""
        first = self.events[0].event if self.events else None
        return first if isinstance(first, PanelCreated) else None

    @property
    def ended_at(self) -> int | None:
        """The sequence of the event that ended the panel."""
        ends = (recorded.sequence for recorded in self.events if recorded.envelope.type in TERMINAL)
        return next(ends, None)

    @property
    def cancel_requested(self) -> Recorded | None:
        """The first request to cancel."""
        requests = (recorded for recorded in self.events if isinstance(recorded.event, PanelCancelRequested))
        return next(requests, None)


async def read_history(log: EventLog, panel: PanelRef) -> History:
    """The panel from its log. Raises LogUnavailable."""
    return history_of([message async for message in log.read_raw(panel.filter)])


def history_of(messages: Iterable[Raw]) -> History:
    """What a panel's messages tell, in their order."""
    events: list[Recorded] = []
    last = 0
    for subject, headers, body, sequence in messages:
        last = sequence
        try:
            events.append(decode(subject, headers, body, sequence))
        except Unreadable as error:
            logger.warning("event %d (%s) cannot be read: %s", sequence, subject, error)
    return History(tuple(events), last)


async def read_event(log: EventLog, panel: PanelRef, sequence: int) -> Recorded:
    """The panel's event at this sequence, which the log has confirmed. Raises LogUnavailable."""
    found = await log.read(panel, after=sequence - 1, until=sequence)
    return found[0]


def awaited(events: Sequence[Recorded], checkpoint_id: UUID) -> HumanRequested | None:
    """The request for a human that is open under this id; None when none, or answered, or out of time."""
    request: HumanRequested | None = None
    for recorded in events:
        match recorded.event:
            case HumanRequested() as event if event.checkpoint_id == checkpoint_id:
                request = event
            case HumanResponded() | PanelDeadlinePassed() as event if event.checkpoint_id == checkpoint_id:
                return None
            case _:
                continue
    return request


def human_answer(events: Sequence[Recorded], checkpoint_id: UUID) -> Recorded | None:
    """What a person answered to this checkpoint."""
    for recorded in events:
        if isinstance(recorded.event, HumanResponded) and recorded.event.checkpoint_id == checkpoint_id:
            return recorded
    return None
