"""A value under a key of a bucket, changed by compare-and-set, on a real server."""

import asyncio
import json
from dataclasses import replace
from uuid import uuid4

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from askpanel.contracts.topology import ADMISSIONS_BUCKET, REQUESTS_BUCKET, Bucket
from askpanel.runtime.cells import Cell, Cells, Overtaken
from askpanel.runtime.errors import LogUnavailable
from askpanel.runtime.publishing import IN_FLIGHT
from tests.contract.servers import OwnNats

BUCKETS = pytest.mark.parametrize(
    "bucket", [ADMISSIONS_BUCKET, REQUESTS_BUCKET], ids=["on disk", "in memory"]
)


@pytest.fixture
def key() -> str:
    """One that no other test has."""
    return uuid4().hex


@BUCKETS
async def test_each_change_stands_on_what_was_read(client: Client, bucket: Bucket, key: str) -> None:
    cells = Cells(client, bucket)
    assert await cells.read(key) == Cell(None, 0)
    first = await cells.write(key, b"one", 0)
    assert await cells.read(key) == Cell(b"one", first)
    second = await cells.write(key, b"two", first)
    assert await cells.read(key) == Cell(b"two", second)


@BUCKETS
async def test_of_many_who_read_the_same_one_writes(client: Client, bucket: Bucket, key: str) -> None:
    writers = [Cells(client, bucket) for _ in range(8)]
    outcomes = await asyncio.gather(
        *(cells.write(key, str(number).encode(), 0) for number, cells in enumerate(writers)),
        return_exceptions=True,
    )
    won = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert len(won) == 1
    assert [type(outcome) for outcome in outcomes if outcome not in won] == [Overtaken] * 7
    assert await writers[0].read(key) == Cell(str(outcomes.index(won[0])).encode(), won[0])


async def test_a_key_that_an_operator_deleted_can_be_written(client: Client, key: str) -> None:
    cells = Cells(client, ADMISSIONS_BUCKET)
    written = await cells.write(key, b"one", 0)
    await (await client.jetstream().key_value(ADMISSIONS_BUCKET.name)).delete(key)
    there = await cells.read(key)
    assert there.value is None
    assert there.revision > written
    await cells.write(key, b"two", there.revision)
    assert (await cells.read(key)).value == b"two"


async def test_who_wrote_it_stands_beside_it(client: Client, key: str) -> None:
    await Cells(client, ADMISSIONS_BUCKET).write(key, b"one", 0, headers={"ce-userid": "somebody"})
    stored = await client.jetstream().get_last_msg(
        f"KV_{ADMISSIONS_BUCKET.name}", f"$KV.{ADMISSIONS_BUCKET.name}.{key}"
    )
    assert (stored.headers or {})["ce-userid"] == "somebody"


async def test_without_the_bucket_a_read_says_what_to_do(client: Client, key: str) -> None:
    cells = Cells(client, replace(ADMISSIONS_BUCKET, name="never_made"))
    with pytest.raises(LogUnavailable, match="no bucket never_made: run the bootstrap step"):
        await cells.read(key)
    with pytest.raises(LogUnavailable, match="never_made"):
        await cells.write(key, b"", 0)


@pytest.mark.parametrize("code", sorted(IN_FLIGHT))
async def test_while_another_change_of_the_key_is_undecided_it_is_asked_again(
    client: Client, key: str, code: int
) -> None:
    """As a replicated bucket answers that has not heard from its other servers; what answers here is a stand-in."""
    bucket = replace(ADMISSIONS_BUCKET, name=f"undecided_{code}")
    refusal = json.dumps({"error": {"code": 503, "err_code": code, "description": "in process"}}).encode()
    answers = [refusal, refusal, b'{"stream": "any", "seq": 7}']

    async def answer(asked: Msg) -> None:
        await asked.respond(answers.pop(0) if len(answers) > 1 else answers[0])

    server = await client.subscribe(f"$KV.{bucket.name}.>", cb=answer)
    assert await Cells(client, bucket).write(key, b"one", 6) == 7
    answers[:] = [refusal]
    with pytest.raises(LogUnavailable, match=bucket.name):
        await Cells(client, bucket, patience=0.2).write(key, b"one", 6)
    await server.unsubscribe()


async def test_who_may_not_wait_hears_at_once_that_there_is_no_connection(
    log_server: OwnNats, key: str
) -> None:
    client = await nats.connect(log_server.url)
    await client.close()
    cells = Cells(client, ADMISSIONS_BUCKET, patience=60, at_once=True)
    async with asyncio.timeout(5):
        with pytest.raises(LogUnavailable, match="admissions: not connected"):
            await cells.read(key)
        with pytest.raises(LogUnavailable, match="admissions: not connected"):
            await cells.write(key, b"one", 0)
