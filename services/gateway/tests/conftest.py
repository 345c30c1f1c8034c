"""A whole gateway for tests: real NATS, real Postgres, a real HTTP server on loopback, and the projection.

Orchestrator, experts and consensus are told as stories: their events are appended to the log.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import nats
import pytest
import uvicorn
from fastapi import FastAPI
from nats.aio.client import Client

from askpanel.contracts.catalogue import BUCKET, Expert, catalogue_key, encode_expert
from askpanel.contracts.envelope import Recorded, decode
from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.app import create_app
from askpanel.gateway.readmodel.store import PROJECTION, PostgresStore, history_of
from askpanel.gateway.settings import GatewaySettings
from askpanel.local.demo import TENANTS, seed
from askpanel.runtime import bootstrap
from askpanel.runtime.health import QuietServer
from askpanel.runtime.log import EventLog
from askpanel.runtime.projection import Projection, dead_letters
from tests.harness.databases import Database
from tests.harness.servers import NatsAt

ISSUER = "http://127.0.0.1/auth/v1"
SECRET = "only-for-tests-and-long-enough-for-hs256"
DOMAINS = ("clinical", "finance", "law", "statistics", "product", "strategy", "ethics")


def token(user_id: object, *, expires_in: float = 600, secret: str = SECRET, **claims: Any) -> str:
    """An access token as the platform would sign it."""
    usual = {"iss": ISSUER, "aud": "authenticated", "role": "authenticated", "sub": str(user_id)}
    return jwt.encode(usual | {"exp": time.time() + expires_in} | claims, secret, algorithm="HS256")


def experts() -> list[Expert]:
    """Enough for every protocol."""
    return [
        Expert(
            agent_id=f"expert-{number}",
            name=f"Expert {number}",
            version=1,
            title=f"Specialist in {DOMAINS[number % len(DOMAINS)]}",
            domain=DOMAINS[number % len(DOMAINS)],
            tags=(DOMAINS[number % len(DOMAINS)], "risk"),
            summary=f"Knows {DOMAINS[number % len(DOMAINS)]} in depth.",
            instructions="SECRET-INSTRUCTIONS: weigh evidence, name what is missing, be brief.",
        )
        for number in range(14)
    ]


@dataclass(slots=True)
class Running:
    """A gateway that serves, and hands on its two sides."""

    app: FastAPI
    url: str
    http: httpx.AsyncClient
    client: Client
    log: EventLog
    database: Database
    server: uvicorn.Server

    def headers(self, user: str = "member", tenant: int = 0, of: int | None = None) -> dict[str, str]:
        """Headers of a demo user of tenant number `tenant`; `of` is the tenant named in X-Tenant-ID."""
        named = TENANTS[tenant if of is None else of].id
        return {
            "Authorization": f"Bearer {token(TENANTS[tenant].user(user).id)}",
            "X-Tenant-ID": str(named),
        }

    async def ask(self, user: str = "member", tenant: int = 0, **body: Any) -> dict[str, Any]:
        """Ask a panel of three and return the answer."""
        usual = {"query": "Should we open a second office in Lyon?", "panel_type": "structured"}
        answer = await self.http.post(
            "/api/v1/panels",
            json=usual | {"agents": ["expert-0", "expert-1", "expert-2"]} | body,
            headers=self.headers(user, tenant),
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def append(self, events: Sequence[Recorded]) -> list[Recorded]:
        """Append in order, from where their panel stands."""
        last = await self.log.last_sequence(events[0].envelope.panel)
        stored: list[Recorded] = []
        for recorded in events:
            last = await self.log.append(recorded, expected=last)
            stored.append(recorded.at(last))
        return stored

    async def get(self, path: str, user: str = "member", tenant: int = 0, **headers: str) -> httpx.Response:
        """GET below /api/v1 as a demo user."""
        return await self.http.get(f"/api/v1{path}", headers=self.headers(user, tenant) | headers)

    async def post(
        self, path: str, body: Any = None, user: str = "member", tenant: int = 0
    ) -> httpx.Response:
        """POST below /api/v1 as a demo user."""
        return await self.http.post(f"/api/v1{path}", json=body, headers=self.headers(user, tenant))

    async def stored(self, panel_id: object, tenant: int = 0) -> list[Recorded]:
        """What the log holds of a panel."""
        ref = PanelRef(TENANTS[tenant].id, UUID(str(panel_id)))
        return [decode(*message) async for message in self.log.read_raw(ref.filter)]


Start = Callable[..., Any]


@pytest.fixture
async def log_client(nats_server: NatsAt) -> AsyncGenerator[tuple[Client, EventLog]]:
    """A connection to a NATS with our streams."""
    client = await nats.connect(nats_server.url)
    log = EventLog(client)
    await bootstrap.create(log.jetstream)
    yield client, log
    await client.close()


@pytest.fixture
async def start(
    nats_server: NatsAt, database: Database, log_client: tuple[Client, EventLog]
) -> AsyncGenerator[Start]:
    """Starts gateways on one seeded database: `await start(limits="off", …)`."""
    client, log = log_client
    await seed(database.admin)
    bucket = await log.jetstream.key_value(BUCKET)
    for expert in experts():
        await bucket.put(catalogue_key(expert.agent_id), encode_expert(expert))
    async with AsyncExitStack() as stack:

        async def started(**changes: Any) -> Running:
            usual: dict[str, Any] = {
                "NATS_URL": nats_server.url,
                "DATABASE_URL": database.api,
                "jwt_issuer": ISSUER,
                "jwt_secret": SECRET,
                "port": 0,
            }
            settings = GatewaySettings(**(usual | changes))
            app = create_app(settings)
            server = await stack.enter_async_context(serving(app))
            port = server.servers[0].sockets[0].getsockname()[1]
            url = f"http://127.0.0.1:{port}"
            http = await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=20))
            await until_ready(http)
            return Running(app, url, http, client, log, database, server)

        yield started


@pytest.fixture
async def gateway(start: Start) -> Running:
    """A gateway with default settings."""
    return await start()


@pytest.fixture
async def projected(log_client: tuple[Client, EventLog], database: Database) -> AsyncGenerator[None]:
    """Keeps the tables up to the log, from its end now: earlier tests' panels are none of this database's."""
    _, log = log_client
    store = PostgresStore(database.projector, history_of(log))
    await store.checkpoint()
    await store.apply((), previous=0, position=await log.position())
    task = asyncio.create_task(Projection(PROJECTION, log, store, dead_letters(log, "projector")).run())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await store.aclose()


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncGenerator[uvicorn.Server]:
    """The application on a free port of loopback."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_config=None, access_log=False, timeout_graceful_shutdown=1
    )
    server = QuietServer(config)
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started or task.done())
    try:
        yield server
    finally:
        server.should_exit = True
        await task


async def until(true: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for a state, not for a time."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)


async def until_ready(http: httpx.AsyncClient) -> None:
    """Wait until the gateway says that it is ready."""
    async with asyncio.timeout(10):
        while (await http.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.02)


@pytest.fixture
def new_id() -> UUID:
    """An id nobody has."""
    return uuid4()
