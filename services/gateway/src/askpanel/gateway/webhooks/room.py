"""The room in which orders wait for their next attempt: of one size for all tenants, so no receiver may fill it.

An order that waits counts as pending, for up to three days, and from `max_ack_pending` on the server hands out
none at all. While the room is nearly full, an order is given up after a few attempts instead: then only those
wait whose receivers failed just now.
"""

import asyncio
import logging

from nats.js import JetStreamContext

from askpanel.contracts.topology import Durable
from askpanel.runtime.unavailable import CLIENT_ERRORS

logger = logging.getLogger(__name__)

LOOK_EVERY = 5.0
NEARLY_FULL = 0.6
SHORT_OF_ROOM_ATTEMPTS = 4
"""Attempts, over about half a minute, that an order has where there is no room to wait for longer."""
NO_ROOM = "; given up early, since too many deliveries wait"


class Room:
    """How full it is, as the server said last."""

    def __init__(self, jetstream: JetStreamContext, durable: Durable) -> None:
        self._jetstream = jetstream
        self._durable = durable
        self.crowded = False

    async def watch(self) -> None:
        """Look again and again. Never returns."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """Ask the server; while it does not answer, what it said before holds."""
        try:
            found = await self._jetstream.consumer_info(self._durable.stream, self._durable.name)
        except CLIENT_ERRORS as error:
            logger.info("nobody said how many deliveries wait: %r", error)
            return
        waiting = found.num_ack_pending or 0
        crowded = waiting >= NEARLY_FULL * self._durable.max_ack_pending
        if crowded != self.crowded:
            logger.warning("%d deliveries wait for their next attempt", waiting, extra={"crowded": crowded})
        self.crowded = crowded

    def allows(self, attempts: int) -> bool:
        """Whether an order may wait for another attempt after so many."""
        return not self.crowded or attempts < SHORT_OF_ROOM_ATTEMPTS
