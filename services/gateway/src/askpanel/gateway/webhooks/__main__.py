"""`python -m askpanel.gateway.webhooks`: sends webhooks. Any number may run."""

import asyncio
from contextlib import AsyncExitStack

from askpanel.contracts.topology import WEBHOOK_DELIVERIES, WEBHOOK_EVENTS
from askpanel.gateway.webhooks.endpoints import Registry
from askpanel.gateway.webhooks.room import Room
from askpanel.gateway.webhooks.sending import Sender
from askpanel.gateway.webhooks.settings import WebhookSettings
from askpanel.gateway.webhooks.worker import Deliver, FanOut
from askpanel.runtime.ending import end
from askpanel.runtime.process import Runtime, Wiring, run_worker
from askpanel.runtime.settings import load
from askpanel.runtime.worker import Worker

SERVICE = "webhooks"
ORDERS_AT_ONCE = 32


def wiring(settings: WebhookSettings) -> Wiring:
    """The two workers on one connection."""

    async def wire(runtime: Runtime, stack: AsyncExitStack) -> list[Worker]:
        jetstream = runtime.log.jetstream
        registry = Registry(runtime.client)
        sender = Sender(private=settings.webhook_private, seconds=settings.webhook_seconds)
        stack.push_async_callback(sender.aclose)
        room = Room(jetstream, WEBHOOK_DELIVERIES)
        stack.push_async_callback(end, asyncio.create_task(room.watch()))
        deliver = Deliver(jetstream, registry, sender, settings.webhook_secret.get_secret_value(), room)
        return [
            Worker(WEBHOOK_EVENTS, FanOut(jetstream, registry), parallel=ORDERS_AT_ONCE),
            Worker(WEBHOOK_DELIVERIES, deliver, parallel=settings.webhook_parallel),
        ]

    return wire


def main() -> None:
    """Entry point. Exits 2 for wrong settings, 1 with one line when the process cannot do its work."""
    settings = load(WebhookSettings)
    run_worker(SERVICE, settings, wiring(settings))


if __name__ == "__main__":
    main()
