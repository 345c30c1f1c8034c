"""The tail and the projection loop on a real NATS: order, poison, outages, another log."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid5

import nats as nats_client
import nats.errors
import pytest
from nats.aio.client import Client
from prometheus_client import REGISTRY

from askpanel.contracts.envelope import Recorded, encode, seal
from askpanel.contracts.events import ExpertStarted
from askpanel.contracts.subjects import PanelRef
from askpanel.contracts.topology import DEAD, PANELS
from askpanel.local.servers import nats as nats_server
from askpanel.local.servers.nats import NatsServer
from askpanel.runtime import bootstrap
from askpanel.runtime.log import EventLog, Position
from askpanel.runtime.projection import (
    CheckpointMoved,
    Poison,
    Projection,
    StoreUnavailable,
    dead_letters,
)
from askpanel.runtime.tail import SILENCE, LogReplaced, RawEvent, follow
from tests.contract.servers import own_nats
from tests.harness.servers import scratch_directory

TENANT = UUID(int=1)
START = datetime(2026, 11, 22, tzinfo=UTC)
PATIENCE = 15.0


@dataclass
class Server:
    """A NATS of this test's own, that can be stopped and started again on the same port."""

    directory: Path
    handle: NatsServer

    def restart(self) -> None:
        self.handle.stop()
        self.handle = nats_server.start(self.directory, port=self.handle.port, sync_always=False)

    def restart_empty(self) -> None:
        """The store is lost: the same address, another log."""
        port = self.handle.port
        self.handle.stop()
        self.directory = self.directory.with_name(self.directory.name + "-new")
        self.handle = nats_server.start(self.directory, port=port, sync_always=False)


@pytest.fixture
def server() -> Generator[Server]:
    with scratch_directory() as directory:
        made = Server(directory / "nats", nats_server.start(directory / "nats", sync_always=False))
        try:
            yield made
        finally:
            made.handle.stop()


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[Client]:
    async def quiet(_: Exception) -> None:
        """Outages are what these tests are about."""

    client = await nats_client.connect(
        url, error_cb=quiet, max_reconnect_attempts=-1, reconnect_time_wait=0.05
    )
    try:
        yield client
    finally:
        await client.close()


@pytest.fixture
async def client(server: Server) -> AsyncGenerator[Client]:
    async with connected(server.handle.url) as made:
        await bootstrap.create(made.jetstream())
        yield made


@dataclass
class MemoryStore:
    """A store that keeps the promises of the protocol in memory; what happens to it is set by the test."""

    position: Position | None = None
    rows: list[int] = field(default_factory=list[int])
    names: list[str] = field(default_factory=list[str])
    batches: list[int] = field(default_factory=list[int])
    poison: frozenset[str] = frozenset()
    failures: int = 0
    on_apply: Callable[[], None] | None = None
    lost: bool = False

    async def checkpoint(self) -> Position | None:
        self.lost = False
        return self.position

    def holds(self) -> bool:
        return not self.lost

    def lose(self, count: int) -> None:
        """Crash, and take the last commits along."""
        self.lost = True
        self.rows, self.names = self.rows[:-count], self.names[:-count]
        self.position = Position(self.rows[-1], self.position.epoch) if self.rows and self.position else None

    async def apply(self, events: Sequence[Recorded], *, previous: int, position: Position) -> None:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("away")
        if self.on_apply is not None:
            self.on_apply()
        if (self.position.sequence if self.position else 0) != previous:
            raise CheckpointMoved("somebody was here")
        names = [name_of(event) for event in events]
        if bad := self.poison.intersection(names):
            raise Poison(f"refused {sorted(bad)}")
        self.rows += [event.sequence for event in events]
        self.names += names
        self.batches.append(len(events))
        self.position = position


def name_of(recorded: Recorded) -> str:
    assert isinstance(recorded.event, ExpertStarted)
    return recorded.event.agent_id


