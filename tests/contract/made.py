"""Events to put on a log: valid, small, each told from the others by its round."""

from datetime import UTC, datetime
from uuid import uuid4

from askpanel.contracts.envelope import Recorded, seal
from askpanel.contracts.events import Event, PanelFailed, RoundStarted
from askpanel.contracts.subjects import PanelRef

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def some_panel() -> PanelRef:
    """A panel that nobody else has."""
    return PanelRef(uuid4(), uuid4())


def a_round(panel: PanelRef, number: int = 1) -> Recorded:
    """The event of this round: the same number is the same event."""
    return sealed(
        panel, RoundStarted(round_number=number, purpose="opening", speakers=(0,), deadline_at=NOON)
    )


def an_end(panel: PanelRef, detail: str = "") -> Recorded:
    """The panel's one failure."""
    return sealed(panel, PanelFailed(reason="cancelled", detail=detail))


def sealed(panel: PanelRef, event: Event) -> Recorded:
    """In its envelope, at noon."""
    return seal(event, panel, time=NOON)
