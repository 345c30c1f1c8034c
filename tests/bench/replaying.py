"""Projector and replay on a log of so many panels: events a second, and processor time by process."""

import time
from datetime import timedelta
from typing import Any

import psutil
from nats.aio.client import Client

from askpanel.gateway.readmodel.replay import replay
from askpanel.gateway.readmodel.store import PROJECTION, PostgresStore, history_of
from askpanel.runtime import bootstrap
from askpanel.runtime.archiver import Archiver
from askpanel.runtime.connection import Connection
from askpanel.runtime.log import EventLog
from askpanel.runtime.projection import Projection, dead_letters
from tests.bench import tables
from tests.bench.cast import connected, cpu_ms, server
from tests.bench.filling import fill, template
from tests.contract.archiving import everybody_is_past
from tests.harness.servers import scratch_directory
from tests.simulation import golden

HISTORY = "structured-calm"


async def measure_replay(panels: int) -> dict[str, Any]:
    """A row: rates in events a second, and µs of processor time an event."""
    kept = golden.read(golden.FOLDER / f"{HISTORY}.jsonl.gz").events
    with (
        server(sync_always=False) as nats,
        scratch_directory() as directory,
        tables.postgres_of(directory) as database,
    ):
        await database.prepare()
        async with connected(nats.url) as client:
            await bootstrap.create(client.jetstream())
            await fill(nats.url, template(kept), panels)
            bulk = Connection()
            await bulk.connect(nats.url)
            try:
                return {"replayed_panels": panels} | await _rates(client, bulk, database)
            finally:
                await bulk.close()


async def _rates(client: Client, bulk: Client, database: tables.Tables) -> dict[str, Any]:
    log = EventLog(bulk)
    end = (await log.position()).sequence
    store = PostgresStore(database.url("panel_projector"), history_of(log))
    projection = Projection(PROJECTION, log, store, dead_letters(log, "projector"))
    began = _used(database)
    await projection.run(until=end)
    row = _row("project", began, _used(database), end)
    await store.aclose()
    row |= await _replayed(log, database, "replay")
    await everybody_is_past(client)
    archiving = _used(database)
    report = await Archiver(client, older_than=timedelta(0), in_both=0.0).run(seconds=36_000)
    row |= _row("archive", archiving, _used(database), end) | {"held": report.held}
    return row | await _replayed(log, database, "replay_archived")


async def _replayed(log: EventLog, database: tables.Tables, name: str) -> dict[str, Any]:
    began = _used(database)
    report = await replay(log, database.url("panel_projector"))
    row = _row(name, began, _used(database), report.events)
    return row | {f"{name}_equal": report.equal}


def _used(database: tables.Tables) -> tuple[float, float, float]:
    """Wall time in s, processor time of this process and of all of Postgres in ms."""
    server = psutil.Process(database.server.pid)
    family = [server, *server.children(recursive=True)]
    return time.monotonic(), cpu_ms(psutil.Process()), sum(_alive_ms(process) for process in family)


def _alive_ms(process: psutil.Process) -> float:
    try:
        return cpu_ms(process)
    except psutil.NoSuchProcess:
        return 0.0


def _row(
    name: str, before: tuple[float, float, float], after: tuple[float, float, float], events: int
) -> dict[str, Any]:
    wall, own, postgres = (last - first for last, first in zip(after, before, strict=True))
    return {
        f"{name}_events_s": events / wall,
        f"{name}_us_event": own / events * 1000,
        f"{name}_postgres_us_event": postgres / events * 1000,
    }
