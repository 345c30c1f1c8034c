"""What recognising a caller adds to a GET: `python -m tests.bench.access`.

One gateway process answers the same panel, from the same query, by routes that each do one thing more:
nothing of it; the token; the limit on requests; the membership; the transaction as the user under row-level
security, which is the real `GET /panels/{id}`. The routes without row-level security read as a superuser,
whom no policy concerns. Routes are asked in turns, so that a busy machine is as busy for each of them.

Paced clients ask by the clock and find the gateway idle most of the time; then the difference is what one
request takes longer. Clients that ask without a pause fill it; then every request waits for those of all
others, and the difference is that many times larger. The gateway's processor time a request is the figure that
a busy machine changes least.
"""

import argparse
import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import nats
import psutil
import uvicorn
import uvloop
from fastapi import Response

from askpanel.gateway.api.access import Bearer, Parts, TenantHeader, _within_rate, caller
from askpanel.gateway.api.panels import _tagged
from askpanel.gateway.app import create_app
from askpanel.gateway.http import BoundedHttp
from askpanel.gateway.readmodel.queries import ReadModel, TenantReads, open_read_model
from askpanel.gateway.readmodel.store import PROJECTION, PostgresStore, history_of
from askpanel.gateway.settings import GatewaySettings
from askpanel.local.ports import free_port
from askpanel.local.servers import nats as nats_server
from askpanel.runtime.ending import end
from askpanel.runtime.log import EventLog
from askpanel.runtime.projection import Projection, dead_letters
from askpanel.runtime.settings import load
from services.gateway.tests.processes import headers
from services.gateway.tests.running import ISSUER, SECRET
from services.gateway.tests.stories import Story
from tests.bench.cast import cpu_ms
from tests.bench.limiter import _database, prepare
from tests.bench.wire import Wire
from tests.harness.databases import Database
from tests.harness.servers import postgres_at, scratch_directory

STEPS = {
    "the query alone": "/bench/nothing",
    "+ token": "/bench/token",
    "+ limit on requests": "/bench/limit",
    "+ membership": "/bench/membership",
    "+ row-level security": "/api/v1/panels",
}


class Plain(ReadModel):
    """The same reads without becoming the user and asking for the role."""

    @asynccontextmanager
    async def session(self, claims: Mapping[str, Any], tenant_id: UUID) -> AsyncGenerator[TenantReads]:
        async with self._pool.acquire() as connection:
            transaction = connection.transaction(isolation="repeatable_read", readonly=True)
            await transaction.start()
            try:
                yield TenantReads(connection, tenant_id)
            finally:
                await transaction.rollback()


def serve(admin_url: str) -> None:
    """The gateway with the routes to compare, on the port of its settings."""
    settings = load(GatewaySettings)
    app = create_app(settings)
    stack = AsyncExitStack()

    async def plain() -> Plain:
        if not hasattr(app.state, "plain"):
            model = await stack.enter_async_context(
                open_read_model(admin_url, max_connections=settings.database_connections)
            )
            app.state.plain = Plain(model._pool, statement_timeout=8, acquire_timeout=2)
        return app.state.plain

    async def answer(panel_id: UUID, tenant: str | None) -> Response:
        async with (await plain()).session({}, UUID(tenant or "")) as session:
            panel = await session.panel(panel_id)
        assert panel is not None
        return _tagged(panel, None, Response())

    async def nothing(panel_id: UUID, tenant: TenantHeader = None) -> Response:
        return await answer(panel_id, tenant)

    async def token(panel_id: UUID, parts: Parts, bearer: Bearer, tenant: TenantHeader = None) -> Response:
        assert bearer is not None
        await parts.verifier.verify(bearer.credentials)
        return await answer(panel_id, tenant)

    async def limit(panel_id: UUID, parts: Parts, bearer: Bearer, tenant: TenantHeader = None) -> Response:
        assert bearer is not None
        await _within_rate(parts, await parts.verifier.verify(bearer.credentials))
        return await answer(panel_id, tenant)

    async def membership(
        panel_id: UUID, parts: Parts, bearer: Bearer, tenant: TenantHeader = None
    ) -> Response:
        await caller(parts, bearer, tenant)
        return await answer(panel_id, tenant)

    for path, handler in zip(list(STEPS.values())[:-1], (nothing, token, limit, membership), strict=True):
        app.add_api_route(path + "/{panel_id}", handler)
        app.router.routes.insert(0, app.router.routes.pop())
    config = uvicorn.Config(
        app,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        http=BoundedHttp,
        timeout_keep_alive=120,  # clients may be paced
    )
    uvloop.run(uvicorn.Server(config).serve())


