"""Messages are handed on where they are read, with everything the client's own callbacks do."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.protocol.parser import Parser

from askpanel.runtime.connection import Connection, receive
from tests.contract.servers import OwnNats, connected
from tests.contract.waiting import until

SUBJECT = "live.test"


@asynccontextmanager
async def opened(kind: type[Client], server: OwnNats, **options: Any) -> AsyncGenerator[Client]:
    client = kind()
    await client.connect(server.url, **options)
    try:
        yield client
    finally:
        await client.close()


@pytest.mark.parametrize("kind", [Connection, Client])
async def test_messages_come_in_order_with_headers_and_reply(kind: type[Client], log_server: OwnNats) -> None:
    got: list[Msg] = []
    async with opened(kind, log_server) as client, connected(log_server.url) as other:
        subscription = await receive(client, f"{SUBJECT}.>", got.append)
        await client.flush()
        for number in range(100):
            await other.publish(f"{SUBJECT}.{number}", b"%d" % number, "inbox.1", {"ce-id": f"é{number}"})
        await until(lambda: len(got) == 100)
        await subscription.drain()
        in_all = client.stats["in_msgs"]

    assert [int(message.data) for message in got] == list(range(100))
    assert got[7].subject == f"{SUBJECT}.7"
    assert (got[7].reply, got[7].headers) == ("inbox.1", {"ce-id": "é7"})
    assert in_all == 100


async def test_what_came_while_the_subscription_was_written_comes_first(
    log_server: OwnNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: list[bytes] = []
    async with opened(Connection, log_server) as client:

        async def slowly(subject: str) -> Subscription:
            subscription = await Client.subscribe(client, subject)
            for number in range(3):
                await client.publish(subject, b"%d" % number)
            await client.flush()
            return subscription

        monkeypatch.setattr(client, "subscribe", slowly)
        await receive(client, SUBJECT, lambda message: got.append(message.data))
        await client.publish(SUBJECT, b"3")
        await client.flush()

    assert got == [b"0", b"1", b"2", b"3"]


@pytest.mark.parametrize("kind", [Connection, Client])
async def test_an_error_in_one_message_is_told_and_costs_no_other(
    kind: type[Client], log_server: OwnNats
) -> None:
    told: list[Exception] = []
    got: list[bytes] = []

    async def on_error(error: Exception) -> None:
        told.append(error)

    def take(message: Msg) -> None:
        if message.data == b"1":
            raise ValueError("a bug")
        got.append(message.data)

    async with opened(kind, log_server, error_cb=on_error) as client:
        subscription = await receive(client, SUBJECT, take)
        for number in range(3):
            await client.publish(SUBJECT, b"%d" % number)
        await until(lambda: len(got) == 2)
        await subscription.drain()

    assert got == [b"0", b"2"]
    assert [str(error) for error in told] == ["a bug"]


@pytest.mark.parametrize("kind", [Connection, Client])
async def test_nothing_comes_after_an_unsubscribe_or_a_drain(kind: type[Client], log_server: OwnNats) -> None:
    got: list[bytes] = []
    async with opened(kind, log_server) as client:
        left = await receive(client, SUBJECT, lambda message: got.append(message.data))
        drained = await receive(client, SUBJECT, lambda message: got.append(message.data))
        await left.unsubscribe()
        await drained.drain()
        await client.publish(SUBJECT, b"late")
        await client.flush()

    assert got == []


async def test_a_drain_waits_for_what_was_published_before_it(log_server: OwnNats) -> None:
    got: list[bytes] = []
    async with opened(Connection, log_server) as client:
        subscription = await receive(client, SUBJECT, lambda message: got.append(message.data))
        for number in range(100):
            await client.publish(SUBJECT, b"%d" % number)
        await subscription.drain()

    assert len(got) == 100


async def test_subscriptions_outlive_a_lost_connection(log_server: OwnNats) -> None:
    arrived = asyncio.Event()
    async with (
        opened(Connection, log_server, reconnect_time_wait=0.05) as client,
        connected(log_server.url) as other,
    ):
        await receive(client, SUBJECT, lambda _: arrived.set())
        await client.flush()
        assert client._transport is not None
        client._transport.close()
        async with asyncio.timeout(10):
            while not arrived.is_set():
                await other.publish(SUBJECT, b"")
                await asyncio.sleep(0.02)


def test_the_client_still_hands_messages_on_by_the_methods_that_are_replaced() -> None:
    assert "_process_msg" in Parser.parse.__code__.co_names
    assert "_remove_sub" in Subscription.unsubscribe.__code__.co_names
    assert "_send_ping" in Client.flush.__code__.co_names
