"""Looking after dead letters on a real NATS: read, retried without a second copy on the log, dropped."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from askpanel.contracts.topology import DEAD, DURABLES, PANELS, USAGE
from askpanel.runtime import letters, retries
from askpanel.runtime.bootstrap import _consumer_config
from askpanel.runtime.errors import Reject, Retry
from askpanel.runtime.letters import Letter, NotRetried
from askpanel.runtime.log import EventLog
from askpanel.runtime.retries import Retries
from askpanel.runtime.worker import Delivery, Handler
from tests.contract.consuming import a_durable, consuming
from tests.contract.made import some_panel
from tests.contract.samples import SAMPLES, recorded
from tests.contract.servers import OwnNats
from tests.contract.waiting import until

ANSWER = next(recorded(sample) for sample in SAMPLES if sample.TYPE == "expert.responded")


async def refuse(_: Delivery) -> None:
    raise Reject("no such price")


@asynccontextmanager
async def listening(client: Client, handler: Handler) -> AsyncGenerator[Retries]:
    """A process of the usage service as far as retries go."""
    desk = Retries(client, EventLog(client, patience=1.0), USAGE, handler)
    await desk.start()
    await client.flush()
    try:
        yield desk
    finally:
        await desk.stop()


async def a_letter(server: OwnNats, client: Client) -> Letter:
    """One message that the usage service refused, with the server's advisory beside its letter."""
    async with consuming(server.url, USAGE, refuse):
        await EventLog(client).append_once(ANSWER, recent=True)
        await until(lambda: _entries(client, 2))
    (letter,) = await letters.read_letters(client.jetstream())
    return letter


async def _entries(client: Client, count: int) -> bool:
    return (await client.jetstream().stream_info(DEAD.name)).state.messages == count


async def test_a_letter_and_the_servers_advisory_are_one(log_server: OwnNats, client: Client) -> None:
    letter = await a_letter(log_server, client)
    assert len(letter.entries) == 2
    assert (letter.durable, letter.reason, letter.error) == (USAGE.name, "Reject", "no such price")
    told = letter.told()
    assert told["id"] == str(ANSWER.envelope.id)
    assert "body" not in told


async def test_a_retry_handles_the_stored_message_and_the_log_stays_as_it_is(
    log_server: OwnNats, client: Client
) -> None:
    letter = await a_letter(log_server, client)
    before = (await client.jetstream().stream_info(PANELS.name)).state
    seen: list[Delivery] = []

    async def mended(delivery: Delivery) -> None:
        seen.append(delivery)

    async with listening(client, mended):
        await letters.retry(client, letter, seconds=5)
    (delivery,) = seen
    assert delivery.decode().event == ANSWER.event
    assert delivery.sequence == letter.sequence
    assert delivery.redelivered, "the handler must look for what was done before"
    assert (await client.jetstream().stream_info(PANELS.name)).state.last_seq == before.last_seq
    info = await client.jetstream().consumer_info(USAGE.stream, USAGE.name)
    assert (info.num_pending, info.num_ack_pending) == (0, 0)


async def test_what_was_retried_leaves_an_audit_line_instead_of_its_letter(
    log_server: OwnNats, client: Client
) -> None:
    letter = await a_letter(log_server, client)
    await letters.settle(client.jetstream(), letter, by="ada@desk", how="handled again")
    assert await letters.read_letters(client.jetstream()) == []
    assert await _entries(client, 0), "the alert on kept letters must fall silent"
    (line,) = await letters.read_audit(client.jetstream())
    assert (line["action"], line["by"], line["sequence"]) == ("dead.retried", "ada@desk", letter.sequence)


async def test_what_is_dropped_leaves_who_and_why_and_dropping_twice_is_harmless(
    log_server: OwnNats, client: Client
) -> None:
    letter = await a_letter(log_server, client)
    for _ in range(2):
        await letters.drop(client.jetstream(), letter, by="ada@desk", because="test data")
    assert await letters.read_letters(client.jetstream()) == []
    lines = await letters.read_audit(client.jetstream())
    assert {(line["action"], line["because"], line["error"]) for line in lines} == {
        ("dead.dropped", "test data", "no such price")
    }
    assert (await client.jetstream().get_msg(PANELS.name, letter.sequence)).data, "the log forgets nothing"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Reject("still no price"), "refused: Reject: still no price"),
        (KeyError("seat"), "failed: KeyError: 'seat'"),
        (Retry(0.0, "the panel is busy"), "not now: the panel is busy"),
    ],
)
async def test_a_retry_that_fails_says_why_and_keeps_the_letter(
    log_server: OwnNats, client: Client, error: Exception, said: str
) -> None:
    letter = await a_letter(log_server, client)

    async def fail(_: Delivery) -> None:
        raise error

    async with listening(client, fail):
        with pytest.raises(NotRetried) as told:
            await letters.retry(client, letter, seconds=5)
    assert str(told.value) == said
    assert await letters.read_letters(client.jetstream()) == [letter]


