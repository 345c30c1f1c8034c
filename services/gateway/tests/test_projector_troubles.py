"""Postgres in trouble while the projector writes: it waits, tries again, and the rows are exact. Nothing is buried."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
import nats
import pytest

from askpanel.contracts.topology import DEAD
from askpanel.gateway.readmodel import store
from askpanel.gateway.readmodel.replay import replay
from askpanel.gateway.readmodel.store import PROJECTION, PostgresStore, history_of
from askpanel.runtime.ending import end
from askpanel.runtime.errors import LogUnavailable
from askpanel.runtime.log import EventLog
from askpanel.runtime.projection import Projection, dead_letters
from services.gateway.tests.stories import Story
from services.gateway.tests.test_projector_process import PATIENCE, Place, own_nats, place
from tests.harness.stack import until

__all__ = ["own_nats", "place"]

PASSING = {
    "40001": "serialization failure",
    "40P01": "deadlock",
    "57014": "statement timeout",
    "25006": "read-only",
    "53200": "out of memory",
}
"""SQLSTATEs that say nothing about what is written."""


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server gives up waiting in a fraction of the usual time."""
    usual = store._SETTINGS | {"lock_timeout": "300ms", "statement_timeout": "1s"}
    monkeypatch.setattr(store, "_SETTINGS", usual)


@asynccontextmanager
async def projecting(place: Place) -> AsyncGenerator[EventLog]:
    """A projection of this place for as long as the block lasts."""
    client = await nats.connect(place.nats.url)
    log = EventLog(client)
    rows = PostgresStore(place.database.projector, history_of(log))
    projection = Projection(PROJECTION, log, rows, dead_letters(log, "projector"), batch=5)
    task = asyncio.create_task(projection.run())
    try:
        yield log
    finally:
        await end(task)
        await rows.aclose()
        await client.close()


async def waits(place: Place) -> bool:
    """Whether the projector waits for a lock that somebody else holds."""
    return bool(
        await place.fetch(
            "select count(*) from pg_stat_activity where usename = 'panel_projector' and wait_event_type = 'Lock'"
        )
    )


async def blocked_or_past(place: Place, last: int) -> bool:
    return await waits(place) or await place.checkpoint() >= last


async def exact(place: Place, log: EventLog, last: int) -> None:
    """The tables catch up, equal a rebuild byte for byte, and no event was given up."""
    await place.until_checkpoint(last)
    report = await replay(log, place.database.projector)
    assert report.equal, report.differences
    assert report.rows["panels"] > 0
    assert (await log.jetstream.stream_info(DEAD.name)).state.messages == 0


async def test_what_passes_is_tried_again_until_it_has_passed(place: Place) -> None:
    """From the second answer on the server refuses each attempt, for another reason each time."""
    states = ", ".join(f"'{state}'" for state in PASSING)
    await place.observer.execute(
        f"""
        create sequence public.writes;
        grant usage on sequence public.writes to panel_projector;
        create function public.refuse() returns trigger language plpgsql as $$
        declare
          state text := (array[{states}])[nextval('public.writes') - 1];
        begin
          if state is not null then
            raise exception 'trouble' using errcode = state;
          end if;
          return null;
        end $$;
        create trigger trouble after insert on public.panel_responses
          for each row execute function public.refuse();
        """
    )
    async with projecting(place) as log:
        last = await place.append(Story("one").whole().events + Story("two").whole().events)
        await exact(place, log, last)
    assert await place.fetch("select last_value from public.writes") > len(PASSING) + 1, "each was met"


async def test_a_log_that_does_not_answer_while_it_is_followed_is_waited_for(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, between the look at the checkpoint and the first event, as in an election."""
    extent, refusals = EventLog.extent, iter(range(2))

    async def silent(log: EventLog) -> tuple[int, int]:
        if next(refusals, None) is not None:
            raise LogUnavailable("no leader")
        return await extent(log)

    monkeypatch.setattr(EventLog, "extent", silent)
    async with projecting(place) as log:
        last = await place.append(Story("one").whole().events)
        await exact(place, log, last)
    assert next(refusals, None) is None


async def test_a_table_that_others_hold_again_and_again_is_waited_for(place: Place) -> None:
    """A storm of exclusive locks: each is held longer than a write waits for one."""
    async with projecting(place) as log:
        last = 0
        stormy = await asyncpg.connect(place.database.admin)
        try:
            for _ in range(4):
                async with stormy.transaction():
                    await stormy.execute("lock table public.panels in access exclusive mode")
                    last = await place.append(Story().whole().events)
                    await until(lambda: waits(place), bool, seconds=PATIENCE)
        finally:
            await stormy.close()
        await exact(place, log, last)


async def test_a_real_deadlock_costs_one_of_the_two_its_turn_and_no_row(place: Place) -> None:
    """Another program takes our rows in the opposite order."""
    story = Story().whole()
    half = len(story.events) // 2
    lost = 0
    async with projecting(place) as log:
        last = await place.append(story.events[:half])
        await place.until_checkpoint(last)
        other = await asyncpg.connect(place.database.admin)
        try:
            await other.execute("set deadlock_timeout = '50ms'")
            for event in story.events[half:]:
                transaction = other.transaction()
                await transaction.start()
                await other.execute("select 1 from public.panels for update")
                last = await place.append([event])
                await until(lambda last=last: blocked_or_past(place, last), bool, seconds=PATIENCE)
                # The projector holds the checkpoint's row and waits for the panel's; now the other way round.
                try:
                    await other.execute("update askpanel.projection_checkpoint set updated_at = updated_at")
                except asyncpg.DeadlockDetectedError:
                    lost += 1
                    await transaction.rollback()
                else:
                    await transaction.commit()
        finally:
            await other.close()
        assert lost, "no deadlock came about"
        await exact(place, log, last)
