"""The projector's store on a real Postgres: idempotence, foreign rows, poison, one writer."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.readmodel.store import PostgresStore
from askpanel.gateway.readmodel.upserts import LARGEST, TABLES
from askpanel.local.demo import seed
from askpanel.runtime.log import Position
from askpanel.runtime.projection import CheckpointMoved, Poison, StoreUnavailable
from services.gateway.tests.stories import ACME, GLOBEX, MEMBER, Story, interleaved, numbered
from tests.harness.databases import Database, Databases

EPOCH = "2026-11-22 09:00:00.123456+00:00"
VARIANTS = {
    "as known": (),
    "agents as one array": ("agents_jsonb",),
    "no unique round": ("no_consensus_unique",),
    "two decimals": ("numeric_scales",),
    "enums": ("enum_types",),
    "all at once": ("agents_jsonb", "no_consensus_unique", "numeric_scales", "enum_types"),
}

EVENTS = 63


def three_panels() -> list[Recorded]:
    """Of two tenants, mixed; the last one follows up the first."""
    first = Story("one").whole()
    others = [Story("two", tenant_id=GLOBEX.id).whole(), Story("three").whole(parent=first.ref.panel_id)]
    log = interleaved([first, others[0]]) + others[1].events
    assert len(log) == EVENTS
    return numbered(log)


Dump = dict[str, list[str]]


class Projecting:
    """A store on one database, over a log that is a list."""

    def __init__(self, database: Database, log: Sequence[Recorded]) -> None:
        self.database = database
        self.log = list(log)
        self.store = self.restarted()
        self.position = 0
        self.at_once: Dump | None = None
        """The tables after the log was applied as one batch."""

    def restarted(self) -> PostgresStore:
        self.store = PostgresStore(self.database.projector, self._history)
        return self.store

    async def restart(self) -> None:
        await self.store.aclose()
        self.restarted()

    async def apply(self, events: Sequence[Recorded]) -> None:
        position = Position(events[-1].sequence, EPOCH)
        await self.store.apply(events, previous=self.position, position=position)
        self.position = position.sequence

    async def pass_over(self, event: Recorded) -> None:
        """What the loop does after a dead letter."""
        await self.store.apply([], previous=self.position, position=Position(event.sequence, EPOCH))
        self.position = event.sequence

    async def _history(self, ref: PanelRef, through: int) -> Sequence[Recorded]:
        return [one for one in self.log if one.envelope.panel == ref and one.sequence <= through]


async def fetch(database: Database, query: str, *arguments: object) -> Any:
    connection = await asyncpg.connect(database.admin)
    try:
        return await connection.fetchval(query, *arguments)
    finally:
        await connection.close()


async def dump(database: Database) -> Dump:
    """Every row of the four tables as text, the trigger's column left out."""
    connection = await asyncpg.connect(database.admin)
    try:
        return {
            table: [
                row[0]
                for row in await connection.fetch(
                    f"select (to_jsonb(one) - 'updated_at')::text from public.{table} one order by id"
                )
            ]
            for table in TABLES
        }
    finally:
        await connection.close()


async def start_over(projecting: Projecting) -> None:
    """Empty tables, no checkpoint, a new process."""
    connection = await asyncpg.connect(projecting.database.admin)
    try:
        await connection.execute("delete from public.panels")
        await connection.execute("delete from public.agent_usage")
        await connection.execute("delete from askpanel.projection_checkpoint")
    finally:
        await connection.close()
    await projecting.restart()
    projecting.position = 0


@pytest.fixture
async def seeded(database: Database) -> Database:
    await seed(database.admin)
    return database


@pytest.fixture
async def projecting(seeded: Database) -> AsyncGenerator[Projecting]:
    made = Projecting(seeded, three_panels())
    yield made
    await made.store.aclose()


