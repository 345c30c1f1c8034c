"""Wiring of the gateway: the only module that knows all others, and the life of the process.

Start: answer /livez at once; connect to NATS and Postgres in the background, red until both answered.
SIGTERM: red; end every stream at an event boundary over the drain window; finish requests; disconnect.
"""

import asyncio
import logging
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import asyncpg
import httpx
import nats
import nats.errors
import uvicorn
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from nats.aio.client import Client

from askpanel.contracts.topology import PANELS
from askpanel.gateway import web
from askpanel.gateway.api import (
    asking,
    commands,
    documents,
    experts,
    own_experts,
    panels,
    probes,
    problems,
    streams,
    tenant,
    webhooks,
)
from askpanel.gateway.api.access import Gateway
from askpanel.gateway.api.guard import Guard
from askpanel.gateway.api.traced import Traced
from askpanel.gateway.auth.keys import verifier
from askpanel.gateway.auth.membership import Memberships
from askpanel.gateway.catalogue import Catalogue
from askpanel.gateway.history import read_history
from askpanel.gateway.http import bounded
from askpanel.gateway.ledger import Ledger
from askpanel.gateway.limits.shared import shared
from askpanel.gateway.publishing import Publisher
from askpanel.gateway.readmodel.drift import check_schema
from askpanel.gateway.readmodel.queries import ReadModel, open_read_model
from askpanel.gateway.settings import GatewaySettings
from askpanel.gateway.sides import Sides
from askpanel.gateway.stream.deliver import Room
from askpanel.gateway.stream.hub import Hub
from askpanel.gateway.stream.replay import Replays
from askpanel.gateway.stream.revocation import end_revoked
from askpanel.gateway.stream.tickets import Tickets
from askpanel.gateway.together import Admissions
from askpanel.gateway.webhooks.endpoints import Registry
from askpanel.runtime import connection, telemetry, tracing
from askpanel.runtime.ending import end
from askpanel.runtime.health import QuietServer
from askpanel.runtime.log import EventLog
from askpanel.runtime.process import run, until_signal
from askpanel.runtime.serving_node import keep_served
from askpanel.runtime.settings import load
from askpanel.runtime.unavailable import CLIENT_ERRORS

logger = logging.getLogger(__name__)

SERVICE = "gateway"
READ_PATIENCE = 3.0
SCHEMA_RETRY = 1.0
SCHEMA_RECHECK = 30.0
LAST_REQUESTS = 5
"""Seconds that requests in flight get after the streams have been ended."""
KEEP_ALIVE = 75
"""Seconds an idle connection is kept: longer than proxies keep theirs (60 is common), so that the proxy is the
one to end it. The other way round, a request may meet a connection that is just being closed."""

EXPOSED = ["ETag", "Link", "Location", "Idempotent-Replayed", "RateLimit", "RateLimit-Policy", "Retry-After"]
ALLOWED = [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-None-Match",
    "Last-Event-ID",
    "traceparent",
    "tracestate",
]


