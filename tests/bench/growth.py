"""What a panel costs as log and tables grow: `python -m tests.bench.growth`.

At each level the log is filled with finished panels, copies of one that ran, each under ids of its own, and the
tables with as many rows, copies of one panel's. Then real processes are measured on top of them:

    orchestrator    live panels, answers coming at once: processor time per event it handles
    starts          each service on its own, until it is ready
    reads           panels of all ages from the log, and what appends wait meanwhile; lists, usage, events and a
                    resumed stream through a real gateway
    NATS            memory (resident), before and after a restart, and how long that takes
    archive         the same after everything that may leave the log has left it

Filling does not sync, so times are for comparing rows with one another. `--replay N` measures projector and
replay instead, on a log of N panels, from the log and from the archive. Lines of JSON go to --out.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psutil
from nats.aio.client import Client

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.subjects import PanelRef
from askpanel.contracts.topology import PANELS
from askpanel.local.servers import nats as nats_server
from askpanel.runtime import bootstrap
from askpanel.runtime.archiver import Archiver
from askpanel.runtime.log import EventLog
from tests.bench import tables
from tests.bench.cast import (
    CONSUMED,
    LARGEST_LOG,
    Cast,
    connected,
    cpu_ms,
    orchestrator,
)
from tests.bench.filling import TENANT, fill, template
from tests.bench.gateway import Served, gateway
from tests.bench.replaying import measure_replay
from tests.bench.settling import settled
from tests.bench.starts import starts
from tests.contract.archiving import everybody_is_past
from tests.contract.made import an_end
from tests.harness.servers import scratch_directory

AT_ONCE = 4
READS = 20
APPENDS = 0.005
"""Seconds between appends while panels are read."""

Row = dict[str, Any]


class Server:
    """A NATS with a long log, that can be started again."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._running = self._start()

    def _start(self) -> nats_server.NatsServer:
        return nats_server.start(self._data, sync_always=False, max_file_store=LARGEST_LOG, seconds=600)

    @property
    def url(self) -> str:
        return self._running.url

    @property
    def process(self) -> psutil.Process:
        return psutil.Process(self._running.pid)

    def memory(self) -> float:
        """MiB resident, once the server has given back what it will."""
        return settled(lambda: self.process.memory_info().rss) / 2**20

    def restart(self) -> float:
        """Seconds from its end until JetStream answers again."""
        self._running.stop()
        began = time.monotonic()
        self._running = self._start()
        return time.monotonic() - began

    def stop(self) -> None:
        self._running.stop()


async def measure(levels: Sequence[int], live: int, out: Path, seconds: float, *, log_only: bool) -> None:
    """A line of JSON per level, before and after archiving."""
    with scratch_directory() as directory, ExitStack() as stack:
        database = None if log_only else stack.enter_context(tables.postgres_of(directory))
        server = Server(directory / "nats")
        try:
            await _levels(server, database, levels, live, out, seconds)
        finally:
            server.stop()


async def _levels(
    server: Server,
    database: tables.Tables | None,
    levels: Sequence[int],
    live: int,
    out: Path,
    seconds: float,
) -> None:
    async with connected(server.url) as client:
        await bootstrap.create(client.jetstream())
        finished = await _one_panel(client, server.url)
    there, made = 1, [finished[0].envelope.panel.panel_id]
    if database is not None:
        await database.seed(finished)
    for level in levels:
        made += await fill(server.url, template(finished), level - there)
        row: Row = {"panels": level, "archived": False}
        if database is not None:
            row["counted_anew_s"] = await database.grow(level)
        await _settled(server, database)
        row |= await _measure(server, database, made, live)
        there = level + live + WARM
        write(out, row)
        if level == levels[-1]:
            write(
                out,
                {"panels": level, "archived": True} | await _archived(server, database, made, live, seconds),
            )


WARM = 4


async def _settled(server: Server, database: tables.Tables | None) -> None:
    """Every service is past what is there, and nothing waits to be written to disk."""
    async with connected(server.url) as client:
        await everybody_is_past(client)
        if database is not None:
            await database.follow(await EventLog(client).position())
    await asyncio.to_thread(os.sync)


async def _measure(server: Server, database: tables.Tables | None, made: Sequence[UUID], live: int) -> Row:
    row: Row = {"nats_mib": server.memory(), "nats_restart_s": server.restart()}
    row["nats_mib_restarted"] = server.memory()
    row |= await asyncio.to_thread(starts, server.url, database)
    async with connected(server.url) as client:
        row |= await _orchestrated(client, server, live)
        row |= await _read(client, made)
    if database is not None:
        async with gateway(server.url, database) as served:
            row |= await _served(served, made)
    return row