@pytest.mark.parametrize("variants", VARIANTS.values(), ids=VARIANTS.keys())
async def test_every_known_shape_of_the_tables_takes_the_same_rows(
    databases: Databases, variants: tuple[str, ...]
) -> None:
    database = await databases.create(*variants)
    await seed(database.admin)
    story = Story().whole()
    projecting = Projecting(database, numbered(story.events))
    await projecting.apply(projecting.log)
    await projecting.store.aclose()
    read = "select to_jsonb(agents) #>> '{}' from panels where id = $1"
    assert await fetch(database, read, story.ref.panel_id) == '["expert-0", "expert-1", "expert-2"]'
    level = await fetch(database, "select consensus_level::float8 from panel_consensus")
    assert level == (0.67 if "numeric_scales" in variants else 0.6667)
    exact = "select metadata #>> '{consensus,1,consensus_level}' from panels where status::text = 'completed'"
    assert await fetch(database, exact) == "0.6667"
    await databases.drop(database)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cuts=st.sets(st.integers(1, EVENTS - 1)),
    restarts=st.sets(st.integers(1, EVENTS - 1), max_size=2),
)
async def test_any_batch_boundaries_and_restarts_give_the_same_bytes(
    projecting: Projecting, cuts: set[int], restarts: set[int]
) -> None:
    database, log = projecting.database, projecting.log
    if projecting.at_once is None:
        await projecting.apply(log)
        projecting.at_once = await dump(database)
    wanted = projecting.at_once
    await start_over(projecting)
    edges = [0, *sorted(cuts | restarts), len(log)]
    for start, end in pairwise(edges):
        if start in restarts:
            await projecting.restart()
        await projecting.apply(log[start:end])
    assert await dump(database) == wanted
    assert [len(rows) for rows in wanted.values()] == [3, 9, 3, 9]


async def test_a_batch_applied_again_changes_nothing_and_fires_no_trigger(projecting: Projecting) -> None:
    await projecting.apply(projecting.log)
    touched = "select max(updated_at) from panels"
    before = await fetch(projecting.database, touched), await dump(projecting.database)
    with pytest.raises(CheckpointMoved):
        await projecting.store.apply(
            projecting.log, previous=0, position=Position(len(projecting.log), EPOCH)
        )
    await fetch(projecting.database, "update askpanel.projection_checkpoint set stream_sequence = 0")
    projecting.position = 0
    await projecting.restart()
    await projecting.apply(projecting.log)
    assert (await fetch(projecting.database, touched), await dump(projecting.database)) == before


async def test_a_second_projector_waits_and_takes_over(projecting: Projecting) -> None:
    await projecting.apply(projecting.log[:10])
    leader = projecting.store
    standby = projecting.restarted()
    await standby.ping()
    with pytest.raises(StoreUnavailable, match="stands by"):
        await standby.checkpoint()
    await leader.aclose()
    async with asyncio.timeout(10):
        while True:
            try:
                assert await standby.checkpoint() == Position(10, EPOCH)
            except StoreUnavailable:
                await asyncio.sleep(0.01)
            else:
                break
    await projecting.apply(projecting.log[10:])


async def test_only_one_of_two_writers_moves_the_checkpoint(projecting: Projecting) -> None:
    await projecting.apply(projecting.log[:10])
    await fetch(projecting.database, "update askpanel.projection_checkpoint set stream_sequence = 12")
    before = await dump(projecting.database)
    with pytest.raises(CheckpointMoved):
        await projecting.apply(projecting.log[10:20])
    assert await dump(projecting.database) == before


async def test_the_link_to_a_follow_up_is_visible_both_ways(projecting: Projecting) -> None:
    await projecting.apply(projecting.log)
    parent, child = Story("one").ref.panel_id, Story("three").ref.panel_id
    read = "select metadata from panels where id = $1"
    assert f'"parent_panel_id": "{parent}"' in await fetch(projecting.database, read, child)
    assert f'"children": ["{child}"]' in await fetch(projecting.database, read, parent)


async def test_other_programs_rows_keys_and_columns_stay_as_they_are(projecting: Projecting) -> None:
    database, log = projecting.database, projecting.log
    foreign = uuid4()
    await fetch(
        database,
        """
        insert into panels (id, tenant_id, user_id, query, panel_type, status, metadata)
        values ($1, $2, $3, 'theirs', 'open', 'running', '{"sequence": "theirs"}')
        """,
        foreign,
        ACME.id,
        MEMBER,
    )
    child = Story("child of theirs")
    child.created(parent=foreign)
    read = "select to_jsonb(one)::text from panels one where id = $1"
    before = await fetch(database, read, foreign)
    await projecting.apply(log[:30])
    await fetch(
        database, """update panels set metadata = metadata || '{"theirs": {"a": 1}, "seats": "forged"}'"""
    )
    before = await fetch(database, read, foreign)
    await projecting.apply(numbered(log[30:] + child.events, first=31))
    assert await fetch(database, read, foreign) == before
    ours = "select metadata ->> 'theirs' from panels where id = $1"
    assert await fetch(database, ours, Story("one").ref.panel_id) == '{"a": 1}'
    seats = "select jsonb_array_length(metadata -> 'seats') from panels where id = $1"
    assert await fetch(database, seats, Story("one").ref.panel_id) == 3, (
        "our keys are written whole each time"
    )


