"""The projection end to end, log to tables, and its replay: live rows equal rebuilt rows, byte for byte."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import nats
import pytest
from nats.aio.client import Client

from askpanel.contracts.envelope import Recorded, encode
from askpanel.contracts.topology import DEAD
from askpanel.gateway.readmodel.replay import NothingProjected, ReplayReport, replay
from askpanel.gateway.readmodel.store import PROJECTION, PostgresStore, history_of
from askpanel.local.demo import seed
from askpanel.local.servers import nats as nats_server
from askpanel.runtime import bootstrap
from askpanel.runtime.ending import end
from askpanel.runtime.log import EventLog
from askpanel.runtime.projection import Projection, dead_letters
from askpanel.runtime.tail import LogReplaced
from services.gateway.tests.stories import ACME, GLOBEX, MEMBER, Story, interleaved
from tests.harness.databases import Database
from tests.harness.servers import scratch_directory


@pytest.fixture
def nats_url() -> Generator[str]:
    """A server of this test's own: the log has one name."""
    with scratch_directory() as directory:
        server = nats_server.start(directory / "nats", sync_always=False)
        try:
            yield server.url
        finally:
            server.stop()


@dataclass
class Stack:
    """A log, a database, and a projector that runs when asked to."""

    client: Client
    log: EventLog
    database: Database

    async def append(self, events: Sequence[Recorded]) -> int:
        """In this order; returns the last sequence."""
        sequence = 0
        for event in events:
            subject, headers, body = encode(event)
            sequence = (await self.log.jetstream.publish(subject, body, headers=headers)).seq
        return sequence

    async def project(self, through: int, *, batch: int = 50) -> None:
        async with self.projection(batch) as projection:
            await asyncio.wait_for(projection.run(until=through), 20)

    @asynccontextmanager
    async def projection(self, batch: int = 50) -> AsyncGenerator[Projection]:
        store = PostgresStore(self.database.projector, history_of(self.log))
        try:
            yield Projection(PROJECTION, self.log, store, dead_letters(self.log, "projector"), batch=batch)
        finally:
            await store.aclose()

    async def replay(self, **options: Any) -> ReplayReport:
        return await replay(self.log, self.database.projector, **options)

    async def execute(self, statement: str, *arguments: object) -> Any:
        connection = await asyncpg.connect(self.database.admin)
        try:
            return await connection.fetchval(statement, *arguments)
        finally:
            await connection.close()

    async def letters(self) -> int:
        return (await self.log.jetstream.stream_info(DEAD.name)).state.messages


@pytest.fixture
async def stack(nats_url: str, database: Database) -> AsyncGenerator[Stack]:
    await seed(database.admin)
    client = await nats.connect(nats_url)
    await bootstrap.create(client.jetstream())
    yield Stack(client, EventLog(client), database)
    await client.close()


FIRST = Story("one").ref


def stories() -> list[Story]:
    return [Story("one").whole(), Story("two", tenant_id=GLOBEX.id).whole(), Story("three").whole()]


async def projected(stack: Stack, *more: Story) -> int:
    last = await stack.append([*interleaved(stories()), *(event for story in more for event in story.events)])
    await stack.project(last)
    return last


async def test_rebuilt_rows_equal_the_live_ones(stack: Stack) -> None:
    follow_up = Story("four").whole(parent=FIRST.panel_id)
    last = await projected(stack, follow_up)
    seen: list[tuple[int, int]] = []

    def progress(done: int, of: int) -> None:
        seen.append((done, of))

    report = await stack.replay(progress=progress)
    assert report.equal, report.differences
    assert (report.position, report.events, report.unreadable, report.refused) == (last, last, 0, 0)
    assert report.rows == {"panels": 4, "panel_responses": 12, "panel_consensus": 4, "agent_usage": 12}
    assert seen[-1] == (last, last)
    assert (
        await stack.execute(
            "select count(*) from pg_class where relnamespace = 'askpanel_shadow'::regnamespace"
        )
        == 0
    )


async def test_a_replay_of_one_panel_or_tenant_looks_at_nothing_else(stack: Stack) -> None:
    await projected(stack)
    await stack.execute("delete from panels where tenant_id = $1", GLOBEX.id)
    assert (await stack.replay(within=FIRST)).rows["panels"] == 1
    assert (await stack.replay(within=FIRST)).equal
    assert (await stack.replay(within=ACME.id)).equal
    assert not (await stack.replay(within=GLOBEX.id)).equal


async def test_a_replay_goes_no_further_than_the_tables_do(stack: Stack) -> None:
    last = await projected(stack)
    await stack.append(Story("later").whole().events)
    report = await stack.replay()
    assert report.equal
    assert report.position == last


async def test_a_replay_while_the_projector_works_compares_one_state(stack: Stack) -> None:
    await projected(stack)
    more = [Story(f"more {number}").whole() for number in range(5)]
    async with stack.projection(batch=3) as projection:
        running = asyncio.create_task(projection.run())
        appending = asyncio.create_task(stack.append(interleaved(more, seed=7)))
        compared = set[int]()
        async with asyncio.timeout(20):
            while not appending.done() or projection.position < appending.result():
                report = await stack.replay()
                assert report.equal, report.differences
                compared.add(report.position)
        assert len(compared) > 1, "it never worked meanwhile"
        await end(running)
    assert (await stack.replay()).equal


