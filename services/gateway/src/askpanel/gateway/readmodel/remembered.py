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
        self._most = {False: running, True: ended}
        self._panels: dict[bool, OrderedDict[PanelRef, Panel]] = {False: OrderedDict(), True: OrderedDict()}

    def get(self, ref: PanelRef) -> Panel | None:
        """The panel, unless others have taken its place."""
        return self._panels[False].get(ref) or self._panels[True].get(ref)

    def keep(self, ref: PanelRef, panel: Panel) -> None:
        """Remember it as it is now."""
        self._panels[not panel.ended].pop(ref, None)
        panels = self._panels[panel.ended]
        panels[ref] = panel
        panels.move_to_end(ref)
        if len(panels) > self._most[panel.ended]:
            panels.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        for panels in self._panels.values():
            panels.clear()
