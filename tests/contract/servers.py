"""NATS servers for one test module: PANELS, TIMERS and DEAD are fixed names, so nobody else may be on them."""

import os
import signal
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import nats
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from askpanel.contracts.topology import ARCHIVE_BUCKET, STREAMS
from askpanel.local.servers import nats as nats_server
from askpanel.local.servers.nats import NatsServer
from askpanel.local.servers.nats_nodes import NatsNodes
from askpanel.runtime import bootstrap
from askpanel.runtime.bootstrap import Sizing
from askpanel.runtime.errors import LogUnavailable
from tests.contract.waiting import until
from tests.harness.servers import scratch_directory


@dataclass(slots=True)
class OwnNats:
    """A server of one's own that can be killed and started again on the same port and data."""

    data: Path
    access: str
    sync_always: bool
    server: NatsServer

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def port(self) -> int:
        return self.server.port

    def kill(self) -> None:
        """SIGKILL, as a crash."""
        os.kill(self.server.pid, signal.SIGKILL)
        self.server.stop()

    def start(self) -> None:
        """Again, after `kill`."""
        self.server = nats_server.start(self.data, access=self.access, sync_always=self.sync_always)

    def reconfigure(self, old: str, new: str) -> None:
        """Replace text of the configuration, and have the running server read it, as an operator would."""
        config = self.data / "nats.conf"
        text = config.read_text()
        assert old in text
        config.write_text(text.replace(old, new))
        os.kill(self.server.pid, signal.SIGHUP)


@contextmanager
def own_nats(access: str = "", *, sync_always: bool = False) -> Generator[OwnNats]:
    """A server for as long as the block lasts; clients must be closed within it."""
    with scratch_directory() as directory:
        data = directory / "nats"
        own = OwnNats(
            data, access, sync_always, nats_server.start(data, access=access, sync_always=sync_always)
        )
        try:
            yield own
        finally:
            own.server.stop()


@contextmanager
def three_nodes() -> Generator[NatsNodes]:
    """A cluster for as long as the block lasts; clients must be closed within it."""
    with scratch_directory() as data:
        nodes = NatsNodes(data, access="", sync_always=False, route_password="of-the-test")
        nodes.start(3)
        try:
            yield nodes
        finally:
            nodes.stop()


@asynccontextmanager
async def connected(
    url: str | list[str], errors: list[str] | None = None, **options: object
) -> AsyncGenerator[Client]:
    """A connection that reconnects quickly; its asynchronous errors go into `errors`."""

    async def on_error(error: Exception) -> None:
        if errors is not None:
            errors.append(str(error))

    arguments = {"error_cb": on_error, "reconnect_time_wait": 0.05, "max_reconnect_attempts": -1, **options}
    client = await nats.connect(url, **arguments)  # type: ignore[arg-type]
    try:
        yield client
    finally:
        await until(lambda: client.is_connected)  # closing a lost connection leaves its socket open
        await client.close()


async def brought_up(client: Client, sizing: Sizing) -> None:
    """The bootstrap step, again where streams do not answer because their copies move, as its Job is started again."""

    async def done() -> bool:
        try:
            await bootstrap.create(client.jetstream(), sizing)
        except LogUnavailable:
            return False
        return True

    await until(done, seconds=60)


async def emptied(client: Client) -> None:
    """Streams as the contract has them, without a message, and durables as if never used."""
    jetstream = client.jetstream()
    for stream in STREAMS:
        try:
            await jetstream.delete_stream(stream.name)
        except NotFoundError:
            continue
    with suppress(NotFoundError):
        await jetstream.delete_key_value(ARCHIVE_BUCKET.name)  # it names what is in a stream
    await bootstrap.create(jetstream)
