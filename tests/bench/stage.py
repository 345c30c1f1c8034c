"""One real gateway process on real servers, with panels that go on as the services would let them."""

import asyncio
import contextlib
import os
import resource
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from uuid import UUID, uuid4

import asyncpg
import httpx
import psutil
from nats.aio.client import Client

from askpanel.contracts.catalogue import BUCKET, catalogue_key, encode_expert
from askpanel.local.demo import TENANTS, seed
from askpanel.local.ports import free_port
from askpanel.runtime import bootstrap
from askpanel.runtime.log import EventLog
from services.gateway.tests.running import ISSUER, SECRET, experts, token
from services.gateway.tests.stories import Story
from tests.bench.cast import connected, server
from tests.harness.databases import Databases
from tests.harness.servers import postgres_at

HOST = "127.0.0.1"
STARTS = 300.0
"""Seconds the gateway may take to be ready, on however full a machine."""
LASTS = 3600.0
"""Seconds that tokens and connections last: longer than any measurement."""


@dataclass(slots=True)
class Stage:
    """The gateway's process, the log, and who may look on: pairs of user and tenant."""

    port: int
    process: psutil.Process
    log: EventLog
    users: Sequence[tuple[UUID, UUID]]

    async def panels(self, count: int) -> list[Story]:
        """New panels with three events each, in the tenants by turns."""
        begun = [Story(name=str(uuid4()), tenant_id=TENANTS[number % 2].id) for number in range(count)]
        for story in begun:
            story.created()
            story.started()
            story.round_started()
            for event in story.events:
                await self.log.append_once(event, recent=True)
        return begun

    def requests(self, panels: Sequence[Story], count: int) -> list[bytes]:
        """Requests for `count` streams, spread over the panels and over their tenants' users."""
        turns = {tenant.id: cycle([user for user, at in self.users if at == tenant.id]) for tenant in TENANTS}
        tokens = {user: token(user, expires_in=LASTS) for user, _ in self.users}
        return [
            _request(panel, tokens[next(turns[panel.tenant_id])])
            for _, panel in zip(range(count), cycle(panels), strict=False)
        ]

    async def tell(self, panels: Sequence[Story], *, rate: float, seconds: float, size: int) -> int:
        """Append answers of `size` characters, so many a second over all panels; how many there were."""
        began, appends = time.monotonic(), list[asyncio.Task[int]]()
        for number, panel in zip(range(int(rate * seconds)), cycle(panels), strict=False):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            appends.append(asyncio.create_task(self._answer(panel, size)))
        await asyncio.gather(*appends)
        return len(appends)

    async def _answer(self, panel: Story, size: int) -> int:
        panel.start = datetime.now(UTC)
        panel.events.clear()
        return await self.log.append_once(
            panel.responded(0, step=str(uuid4()), content="a" * size), recent=True
        )

    async def metrics(self, name: str) -> dict[str, float]:
        """Metrics of the gateway by their labels, as they are written, for each set of labels."""
        async with httpx.AsyncClient(timeout=60) as http:
            text = (await http.get(f"http://{HOST}:{self.port}/metrics")).text
        lines = (line.rsplit(" ", 1) for line in text.splitlines() if line.startswith(name))
        return {labels.removeprefix(name): float(value) for labels, value in lines}

    def memory(self) -> int:
        """Bytes of the gateway's own (PSS)."""
        return self.process.memory_full_info().pss


@contextlib.asynccontextmanager
async def stage(users: int, **environment: str) -> AsyncGenerator[Stage]:
    """Servers, `users` members of the two demo tenants, and one gateway process."""
    allow_files()
    with server() as log_server, postgres_at() as postgres:
        databases = Databases(postgres.admin_url)
        database = await databases.create()
        await seed(database.admin)
        members = await _members(database.admin, users)
        async with connected(log_server.url) as client:
            await _furnish(client)
            port = free_port(0)
            settings = {
                "ASKPANEL_NATS_URL": log_server.url,
                "ASKPANEL_DATABASE_URL": database.api,
                "ASKPANEL_JWT_ISSUER": ISSUER,
                "ASKPANEL_JWT_SECRET": SECRET,
                "ASKPANEL_PORT": str(port),
                "ASKPANEL_LOCAL": "1",
                "ASKPANEL_LIMITS": "off",
                "ASKPANEL_STREAM_AGE": str(LASTS),
                "ASKPANEL_LOG_LEVEL": "warning",
            }
            process = subprocess.Popen(  # noqa: ASYNC220  (starting it takes milliseconds)
                [sys.executable, "-m", "askpanel.gateway"], env=os.environ | settings | environment
            )
            try:
                await _ready(port)
                yield Stage(port, psutil.Process(process.pid), EventLog(client), members)
            finally:
                process.terminate()
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def allow_files() -> None:
    """As many open files as this process may have; its children inherit it."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _request(panel: Story, bearer: str) -> bytes:
    return (
        f"GET /api/v1/panels/{panel.ref.panel_id}/stream HTTP/1.1\r\nHost: {HOST}\r\n"
        f"Accept: */*\r\nX-Tenant-ID: {panel.tenant_id}\r\nAuthorization: Bearer {bearer}\r\n\r\n"
    ).encode()


async def _members(admin: str, count: int) -> list[tuple[UUID, UUID]]:
    """New users, active in one of the tenants each."""
    members = [(uuid4(), TENANTS[number % 2].id) for number in range(count)]
    connection = await asyncpg.connect(admin)
    try:
        await connection.executemany(
            "insert into auth.users (id, email) values ($1, $2)",
            [(user, f"{user}@bench.example") for user, _ in members],
        )
        await connection.executemany(
            "insert into public.tenant_users (id, tenant_id, user_id, role, status) "
            "values ($1, $2, $3, 'member', 'active')",
            [(uuid4(), tenant, user) for user, tenant in members],
        )
    finally:
        await connection.close()
    return members


async def _furnish(client: Client) -> None:
    """The streams, and experts, without which a gateway is not ready."""
    jetstream = client.jetstream()
    await bootstrap.create(jetstream)
    bucket = await jetstream.key_value(BUCKET)
    for expert in experts():
        await bucket.put(catalogue_key(expert.agent_id), encode_expert(expert))


async def _ready(port: int) -> None:
    async with httpx.AsyncClient() as http, asyncio.timeout(STARTS):
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await http.get(f"http://{HOST}:{port}/readyz")).status_code == 200:
                    return
            await asyncio.sleep(0.05)
