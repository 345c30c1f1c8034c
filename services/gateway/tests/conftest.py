"""Fixtures of the gateway's tests: real NATS, real Postgres, a real HTTP server on loopback, the projection.

Orchestrator, experts and consensus are told as stories: their events are appended to the log.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import nats
import pytest
from nats.aio.client import Client

from askpanel.contracts.catalogue import BUCKET, catalogue_key, encode_expert
from askpanel.contracts.topology import ADMISSIONS_BUCKET, REQUESTS_BUCKET, STREAMS_BUCKET
from askpanel.gateway.app import create_app
from askpanel.gateway.http import bounded
from askpanel.gateway.readmodel.store import PROJECTION, PostgresStore, history_of
from askpanel.gateway.settings import GatewaySettings
from askpanel.local.demo import seed
from askpanel.runtime import bootstrap
from askpanel.runtime.ending import end
from askpanel.runtime.log import EventLog
from askpanel.runtime.projection import Projection, dead_letters
from services.gateway.tests.running import ISSUER, SECRET, Running, Start, experts, serving, until_ready
from services.gateway.tests.webhook_scene import Scene, a_scene
from tests.harness.databases import Database
from tests.harness.servers import NatsAt


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
    await log.jetstream.purge_stream(f"KV_{ADMISSIONS_BUCKET.name}")  # of another database's panels
    bucket = await log.jetstream.key_value(BUCKET)
    for expert in experts():
        await bucket.put(catalogue_key(expert.agent_id), encode_expert(expert))
    for counts in (REQUESTS_BUCKET, STREAMS_BUCKET):  # of earlier tests' gateways, for the same demo users
        await log.jetstream.purge_stream(f"KV_{counts.name}")
    async with AsyncExitStack() as stack:

        async def started(*, wait: bool = True, **changes: Any) -> Running:
            usual: dict[str, Any] = {
                "NATS_URL": nats_server.url,
                "DATABASE_URL": database.api,
                "jwt_issuer": ISSUER,
                "jwt_secret": SECRET,
                "port": 0,
                "requests_per_second": 1000,
                "request_burst": 1000,
            }
            settings = GatewaySettings(**(usual | changes))
            app = create_app(settings)
            http = bounded(head_seconds=settings.head_seconds, most_connections=settings.max_connections)
            server = await stack.enter_async_context(serving(app, http=http))
            port = server.servers[0].sockets[0].getsockname()[1]
            url = f"http://127.0.0.1:{port}"
            speaker = httpx.AsyncClient(base_url=url, timeout=20, verify=False)
            await stack.enter_async_context(speaker)
            if wait:
                await until_ready(speaker)
            return Running(app, url, speaker, client, log, database, server)

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
    await end(task)
    await store.aclose()


@pytest.fixture
async def scene(start: Start) -> AsyncGenerator[Scene]:
    """A gateway with webhooks, its workers and a receiver."""
    async with a_scene(start) as one:
        yield one