async def test_a_handler_that_is_busy_is_asked_again(log_server: OwnNats, client: Client) -> None:
    letter = await a_letter(log_server, client)
    calls: list[int] = []

    async def busy(delivery: Delivery) -> None:
        calls.append(delivery.sequence)
        if len(calls) < retries.TRIES:
            raise Retry(0.0)

    async with listening(client, busy):
        await letters.retry(client, letter, seconds=5)
    assert len(calls) == retries.TRIES


async def test_an_erased_message_is_not_brought_back(log_server: OwnNats, client: Client) -> None:
    letter = await a_letter(log_server, client)
    await client.jetstream().purge_stream(PANELS.name)
    async with listening(client, refuse):
        with pytest.raises(NotRetried, match="gone"):
            await letters.retry(client, letter, seconds=5)


async def test_without_the_service_a_retry_says_so_at_once(log_server: OwnNats, client: Client) -> None:
    letter = await a_letter(log_server, client)
    with pytest.raises(NotRetried, match="start the service"):
        await letters.retry(client, letter, seconds=30)


async def test_of_several_processes_one_handles_it_and_asking_twice_is_handling_once(
    log_server: OwnNats, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = await a_letter(log_server, client)
    begun: list[str] = []
    heard: list[bytes] = []
    go = asyncio.Event()
    hear = Retries._asked

    async def hearing(retries: Retries, request: Msg) -> None:
        await hear(retries, request)
        heard.append(request.data)

    monkeypatch.setattr(Retries, "_asked", hearing)

    def process(name: str) -> Handler:
        async def handle(_: Delivery) -> None:
            begun.append(name)
            await go.wait()

        return handle

    async with listening(client, process("one")):
        first = asyncio.create_task(letters.retry(client, letter, seconds=5))
        await until(lambda: begun == ["one"])
        second = asyncio.create_task(letters.retry(client, letter, seconds=5))
        await until(lambda: len(heard) == 2)
        go.set()
        await asyncio.gather(first, second)
        async with listening(client, process("two")):
            await letters.retry(client, letter, seconds=5)
    assert len(begun) == 2


async def test_a_process_that_stops_leaves_the_letter(log_server: OwnNats, client: Client) -> None:
    letter = await a_letter(log_server, client)
    begun = asyncio.Event()

    async def endless(_: Delivery) -> None:
        begun.set()
        await asyncio.Event().wait()

    async with listening(client, endless):
        asking = asyncio.create_task(letters.retry(client, letter, seconds=0.5))
        await begun.wait()
    with pytest.raises(NotRetried, match="no outcome"):
        await asking
    assert await letters.read_letters(client.jetstream()) == [letter]


async def test_what_is_no_request_is_ignored(log_server: OwnNats, client: Client) -> None:
    letter = await a_letter(log_server, client)
    handled: list[int] = []

    async def handle(delivery: Delivery) -> None:
        handled.append(delivery.sequence)

    async with listening(client, handle):
        for nonsense in (b"", b"\xff", b"[]", b'{"sequence": null}'):
            await client.publish("retry.usage", nonsense)
        await letters.retry(client, letter, seconds=5)
    assert handled == [letter.sequence]


async def test_a_message_whose_process_died_each_time_is_a_letter_by_the_servers_word(
    log_server: OwnNats, client: Client
) -> None:
    """Nobody wrote a letter: taken once, never answered, and no delivery is left."""
    durable = await a_durable(client, "panel.failed", ack_wait=0.1, max_deliver=1)
    await client.jetstream().publish(some_panel().subject("panel.failed"), b"{}")
    subscription = await client.jetstream().pull_subscribe_bind(durable.name, stream=durable.stream)
    await subscription.fetch(1, timeout=2)

    async def is_a_letter() -> bool:
        with pytest.raises(TimeoutError):
            await subscription.fetch(1, timeout=0.2)
        return await letters.read_letters(client.jetstream()) != []

    await until(is_a_letter)
    (letter,) = await letters.read_letters(client.jetstream())
    assert (letter.durable, letter.reason, letter.sequence) == (durable.name, "max_deliveries", 1)
    with pytest.raises(NotRetried, match="no consumer of ours"):
        await letters.retry(client, letter, seconds=1)


async def test_more_letters_than_one_batch_are_all_read(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "BATCH", 3)
    for number in range(8):
        line = b'{"reason":"Reject","error":"","durable":"usage","stream":"PANELS","sequence":%d,' % number
        line += b'"deliveries":1,"subject":"a.b","headers":{},"body":""}'
        await client.jetstream().publish("dead.usage", line)
    assert len(await letters.read_letters(client.jetstream())) == 8


async def test_a_reset_gives_a_standing_pull_the_log_again(log_server: OwnNats, client: Client) -> None:
    """The server's own step: the durable stays, and no process has to be started again."""
    await client.jetstream().add_consumer(USAGE.stream, _consumer_config(USAGE))
    seen: list[int] = []

    async def handle(delivery: Delivery) -> None:
        seen.append(delivery.sequence)

    async with consuming(log_server.url, USAGE, handle):
        sequence = await EventLog(client).append_once(ANSWER, recent=True)
        await until(lambda: seen == [sequence])
        await client.request(f"$JS.API.CONSUMER.RESET.{USAGE.stream}.{USAGE.name}", b'{"seq": 1}', timeout=2)
        await until(lambda: seen == [sequence, sequence])
    assert USAGE in DURABLES
