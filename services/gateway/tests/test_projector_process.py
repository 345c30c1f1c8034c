"""The projector as a process: probes, outages, kill -9, SIGTERM, a log that is not the right one."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import nats
import pytest

from askpanel.contracts.envelope import Recorded, encode
from askpanel.gateway.readmodel.replay import replay
from askpanel.local.demo import seed
from askpanel.local.ports import free_port
from askpanel.local.servers import nats as nats_server
from askpanel.local.servers.nats import NatsServer
from askpanel.runtime import bootstrap
from askpanel.runtime.log import EventLog
from services.gateway.tests.stories import Story, interleaved
from tests.harness.databases import Database
from tests.harness.servers import scratch_directory

PATIENCE = 60.0


@dataclass
class Place:
    """Servers of this test's own, and where a projector of theirs answers its probes."""

    directory: Path
    nats: NatsServer
    database: Database
    observer: "asyncpg.Connection[asyncpg.Record]"

    def restart_nats(self, access: str) -> None:
        port = self.nats.port
        self.nats.stop()
        self.nats = nats_server.start(self.directory / "nats", access=access, port=port, sync_always=False)

    async def append(self, events: list[Recorded]) -> int:
        client = await nats.connect(self.nats.url)
        try:
            sequence = 0
            for event in events:
                subject, headers, body = encode(event)
                sequence = (await client.jetstream().publish(subject, body, headers=headers)).seq
            return sequence
        finally:
            await client.close()

    async def fetch(self, query: str) -> Any:
        return await self.observer.fetchval(query)

    async def checkpoint(self) -> int:
        return await self.fetch("select max(stream_sequence) from askpanel.projection_checkpoint") or 0

    async def until_checkpoint(self, least: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while await self.checkpoint() < least:  # noqa: ASYNC110  (a state of another process)
                await asyncio.sleep(0.002)

    @asynccontextmanager
    async def projector(self, **settings: str) -> AsyncGenerator["Projector"]:
        port = free_port(0)
        environment = {
            "PATH": os.environ["PATH"],
            "NATS_URL": self.nats.url,
            "DATABASE_URL": self.database.projector,
            "ASKPANEL_PROBE_PORT": str(port),
            "ASKPANEL_PROJECTION_BATCH": "5",
            **settings,
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "askpanel.gateway.projector",
            env=environment,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            yield Projector(process, f"http://127.0.0.1:{port}")
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


@dataclass
class Projector:
    process: asyncio.subprocess.Process
    url: str

    async def probe(self, path: str) -> httpx.Response | None:
        try:
            async with httpx.AsyncClient() as client:
                return await client.get(f"{self.url}{path}", timeout=5)
        except httpx.TransportError:
            return None

    async def until_ready(self, expected: bool = True, *, saying: str = "") -> None:
        async with asyncio.timeout(PATIENCE):
            while True:
                answer = await self.probe("/readyz")
                if answer is not None and (answer.status_code == 200) is expected and saying in answer.text:
                    return
                await asyncio.sleep(0.05)


@pytest.fixture
def own_nats() -> Generator[tuple[Path, NatsServer]]:
    with scratch_directory() as directory:
        server = nats_server.start(directory / "nats", sync_always=False)
        try:
            yield directory, server
        finally:
            server.stop()


@pytest.fixture
async def place(own_nats: tuple[Path, NatsServer], database: Database) -> AsyncGenerator[Place]:
    await seed(database.admin)
    client = await nats.connect(own_nats[1].url)
    await bootstrap.create(client.jetstream())
    await client.close()
    observer = await asyncpg.connect(database.admin)
    made = Place(*own_nats, database, observer)
    yield made
    made.nats.stop()
    await observer.close()


async def test_it_projects_says_so_and_leaves_on_sigterm(place: Place) -> None:
    async with place.projector() as projector:
        last = await place.append(Story().whole().events)
        await projector.until_ready()
        await place.until_checkpoint(last)
        metrics = await projector.probe("/metrics")
        assert metrics is not None
        assert f'askpanel_projection_sequence{{projection="panels"}} {last}.0' in metrics.text
        for never in ('dead_letters_total{service="projector"}', 'nats_errors_total{kind="permission"}'):
            assert f"askpanel_{never} 0.0\n" in metrics.text, "the first of its kind is an increase"
        projector.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(projector.process.wait(), PATIENCE) == 0


async def test_killed_at_any_moment_and_started_again_the_rows_are_exact(place: Place) -> None:
    events = interleaved([Story(f"panel {number}").whole() for number in range(12)])
    last = await place.append(events)
    for _ in range(2):
        async with place.projector() as projector:
            await place.until_checkpoint(await place.checkpoint() + 1)
            projector.process.kill()
    async with place.projector():
        await place.until_checkpoint(last)
    client = await nats.connect(place.nats.url)
    report = await replay(EventLog(client), place.database.projector)
    await client.close()
    assert report.equal, report.differences
    assert report.rows["panel_responses"] == 36


async def test_without_a_database_it_lives_is_not_ready_and_catches_up(place: Place) -> None:
    async with place.projector() as projector:
        await projector.until_ready()
        name = place.database.name
        connection = await asyncpg.connect(place.database.admin.replace(f"/{name}", "/postgres"))
        try:
            await connection.execute(f'alter database "{name}" allow_connections false')
            cut = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'panel_projector' and datname = $1"
            await connection.execute(cut, name)
            await projector.until_ready(False, saying="database")
            alive = await projector.probe("/livez")
            assert alive is not None
            assert alive.status_code == 200
            last = await place.append(Story().whole().events)
            await connection.execute(f'alter database "{name}" allow_connections true')
        finally:
            await connection.close()
        await projector.until_ready()
        await place.until_checkpoint(last)


async def test_a_lost_log_turns_readiness_red_and_writes_nothing(place: Place) -> None:
    last = await place.append(Story().whole().events)
    async with place.projector() as projector:
        await place.until_checkpoint(last)
        port = place.nats.port
        place.nats.stop()
        place.nats = nats_server.start(place.directory / "other", port=port, sync_always=False)
        try:
            client = await nats.connect(place.nats.url)
            await bootstrap.create(client.jetstream())
            await client.close()
            await place.append(Story("of another log").whole().events)
            await projector.until_ready(False, saying="restore the right log")
            assert await place.checkpoint() == last
            assert await place.fetch("select count(*) from panels") == 1
        finally:
            place.nats.stop()


NO_CONSUMERS = """no_auth_user: anybody
authorization { users: [
  { user: anybody, password: word, permissions: { publish: { deny: "$JS.API.CONSUMER.CREATE.>" } } }
] }"""


async def test_a_log_that_it_may_not_follow_turns_readiness_red_until_it_may(place: Place) -> None:
    async with place.projector(ASKPANEL_PROJECTION_SILENCE_SECONDS="3") as projector:
        await projector.until_ready()
        last = await place.append(Story().whole().events)
        await place.until_checkpoint(last)
        place.restart_nats(NO_CONSUMERS)
        await projector.until_ready(False, saying="nothing has come from the log for")
        place.restart_nats("")
        await projector.until_ready()


async def test_a_schema_that_is_not_as_expected_turns_readiness_red(place: Place) -> None:
    await place.fetch("alter table panels drop column agents")
    async with place.projector() as projector:
        await projector.until_ready(False, saying="panels.agents")
