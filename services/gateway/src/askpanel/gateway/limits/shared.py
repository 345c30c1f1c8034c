"""The counts a gateway process shares with the others, put together."""

import asyncio
from dataclasses import dataclass

from nats.aio.client import Client

from askpanel.contracts.topology import REQUESTS_BUCKET, STREAMS_BUCKET, TICKETS_BUCKET, Bucket
from askpanel.gateway.limits.requests import RequestLimiter
from askpanel.gateway.limits.streams import StreamSlots
from askpanel.gateway.limits.tickets import UsedTickets
from askpanel.gateway.rates import Rate
from askpanel.gateway.settings import GatewaySettings
from askpanel.runtime.cells import Cells

PATIENCE = 1.0
"""Seconds an answer may take: a request of a user waits for it, once, before NATS counts as silent."""
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
        async with asyncio.TaskGroup() as group:
            group.create_task(self.requests.run())
            group.create_task(self.streams.run())


def shared(client: Client, settings: GatewaySettings) -> Shared:
    """What the settings ask for; the client need not be connected yet."""
    counted = settings.limits == "on"
    rate = Rate(settings.requests_per_second, settings.request_burst)
    most = settings.streams_per_user if counted else None
    return Shared(
        requests=RequestLimiter(cells(client, REQUESTS_BUCKET), rate) if counted else None,
        streams=StreamSlots(cells(client, STREAMS_BUCKET), most),
        tickets=UsedTickets(cells(client, TICKETS_BUCKET, TICKET_PATIENCE)),
    )


def cells(client: Client, bucket: Bucket, patience: float = PATIENCE) -> Cells:
    """Counts that a request waits for: who is not connected goes on alone at once."""
    return Cells(client, bucket, patience=patience, at_once=True)