def event(name: str, panel: int = 1, *, model: str = "scripted") -> Recorded:
    started = ExpertStarted(
        round_number=1,
        step="1",
        seat=0,
        purpose="opening",
        agent_id=name,
        agent_name=name,
        model=model,
        attempt=1,
    )
    ref = PanelRef(TENANT, uuid5(TENANT, f"{panel}:{name}"))
    return seal(started, ref, time=START)


async def publish(client: Client, names: Sequence[str]) -> int:
    """One event per name, each the first of its panel; returns the last sequence."""
    log = EventLog(client, patience=PATIENCE, attempt_timeout=1.0)
    sequence = 0
    for name in names:
        sequence = await log.append(event(name), expected=0)
    return sequence


def numbers(first: int, last: int) -> list[str]:
    return [f"e{number}" for number in range(first, last + 1)]


def projection(client: Client, store: MemoryStore, *, batch: int = 50) -> Projection:
    log = EventLog(client, patience=1.0, attempt_timeout=1.0)
    return Projection("test", log, store, dead_letters(log, "projector"), batch=batch)


async def letters(client: Client) -> list[dict[str, object]]:
    """All dead letters, read by sequence."""
    jetstream = client.jetstream()
    state = (await jetstream.stream_info(DEAD.name)).state
    numbered = range(state.first_seq, state.last_seq + 1) if state.messages else ()
    stored = [await jetstream.get_msg(DEAD.name, seq) for seq in numbered]
    return [json.loads(message.data or b"") for message in stored]


@asynccontextmanager
async def running(task: Awaitable[None]) -> AsyncGenerator["asyncio.Future[None]"]:
    future = asyncio.ensure_future(task)
    try:
        yield future
    finally:
        future.cancel()
        with suppress(asyncio.CancelledError, LogReplaced):
            await future


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110  (a state of another task, which has no event to set)
            await asyncio.sleep(0.01)


async def test_every_event_is_projected_once_and_in_order(client: Client) -> None:
    last = await publish(client, numbers(1, 500))
    store = MemoryStore()
    await projection(client, store).run(until=last)
    assert store.rows == list(range(1, 501))
    assert max(store.batches) == 50
    assert store.position is not None
    assert store.position.sequence == last


async def test_a_new_process_goes_on_after_the_checkpoint(client: Client) -> None:
    store = MemoryStore()
    await projection(client, store).run(until=await publish(client, numbers(1, 30)))
    last = await publish(client, numbers(31, 60))
    await projection(client, store).run(until=last)
    assert store.rows == list(range(1, 61))


async def test_it_ends_exactly_where_it_was_told_to(client: Client) -> None:
    await publish(client, numbers(1, 40))
    store = MemoryStore()
    await projection(client, store).run(until=25)
    assert store.rows == list(range(1, 26))


async def test_a_store_that_is_away_is_waited_for_with_the_same_batch(client: Client) -> None:
    last = await publish(client, numbers(1, 20))
    store = MemoryStore(failures=3)
    await projection(client, store).run(until=last)
    assert store.rows == list(range(1, 21))
    assert await letters(client) == []


async def test_a_poison_event_among_good_ones_goes_to_the_dead_letters_alone(client: Client) -> None:
    last = await publish(client, [*numbers(1, 5), "poison", *numbers(6, 10)])
    store = MemoryStore(poison=frozenset({"poison"}))
    await projection(client, store).run(until=last)
    assert store.names == numbers(1, 10)
    (letter,) = await letters(client)
    assert (letter["reason"], letter["sequence"], letter["error"]) == ("poison", 6, "refused ['poison']")
    assert letter["subject"] == encode(event("poison"))[0]
    assert base64.b64decode(str(letter["body"])) == encode(event("poison"))[2]


async def test_poison_as_the_last_event_moves_the_checkpoint_too(client: Client) -> None:
    last = await publish(client, ["poison"])
    store = MemoryStore(poison=frozenset({"poison"}))
    await projection(client, store).run(until=last)
    assert store.position is not None
    assert store.position.sequence == last