async def test_damage_is_reported_column_by_column_and_restored(stack: Stack) -> None:
    await projected(stack, Story("child").whole(parent=FIRST.panel_id))
    second = Story("three").ref.panel_id
    await stack.execute("update panels set status = 'failed', query = 'forged' where id = $1", FIRST.panel_id)
    await stack.execute("delete from panels where id = $1", second)
    await stack.execute(
        "update panels set metadata = metadata || '{\"children\": []}' where id = $1", FIRST.panel_id
    )
    await stack.execute("update panel_responses set content = 'x' where id = $1", Story("one").response_id(0))
    report = await stack.replay(restore=True)
    found = {(one.table, one.panel_id, one.kind): one.columns for one in report.differences}
    assert found["panels", FIRST.panel_id, "changed"] == ("query", "status", "metadata")
    assert found["panel_responses", FIRST.panel_id, "changed"] == ("content",)
    assert ("panels", second, "missing") in found
    assert ("panel_responses", second, "missing") in found
    assert report.restored == 2
    again = await stack.replay()
    assert again.equal, again.differences


async def test_rows_and_keys_of_others_are_not_compared(stack: Stack) -> None:
    await projected(stack)
    await stack.execute("update panels set metadata = metadata || '{\"theirs\": 1}'")
    await stack.execute("alter table panels add column title text")
    await stack.execute("update panels set title = 'theirs'")
    await stack.execute(
        "insert into panels (tenant_id, user_id, query, panel_type) values ($1, $2, 'theirs', 'open')",
        ACME.id,
        MEMBER,
    )
    assert (await stack.replay()).equal


async def test_a_row_that_somebody_added_to_our_panel_is_reported_and_stays(stack: Stack) -> None:
    await projected(stack)
    forged = await stack.execute(
        """
        insert into panel_responses (tenant_id, panel_id, agent_id, agent_name, response_type, content)
        values ($1, $2, 'x', 'X', 'analysis', 'forged') returning id
        """,
        ACME.id,
        FIRST.panel_id,
    )
    report = await stack.replay(restore=True)
    assert [(one.kind, one.id) for one in report.differences] == [("extra", forged)]
    assert report.restored == 0
    assert await stack.execute("select count(*) from panel_responses where id = $1", forged) == 1


async def test_poison_is_in_the_dead_letters_and_in_neither_set_of_rows(stack: Stack) -> None:
    story = Story("poisoned")
    story.created()
    story.responded(0, content="a\x00b")
    story.used(0)
    orphan = Story("orphan")
    orphan.started()
    await projected(stack, story, orphan)
    assert await stack.letters() == 2
    report = await stack.replay()
    assert report.equal
    assert report.refused == 2
    usage = "select metadata #>> '{usage,calls}' from panels where id = $1"
    assert await stack.execute(usage, story.ref.panel_id) == "1"


async def test_what_the_tables_refuse_is_reported_as_missing(stack: Stack) -> None:
    story = Story("refused")
    story.created()
    story.used(0)
    story.used(1, user_id=uuid4())
    await projected(stack, story)
    assert await stack.letters() == 1
    for _ in range(2):
        (missing,) = (await stack.replay(restore=True)).differences
        assert (missing.table, missing.kind) == ("agent_usage", "missing"), "the table refuses it still"
    usage = "select metadata #>> '{usage,calls}' from panels where id = $1"
    assert await stack.execute(usage, story.ref.panel_id) == "2", "it was paid for all the same"


async def test_a_panel_deleted_while_it_ran_is_restored_whole(stack: Stack) -> None:
    events = Story("deleted").whole().events
    half = len(events) // 2
    await stack.project(await stack.append(events[:half]))
    await stack.execute("delete from panels where id = $1", Story("deleted").ref.panel_id)
    last = await stack.append([*events[half:], *Story("other").whole().events])
    await stack.project(last)
    assert await stack.letters() == len(events) - half
    assert await stack.execute("select count(*) from panels") == 1
    report = await stack.replay(restore=True)
    assert report.restored == 1
    assert (await stack.replay()).equal


async def test_there_is_nothing_to_compare_before_the_first_event(stack: Stack) -> None:
    with pytest.raises(NothingProjected):
        await stack.replay()


async def test_a_replay_of_another_log_is_refused(stack: Stack) -> None:
    await projected(stack)
    await stack.execute("update askpanel.projection_checkpoint set stream_created_at = '2020-01-01Z'")
    with pytest.raises(LogReplaced):
        await stack.replay()


@pytest.mark.parametrize(
    "replaced", ["stream_created_at = '2020-01-01Z'", "stream_sequence = stream_sequence + 1000"]
)
async def test_with_the_checkpoint_deleted_the_projector_goes_on_with_the_log_there_is(
    stack: Stack, replaced: str
) -> None:
    last = await projected(stack)
    await stack.execute(f"update askpanel.projection_checkpoint set {replaced}")
    await stack.execute("update panels set status = 'failed'")
    with pytest.raises(LogReplaced):
        await stack.project(last)
    await stack.execute("delete from askpanel.projection_checkpoint")
    await stack.project(last)
    assert (await stack.replay()).equal


async def test_ids_of_rows_are_those_that_other_services_computed(stack: Stack) -> None:
    await projected(stack)
    ids = await stack.execute("select array_agg(id) from panel_responses where panel_id = $1", FIRST.panel_id)
    expected: set[UUID] = {Story("one").response_id(seat) for seat in range(3)}
    assert set(ids) == expected