async def test_metadata_that_would_make_every_write_slow_is_let_go(projecting: Projecting) -> None:
    database, log = projecting.database, projecting.log
    await projecting.apply(log[:30])
    filled = "update panels set metadata = metadata || jsonb_build_object('theirs', repeat('x', $1))"
    kept = "select count(*) filter (where metadata ? 'theirs') from panels where metadata ? 'sequence'"
    written = await fetch(database, "select count(*) from panels")
    await fetch(database, filled, LARGEST // 2)
    await projecting.apply(log[30:40])
    assert await fetch(database, kept) == written
    await fetch(database, filled, LARGEST + 1)
    await projecting.apply(log[40:])
    before, after = ({recorded.envelope.panel for recorded in part} for part in (log[:40], log[40:]))
    assert before & after
    assert await fetch(database, kept) == written - len(before & after)
    assert await fetch(database, "select bool_and(metadata ? 'sequence') from panels")


async def test_metadata_that_somebody_broke_is_put_right_by_the_next_event(projecting: Projecting) -> None:
    await projecting.apply(projecting.log[:30])
    await fetch(projecting.database, """update panels set metadata = '["broken"]'""")
    await projecting.apply(projecting.log[30:])
    assert await fetch(projecting.database, "select bool_and(metadata ? 'sequence') from panels")


@pytest.mark.parametrize("poison", ["nul", "no such user", "foreign id"])
async def test_one_refused_event_leaves_the_others_rows_alone(projecting: Projecting, poison: str) -> None:
    story = Story("poisoned")
    story.created()
    story.started()
    story.responded(0)
    match poison:
        case "nul":
            bad = story.responded(1, content="a\x00b")
        case "no such user":
            bad = story.used(1, user_id=uuid4())
        case _:
            bad = story.responded(1, response_id=Story("one").response_id(0))
    story.used(0)
    log = projecting.log + story.events
    projecting.log = numbered(log)
    await projecting.apply(projecting.log[:EVENTS])
    rest = [one for one in projecting.log if one.sequence > projecting.position]
    before = await dump(projecting.database)
    with pytest.raises(Poison):
        await projecting.apply(rest)
    assert await dump(projecting.database) == before, "a refused batch writes nothing"
    for one in rest:
        if one.envelope.id == bad.envelope.id:
            with pytest.raises(Poison):
                await projecting.apply([one])
            await projecting.pass_over(one)
            sequence = "select (metadata ->> 'sequence')::int from panels where id = $1"
            reached = await fetch(projecting.database, sequence, story.ref.panel_id)
            assert reached == one.sequence - (poison == "nul"), "what no column can hold is not folded"
        else:
            await projecting.apply([one])
    usage = "select metadata #>> '{usage,calls}' from panels where id = $1"
    assert await fetch(projecting.database, usage, story.ref.panel_id) == (
        "2" if poison == "no such user" else "1"
    )
    after = await dump(projecting.database)
    await projecting.restart()
    story.used(0, attempt=2)
    last = story.events[-1].at(len(projecting.log) + 1)
    projecting.log.append(last)
    await projecting.apply([last])
    assert len((await dump(projecting.database))["agent_usage"]) == len(after["agent_usage"]) + 1


@pytest.mark.parametrize("wished", ["0.5" + "0" * 20_000, "1e-20000", "9" * 140_000, "NaN", "-1", None])
async def test_a_limit_that_no_column_holds_keeps_no_panel_out_of_the_tables(
    projecting: Projecting, wished: object
) -> None:
    """The log holds such panels: they were let in once."""
    story = Story("strange")
    story.created(configuration={"max_cost_usd": wished})
    projecting.log = numbered(story.events)
    await projecting.apply(projecting.log)
    counted = "select cap_usd from askpanel.panel_money where panel_id = $1"
    assert await fetch(projecting.database, counted, story.ref.panel_id) == 0


@pytest.mark.parametrize("variant", ["as known", "two decimals"])
async def test_a_call_dearer_than_its_column_holds_is_counted_whole(
    databases: Databases, variant: str
) -> None:
    database = await databases.create(*VARIANTS[variant])
    await seed(database.admin)
    story = Story("dear")
    story.created()
    story.used(0, cost_usd=Decimal("1999999.999999999"))
    projecting = Projecting(database, numbered(story.events))
    await projecting.apply(projecting.log)
    await projecting.store.aclose()
    row = "select metadata ->> 'cost_usd_exact' || ' ' || cost_usd::int from agent_usage"
    assert await fetch(database, row) == "1999999.999999999 999999"
    spent = "select spent_usd from askpanel.panel_money where panel_id = $1"
    assert await fetch(database, spent, story.ref.panel_id) == Decimal("1999999.999999999")
    await databases.drop(database)


async def test_a_deleted_panels_later_rows_are_refused_and_others_go_on(projecting: Projecting) -> None:
    database = projecting.database
    await projecting.apply(projecting.log[:30])
    deleted = Story("one").ref
    await fetch(database, "delete from panels where id = $1", deleted.panel_id)
    for one in projecting.log[30:]:
        if one.envelope.panel == deleted:
            with pytest.raises(Poison, match="is gone"):
                await projecting.apply([one])
            await projecting.pass_over(one)
        else:
            await projecting.apply([one])
    assert await fetch(database, "select count(*) from panels") == 2
    assert await fetch(database, "select count(*) from panels where status = 'completed'") == 2
    assert (
        await fetch(database, "select count(*) from panel_responses where panel_id = $1", deleted.panel_id)
        == 0
    )


async def test_a_panel_id_taken_in_another_tenant_is_refused(projecting: Projecting) -> None:
    story = Story("taken")
    await fetch(
        projecting.database,
        "insert into panels (id, tenant_id, user_id, query, panel_type) values ($1, $2, $3, 'theirs', 'open')",
        story.ref.panel_id,
        GLOBEX.id,
        MEMBER,
    )
    with pytest.raises(Poison, match="another panel or tenant"):
        await projecting.apply(numbered([story.created()]))
    read = "select query from panels where id = $1"
    assert await fetch(projecting.database, read, story.ref.panel_id) == "theirs"


async def test_a_database_that_is_not_as_expected_is_not_written_to(projecting: Projecting) -> None:
    await fetch(projecting.database, "alter table panel_responses drop column response_type")
    with pytest.raises(StoreUnavailable, match=r"panel_responses\.response_type"):
        await projecting.store.checkpoint()
    with pytest.raises(StoreUnavailable):
        await projecting.store.ping()


async def test_a_connection_that_breaks_in_the_middle_is_no_fault_of_the_content(
    projecting: Projecting,
) -> None:
    await projecting.apply(projecting.log[:10])
    other = await asyncpg.connect(projecting.database.admin)
    waiting = (
        "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    )
    try:
        async with other.transaction():
            await other.execute("select from askpanel.projection_checkpoint for update")
            applying = asyncio.create_task(projecting.apply(projecting.log[10:]))
            async with asyncio.timeout(10):
                while (pid := await other.fetchval(waiting)) is None:
                    await other.execute("select pg_stat_clear_snapshot()")
            await other.execute("select pg_terminate_backend($1)", pid)
            with pytest.raises(StoreUnavailable):
                await applying
    finally:
        await other.close()
    await projecting.apply(projecting.log[10:])
    assert await fetch(projecting.database, "select count(*) from panels") == 3


async def test_a_read_only_database_is_waited_for(projecting: Projecting) -> None:
    await projecting.apply(projecting.log[:10])
    database = projecting.database
    await fetch(database, f'alter database "{database.name}" set default_transaction_read_only = on')
    await projecting.restart()
    with pytest.raises(StoreUnavailable, match="25006"):
        await projecting.apply(projecting.log[10:])
