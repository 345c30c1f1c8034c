"""The sums that quotas and reports rest on, against the rows that they sum, on a real Postgres."""

import logging
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.readmodel import store as store_module
from askpanel.gateway.readmodel.money import TAKE_BACK, count_anew
from askpanel.gateway.readmodel.store import PostgresStore
from askpanel.local.demo import seed
from askpanel.runtime.log import Position
from askpanel.runtime.projection import StoreUnavailable
from services.gateway.tests.stories import GLOBEX, START, Story, interleaved
from tests.harness.databases import Database

EPOCH = "2026-11-22 09:00:00.123456+00:00"
SUMS = "select * from askpanel.usage_daily where calls > 0 order by tenant_id, day, user_id, agent_id, model, panel_type"
PANELS = "select * from askpanel.panel_money order by panel_id"


@pytest.fixture
async def filled(database: Database) -> tuple[Database, list[Recorded], PostgresStore]:
    """Five panels in two tenants, one over midnight, written in batches of seven."""
    await seed(database.admin)
    stories = [Story(f"story {number}").whole() for number in range(3)]
    stories.append(Story("late", start=START.replace(hour=23, minute=59, second=50)).whole())
    stories.append(Story("other", tenant_id=GLOBEX.id, user_id=GLOBEX.user("member").id).whole())
    events = interleaved(stories)
    store = PostgresStore(database.projector, _history(events))
    await store.checkpoint()
    for first in range(0, len(events), 7):
        await store.apply(
            events[first : first + 7],
            previous=first,
            position=Position(min(first + 7, len(events)), EPOCH),
        )
    return database, events, store


def _history(events: Sequence[Recorded]) -> Any:
    async def history(ref: PanelRef, through: int) -> list[Recorded]:
        return [one for one in events if one.envelope.panel == ref and one.sequence <= through]

    return history


async def rows(database: Database, statement: str) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(database.admin)
    try:
        return [dict(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


async def execute(database: Database, *statements: str) -> None:
    connection = await asyncpg.connect(database.admin)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_sums_that_grew_are_sums_counted_anew(
    filled: tuple[Database, list[Recorded], PostgresStore],
) -> None:
    database, _, store = filled
    await store.aclose()
    grown, panels = await rows(database, SUMS), await rows(database, PANELS)

    connection = await asyncpg.connect(database.projector)
    try:
        async with connection.transaction():
            await count_anew(connection)
    finally:
        await connection.close()

    assert await rows(database, SUMS) == grown
    assert await rows(database, PANELS) == panels
    assert sum(row["calls"] for row in grown) == 5 * 3
    assert sum(row["panels"] for row in grown) == 5
    assert len({row["day"] for row in grown}) == 2, "a panel over midnight"
    exact = await rows(
        database, "select sum((metadata ->> 'cost_usd_exact')::numeric) as cost from public.agent_usage"
    )
    assert sum((row["cost_usd"] or Decimal(0) for row in grown), Decimal(0)) == exact[0]["cost"]
    assert {row["uncosted_calls"] for row in panels} == {1}, "the failed attempt that nobody recorded"


async def test_a_batch_that_is_written_again_adds_nothing(
    filled: tuple[Database, list[Recorded], PostgresStore],
) -> None:
    database, events, store = filled
    grown = await rows(database, SUMS)
    await execute(database, "update askpanel.projection_checkpoint set stream_sequence = 0")

    await store.checkpoint()
    await store.apply(events, previous=0, position=Position(len(events), EPOCH))
    await store.aclose()

    assert await rows(database, SUMS) == grown


async def test_what_a_version_without_the_sums_wrote_is_counted_at_the_next_start(
    filled: tuple[Database, list[Recorded], PostgresStore],
) -> None:
    database, events, store = filled
    await store.aclose()
    grown, panels = await rows(database, SUMS), await rows(database, PANELS)
    await execute(
        database,
        "delete from askpanel.usage_daily",
        "delete from askpanel.panel_money",
        "update askpanel.projection_checkpoint set stream_sequence = 3 where name = 'money'",
    )

    newer = PostgresStore(database.projector, _history(events))
    assert await newer.checkpoint() == Position(len(events), EPOCH)
    await newer.aclose()

    assert await rows(database, SUMS) == grown
    state = [{**row, "uncosted_calls": 0} for row in panels]
    assert await rows(database, PANELS) == state, "what is not costed cannot be told from rows"


async def slowed(database: Database, seconds: float) -> None:
    """Counting anew takes so long, as on a large installation, and the next start has to do it."""
    await execute(
        database,
        "update askpanel.projection_checkpoint set stream_sequence = 3 where name = 'money'",
        f"""
        create function public.slow() returns trigger language plpgsql as $$
        begin
          perform pg_sleep({seconds});
          return null;
        end $$
        """,
        "create trigger slow before insert on askpanel.panel_money for each statement execute function public.slow()",
    )


async def counted_to(database: Database) -> int:
    (row,) = await rows(
        database, "select stream_sequence from askpanel.projection_checkpoint where name = 'money'"
    )
    return row["stream_sequence"]


async def test_counting_anew_may_take_longer_than_other_statements_and_says_that_it_is_at_it(
    filled: tuple[Database, list[Recorded], PostgresStore],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    database, events, store = filled
    await store.aclose()
    grown = await rows(database, SUMS)
    await slowed(database, 3.5)
    monkeypatch.setattr(store_module, "COMMAND_SECONDS", 3.0)
    caplog.set_level(logging.INFO, logger=store_module.__name__)

    newer = PostgresStore(database.projector, _history(events))
    assert await newer.checkpoint() == Position(len(events), EPOCH)
    await newer.aclose()

    assert await rows(database, SUMS) == grown
    assert await counted_to(database) == len(events)
    begun, done = [record.getMessage() for record in caplog.records]
    assert begun.startswith("counting anew")
    assert "ASKPANEL_COUNT_SECONDS" in begun
    assert done.startswith("counted anew in ")


async def test_counting_anew_that_takes_too_long_leaves_all_as_it_was_and_can_be_given_longer(
    filled: tuple[Database, list[Recorded], PostgresStore],
) -> None:
    database, events, store = filled
    await store.aclose()
    panels = await rows(database, PANELS)
    await slowed(database, 60)

    hurried = PostgresStore(database.projector, _history(events), count_seconds=0.2)
    with pytest.raises(StoreUnavailable, match="statement timeout"):
        await hurried.checkpoint()
    await hurried.aclose()
    assert await rows(database, PANELS) == panels
    assert await counted_to(database) == 3

    await execute(database, "drop trigger slow on askpanel.panel_money")
    patient = PostgresStore(database.projector, _history(events))
    assert await patient.checkpoint() == Position(len(events), EPOCH)
    await patient.aclose()
    assert await counted_to(database) == len(events)


async def test_an_erased_panel_goes_out_of_the_sums(
    filled: tuple[Database, list[Recorded], PostgresStore],
) -> None:
    database, events, store = filled
    await store.aclose()
    gone = events[0].envelope.panel

    connection = await asyncpg.connect(database.migrator)
    try:
        async with connection.transaction():
            await connection.execute(TAKE_BACK, gone.tenant_id, gone.panel_id)
            await connection.execute("delete from public.agent_usage where panel_id = $1", gone.panel_id)
    finally:
        await connection.close()
    left = await rows(database, SUMS)
    await execute(database, "delete from askpanel.usage_daily")
    connection = await asyncpg.connect(database.projector)
    try:
        async with connection.transaction():
            await count_anew(connection)
    finally:
        await connection.close()

    assert left == await rows(database, SUMS)
    assert sum(row["panels"] for row in left) == 4
