"""The panels this process has in hand: their folded state, and one at a time each.

Reading a panel from the log costs milliseconds, so its state is kept between messages. A kept state may
be used only while nothing can be missing from it: consecutive consumer sequence numbers prove that no
other process took a message in between. After a gap every kept state is unproven and is read again, except
that of a panel that has ended, of which the log is asked only whether it has begun anew.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import PanelCreated
from askpanel.contracts.subjects import PanelRef
from askpanel.orchestrator.state import PanelState, evolve

PANEL = "panel"
"""The noun of the events that begin, cancel and end a panel, or say that its time is up."""


@dataclass(slots=True)
class Panel:
    """A panel in hand. `sequence` is its last event known here; `proof` the run of deliveries it rests on.

    `turn` is the last event of the panel as a whole (`panel.…`): begun, cancelled, its time up, ended. One that has
    ended keeps no state: that would be most of what the process holds. Nothing can change it, but it may begin anew:
    erased, and asked again under the same id.
    """

    state: PanelState | None = None
    sequence: int = 0
    turn: int = 0
    proof: int = -1
    ended: bool = False
    wanted: int = 0
    """How many have it or wait for it."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def fold(self, recorded: Recorded) -> None:
        """Take in the next event of the log."""
        if isinstance(recorded.event, PanelCreated):
            self.ended = False
        if not self.ended:
            self.state = evolve(self.state, recorded)
        if self.state is not None and self.state.ending is not None:
            self.state, self.ended = None, True
        self.sequence = max(self.sequence, recorded.sequence)
        if recorded.envelope.type.startswith(f"{PANEL}."):
            self.turn = max(self.turn, recorded.sequence)

    def forget(self, proof: int = -1) -> None:
        """Begin again from nothing, on this proof."""
        self.state, self.sequence, self.turn, self.proof, self.ended = None, 0, 0, proof, False


class Panels:
    """At most `capacity` idle panels; those being worked on are never dropped."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._panels: OrderedDict[PanelRef, Panel] = OrderedDict()
        self._last_delivery: int | None = None
        self.proof = 0

    def delivered(self, consumer_sequence: int) -> None:
        """Note a delivery of the durable, in order of receipt."""
        if self._last_delivery is not None and consumer_sequence != self._last_delivery + 1:
            self.proof += 1
        self._last_delivery = consumer_sequence

    @asynccontextmanager
    async def hold(self, ref: PanelRef) -> AsyncGenerator[Panel]:
        """The panel, to oneself, first come first served. An error inside drops what was kept of it."""
        panel = self._panels.setdefault(ref, Panel())
        self._panels.move_to_end(ref)
        panel.wanted += 1
        try:
            async with panel.lock:
                try:
                    yield panel
                except BaseException:
                    panel.forget()
                    raise
        finally:
            panel.wanted -= 1
        if len(self._panels) > self._capacity:
            self._trim()

    def _trim(self) -> None:
        for ref in list(self._panels):
            if len(self._panels) <= self._capacity:
                return
            if not self._panels[ref].wanted:
                del self._panels[ref]
