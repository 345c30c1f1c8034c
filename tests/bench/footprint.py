"""What one panel leaves and costs: `python -m tests.bench.footprint [--nodes 3]`.

Panels of each protocol run on a whole stack. Of the log: events, subjects and bytes as NATS counts them, and
bytes on the disk of one node. Of Postgres: rows by table, transactions, bytes of tables and indexes, of the
write-ahead log. Processor time by process is summed over the run; what idle processes take meanwhile is in it.
"""

import argparse
import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from askpanel.contracts.configuration import PANEL_TYPES
from askpanel.contracts.events import PanelType
from askpanel.contracts.topology import PANELS, TIMERS
from tests.faults.cases import BODIES
from tests.faults.sweep import Field, field_on, play
from tests.harness.servers import scratch_directory
from tests.harness.stack import RunningStack, projected

TABLES = ("panels", "panel_responses", "panel_consensus", "agent_usage")
AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class Footprint:
    """Totals at one moment, by name."""

    figures: Mapping[str, float]
    cpu_ms: Mapping[str, float]


async def measure(panels: int, nodes: int, words: int) -> None:
    """Print what a panel of each protocol takes, and one for the mean of all."""
    with scratch_directory() as data:
        async with field_on(data, f",words={words}", ASKPANEL_NATS_NODES=str(nodes)) as ground:
            await _run(ground, PANEL_TYPES)  # warms up
            header = ""
            for kind in PANEL_TYPES:
                before = await look(ground.running, nodes)
                kinds: list[PanelType] = [kind] * panels
                await _run(ground, kinds)
                after = await look(ground.running, nodes)
                grown = {name: (after.figures[name] - was) / panels for name, was in before.figures.items()}
                cpu = {name: (after.cpu_ms[name] - was) / panels for name, was in before.cpu_ms.items()}
                if not header:
                    header = f"| protocol | {' | '.join(grown)} | CPU ms |"
                    print(f"{header}\n|{'---|' * (len(grown) + 2)}", flush=True)
                figures = " | ".join(f"{value:,.1f}" for value in grown.values())
                print(f"| {kind} | {figures} | {sum(cpu.values()):,.0f} |", flush=True)
                shares = ", ".join(f"{name} {value:.0f}" for name, value in cpu.items())
                print(f"<!-- CPU ms of {kind}: {shares} -->", flush=True)


async def _run(ground: Field, kinds: Sequence[PanelType]) -> None:
    """These panels, some at once, until the tables show them."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(kind: PanelType) -> int:
        async with slots:
            return (await play(ground, kind, None)).events[-1].sequence

    last = max(await asyncio.gather(*(one(kind) for kind in kinds)))
    await projected(ground.running, last)


async def look(running: RunningStack, nodes: int) -> Footprint:
    """Everything that is counted, now."""
    async with running.log() as log:
        panels = (await log.jetstream.stream_info(PANELS.name, subjects_filter=">")).state
        timers = (await log.jetstream.stream_info(TIMERS.name)).state
    async with running.database() as connection:
        await connection.execute("select pg_stat_force_next_flush()")
        database = await connection.fetchrow(
            "select xact_commit, tup_inserted + tup_updated + tup_deleted as written, tup_fetched "
            "from pg_stat_database where datname = current_database()"
        )
        wal = await connection.fetchval("select pg_current_wal_lsn() - '0/0'::pg_lsn")
        rows = [await connection.fetchval(f"select count(*) from public.{table}") for table in TABLES]
        size = await connection.fetchval(
            "select sum(pg_total_relation_size(c.oid)) from pg_class c "
            "join pg_namespace n on n.oid = c.relnamespace "
            "where n.nspname in ('public', 'askpanel') and c.relkind = 'r'"
        )
    assert database is not None
    store = running.data / ("nats" if nodes == 1 else "nats-1") / "jetstream"
    figures = {
        "events": panels.messages,
        "subjects": len(panels.subjects or {}),
        "log bytes": panels.bytes,
        "timers made": timers.last_seq,
        "store bytes of a node": _bytes(store),
        **dict(zip((f"rows of {table}" for table in TABLES), rows, strict=True)),
        "transactions": database["xact_commit"],
        "rows written": database["written"],
        "table bytes": int(size),
        "WAL bytes": int(wal),
    }
    return Footprint(figures, {name: _cpu(pid) for name, pid in running.pids().items()})


def _bytes(place: Path) -> int:
    """What the files under a place take on the disk."""
    return sum(file.stat().st_blocks * 512 for file in place.rglob("*") if file.is_file())


def _cpu(pid: int) -> float:
    """Processor time of a process and, as Postgres has one for each connection, of its children, in ms."""
    process = psutil.Process(pid)
    times = process.cpu_times()
    own = times.user + times.system + times.children_user + times.children_system
    return 1000 * (own + sum(sum(child.cpu_times()[:2]) for child in process.children()))


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.footprint", description=__doc__)
    parser.add_argument("--panels", type=int, default=12, help="of each protocol")
    parser.add_argument("--nodes", type=int, default=1, help="NATS servers")
    parser.add_argument("--words", type=int, default=120, help="of a scripted answer")
    given = parser.parse_args()
    print(f"bodies: {BODIES}; load before {os.getloadavg()[0]:.1f}", flush=True)
    asyncio.run(measure(given.panels, given.nodes, given.words))


if __name__ == "__main__":
    main()
