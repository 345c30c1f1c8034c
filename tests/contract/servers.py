"""NATS servers for one test module: PANELS, TIMERS and DEAD are fixed names, so nobody else may be on them."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress

import nats
from nats.aio.client import Client
from nats.errors import Error

from askpanel.contracts.topology import STREAMS
from askpanel.local.servers import nats as nats_server
from askpanel.local.servers.nats import NatsServer
from askpanel.runtime import bootstrap
from tests.harness.servers import scratch_directory


@contextmanager
def own_nats(access: str = "", *, sync_always: bool = False) -> Generator[NatsServer]:
    """A server of one's own."""
    with scratch_directory() as directory:
        server = nats_server.start(directory / "nats", access=access, sync_always=sync_always)
        try:
            yield server
        finally:
            server.stop()


@asynccontextmanager
async def connected(url: str, errors: list[str] | None = None, **options: object) -> AsyncGenerator[Client]:
    """A connection that reconnects quickly; its asynchronous errors go into `errors`."""

    async def on_error(error: Exception) -> None:
        if errors is not None:
            errors.append(str(error))

    arguments = {"error_cb": on_error, "reconnect_time_wait": 0.05, "max_reconnect_attempts": -1, **options}
    client = await nats.connect(url, **arguments)  # type: ignore[arg-type]
    try:
        yield client
    finally:
        with suppress(ConnectionError):  # raised for a connection that is lost already
            await client.close()


async def emptied(client: Client) -> None:
    """Streams as the contract has them, without a message, and durables as if never used."""
    jetstream = client.jetstream()
    for stream in STREAMS:
        try:
            await jetstream.delete_stream(stream.name)
        except Error:
            continue
    await bootstrap.create(jetstream)