async def test_what_cannot_be_read_goes_to_the_dead_letters_and_never_to_the_store(client: Client) -> None:
    await publish(client, ["before"])
    subject, headers, body = encode(event("broken"))
    jetstream = client.jetstream()
    await jetstream.publish(subject, b"{", headers=headers)
    unknown = headers | {"Nats-Msg-Id": "another", "ce-dataschema": "urn:askpanel:schema:expert.started:99"}
    await jetstream.publish(subject, body, headers=unknown)
    last = await publish(client, ["after"])
    store = MemoryStore()
    await projection(client, store).run(until=last)
    assert store.names == ["before", "after"]
    found = await letters(client)
    assert [letter["reason"] for letter in found] == ["unreadable", "unreadable"]
    assert "version 99" in str(found[1]["error"])


async def test_one_event_has_one_letter_however_often_the_process_dies(client: Client) -> None:
    last = await publish(client, ["good", "poison"])
    for _ in range(3):
        store = MemoryStore(poison=frozenset({"poison"}))
        await projection(client, store).run(until=last)
    assert len(await letters(client)) == 1


async def test_a_checkpoint_that_somebody_else_moved_is_read_again(client: Client) -> None:
    last = await publish(client, numbers(1, 30))
    store = MemoryStore()
    epoch = (await EventLog(client).position()).epoch

    def overtake() -> None:
        store.on_apply = None
        store.position = Position(10, epoch)

    store.on_apply = overtake
    await projection(client, store).run(until=last)
    assert store.rows == list(range(11, 31)), "the other one has projected the first ten"


async def test_commits_lost_with_the_store_are_made_again_though_nothing_new_comes(client: Client) -> None:
    store = MemoryStore()
    await publish(client, ["a", "b", "c"])
    async with running(projection(client, store).run()):
        await until(lambda: store.names == ["a", "b", "c"])
        store.lose(2)
        await until(lambda: store.names == ["a", "b", "c"])


async def test_new_events_arrive_while_it_waits(client: Client) -> None:
    store = MemoryStore()
    async with running(projection(client, store).run()):
        for number in range(1, 4):
            await publish(client, [f"e{number}"])
            await until(lambda number=number: len(store.rows) == number)


async def test_a_purged_tenant_leaves_a_gap_that_is_passed_over(client: Client) -> None:
    await publish(client, numbers(1, 10))
    await client.jetstream().purge_stream(PANELS.name, subject=event("e5").envelope.panel.filter)
    store = MemoryStore()
    await projection(client, store).run(until=10)
    assert store.rows == [1, 2, 3, 4, 6, 7, 8, 9, 10]


async def test_it_resumes_after_a_server_restart_without_gap_or_repetition(
    server: Server, client: Client
) -> None:
    store = MemoryStore()
    async with running(projection(client, store).run()):
        await publish(client, numbers(1, 20))
        await until(lambda: len(store.rows) == 20)
        server.restart()
        await publish(client, numbers(21, 40))
        await until(lambda: len(store.rows) == 40)
    assert store.rows == list(range(1, 41))


async def test_a_quiet_tail_resumes_at_its_place_and_not_at_the_beginning(
    server: Server, client: Client
) -> None:
    last = await publish(client, numbers(1, 20))
    seen: list[RawEvent] = []
    idle = asyncio.Event()

    async def listen() -> None:
        async with aclosing(follow(client.jetstream(timeout=1), after=last)) as events:
            async for one in events:
                if one is None:
                    idle.set()
                else:
                    seen.append(one)

    async with running(listen()):
        await asyncio.wait_for(idle.wait(), PATIENCE)
        server.restart()
        await publish(client, ["new"])
        await until(lambda: bool(seen))
    assert [one.sequence for one in seen] == [last + 1]


async def test_a_slow_reader_gets_everything(client: Client) -> None:
    last = await publish(client, numbers(1, 1500))
    seen: list[int] = []
    async with aclosing(follow(client.jetstream(), after=0)) as events:
        async for one in events:
            if one is None:
                continue
            if one.sequence % 700 == 1:
                await asyncio.sleep(2 * 0.5)  # two heartbeats behind
            seen.append(one.sequence)
            if one.sequence == last:
                assert one.pending == 0
                break
    assert seen == list(range(1, last + 1))


