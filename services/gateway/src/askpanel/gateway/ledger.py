"""Panels let in that the tables do not show yet, or have not shown for long: one key a tenant, shared by all gateways.

Whoever lets a panel in writes it here first, expecting the revision it decided on, and only then appends it to
the log. So the admissions of a tenant happen one after another, however many gateways there are, and each sees
those before it: in the tables, or here.

A panel goes out of here when the log is known not to have it, or when the tables count it and everybody knows: while
the database is away, a gateway decides by what it read of the tables up to `stale` seconds before, when they may not
have counted it. Of those that are kept for that alone `most` are enough, the newest: who may have no more panels at once
is refused for them.
"""

import json
import time
from collections.abc import Collection, Sequence
from decimal import Decimal
from uuid import UUID

from nats.aio.client import Client

from askpanel.contracts.subjects import PanelRef
from askpanel.contracts.topology import ADMISSIONS_BUCKET
from askpanel.gateway.admission import Admitted
from askpanel.runtime.cells import Cells, Overtaken
from askpanel.runtime.log import EventLog

UNDECIDED = 60.0
"""Seconds in which an append may still arrive: far beyond the patience of whoever sends it."""
LATE = 60.0
"""Seconds for what else there is between letting a panel in and deciding by tables that do not show it: tables behind
the log, a slow read, a wait for one's turn, clocks that differ."""


class Ledger:
    """What was let in, by tenant. Raises LogUnavailable when NATS does not answer.

    `stale`: seconds for which somebody may decide by tables as they were; `most`: panels a tenant has at once.
    """

    def __init__(self, client: Client, log: EventLog, *, stale: float, most: int) -> None:
        self._cells = Cells(client, ADMISSIONS_BUCKET)
        self._log = log
        self._stale = stale
        self._most = most

    async def read(self, tenant_id: UUID) -> tuple[tuple[Admitted, ...], int]:
        """What stands there, and its revision (0: nothing does)."""
        cell = await self._cells.read(str(tenant_id))
        return _decoded(cell.value or b"[]"), cell.revision

    async def write(self, tenant_id: UUID, admitted: Sequence[Admitted], revision: int) -> bool:
        """Put it in place of a revision; False when another gateway was first."""
        try:
            await self._cells.write(str(tenant_id), _encoded(admitted), revision)
        except Overtaken:
            return False
        return True

    async def kept(
        self, tenant_id: UUID, admitted: Sequence[Admitted], shown: Collection[UUID]
    ) -> list[Admitted]:
        """Those that stay: not in the tables, and on the log or perhaps on their way there; and what was shown of late."""
        now = time.time()
        waiting = [
            one
            for one in admitted
            if one.panel_id not in shown
            and (now - one.at < UNDECIDED or await self._log.last_sequence(PanelRef(tenant_id, one.panel_id)))
        ]
        of_late = [one for one in admitted if one.panel_id in shown and now - one.at < self._stale + LATE]
        return [*sorted(of_late, key=lambda one: one.at)[-self._most :], *waiting]


def _encoded(admitted: Sequence[Admitted]) -> bytes:
    return json.dumps([[str(one.panel_id), f"{one.usd:f}", one.at] for one in admitted]).encode()


def _decoded(value: bytes) -> tuple[Admitted, ...]:
    return tuple(Admitted(UUID(panel_id), Decimal(usd), at) for panel_id, usd, at in json.loads(value))
