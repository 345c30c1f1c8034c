"""The counts a gateway process shares with the others, put together."""

import asyncio
from dataclasses import dataclass

from nats.aio.client import Client

from askpanel.contracts.topology import REQUESTS_BUCKET, STREAMS_BUCKET, TICKETS_BUCKET
from askpanel.gateway.limits.bucket import Rate
from askpanel.gateway.limits.cells import Cells
from askpanel.gateway.limits.requests import RequestLimiter
from askpanel.gateway.limits.streams import StreamSlots
from askpanel.gateway.limits.tickets import UsedTickets
from askpanel.gateway.settings import GatewaySettings

TICKET_PATIENCE = 2.0
"""Seconds; a ticket's use is written to disk before it is acknowledged."""


@dataclass(frozen=True, slots=True)
class Shared:
    """`requests` is None where limits are off."""

    requests: RequestLimiter | None
    streams: StreamSlots
    tickets: UsedTickets

    async def run(self) -> None:
        """Keep the counts in order for ever; end by cancellation. Ends at once where nothing is counted."""
        if self.requests is None:
            return
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.requests.run())
                group.create_task(self.streams.run())
        finally:
            await self.requests.close()


def shared(client: Client, settings: GatewaySettings) -> Shared:
    """What the settings ask for; the client need not be connected yet."""
    counted = settings.limits == "on"
    rate = Rate(settings.requests_per_second, settings.request_burst)
    return Shared(
        requests=RequestLimiter(Cells(client, REQUESTS_BUCKET), rate) if counted else None,
        streams=StreamSlots(Cells(client, STREAMS_BUCKET), settings.streams_per_user if counted else None),
        tickets=UsedTickets(Cells(client, TICKETS_BUCKET, patience=TICKET_PATIENCE)),
    )