async def test_a_tail_says_that_there_is_no_more_only_when_there_is_no_more(client: Client) -> None:
    """The server asks for a sign of its reader every few megabytes, which is no end."""
    large, log = "x" * 400_000, EventLog(client, patience=PATIENCE)
    written = [await log.append(event(name, model=large), expected=0) for name in numbers(1, 40)]
    seen: list[int] = []
    async with aclosing(follow(client.jetstream(), after=0)) as events:
        async for one in events:
            if one is None:
                break
            seen.append(one.sequence)
    assert seen == written


REFUSED = 'publish: { deny: "$JS.API.CONSUMER.CREATE.>" }'
USERS = f"""authorization {{ users: [
  {{ user: admin, password: word }}
  {{ user: projector, password: word, permissions: {{ {REFUSED} }} }}
] }}"""


def gauge(name: str) -> float | None:
    return REGISTRY.get_sample_value(f"askpanel_projection_{name}", {"projection": "test"})


async def test_a_log_that_cannot_be_followed_is_no_quiet_one(caplog: pytest.LogCaptureFixture) -> None:
    """NATS and the store answer; only the consumer is refused."""
    with own_nats(USERS) as server:
        address = server.url.replace("nats://", "nats://{}:word@")
        async with (
            connected(address.format("admin")) as admin,
            connected(address.format("projector")) as client,
        ):
            await bootstrap.create(admin.jetstream())
            await publish(admin, ["a"])
            store = MemoryStore()
            following = projection(client, store)
            async with running(following.run()):
                await until(lambda: following.following and following.unheard >= 2 * SILENCE)
                assert (gauge("age_seconds") or 0) >= 2 * SILENCE
                assert "tail: " in caplog.text
                server.reconfigure(REFUSED, "")
                await until(lambda: store.names == ["a"] and (gauge("age_seconds") or 0) < SILENCE)
                assert following.unheard < SILENCE


async def test_the_tail_ends_when_the_connection_is_closed_for_good(client: Client) -> None:
    tail = follow(client.jetstream(), after=0)
    assert await anext(tail) is None
    await client.close()
    with pytest.raises(nats.errors.ConnectionClosedError):
        [one async for one in tail]


async def test_a_checkpoint_of_another_log_stops_the_start(client: Client) -> None:
    await publish(client, numbers(1, 3))
    store = MemoryStore(position=Position(2, "2020-01-01 00:00:00+00:00"))
    with pytest.raises(LogReplaced, match="2020-01-01"):
        await projection(client, store).run()


async def test_a_checkpoint_beyond_the_log_stops_the_start(client: Client) -> None:
    await publish(client, numbers(1, 3))
    epoch = (await EventLog(client).position()).epoch
    with pytest.raises(LogReplaced, match="older copy"):
        await projection(client, MemoryStore(position=Position(5, epoch))).run()


async def test_a_log_replaced_while_running_stops_the_projection(server: Server, client: Client) -> None:
    store = MemoryStore()
    async with running(projection(client, store).run()) as task:
        await publish(client, numbers(1, 5))
        await until(lambda: len(store.rows) == 5)
        server.restart_empty()
        async with connected(server.handle.url) as other:
            await bootstrap.create(other.jetstream())
            await publish(other, ["forged"])
        with pytest.raises(LogReplaced):
            await asyncio.wait_for(task, PATIENCE)
    assert store.rows == [1, 2, 3, 4, 5], "nothing of the other log was written"


async def test_an_outage_of_the_log_at_the_start_is_waited_out(
    server: Server, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    last = await publish(client, numbers(1, 5))
    server.handle.stop()
    store = MemoryStore()
    async with running(projection(client, store).run(until=last)) as task:
        await until(lambda: " waits: " in caplog.text)
        server.handle = nats_server.start(server.directory, port=server.handle.port, sync_always=False)
        await asyncio.wait_for(task, PATIENCE)
    assert store.rows == [1, 2, 3, 4, 5]
