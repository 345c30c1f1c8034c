"""The life of a worker process: connect, assert, consume, and on SIGTERM drain and leave.

1. Connect and check that durables exist as declared. 2. Consume. 3. On SIGTERM or SIGINT: not ready, take
nothing new, finish what is in flight, disconnect. A durable that JetStream says does not exist ends the
process with exit code 1, and so does a bug in what takes messages or keeps them in hand, since nothing else
would notice it.
"""

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvloop
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoServersError

from askpanel.runtime import bootstrap, connection, telemetry, tracing
from askpanel.runtime.ending import end
from askpanel.runtime.errors import LogMisconfigured, LogUnavailable
from askpanel.runtime.health import (
    DurableGone,
    Readiness,
    durable_check,
    listening,
    probe_server,
    watch_durables,
)
from askpanel.runtime.log import EventLog
from askpanel.runtime.retries import Retries
from askpanel.runtime.serving_node import keep_served
from askpanel.runtime.settings import ServiceSettings
from askpanel.runtime.worker import Stopped, Worker

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a service's wiring gets to work with."""

    client: Client
    log: EventLog


Wiring = Callable[[Runtime, AsyncExitStack], Coroutine[Any, Any, list[Worker]]]
"""Builds the workers of a service; what it opens it leaves on the stack."""


YOUNG, MIDDLE, OLD = 20_000, 20, 20
"""Allocations before a collection. Events are trees that go by reference counts; Python's 700 looks in vain."""


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a process: what its imports made stays for good, so the collector need not look at it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    uvloop.run(main)


def run_worker(service: str, settings: ServiceSettings, wire: Wiring) -> None:
    """Run until told to stop. Exits 1 when the service cannot do its work, with one line saying why."""
    telemetry.configure(service, level=settings.log_level, log_format=settings.log_format)
    try:
        with tracing.exported(service, settings):
            run(_serve(service, settings, wire))
    except* (LogMisconfigured, LogUnavailable, DurableGone, Stopped, NoServersError, OSError) as group:
        for error in group.exceptions:
            print(f"{service}: {error}", file=sys.stderr)
        raise SystemExit(1) from None


async def _serve(service: str, settings: ServiceSettings, wire: Wiring) -> None:
    async with AsyncExitStack() as stack:
        client = await connection.connect(settings, service)
        stack.push_async_callback(_disconnect, client)
        log = EventLog(client, patience=settings.append_patience_seconds)
        workers = await wire(Runtime(client, log), stack)
        durables = tuple(worker.durable for worker in workers)
        await bootstrap.verify(log.jetstream, *durables)
        readiness = Readiness({durable.name: durable_check(client, durable) for durable in durables})
        retries = [Retries(client, log, worker.durable, worker.handler) for worker in workers]
        for worker in workers:
            await worker.start(client, log)
        for retry in retries:
            await retry.start()
        async with serving(readiness, settings):
            logger.info("ready", extra={"durables": [durable.name for durable in durables]})
            try:
                watching = [worker.watch() for worker in workers]
                await until_signal(watch_durables(client, durables), keep_served(client), *watching)
            finally:
                readiness.draining = True
                await asyncio.gather(*(retry.stop() for retry in retries))
                await asyncio.gather(*(worker.drain(settings.drain_seconds) for worker in workers))


async def _disconnect(client: Client) -> None:
    """Leave NATS; while it is away there is nothing to drain, and what was unsettled is redelivered."""
    try:
        await client.drain()
    except (NatsError, TimeoutError) as error:
        logger.warning("left NATS without draining: %r", error)
        await client.close()


@asynccontextmanager
async def serving(readiness: Readiness, settings: ServiceSettings) -> AsyncGenerator[None]:
    """Answer the probes meanwhile. Raises OSError where the port cannot be had."""
    server = probe_server(readiness, settings.probe_host, settings.probe_port)
    task = asyncio.create_task(server.serve([listening(settings.probe_host, settings.probe_port)]))
    try:
        yield
    finally:
        server.should_exit = True
        await task


async def until_signal(*watchers: Coroutine[Any, Any, None]) -> None:
    """Wait for SIGTERM or SIGINT. A watcher that raises ends the wait with its error."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(watcher) for watcher in watchers]
        await stop.wait()
        await end(*tasks)