def create_app(settings: GatewaySettings) -> FastAPI:
    """The application; its lifespan opens and closes everything."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            await _open(app, settings, stack)
            yield

    app = FastAPI(
        title="Ask Panel",
        version="1",
        summary="One question, several AI experts, a consensus you can replay.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # Ours is in `api.traced`: the framework's spans hold query strings, and so tickets and searches.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    for module in (asking, panels, commands, streams, experts, own_experts, tenant):
        app.include_router(module.router, prefix="/api/v1")
    if settings.webhook_secret is not None:
        app.include_router(webhooks.router, prefix="/api/v1")
    app.include_router(probes.router)
    web.serve(app, settings.web_root, web.sign_in(settings))
    problems.install(app)
    documents.install(app)
    app.add_middleware(
        Guard,
        most_bytes=settings.max_body_bytes,
        most_seconds=settings.body_seconds,
        most_held=settings.max_bodies_bytes,
    )
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=[*ALLOWED, "X-Tenant-ID", "X-Min-Sequence"],
            expose_headers=[*EXPOSED, "X-Min-Sequence", "X-Min-Sequence-Reached"],
            max_age=600,
        )
    app.add_middleware(Traced)
    app.state.sides = Sides({})
    app.state.failed = asyncio.Event()
    return app


async def _open(app: FastAPI, settings: GatewaySettings, stack: AsyncExitStack) -> None:
    """Open everything, leave it on the stack, and put the parts where routes find them."""
    http = await stack.enter_async_context(httpx.AsyncClient()) if settings.jwks_url else None
    tokens = verifier(settings, http)
    stack.push_async_callback(tokens.aclose)
    model = await stack.enter_async_context(
        open_read_model(
            settings.database_url.get_secret_value(), max_connections=settings.database_connections
        )
    )
    client = connection.Connection()
    stack.push_async_callback(_close, client)
    log = EventLog(client, patience=settings.append_patience_seconds)
    reading = EventLog(client, patience=READ_PATIENCE, attempt_timeout=2.0)
    hub = Hub(client, reading, silence=settings.stream_silence)
    stack.callback(hub.abandon)
    members = Memberships(model, fresh=settings.membership_seconds, stale=settings.membership_stale_seconds)
    recheck = max(settings.membership_seconds, 0.1)
    catalogue = Catalogue(client)
    limits = shared(client, settings)
    stack.push_async_callback(limits.streams.close)
    ledger = Ledger(client, reading, stale=settings.membership_stale_seconds, most=settings.running_panels)
    sides = app.state.sides = _sides(model, reading, hub, catalogue)
    app.state.gateway = Gateway(
        settings=settings,
        log=log,
        reading=reading,
        hub=hub,
        replays=Replays(partial(read_history, reading)),
        room=Room(settings.stream_queue_events, settings.stream_queue_bytes),
        model=model,
        verifier=tokens,
        members=members,
        catalogue=catalogue,
        publisher=Publisher(client),
        limits=limits,
        tickets=Tickets(settings.ticket_secret.get_secret_value() if settings.ticket_secret else None),
        admissions=Admissions(ledger),
        webhooks=Registry(client),
    )
    for name, work in (
        ("follower", _follow(client, settings, hub, catalogue)),
        ("limits", limits.run()),
        ("schema", _check_schema(settings, sides)),
        ("revocation", end_revoked(hub.streams, members.may_stream, every=recheck)),
    ):
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(lambda ended: _note_failure(ended, sides, app.state.failed))
        stack.push_async_callback(end, task)


async def _follow(client: Client, settings: GatewaySettings, hub: Hub, catalogue: Catalogue) -> None:
    """Connect, however long that takes, then follow the log and the catalogue for ever."""
    options = connection.options(settings, SERVICE)
    while not client.is_connected:
        try:
            await client.connect(**options)
        except CLIENT_ERRORS as error:
            logger.warning("nats: not connected yet: %s", str(error) or type(error).__name__)
            await asyncio.sleep(0.5)
    # No task group: it would pass a cancellation on once, and one may get lost (see runtime.ending).
    tasks = [asyncio.create_task(work) for work in (hub.run(), catalogue.run(), keep_served(client))]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await end(*tasks)


def _sides(model: ReadModel, reading: EventLog, hub: Hub, catalogue: Catalogue) -> Sides:
    async def log_answers() -> None:
        await reading.position(PANELS.name)
        if not hub.following or not catalogue.loaded.is_set():
            raise RuntimeError("the log cannot be followed, or the expert catalogue was not read yet")

    return Sides({"nats": log_answers, "postgres": model.ping})


async def _check_schema(settings: GatewaySettings, sides: Sides) -> None:
    """Compare the database with what we rely on, once it answers; while it differs, not ready."""
    sides.obstacles["schema"] = "not checked yet"
    while True:
        try:
            connection = await asyncpg.connect(
                settings.database_url.get_secret_value(), statement_cache_size=0, timeout=5
            )
            try:
                report = await check_schema(connection)
            finally:
                await connection.close(timeout=5)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            logger.warning("schema: not checked yet: %s", str(error) or type(error).__name__)
            await asyncio.sleep(SCHEMA_RETRY)
            continue
        if not report.errors:
            sides.obstacles.pop("schema", None)
            return
        logger.error("the database does not have the schema we rely on:\n%s", report.render())
        sides.obstacles["schema"] = "; ".join(f"{finding.object}: {finding.fix}" for finding in report.errors)
        await asyncio.sleep(SCHEMA_RECHECK)


def _note_failure(task: asyncio.Task[None], sides: Sides, failed: asyncio.Event) -> None:
    """Background work never ends by itself: a bug, or NATS is lost for good. This process must be replaced."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.critical("%s failed", task.get_name(), exc_info=error)
        sides.obstacles[task.get_name()] = f"failed: {type(error).__name__}"
        failed.set()


async def _close(client: Client) -> None:
    """Leave NATS in order; where it has left already, closing fails in the middle and that is that."""
    try:
        if client.is_connected:
            await client.drain()
        elif not client.is_closed:
            await client.close()
    except (nats.errors.Error, OSError) as error:
        logger.info("nats: not closed in order: %r", error)


class Failed(Exception):
    """Something that the gateway cannot do without has ended."""


class Server(QuietServer):
    """Says once where it listens: with port 0 nobody else knows."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            logger.info("listening", extra={"port": self.servers[0].sockets[0].getsockname()[1]})


async def serve(settings: GatewaySettings) -> None:
    """Serve until SIGTERM or SIGINT, then drain. Raises Failed, after that, when it could not go on."""
    app = create_app(settings)
    server = Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=LAST_REQUESTS,
            timeout_keep_alive=KEEP_ALIVE,
            http=bounded(head_seconds=settings.head_seconds, most_connections=settings.max_connections),
        )
    )
    serving = asyncio.create_task(server.serve())
    waiting = [asyncio.create_task(until_signal()), asyncio.create_task(app.state.failed.wait())]
    await asyncio.wait({serving, *waiting}, return_when=asyncio.FIRST_COMPLETED)
    if not serving.done():
        await _drain(app, settings.stream_drain_seconds)
        server.should_exit = True
    await end(*waiting)
    await serving
    if app.state.failed.is_set():
        raise Failed("ended, since its background work did: see the log")


async def _drain(app: FastAPI, seconds: float) -> None:
    """Red from now on; end the streams over so many seconds, and answer on for all of them.

    Whoever sends requests here needs time to notice. Each answer given meanwhile ends its connection (see
    Guard), so that those who hold one come back by a new one, to another gateway.
    """
    clock = asyncio.get_running_loop().time
    until = clock() + seconds
    app.state.sides.draining = True
    if hasattr(app.state, "gateway"):
        await app.state.gateway.hub.drain(seconds)
    await asyncio.sleep(max(until - clock(), 0))


def main() -> None:
    """Run the gateway. Exits 2 for wrong settings, 1 when it cannot start, with one line each."""
    settings = load(GatewaySettings)
    telemetry.configure(SERVICE, level=settings.log_level, log_format=settings.log_format)
    try:
        with tracing.exported(SERVICE, settings):
            run(serve(settings))
    except (Failed, OSError, ValueError) as error:
        print(f"{SERVICE}: {error}", file=sys.stderr)
        raise SystemExit(1) from None
