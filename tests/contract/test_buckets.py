"""A bucket is read whole, at once, and at any moment: the newest value of each key, what was deleted left out."""

import asyncio
from uuid import uuid4

import pytest
from nats.aio.client import Client

from askpanel.contracts.catalogue import BUCKET
from askpanel.runtime.buckets import contents, versions
from askpanel.runtime.direct import READ_BATCH
from askpanel.runtime.errors import LogUnavailable
from askpanel.runtime.replies import Replies


@pytest.fixture
def owner() -> str:
    """Keys that no other test has."""
    return uuid4().hex


async def test_the_newest_of_each_key_is_there_and_what_was_deleted_is_not(
    client: Client, owner: str
) -> None:
    bucket = await client.jetstream().key_value(BUCKET)
    for key, value in (("one", b"1"), ("two", b"2"), ("gone", b"3"), ("one", b"4"), ("purged", b"5")):
        last = await bucket.put(f"{owner}.{key}", value)
    await bucket.delete(f"{owner}.gone")
    await bucket.purge(f"{owner}.purged")

    found = await contents(Replies(client), BUCKET, f"{owner}.*")

    assert list(found.values.items()) == [(f"{owner}.two", b"2"), (f"{owner}.one", b"4")]
    assert found.last == last + 2
    assert await versions(Replies(client), BUCKET, f"{owner}.one") == [b"1", b"4"]
    assert await versions(Replies(client), BUCKET, f"{owner}.never") == []


async def test_more_than_one_answer_holds_are_all_there(client: Client, owner: str) -> None:
    jetstream = client.jetstream()
    count = READ_BATCH + 7
    for number in range(count):
        await client.publish(f"$KV.{BUCKET}.{owner}.{number}", b"%d" % number)
    await (await jetstream.key_value(BUCKET)).put(f"{owner}.last", b"last")
    assert len((await contents(Replies(client), BUCKET, f"{owner}.>")).values) == count + 1


async def test_read_again_and_again_it_is_never_found_empty(client: Client, owner: str) -> None:
    """The client's watcher was, once in a while, when the values overtook the number of them."""
    bucket = await client.jetstream().key_value(BUCKET)
    await bucket.put(f"{owner}.one", b"1")
    replies = Replies(client)
    async with asyncio.timeout(60):
        for _ in range(500):
            assert (await contents(replies, BUCKET, f"{owner}.>")).values == {f"{owner}.one": b"1"}


async def test_a_bucket_that_is_not_there_is_said(client: Client) -> None:
    with pytest.raises(LogUnavailable):
        await contents(Replies(client), "no_such_bucket")
