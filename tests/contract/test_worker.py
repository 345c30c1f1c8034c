"""The worker loop on a real NATS: every message ends in exactly one of the ways the loop promises."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from askpanel.contracts.envelope import MESSAGE_ID, encode
from askpanel.contracts.topology import Durable
from askpanel.runtime import bootstrap, burying, worker
from askpanel.runtime.errors import LogUnavailable, Reject, Retry
from askpanel.runtime.log import EventLog
from askpanel.runtime.pull import Pull
from askpanel.runtime.worker import OUT_OF_MEMORY, Delivery
from tests.contract.consuming import a_durable, consuming, dead_letters
from tests.contract.made import a_round, some_panel
from tests.contract.servers import OwnNats, connected, own_nats
from tests.contract.waiting import until


async def put(client: Client, count: int = 1) -> list[int]:
    """So many events, each of a panel of its own; their sequences."""
    log = EventLog(client)
    return [await log.append_once(a_round(some_panel()), recent=True) for _ in range(count)]


def settled(client: Client, durable: Durable) -> Callable[[], Awaitable[bool]]:
    """Whether the durable has nothing waiting, leased or to come."""

    async def check() -> bool:
        info = await client.jetstream().consumer_info(durable.stream, durable.name)
        return info.num_pending == 0 and info.num_ack_pending == 0

    return check


async def test_a_handler_that_returns_acknowledges(log_server: OwnNats, client: Client) -> None:
    durable = await a_durable(client)
    sequences = await put(client, 20)
    seen: list[int] = []

    async def handler(delivery: Delivery) -> None:
        assert delivery.decode().sequence == delivery.sequence
        assert not delivery.redelivered
        assert abs(time.time() - delivery.stored_at) < 60
        seen.append(delivery.sequence)

    async with consuming(log_server.url, durable, handler):
        await until(settled(client, durable))
    assert sorted(seen) == sequences
    assert await dead_letters(client) == []


async def test_retry_comes_again_after_its_delay(log_server: OwnNats, client: Client) -> None:
    durable = await a_durable(client)
    times: list[float] = []

    async def handler(delivery: Delivery) -> None:
        times.append(time.monotonic())
        if not delivery.redelivered:
            raise Retry(0.3)

    async with consuming(log_server.url, durable, handler):
        await put(client)
        await until(lambda: len(times) == 2)
        await until(settled(client, durable))
    assert times[1] - times[0] >= 0.3


async def test_reject_leaves_a_dead_letter_with_reason_and_original(
    log_server: OwnNats, client: Client
) -> None:
    durable = await a_durable(client)
    event = a_round(some_panel())
    subject, headers, body = encode(event)

    async def handler(_: Delivery) -> None:
        raise Reject("the panel has no panel.created")

    async with consuming(log_server.url, durable, handler):
        sequence = await EventLog(client).append(event, expected=0)
        await until(settled(client, durable))
    (letter,) = await dead_letters(client)
    assert (letter.reason, letter.error) == ("Reject", "the panel has no panel.created")
    assert (letter.subject, letter.body, letter.deliveries) == (subject, body, 1)
    assert headers.items() <= letter.headers.items()
    assert letter.whole["sequence"] == sequence
    assert letter.whole["body_bytes"] == len(body)


UNREADABLE: dict[str, tuple[dict[str, str], bytes]] = {
    "no headers": ({}, b"{}"),
    "not JSON": ({}, b"\xff{"),
    "wrong type": ({"ce-type": "panel.completed"}, b"{}"),
    "unknown version": ({"ce-dataschema": "urn:askpanel:schema:round.started:99"}, b"{}"),
    "missing fields": ({}, b"{}"),
    "NUL": ({}, b'{"round_number": 1, "purpose": "\\u0000"}'),
    "almost too large": ({}, b"[" + b"0," * 450_000 + b"0]"),
    "a reply_to header": ({"reply_to": "panel.completed.x.y"}, b"{}"),
}


@pytest.mark.parametrize("what", UNREADABLE)
@pytest.mark.parametrize("content_type", ["application/json", None])
async def test_an_unreadable_message_is_a_dead_letter_and_its_neighbours_are_not(
    log_server: OwnNats, client: Client, what: str, content_type: str | None
) -> None:
    durable = await a_durable(client)
    extra, body = UNREADABLE[what]
    event = a_round(some_panel())
    subject, headers, _ = encode(event)
    if what == "no headers":
        headers = {}
    if content_type is None:
        headers.pop("content-type", None)
    read: list[int] = []

    async def handler(delivery: Delivery) -> None:
        read.append(delivery.decode().sequence)

    async with consuming(log_server.url, durable, handler):
        before = await put(client)
        await client.jetstream().publish(subject, body, headers={**headers, **extra})
        after = await put(client)
        await until(settled(client, durable))
    (letter,) = await dead_letters(client)
    assert letter.reason in ("Malformed", "UnknownEvent")
    assert letter.error
    assert letter.body == body[: burying.LONGEST_BODY]
    assert letter.whole["body_bytes"] == len(body)
    assert sorted(read) == before + after
    assert (await client.jetstream().stream_info("PANELS")).state.messages == 3, "nothing was answered"


async def test_a_bug_is_delivered_a_bounded_number_of_times(
    log_server: OwnNats, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "DELAYS", (0.02,))
    durable = await a_durable(client)
    attempts: list[int] = []

    async def handler(delivery: Delivery) -> None:
        attempts.append(delivery.attempt)
        raise KeyError("seat")

    async with consuming(log_server.url, durable, handler):
        await put(client)
        await until(settled(client, durable))
    assert attempts == [1, 2, 3, 4, 5]
    (letter,) = await dead_letters(client)
    assert (letter.reason, letter.error, letter.deliveries) == ("poison", "KeyError: 'seat'", 5)


async def test_the_last_delivery_is_never_lost_in_silence(log_server: OwnNats, client: Client) -> None:
    durable = await a_durable(client, max_deliver=7)
    attempts: list[int] = []

    async def handler(delivery: Delivery) -> None:
        attempts.append(delivery.attempt)
        raise Retry(0.01)

    async with consuming(log_server.url, durable, handler):
        await put(client)
        await until(settled(client, durable))
    assert attempts == [1, 2, 3, 4, 5, 6, 7]
    (letter,) = await dead_letters(client)
    assert (letter.reason, letter.deliveries) == ("exhausted", 7)


@pytest.mark.parametrize("most", [4, 20])
async def test_a_message_outlasts_an_outage_of_the_log_that_is_longer_than_its_deliveries(
    log_server: OwnNats, client: Client, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(worker, "DELAYS", (0.01,))
    durable = await a_durable(client, max_deliver=most)
    attempts: list[int] = []

    async def handler(delivery: Delivery) -> None:
        attempts.append(delivery.attempt)
        if len(attempts) < 2 * most:
            raise LogUnavailable("full")

    async with consuming(log_server.url, durable, handler):
        await put(client)
        await until(settled(client, durable))
    kept = min(most, worker.KEPT_FROM)
    assert attempts == [*range(1, kept), *[kept] * (2 * most - kept + 1)]
    assert not await dead_letters(client)


async def test_a_letter_that_cannot_be_written_is_written_when_it_can(
    log_server: OwnNats, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "DELAYS", (0.01,))
    durable = await a_durable(client, max_deliver=2)
    write, refusals = burying.bury, iter(range(5))

    async def full(*arguments: Any) -> None:
        if next(refusals, None) is not None:
            raise LogUnavailable("no room for a dead letter either")
        await write(*arguments)

    async def handler(_: Delivery) -> None:
        raise Reject("never")

    monkeypatch.setattr(worker, "bury", full)
    async with consuming(log_server.url, durable, handler):
        await put(client)
        await until(settled(client, durable))
    (letter,) = await dead_letters(client)
    assert (letter.reason, letter.deliveries) == ("Reject", 2)


async def test_slow_work_is_kept_alive_and_never_runs_twice(log_server: OwnNats, client: Client) -> None:
    """Six messages for two slots of a second and a half each, with leases of one second."""
    durable = await a_durable(client, ack_wait=1.0)
    runs: list[int] = []
    together: list[int] = []
    running = 0

    async def handler(delivery: Delivery) -> None:
        nonlocal running
        running += 1
        together.append(running)
        runs.append(delivery.sequence)
        await asyncio.sleep(1.5)
        running -= 1

    sequences = await put(client, 6)
    async with (
        consuming(log_server.url, durable, handler, parallel=2),
        consuming(log_server.url, durable, handler, parallel=1),
    ):
        await until(settled(client, durable), seconds=20)
    assert sorted(runs) == sequences
    assert max(together) == 3


async def test_no_more_messages_are_leased_than_are_worked_on(log_server: OwnNats, client: Client) -> None:
    durable = await a_durable(client)
    started: list[int] = []
    go = asyncio.Event()

    async def handler(delivery: Delivery) -> None:
        started.append(delivery.sequence)
        await go.wait()

    await put(client, 5)
    async with consuming(log_server.url, durable, handler, parallel=2):
        await until(lambda: len(started) == 2)
        other: list[int] = []

        async def quick(delivery: Delivery) -> None:
            other.append(delivery.sequence)

        async with consuming(log_server.url, durable, quick, parallel=1):
            await until(lambda: len(other) == 3)
        assert len(started) == 2
        go.set()
        await until(settled(client, durable))


async def test_a_drain_finishes_work_in_flight_and_takes_nothing_new(
    log_server: OwnNats, client: Client
) -> None:
    durable = await a_durable(client)
    started: list[int] = []
    finished: list[int] = []
    go = asyncio.Event()

    async def handler(delivery: Delivery) -> None:
        started.append(delivery.sequence)
        await go.wait()
        finished.append(delivery.sequence)

    await put(client, 2)
    async with consuming(log_server.url, durable, handler, parallel=2) as draining:
        await until(lambda: len(started) == 2)
        drain = asyncio.create_task(draining.drain(10.0))
        rest = await put(client, 3)
        assert not drain.done()
        go.set()
        await drain
        assert sorted(finished) == sorted(started)

    async def three_are_left() -> bool:  # the server counts an acknowledgement a moment after it came
        left = await client.jetstream().consumer_info(durable.stream, durable.name)
        return (left.num_ack_pending or 0) + (left.num_pending or 0) == 3

    await until(three_are_left)

    taken: dict[int, int] = {}

    async def successor(delivery: Delivery) -> None:
        taken[delivery.sequence] = delivery.attempt

    async with consuming(log_server.url, durable, successor):
        await until(settled(client, durable))
    assert sorted(taken) == rest


async def test_a_drain_hands_back_what_does_not_end_in_time(log_server: OwnNats, client: Client) -> None:
    durable = await a_durable(client)
    cancelled: list[int] = []

    async def endless(delivery: Delivery) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(delivery.sequence)

    async with consuming(log_server.url, durable, endless, parallel=2) as draining:
        sequences = await put(client, 2)
        await until(_leased(client, durable, 2))
        await draining.drain(0.05)
    assert sorted(cancelled) == sequences
    attempts: list[int] = []

    async def successor(delivery: Delivery) -> None:
        attempts.append(delivery.attempt)

    async with consuming(log_server.url, durable, successor):
        await until(settled(client, durable), seconds=5)
    assert attempts == [2, 2], "long before the lease of 30 seconds ends"


def _leased(client: Client, durable: Durable, count: int) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        info = await client.jetstream().consumer_info(durable.stream, durable.name)
        return info.num_ack_pending == count

    return check


async def test_a_worker_resumes_by_itself_after_the_server_was_killed() -> None:
    with own_nats(sync_always=True) as server:
        async with connected(server.url) as client:
            await bootstrap.create(client.jetstream())
            durable = await a_durable(client, ack_wait=1.0)
            seen: list[int] = []

            async def handler(delivery: Delivery) -> None:
                seen.append(delivery.sequence)

            async with consuming(server.url, durable, handler):
                before = await put(client, 5)
                await until(lambda: set(before) <= set(seen))
                server.kill()
                server.start()
                await until(lambda: client.is_connected)
                after = await put(client, 5)
                await until(lambda: set(before + after) <= set(seen), seconds=15)
                await until(settled(client, durable))
                assert await dead_letters(client) == []


async def test_a_dead_letter_is_written_once_however_often_it_is_tried(
    log_server: OwnNats, client: Client
) -> None:
    durable = await a_durable(client)

    async def handler(_: Delivery) -> None:
        raise Reject("no")

    (sequence,) = await put(client)
    async with consuming(log_server.url, durable, handler):
        await until(settled(client, durable))
    await client.jetstream().delete_consumer(durable.stream, durable.name)
    await a_durable(client)
    async with consuming(log_server.url, durable, handler):
        await until(settled(client, durable))
    assert [letter.whole["sequence"] for letter in await dead_letters(client)] == [sequence]
    letter = await client.jetstream().get_last_msg("DEAD", "dead.sample")
    assert (letter.headers or {})[MESSAGE_ID] == f"PANELS:{sequence}:sample"


async def test_a_message_that_comes_again_while_in_hand_is_not_handled_twice(
    log_server: OwnNats, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lease runs out, since nobody keeps it alive here, and the server sends it again."""

    async def never(_: worker.Worker) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(worker.Worker, "_keep_alive", never)
    durable = await a_durable(client, ack_wait=2.0)
    runs: list[int] = []
    go = asyncio.Event()

    async def handler(delivery: Delivery) -> None:
        runs.append(delivery.attempt)
        await go.wait()

    async with consuming(log_server.url, durable, handler) as working:
        await put(client)
        await until(lambda: [one.raw.metadata.num_delivered for one in working._leases.values()] == [2])
        assert runs == [1]
        go.set()
        await until(settled(client, durable))
    assert runs == [1]


