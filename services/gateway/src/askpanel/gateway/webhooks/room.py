"""The room in which orders wait: of one size for all tenants, so no receiver and no tenant may fill it.

An order that waits counts as pending, for up to three days, and from `max_ack_pending` on the server hands out
none at all. While the room is nearly full, an order is given up after a few attempts instead: then only those
wait whose receivers failed just now. And an order that waits untried, for its tenant has enough in hand, is given up
if its tenant has at least the average of what waits: whoever fills the room makes room in it.
"""

import asyncio
import logging
from collections import Counter
from uuid import UUID

from nats.js import JetStreamContext

from askpanel.contracts.topology import Durable
from askpanel.gateway.webhooks.orders import waiting
from askpanel.runtime.errors import LogUnavailable
from askpanel.runtime.unavailable import unavailable

logger = logging.getLogger(__name__)

LOOK_EVERY = 5.0
NEARLY_FULL = 0.6
SHORT_OF_ROOM_ATTEMPTS = 4
"""Attempts, over about half a minute, that an order has where there is no room to wait for longer."""
NO_ROOM = "; given up early, since too many deliveries wait"


class Room:
    """How full it is and by whom, as the server said last."""

    def __init__(self, jetstream: JetStreamContext, durable: Durable) -> None:
        self._jetstream = jetstream
        self._durable = durable
        self._waiting = Counter[str]()
        self.crowded = False

    async def watch(self) -> None:
        """Look again and again. Never returns."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """Ask the server; while it does not answer, what it said before holds."""
        try:
            with unavailable():
                found = await self._jetstream.consumer_info(self._durable.stream, self._durable.name)
            pending = found.num_ack_pending or 0
            crowded = pending >= NEARLY_FULL * self._durable.max_ack_pending
            by_tenant = await waiting(self._jetstream) if crowded else Counter[str]()
        except LogUnavailable as error:
            logger.info("nobody said how many deliveries wait: %s", error)
            return
        if crowded != self.crowded:
            logger.warning("%d deliveries wait for their next attempt", pending, extra={"crowded": crowded})
        self.crowded, self._waiting = crowded, by_tenant

    def allows(self, attempts: int) -> bool:
        """Whether an order may wait for another attempt after so many."""
        return not self.crowded or attempts < SHORT_OF_ROOM_ATTEMPTS

    def allows_untried(self, tenant_id: UUID) -> bool:
        """Whether an order of the tenant may wait until fewer of its requests are in hand."""
        return not self.crowded or self._waiting[str(tenant_id)] * len(self._waiting) < self._waiting.total()