async def ask(url: str, path: str, requests: int, pause: float) -> list[float]:
    """One client: so many GETs, on average `pause` seconds from one to the next; ms of each."""
    wire, own, took = await Wire.open(url), headers(), list[float]()
    due = time.monotonic() + random.uniform(0, pause)
    for _ in range(requests):
        await asyncio.sleep(max(due - time.monotonic(), 0))
        began = time.monotonic()
        status = await wire.get(path, own)
        assert status == 200, f"{status} for {path}: a machine too busy for this?"
        took.append((time.monotonic() - began) * 1000)
        due += random.uniform(0.5, 1.5) * pause
    wire.close()
    return took


async def compare(
    url: str, process: psutil.Process, panel_id: str, pause: float, options: argparse.Namespace
) -> None:
    """Print one row per step."""
    cpu: dict[str, float] = dict.fromkeys(STEPS, 0.0)
    took: dict[str, list[float]] = {step: [] for step in STEPS}
    turns: dict[str, list[float]] = {step: [] for step in STEPS}
    for turn in range(options.turns + 1):
        for step, path in STEPS.items():
            spent = cpu_ms(process)
            answers = await asyncio.gather(
                *(ask(url, f"{path}/{panel_id}", options.requests, pause) for _ in range(options.clients))
            )
            if turn:  # the first warms up
                times = [each for client in answers for each in client]
                took[step] += times
                cpu[step] += cpu_ms(process) - spent
                turns[step].append(median(times))
    base = turns["the query alone"]
    for step, times in took.items():
        cuts = quantiles(times, n=100)
        added = median(own - other for own, other in zip(turns[step], base, strict=True))
        asking = "without a pause" if not pause else f"every {pause:g} s"
        print(f"| {asking} | {step} | {cuts[49]:.2f} | {cuts[98]:.1f} | {added:+.2f} | "
              f"{cpu[step] / len(times):.2f} |", flush=True)  # fmt: skip


def measure(options: argparse.Namespace) -> None:
    """Start everything, compare."""
    with postgres_at() as postgres, scratch_directory() as directory:
        server = nats_server.start(Path(directory) / "nats")
        try:
            database = asyncio.run(_database(postgres.admin_url))
            asyncio.run(prepare(server.url))
            panel_id = asyncio.run(finished_panel(server.url, database))
            url, process = _start(server.url, database)
            try:
                _until_ready(url)
                print(f"{options.clients} clients\n\n| each asks | a GET of a panel with | p50 ms | p99 ms | "
                      "p50 added ms | gateway CPU ms a request |\n|---|---|---|---|---|---|")  # fmt: skip
                for pause in options.pause:
                    asyncio.run(compare(url, psutil.Process(process.pid), panel_id, pause, options))
            finally:
                process.terminate()
                process.wait(30)
        finally:
            server.stop()


async def finished_panel(nats_url: str, database: Database) -> str:
    """The id of a panel of the demo member that ran to its end, in log and tables."""
    client = await nats.connect(nats_url)
    log, story, last = EventLog(client), Story(name="bench").whole(), 0
    for recorded in story.events:
        last = await log.append(recorded, expected=last)
    store = PostgresStore(database.projector, history_of(log))
    projecting = asyncio.create_task(Projection(PROJECTION, log, store, dead_letters(log, "projector")).run())
    connection = await asyncpg.connect(database.admin)
    query = "select coalesce(max(stream_sequence), 0) from askpanel.projection_checkpoint"
    while await connection.fetchval(query) < last:
        assert not projecting.done()
        await asyncio.sleep(0.05)
    await connection.close()
    await end(projecting)
    await store.aclose()
    await client.close()
    return str(story.ref.panel_id)


def _start(nats_url: str, database: Database) -> tuple[str, "subprocess.Popen[bytes]"]:
    port = free_port(0)
    own = {
        "ASKPANEL_NATS_URL": nats_url,
        "ASKPANEL_DATABASE_URL": database.api,
        "ASKPANEL_JWT_ISSUER": ISSUER,
        "ASKPANEL_JWT_SECRET": SECRET,
        "ASKPANEL_PORT": str(port),
        "ASKPANEL_LOG_LEVEL": "error",
        "ASKPANEL_REQUESTS_PER_SECOND": "100000",
        "ASKPANEL_REQUEST_BURST": "100000",
    }
    command = [sys.executable, "-m", "tests.bench.access", "--serve", database.admin]
    return f"http://127.0.0.1:{port}", subprocess.Popen(command, env=os.environ | own)


def _until_ready(url: str) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, "the gateway does not become ready"
        time.sleep(0.1)


def main() -> None:
    """Compare, or serve what is compared."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.access", description=__doc__)
    parser.add_argument("--serve", metavar="DSN", help=argparse.SUPPRESS)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--requests", type=int, default=20, help="of each client in a turn")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument(
        "--pause", type=float, nargs="+", default=[0.5, 0.0], help="seconds between requests; 0: none"
    )
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
    else:
        measure(options)


if __name__ == "__main__":
    main()