async def test_the_late_end_of_an_old_request_does_not_start_a_second_chain_of_requests(
    client: Client,
) -> None:
    durable = await a_durable(client)
    replies: list[str] = []

    async def asked(request: Msg) -> None:
        replies.append(request.reply)

    await client.subscribe("$JS.API.CONSUMER.MSG.NEXT.>", cb=asked)
    pull = Pull(client, durable, take=lambda _: None, room=lambda: 3)
    await pull.start()
    await until(lambda: len(replies) == 1)
    inbox = replies[0].rpartition(".")[0]
    for ended in (f"{inbox}.0", replies[0]):  # in this order: only the second is the end of the current one
        await client.publish(ended, b"", headers={"Status": "408"})
    await until(lambda: len(replies) == 2)
    await client.publish(replies[0], b"", headers={"Status": "408"})
    await client.publish(replies[1], b"", headers={"Status": "408"})
    await until(lambda: len(replies) == 3)
    await pull.stop()
    assert replies == [f"{inbox}.{number}" for number in (1, 2, 3)]


async def test_a_process_without_memory_ends_at_once_and_buries_nothing(
    log_server: OwnNats, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = asyncio.Event()
    codes: list[int] = []

    def leave(code: int) -> None:
        codes.append(code)
        left.set()
        raise asyncio.CancelledError  # what follows is never reached in a process that has ended

    async def starving(_: Delivery) -> None:
        raise MemoryError

    monkeypatch.setattr("askpanel.runtime.worker.os._exit", leave)
    durable = await a_durable(client)
    async with consuming(log_server.url, durable, starving):
        await put(client)
        async with asyncio.timeout(10):
            await left.wait()
    assert codes[0] == OUT_OF_MEMORY
    assert await dead_letters(client) == []
