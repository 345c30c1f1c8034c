"""Probes and metrics of a process: /livez, /readyz, /metrics.

Liveness asks nobody: an outage of a server must not restart everything. Readiness asks JetStream about
the process's own durables, because a socket that answers proves nothing about a consumer that is gone.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Generator, Mapping

import nats.js.errors
import uvicorn
from nats.aio.client import Client
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from askpanel.contracts.topology import Durable
from askpanel.runtime.unavailable import CLIENT_ERRORS

logger = logging.getLogger(__name__)

Check = Callable[[], Awaitable[None]]


class DurableGone(Exception):
    """JetStream answers, and the durable does not exist: the process cannot do its work and must end."""


class Readiness:
    """Named checks, asked on each probe; `draining` turns readiness off for good."""

    def __init__(self, checks: Mapping[str, Check], *, timeout: float = 2.0) -> None:
        self._checks = checks
        self._timeout = timeout
        self.draining = False

    async def failures(self) -> dict[str, str]:
        """What is not ready, and why; empty when all is well."""
        if self.draining:
            return {"process": "draining"}
        names = list(self._checks)
        results = await asyncio.gather(*(self._ask(self._checks[name]) for name in names))
        return {name: why for name, why in zip(names, results, strict=True) if why is not None}

    async def _ask(self, check: Check) -> str | None:
        try:
            async with asyncio.timeout(self._timeout):
                await check()
        except Exception as error:  # noqa: BLE001  (whatever a check raises is the answer of the probe)
            return f"{type(error).__name__}: {error}"
        return None


def durable_check(client: Client, durable: Durable) -> Check:
    """The durable exists and JetStream answers about it."""
    jetstream = client.jetstream(timeout=1.5)

    async def check() -> None:
        try:
            await jetstream.consumer_info(durable.stream, durable.name)
        except nats.js.errors.NotFoundError:
            raise DurableGone(f"consumer {durable.name} of {durable.stream} does not exist") from None

    return check


async def watch_durables(client: Client, durables: tuple[Durable, ...], *, every: float = 5.0) -> None:
    """Return never; raise DurableGone when JetStream says that one of our durables is gone."""
    checks = [durable_check(client, durable) for durable in durables]
    while True:
        await asyncio.sleep(every)
        for check in checks:
            try:
                await check()
            except CLIENT_ERRORS as error:
                logger.debug("durables cannot be asked now: %r", error)


def probe_routes(readiness: Readiness) -> list[Route]:
    """The three routes, for a worker's own small server or inside the gateway."""

    async def livez(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        failures = await readiness.failures()
        return JSONResponse(
            {"ready": not failures, "failures": failures}, status_code=503 if failures else 200
        )

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)]


def listening(host: str, port: int) -> socket.socket:
    """A bound socket for a server. Raises OSError that says where it cannot listen."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise OSError(error.errno, f"cannot listen on {host} port {port}: {why}") from error


class QuietServer(uvicorn.Server):
    """Leaves the signals to the process that embeds it, and wakes up four times a second instead of ten.

    Where it cannot listen it raises OSError. Uvicorn would exit from within its task, and the process
    hang in whatever it does to end.
    """

    TICK = 0.25

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        await super().serve(sockets or [listening(self.config.host, self.config.port)])

    async def main_loop(self) -> None:
        while not await self.on_tick(0):  # noqa: ASYNC110  (others set a plain attribute)
            await asyncio.sleep(self.TICK)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def probe_server(readiness: Readiness, host: str, port: int) -> QuietServer:
    """A server for the probes alone."""
    app = Starlette(routes=probe_routes(readiness))
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    return QuietServer(config)
