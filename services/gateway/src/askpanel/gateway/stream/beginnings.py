"""Panels that have just begun: all of their log that the tail has passed, kept for a moment.

Most streams are opened right after the panel was asked. What the tail has brought since the panel's first
event is the panel's whole past, so such a stream needs nothing from the log: two requests a panel fewer.
A panel that has ended is not kept: it may be erased.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from askpanel.contracts.events import TERMINAL, PanelCreated
from askpanel.contracts.subjects import PanelRef, type_of
from askpanel.gateway.history import history_of
from askpanel.gateway.stream.replay import Replay, replay_of
from askpanel.runtime.tail import RawEvent

YOUNG = 3.0
"""Seconds for which a panel is kept after it began."""
ROOM = 8_000_000
"""Bytes of all that is kept; the oldest panels give way."""
HEADERS = 1000
"""Bytes that an event's headers count for."""


@dataclass(slots=True)
class _Young:
    since: float
    events: list[RawEvent] = field(default_factory=list[RawEvent])
    size: int = 0
    told: Replay | None = None
    """What `events` come to, once somebody asked; for all who ask before the next event."""


class Beginnings:
    """The past of young panels by address. Whoever has subscribed before `of` misses nothing after it.

    `clear` before the tail goes on anywhere but behind the last event that was passed.
    """

    def __init__(self, *, room: int = ROOM, clock: Callable[[], float] = time.monotonic) -> None:
        self._room = room
        self._clock = clock
        self._panels: dict[str, _Young] = {}
        """Oldest first."""
        self._size = 0

    def passed(self, raw: RawEvent, address: str) -> None:
        """The tail has come by an event of the panel with this address."""
        now = self._clock()
        while self._panels and (
            self._size > self._room or self._is_old(next(iter(self._panels.values())), now)
        ):
            self._forget(next(iter(self._panels)))
        event_type = type_of(raw.subject)
        if event_type in TERMINAL:
            self._forget(address)
        elif event_type == PanelCreated.TYPE:
            self._panels[address] = _Young(now)
        panel = self._panels.get(address)
        if panel is None:
            return
        panel.events.append(raw)
        panel.told = None
        size = len(raw.body) + HEADERS
        panel.size += size
        self._size += size

    def of(self, panel: PanelRef) -> Replay | None:
        """All that has happened in the panel so far; None where that is not known here."""
        young = self._panels.get(panel.address)
        if young is None or self._is_old(young, self._clock()):
            return None
        if young.told is None:
            young.told = replay_of(history_of(event.message for event in young.events))
        return young.told if young.told.exists else None

    def clear(self) -> None:
        """Forget all."""
        self._panels.clear()
        self._size = 0

    def _is_old(self, young: _Young, now: float) -> bool:
        return now - young.since >= YOUNG

    def _forget(self, address: str) -> None:
        if (young := self._panels.pop(address, None)) is not None:
            self._size -= young.size