async def _orchestrated(client: Client, server: Server, live: int) -> Row:
    cast = Cast(client)
    cast.go.set()
    await cast.play()
    with orchestrator(server.url) as process:
        await cast.ask(WARM, at_once=2)
        before = cpu_ms(process), cpu_ms(server.process), time.monotonic()
        await cast.ask(live, at_once=AT_ONCE)
        after = cpu_ms(process), cpu_ms(server.process), time.monotonic()
    await cast.stop()
    own, nats, took = (last - first for last, first in zip(after, before, strict=True))
    return {
        "orchestrator_ms_event": own / live / CONSUMED,
        "nats_ms_panel": nats / live,
        "panel_ms": took / live * 1000 * AT_ONCE,
    }


async def _served(served: Served, made: Sequence[UUID]) -> Row:
    some = spread(made)
    return {
        "gateway_start_s": served.started,
        "list_ms": await _timed([lambda: served.get("/panels?limit=50")] * READS),
        "usage_ms": await _timed([lambda: served.get("/usage?group_by=model")] * 5),
        "events_ms": await _timed([lambda one=one: served.get(f"/panels/{one}/events") for one in some]),
        "resume_ms": await _timed([lambda one=one: served.resume(one) for one in some]),
    }


async def _archived(
    server: Server, database: tables.Tables | None, made: Sequence[UUID], live: int, seconds: float
) -> Row:
    async with connected(server.url) as client:
        await everybody_is_past(client)
        began, before = time.monotonic(), cpu_ms(psutil.Process()) + cpu_ms(server.process)
        report = await Archiver(client, older_than=timedelta(0), in_both=0.0).run(seconds=seconds)
        took = time.monotonic() - began
        spent = cpu_ms(psutil.Process()) + cpu_ms(server.process) - before
        streams = {
            name: (await client.jetstream().stream_info(name)).state.bytes
            for name in (PANELS.name, "ARCHIVE", "KV_archive")
        }
    await _settled(server, database)
    row = {
        "archived_panels": report.panels,
        "archive_ms_panel": took / report.panels * 1000,
        "archive_cpu_ms_panel": spent / report.panels,
        "archive_bytes_panel": streams["ARCHIVE"] / report.panels,
        "index_bytes": streams["KV_archive"],
        "log_bytes": streams[PANELS.name],
        "held": report.held,
    }
    return row | await _measure(server, database, made, live)


async def _one_panel(client: Client, url: str) -> list[Recorded]:
    """A finished panel, as the log has it."""
    cast = Cast(client)
    cast.go.set()
    await cast.play()
    with orchestrator(url):
        await cast.ask(1, at_once=1)
    await cast.stop()
    return await cast.log.read(next(iter(cast.ended)))


async def _read(client: Client, made: Sequence[UUID]) -> Row:
    """Panels of all ages that nobody has read lately, and what appends wait meanwhile."""
    log, waited = EventLog(client), list[float]()
    appending = asyncio.create_task(_append(log, waited))
    read = await _each([partial(log.read, PanelRef(TENANT, one)) for one in spread(made)])
    appending.cancel()
    await asyncio.gather(appending, return_exceptions=True)
    return {
        "read_log_ms": statistics.median(read),
        "read_log_worst_ms": max(read),
        "append_meanwhile_worst_ms": max(waited),
    }


async def _append(log: EventLog, waited: list[float]) -> None:
    while True:
        waited += await _each([partial(log.append_first, an_end(PanelRef(uuid4(), uuid4())))])
        await asyncio.sleep(APPENDS)


async def _timed(calls: Sequence[Callable[[], Awaitable[object]]]) -> float:
    """The median in ms."""
    return statistics.median(await _each(calls))


async def _each(calls: Sequence[Callable[[], Awaitable[object]]]) -> list[float]:
    """How long each took, in ms."""
    took: list[float] = []
    for call in calls:
        began = time.perf_counter()
        await call()
        took.append((time.perf_counter() - began) * 1000)
    return took


def spread(made: Sequence[UUID]) -> list[UUID]:
    """Some panels from all ages; not the first, which is another tenant's."""
    copies = made[1:]
    return [copies[number * len(copies) // READS] for number in range(READS)]


def write(out: Path, row: Row) -> None:
    """Keep a line, and show it."""
    line = json.dumps(
        {name: round(value, 3) if isinstance(value, float) else value for name, value in row.items()}
    )
    with out.open("a") as file:
        file.write(line + "\n")
    print(line, flush=True)


def main() -> None:
    """Measure at each level."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.growth", description=__doc__)
    parser.add_argument("--panels", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--live", type=int, default=200, help="panels run at each level")
    parser.add_argument("--replay", type=int, nargs="*", default=[], help="measure replays of so many panels")
    parser.add_argument("--archive-seconds", type=float, default=36_000, help="how long archiving may take")
    parser.add_argument("--log-only", action="store_true", help="without tables and gateway")
    parser.add_argument("--out", type=Path, default=Path(".cache/growth.jsonl"))
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    for panels in options.replay:
        write(options.out, asyncio.run(measure_replay(panels)))
    if not options.replay:
        asyncio.run(
            measure(
                options.panels,
                options.live,
                options.out,
                options.archive_seconds,
                log_only=options.log_only,
            )
        )


if __name__ == "__main__":
    sys.exit(main())
