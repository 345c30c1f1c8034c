"""Panels as folded so far, so that the next event of one needs no read of the log. Bounded."""

from collections import OrderedDict

from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.readmodel.panel import Panel

RUNNING = 2000
ENDED = 100
"""Of those that have ended: a cost may still come, mostly at once."""


class Remembered:
    """The panels that changed last: so many under way, and so many that have ended."""

    def __init__(self, *, running: int = RUNNING, ended: int = ENDED) -> None:
        self._most_running, self._most_ended = running, ended
        self._running: OrderedDict[PanelRef, Panel] = OrderedDict()
        self._ended: OrderedDict[PanelRef, Panel] = OrderedDict()

    def get(self, ref: PanelRef) -> Panel | None:
        """The panel, unless others have taken its place."""
        return self._running.get(ref) or self._ended.get(ref)

    def keep(self, ref: PanelRef, panel: Panel) -> None:
        """Remember it as it is now."""
        self._running.pop(ref, None)
        self._ended.pop(ref, None)  # and begins again, where it was erased
        panels, most = self._running, self._most_running
        if panel.ended:
            panels, most = self._ended, self._most_ended
        panels[ref] = panel
        if len(panels) > most:
            panels.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._running.clear()
        self._ended.clear()
