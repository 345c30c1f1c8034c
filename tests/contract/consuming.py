"""A worker of a service as its process runs it, inside a test."""

import base64
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import nats
from nats.aio.client import Client

from askpanel.contracts.topology import DEAD, Durable
from askpanel.runtime import connection
from askpanel.runtime.bootstrap import _consumer_config
from askpanel.runtime.log import EventLog
from askpanel.runtime.settings import ServiceSettings
from askpanel.runtime.worker import Handler, Worker


async def a_durable(
    client: Client, event_type: str = "round.started", *, ack_wait: float = 30.0, max_deliver: int = 20
) -> Durable:
    """A durable of nobody's service, made on the server: the same in everything but its times."""
    durable = Durable(
        name="sample",
        stream="PANELS",
        service="sample",
        filters=(f"{event_type}.>",),
        ack_wait=ack_wait,
        max_deliver=max_deliver,
    )
    await client.jetstream().add_consumer(durable.stream, _consumer_config(durable))
    return durable


@asynccontextmanager
async def consuming(
    url: str, durable: Durable, handler: Handler, *, parallel: int = 4
) -> AsyncGenerator[Worker]:
    """The worker takes messages within the block; then it is drained and disconnected."""
    settings = ServiceSettings.model_validate({"NATS_URL": url})
    client = await nats.connect(**connection.options(settings, durable.service))
    worker = Worker(durable, handler, parallel=parallel)
    await worker.start(client, EventLog(client))
    try:
        yield worker
    finally:
        await worker.drain(1.0)
        await client.close()


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter as an operator reads it."""

    reason: str
    error: str
    deliveries: int
    subject: str
    headers: dict[str, str]
    body: bytes
    whole: dict[str, Any]


async def dead_letters(client: Client, service: str = "sample") -> list[Letter]:
    """All dead letters of a service, oldest first."""
    jetstream = client.jetstream()
    state = (await jetstream.stream_info(DEAD.name)).state
    letters: list[Letter] = []
    for sequence in range(max(state.first_seq, 1), state.last_seq + 1):
        message = await jetstream.get_msg(DEAD.name, sequence)
        if message.subject == f"dead.{service}":
            whole = json.loads(message.data or b"")
            fields = {name: whole[name] for name in ("reason", "error", "deliveries", "subject", "headers")}
            letters.append(Letter(**fields, body=base64.b64decode(whole["body"]), whole=whole))
    return letters
