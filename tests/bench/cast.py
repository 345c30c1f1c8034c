"""Everybody but the orchestrator, on a real NATS: asks panels, answers their requests, counts, notes the end.

Answers come at once, so what is measured is the orchestrator and the log.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import nats
import psutil
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from askpanel.contracts.envelope import Envelope, decode, seal
from askpanel.contracts.events import ConsensusRequested, Event, ExpertRequested
from askpanel.contracts.subjects import PanelRef
from askpanel.local.ports import free_port
from askpanel.local.servers import nats as nats_server
from askpanel.local.servers.nats import NatsServer
from askpanel.runtime.log import EventLog
from services.orchestrator.tests.simulator import USER, calculated, created, responded, usage
from tests.harness.servers import scratch_directory

LARGEST_LOG = 64 * 2**30
EXPERTS = 3
ASKED = created("structured", EXPERTS, configuration={"max_rounds": 2, "consensus_threshold": 1.0})
"""Two rounds of three experts; the count stays below the threshold, so there is no early stop."""
CONSUMED = 1 + 2 * (2 * EXPERTS + 1)
"""Events of one such panel that the orchestrator handles: created, answers and their costs, counts."""


class Cast:
    """Plays on one connection. `go` holds back every answer until it is set."""

    def __init__(self, client: Client) -> None:
        self.log = EventLog(client)
        self.go = asyncio.Event()
        self.waiting = 0
        self.ended: set[PanelRef] = set()
        self._client = client
        self._heard: list[Subscription] = []
        self._work: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()

    async def play(self) -> None:
        """Listen from now on. Requests are seen as they are published, which suffices while nobody dies."""
        for event_type in ("expert.requested", "consensus.requested", "panel.completed", "panel.failed"):
            self._heard.append(await self._client.subscribe(f"{event_type}.>", cb=self._take))
        await self._client.flush()

    async def stop(self) -> None:
        """Listen no more."""
        for subscription in self._heard:
            await subscription.unsubscribe()

    async def ask(self, count: int, *, at_once: int) -> None:
        """So many panels to their ends, at most `at_once` of them under way."""
        slots = asyncio.Semaphore(at_once)

        async def one() -> None:
            async with slots:
                panel = PanelRef(uuid4(), uuid4())
                await self.log.append_first(seal(ASKED, panel, time=datetime.now(UTC), user_id=USER))
                await self.until(lambda: panel in self.ended)

        await asyncio.gather(*(one() for _ in range(count)))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for it; looked at whenever something happens."""
        async with self._changed:
            await self._changed.wait_for(condition)

    async def _take(self, message: Msg) -> None:
        task = asyncio.create_task(self._act(message))
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _act(self, message: Msg) -> None:
        asked = decode(message.subject, message.headers, message.data, 0)
        match asked.event:
            case ExpertRequested() as request:
                self.waiting += 1
                await self._note()
                await self.go.wait()
                answer = responded(request)
                await self._say(answer, asked.envelope)
                await self._say(usage(answer), asked.envelope)
            case ConsensusRequested() as request:
                await self._say(calculated(request), asked.envelope)
            case _:
                self.ended.add(asked.envelope.panel)
                await self._note()

    async def _say(self, event: Event, cause: Envelope) -> None:
        recorded = seal(event, cause.panel, time=datetime.now(UTC), cause=cause)
        await self.log.append_once(recorded, recent=True)

    async def _note(self) -> None:
        async with self._changed:
            self._changed.notify_all()


@contextmanager
def server(*, sync_always: bool = True) -> Generator[NatsServer]:
    """A NATS of its own, with room for a long log."""
    with scratch_directory() as directory:
        started = nats_server.start(
            Path(directory) / "nats", sync_always=sync_always, max_file_store=LARGEST_LOG
        )
        try:
            yield started
        finally:
            started.stop()


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[Client]:
    """A connection for the cast."""
    client = await nats.connect(url, pending_size=64 * 2**20)
    try:
        yield client
    finally:
        await client.close()


@contextmanager
def orchestrator(url: str) -> Generator[psutil.Process]:
    """One orchestrator process."""
    port = free_port(0)
    process = subprocess.Popen(
        [sys.executable, "-m", "askpanel.orchestrator"],
        env={"ASKPANEL_NATS_URL": url, "ASKPANEL_PROBE_PORT": str(port), "ASKPANEL_LOG_LEVEL": "error"},
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def cpu_ms(process: psutil.Process) -> float:
    """Processor time so far, in ms."""
    return sum(process.cpu_times()[:2]) * 1000
