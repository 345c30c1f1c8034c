"""What the projector tells of its age: it grows whenever the tables may be behind, and only with who fills them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
import nats
from prometheus_client import REGISTRY

from askpanel.gateway.readmodel.store import PostgresStore, history_of
from askpanel.runtime.ending import end
from askpanel.runtime.log import EventLog
from askpanel.runtime.projection import Projection, dead_letters
from services.gateway.tests.stories import Story
from services.gateway.tests.test_projector_process import PATIENCE, Place, own_nats, place
from services.gateway.tests.test_projector_troubles import waits
from tests.harness.stack import until

__all__ = ["own_nats", "place"]

SURELY = 2.0
"""Seconds of age that no quiet projector has."""
CUT = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'panel_projector' and datname = $1"


@asynccontextmanager
async def projecting(place: Place, name: str) -> AsyncGenerator[None]:
    """A projector whose metrics go by a name of their own."""
    client = await nats.connect(place.nats.url)
    log = EventLog(client)
    rows = PostgresStore(place.database.projector, history_of(log))
    task = asyncio.create_task(Projection(name, log, rows, dead_letters(log, "projector")).run())
    try:
        yield
    finally:
        await end(task)
        await rows.aclose()
        await client.close()


@asynccontextmanager
async def closed_database(place: Place) -> AsyncGenerator[None]:
    """Nobody gets in, and the projector is thrown out."""
    name = place.database.name
    admin = await asyncpg.connect(place.database.admin.replace(f"/{name}", "/postgres"))
    try:
        await admin.execute(f'alter database "{name}" allow_connections false')
        await admin.execute(CUT, name)
        yield
        await admin.execute(f'alter database "{name}" allow_connections true')
    finally:
        await admin.close()


def gauge(name: str, what: str = "age_seconds") -> float | None:
    return REGISTRY.get_sample_value(f"askpanel_projection_{what}", {"projection": name})


async def old(name: str) -> bool:
    return (gauge(name) or 0) > SURELY


async def current(name: str) -> bool:
    age = gauge(name)
    return age is not None and age < SURELY


async def test_it_is_old_when_its_store_goes_while_nothing_happens_and_young_once_it_is_back(
    place: Place,
) -> None:
    async with projecting(place, "idle"):
        last = await place.append(Story("one").whole().events)
        await place.until_checkpoint(last)
        async with closed_database(place):
            await until(lambda: old("idle"), bool, seconds=PATIENCE)
        last = await place.append(Story("two").whole().events)
        await place.until_checkpoint(last)
        await until(lambda: current("idle"), bool, seconds=PATIENCE)


async def test_it_is_old_when_it_never_met_its_store(place: Place) -> None:
    async with closed_database(place), projecting(place, "barred"):
        await until(lambda: old("barred"), bool, seconds=PATIENCE)


async def test_who_lost_its_turn_with_a_batch_in_hand_stands_by_and_is_not_old(place: Place) -> None:
    """As when Postgres was away and the other of two projectors came back first."""
    other = await asyncpg.connect(place.database.admin)
    holding = await asyncpg.connect(place.database.admin)
    try:
        async with projecting(place, "former"):
            await place.until_checkpoint(await place.append(Story("one").whole().events))
            async with holding.transaction():
                await holding.execute("lock table public.panels in access exclusive mode")
                last = await place.append(Story("two").whole().events)
                await until(lambda: waits(place), bool, seconds=PATIENCE)
                turn = "select pg_advisory_lock(hashtextextended('askpanel.projector.panels', 0))"
                taking = asyncio.create_task(other.execute(turn))
                await until(lambda: old("former"), bool, seconds=PATIENCE)
                await place.observer.execute(CUT, place.database.name)
                await taking
            await until(lambda: stands_by("former"), bool, seconds=PATIENCE)
            await other.close()
            await place.until_checkpoint(last)
            await until(lambda: current("former"), bool, seconds=PATIENCE)
    finally:
        await holding.close()
        await other.close()


async def stands_by(name: str) -> bool:
    return gauge(name) == 0 and gauge(name, "lag_events") == 0
