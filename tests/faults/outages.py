"""Takes NATS or Postgres away under load, gives it back, and times how soon everything works again.

One line per outage: seconds from the end of the outage until a question is accepted, until every process is
ready, until the panels that ran through it have ended, and until the tables show all of them.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx

from askpanel.contracts.events import ExpertStarted
from askpanel.contracts.subjects import PanelRef
from tests.faults.evidence import Allowance
from tests.faults.sweep import Field, Played, Told, canary, field_on, judge, play
from tests.harness.outages import dead, silent
from tests.harness.replicas import answers
from tests.harness.stack import RunningStack, projected, until

RUNNING = 4
LONGEST = 180.0
Outage = Callable[[RunningStack], contextlib.AbstractAsyncContextManager[None]]


def _taken(
    how: Callable[[RunningStack, str], contextlib.AbstractContextManager[None]], server: str
) -> Outage:
    @contextlib.asynccontextmanager
    async def outage(running: RunningStack) -> AsyncGenerator[None]:
        with how(running, server):
            yield

    return outage


@contextlib.asynccontextmanager
async def _read_only(running: RunningStack) -> AsyncGenerator[None]:
    """As after a failover: every new transaction may only read."""
    await _set_read_only(running, "on")
    try:
        yield
    finally:
        await _set_read_only(running, "off")


async def _set_read_only(running: RunningStack, value: str) -> None:
    connection = await asyncpg.connect(running.told["database_url"])
    try:
        await connection.execute("set default_transaction_read_only = off")
        await connection.execute(f"alter system set default_transaction_read_only = {value}")
        await connection.execute("select pg_reload_conf()")
    finally:
        await connection.close()


OUTAGES: Mapping[str, Outage] = {
    "NATS away": _taken(dead, "nats"),
    "NATS silent": _taken(silent, "nats"),
    "Postgres away": _taken(dead, "postgres"),
    "Postgres silent": _taken(silent, "postgres"),
    "Postgres read-only": _read_only,
}


async def run(data: Path, *, seconds: float, told: Told) -> tuple[str, ...]:
    """Every outage once. Returns the promises that were broken."""
    broken: list[str] = []
    async with field_on(data, ",latency=1.0") as ground:
        await play(ground, "structured", None)  # warms up
        for name, outage in OUTAGES.items():
            played, line = await _one(ground, outage, seconds)
            broken += [
                f"{name}: {what}" for what in await judge(ground, played, Allowance(extra_calls=6 * RUNNING))
            ]
            told(f"{name} for {seconds:g} s: {line}")
    return tuple(broken)


async def _one(ground: Field, outage: Outage, seconds: float) -> tuple[list[Played], str]:
    """Panels are under way when the server goes, and their clients wait for it to come back."""
    running = ground.running
    at_work: set[PanelRef] = set()

    def listener(ref: PanelRef, event_type: str) -> None:
        if event_type == ExpertStarted.TYPE:
            at_work.add(ref)

    async def working() -> int:
        return len(at_work)

    ground.listeners.append(listener)
    work = [asyncio.create_task(play(ground, "structured", None)) for _ in range(RUNNING)]
    await until(working, lambda count: count == RUNNING)
    ground.listeners.remove(listener)
    async with outage(running):
        await asyncio.sleep(seconds)
    back = time.monotonic()
    times = await asyncio.gather(_timed(back, _accepted(running)), _timed(back, all_ready(running)))
    played = list(await asyncio.gather(*work))
    ended = time.monotonic() - back
    await projected(running, max(one.events[-1].sequence for one in played))
    shown = time.monotonic() - back
    return played, (
        f"a question is accepted after {times[0]:.1f} s, all ready after {times[1]:.1f} s, "
        f"{RUNNING} panels ended after {ended:.1f} s, shown after {shown:.1f} s"
    )


async def _timed(since: float, done: Awaitable[None]) -> float:
    await done
    return time.monotonic() - since


async def _accepted(running: RunningStack) -> None:
    body = {
        "query": f"Is it back, {canary('acme')}?",
        "panel_type": "structured",
        "agents": ["expert-0", "expert-1", "expert-2"],
    }
    headers = {"Idempotency-Key": str(uuid4())}

    async def asked() -> int:
        with contextlib.suppress(httpx.TransportError):
            async with running.http() as client:
                return (await client.post("/panels", json=body, headers=headers)).status_code
        return 0

    await until(asked, lambda status: status == 201, seconds=LONGEST)


async def all_ready(running: RunningStack) -> None:
    async with httpx.AsyncClient(timeout=5) as client:

        async def ready() -> bool:
            probes = [url for name, url in running.told["probes"].items() if name != "sign-in"]
            return all([await answers(client, url) for url in probes])

        await until(ready, bool, seconds=LONGEST)
