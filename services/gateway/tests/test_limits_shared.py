"""Limits over several gateways: real processes on one NATS, and what is left of them when NATS or one dies."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import nats
import pytest
from nats.aio.client import Client

from askpanel.contracts.catalogue import BUCKET, catalogue_key, encode_expert
from askpanel.contracts.topology import REQUESTS_BUCKET, STREAMS_BUCKET
from askpanel.gateway.limits.requests import RequestLimiter
from askpanel.gateway.limits.shared import cells
from askpanel.gateway.limits.streams import StreamSlots
from askpanel.gateway.rates import Rate, Taken
from askpanel.local.demo import seed
from askpanel.local.servers import nats as nats_server
from askpanel.local.servers.nats import NatsServer
from askpanel.runtime import bootstrap
from askpanel.runtime.cells import Overtaken
from askpanel.runtime.ending import end
from askpanel.runtime.log import EventLog
from services.gateway.tests.processes import GatewayProcess, Process, gateways, headers, spoken_to
from services.gateway.tests.running import Running, Start, experts
from tests.harness.databases import Database, Databases
from tests.harness.servers import NatsAt, scratch_directory

ALONE = 'askpanel_limits_alone_total{limit="requests"}'
SLOWLY = 0.02
"""Requests per second: next to nothing flows in while a test lasts."""


@asynccontextmanager
async def own_nats() -> AsyncGenerator[tuple[NatsServer, Path]]:
    """A NATS of the test's own, with streams and experts; whichever runs in its folder at the end is stopped."""
    with scratch_directory() as directory:
        server = nats_server.start(directory / "nats", sync_always=False)
        try:
            client = await nats.connect(server.url)
            await prepare(client)
            await client.close()
            yield server, directory / "nats"
        finally:
            server.stop()


async def prepare(client: Client) -> None:
    log = EventLog(client)
    await bootstrap.create(log.jetstream)
    bucket = await log.jetstream.key_value(BUCKET)
    for expert in experts():
        await bucket.put(catalogue_key(expert.agent_id), encode_expert(expert))


@pytest.fixture(scope="module")
def pair(databases: Databases, nats_server: NatsAt) -> Generator[list[Process]]:
    """Two gateways on the NATS of all tests. Every test is another user's: limits are by user."""

    async def set_up() -> Database:
        made = await databases.create()
        await seed(made.admin)
        client = await nats.connect(nats_server.url)
        await prepare(client)
        for bucket in (REQUESTS_BUCKET, STREAMS_BUCKET):  # of earlier tests with the same demo users
            await client.jetstream().purge_stream(f"KV_{bucket.name}")
        await client.close()
        return made

    database = asyncio.run(set_up())
    limits = {"requests_per_second": SLOWLY, "request_burst": 40, "streams_per_user": 2}
    with gateways(2, nats_server.url, database, **limits) as running:
        yield running
    asyncio.run(databases.drop(database))


@pytest.fixture
async def two(pair: list[Process]) -> AsyncGenerator[tuple[GatewayProcess, GatewayProcess]]:
    """The pair, to speak to."""
    async with spoken_to(pair) as (first, second):
        yield first, second


async def until(true: Callable[[], Awaitable[bool]], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not await true():
        assert time.monotonic() < deadline, f"not so after {seconds} s"
        await asyncio.sleep(0.05)


async def get(gateway: GatewayProcess, user: str = "member") -> httpx.Response:
    return await gateway.http.get("/api/v1/panel-types", headers=headers(user))


async def test_two_gateways_let_through_what_one_would(two: tuple[GatewayProcess, GatewayProcess]) -> None:
    first, _ = two
    began = time.monotonic()
    answers = await asyncio.gather(*(get(each) for _ in range(30) for each in two))
    accepted = sum(answer.status_code == 200 for answer in answers)

    async def all_spent() -> bool:
        """What one process took ahead is there for the other as it melts."""
        nonlocal accepted
        accepted += sum([(await get(each)).status_code == 200 for each in two])
        return accepted >= 40

    await until(all_spent)
    refused = [await get(each) for each in two]
    other = await get(first, "admin")
    allowed = 40 + (time.monotonic() - began) * SLOWLY

    assert {answer.status_code for answer in answers} == {200, 429}
    assert 40 <= accepted <= allowed
    assert other.status_code == 200
    for answer in refused:
        assert answer.status_code == 429
        told = answer.json()["limit"]
        assert (told["name"], told["limit"], told["remaining"]) == ("requests_per_second", SLOWLY, 0)
        assert told["resets_at"] > "2026"
        assert 1 <= int(answer.headers["retry-after"]) <= 1 / SLOWLY
        assert answer.headers["ratelimit"].startswith('"requests_per_second";r=0;t=')
        assert answer.headers["ratelimit-policy"] == '"requests_per_second";q=40'


async def test_the_tenant_shows_what_is_left_wherever_it_was_spent(
    two: tuple[GatewayProcess, GatewayProcess],
) -> None:
    first, second = two
    panel_id = await first.ask("owner")
    for _ in range(9):
        await get(first, "owner")
    async with first.stream(panel_id, "owner") as open_one:
        assert open_one.response.status_code == 200
        told = await second.tenant("owner")

    assert 0 < told["requests_per_second"]["remaining"] <= 40 - 12
    assert told["streams_per_user"] == {"limit": 2, "remaining": 1}


async def test_streams_of_a_user_are_counted_over_gateways_and_a_ticket_works_once(
    two: tuple[GatewayProcess, GatewayProcess],
) -> None:
    first, second = two
    panel_id = await first.ask("admin")
    url = f"/api/v1/panels/{panel_id}/stream"
    own = headers("admin")
    ticket = (await first.http.post(f"{url}-tickets", headers=own)).json()["ticket"]
    bare = {"Authorization": "", "X-Tenant-ID": ""}
    async with first.http.stream("GET", url, params={"ticket": ticket}, headers=bare) as used:
        assert used.status_code == 200
        again = [await each.http.get(url, params={"ticket": ticket}, headers=bare) for each in two]
        async with second.stream(panel_id, "admin") as other:
            assert other.response.status_code == 200
            third = [await each.http.get(url, headers=own) for each in two]

    async def room_again() -> bool:
        async with second.stream(panel_id, "admin") as source:
            return source.response.status_code == 200

    await until(room_again)
    for refused in again:
        assert refused.status_code == 401
        assert refused.json()["detail"] == "Not signed in: the ticket was used already."
    for refused in third:
        assert refused.status_code == 429
        told = {"name": "streams_per_user", "limit": 2, "remaining": 0, "resets_at": None}
        assert refused.json()["limit"] == told
        assert refused.headers["retry-after"] == "30"


@pytest.mark.slow
async def test_streams_of_a_killed_gateway_come_back(database: Database) -> None:
    await seed(database.admin)
    async with own_nats() as (server, _):
        with gateways(2, server.url, database, streams_per_user=1) as running:
            async with spoken_to(running) as (first, second):
                panel_id = await first.ask()
                async with first.stream(panel_id) as held:
                    assert held.response.status_code == 200
                    first.process.kill()
                    refused = await second.http.get(f"/api/v1/panels/{panel_id}/stream")
                    with pytest.raises(httpx.TransportError):
                        async for _event in held.aiter_sse():
                            pass

                async def opens() -> bool:
                    async with second.stream(panel_id) as source:
                        return source.response.status_code == 200

                await until(opens, 40)
    assert refused.status_code == 429


async def test_what_a_silent_process_had_open_comes_back_and_lost_counts_are_written_again(
    log_client: tuple[Client, EventLog],
) -> None:
    client, _ = log_client
    counts, user = cells(client, STREAMS_BUCKET), uuid4()
    quiet, living, late = (StreamSlots(counts, 2, alive=0.4) for _ in range(3))
    signs = [asyncio.create_task(each.run()) for each in (quiet, living)]

    async def taken(by: StreamSlots) -> bool:
        return await by.take(user)

    assert [await taken(quiet), await taken(living)] == [True, True]
    assert [await taken(quiet), await taken(living), await taken(late)] == [False] * 3
    await end(signs[0])  # as if it were killed
    await until(lambda: taken(living))
    assert await living.left(user) == 0

    await client.jetstream().purge_stream(f"KV_{STREAMS_BUCKET.name}")

    async def written_again() -> bool:
        return await late.left(user) == 0

    await until(written_again)
    living.give_back(user)
    await until(lambda: taken(late))
    await end(signs[1])


async def test_an_old_sign_of_life_from_a_replica_that_is_behind_ends_nothing(
    log_client: tuple[Client, EventLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read after a refused sign is older than what the bucket expects; the process goes on and signs later."""
    client, _ = log_client
    counts, user = cells(client, STREAMS_BUCKET), uuid4()
    write, behind = counts.write, 4

    async def refused_at_first(key: str, value: bytes, revision: int) -> int:
        nonlocal behind
        behind -= 1
        if behind >= 0:
            raise Overtaken(key)
        return await write(key, value, revision)

    monkeypatch.setattr(counts, "write", refused_at_first)
    slots = StreamSlots(counts, 1, alive=0.4)
    signs = asyncio.create_task(slots.run())
    other = StreamSlots(cells(client, STREAMS_BUCKET), 1, alive=0.4)

    async def counted() -> bool:
        return await other.left(user) == 0

    assert await slots.take(user)
    await until(counted)
    assert behind < 0
    assert not await other.take(user)
    await end(signs)


async def test_a_users_requests_at_one_process_at_a_time_lose_nothing(
    log_client: tuple[Client, EventLog],
) -> None:
    """What was borrowed and not used comes back, so a user who moves on has all of it."""
    client, _ = log_client
    counts, rate, user = cells(client, REQUESTS_BUCKET), Rate(SLOWLY, 50), uuid4()
    first, second = RequestLimiter(counts, rate), RequestLimiter(counts, rate)
    tidying = asyncio.create_task(first.run())
    took = Counter[str]()
    for _ in range(20):
        took["first"] += not (await first.take(user)).wait

    async def all_of_it() -> bool:
        took["second"] += not (await second.take(user)).wait
        return took.total() == 50

    await until(all_of_it)
    assert took == {"first": 20, "second": 30}
    assert (await second.take(user)).wait > 0
    await end(tidying)


async def test_what_is_refused_costs_no_exchange_and_what_comes_together_shares_one(
    log_client: tuple[Client, EventLog],
) -> None:
    client, _ = log_client
    limiter, user = RequestLimiter(cells(client, REQUESTS_BUCKET), Rate(SLOWLY, 20)), uuid4()

    async def written() -> int:
        return (await client.jetstream().stream_info(f"KV_{REQUESTS_BUCKET.name}")).state.last_seq

    before = await written()
    taken = await asyncio.gather(*(limiter.take(user) for _ in range(25)))
    after = await written()
    again = [await limiter.take(user) for _ in range(10)]

    assert [not each.wait for each in taken] == [True] * 20 + [False] * 5
    assert after <= before + 2, "one for the first, one for those that came while it was under way"
    assert await written() == after
    for refused in (*taken[20:], *again):
        assert 0 < refused.wait <= 1 / SLOWLY


async def test_what_a_process_took_ahead_does_not_come_on_top_of_a_full_burst(
    log_client: tuple[Client, EventLog],
) -> None:
    client, _ = log_client
    counts, user, rate = cells(client, REQUESTS_BUCKET), uuid4(), Rate(40, 120)
    first, second = RequestLimiter(counts, rate), RequestLimiter(counts, rate)
    assert not (await first.take(user)).wait

    async def full_again() -> bool:
        return int((await counts.read(f"user.{user}")).value or 0) < time.time_ns()

    assert not await full_again(), "it took some ahead"
    await until(full_again)
    began, through = time.time(), 0
    for limiter in (second, first):
        while not (await limiter.take(user)).wait:
            through += 1
    assert through <= rate.burst + rate.per_second * (time.time() - began)


async def test_a_number_that_is_none_is_begun_again(log_client: tuple[Client, EventLog]) -> None:
    client, _ = log_client
    counts, user = cells(client, REQUESTS_BUCKET), uuid4()
    await counts.write(f"user.{user}", b"\xffgarbage", 0)
    limiter = RequestLimiter(counts, Rate(SLOWLY, 2))
    assert [not (await limiter.take(user)).wait for _ in range(3)] == [True, True, False]


async def test_a_request_that_is_given_up_while_it_waits_takes_nobodys_answer(
    log_client: tuple[Client, EventLog],
) -> None:
    client, _ = log_client
    limiter, user = RequestLimiter(cells(client, REQUESTS_BUCKET), Rate(SLOWLY, 20)), uuid4()
    asking = [asyncio.create_task(limiter.take(user)) for _ in range(5)]
    await asyncio.sleep(0)  # the first is on its way to NATS with all of them
    asking[0].cancel()
    asking[3].cancel()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert [isinstance(one, asyncio.CancelledError) for one in answers] == [True, False, False, True, False]
    assert not any(one.wait for one in answers if isinstance(one, Taken))


async def test_with_nats_down_reads_go_on_by_each_gateways_own_count(start: Start) -> None:
    async with own_nats() as (server, folder):
        limits: dict[str, Any] = {"NATS_URL": server.url, "requests_per_second": SLOWLY, "request_burst": 12}
        first, second = [await start(**limits) for _ in range(2)]

        async def asked(of: Running, times: int, user: str = "member") -> list[int]:
            return [(await of.get("/panel-types", user)).status_code for _ in range(times)]

        async def alone() -> float:
            text = (await first.http.get("/metrics")).text  # of both: they are in this process
            [line] = [each for each in text.splitlines() if each.startswith(ALONE)]
            return float(line.rpartition(" ")[2])

        before = await asked(first, 4)
        server.stop()
        went = await asked(first, 12), await asked(second, 14)
        counted = await alone()
        again = nats_server.start(folder, port=server.port, sync_always=False)
        try:

            async def together() -> bool:
                here = await alone()
                await asked(first, 1, "admin")
                return await alone() == here

            await until(together)
            after = await asked(first, 1, "owner")
            still = await asked(first, 1)
        finally:
            again.stop()

    assert before == [200] * 4
    assert went[0] == [200] * 8 + [429] * 4, "its own count goes on from what it let through before"
    assert went[1] == [200] * 12 + [429] * 2
    assert counted >= 12 + 14
    assert after == [200]
    assert still == [429], "what went through alone counts when it is counted together again"


async def test_what_is_counted_survives_a_restart_of_a_single_nats(database: Database) -> None:
    async with own_nats() as (server, folder):
        user, rate = uuid4(), Rate(SLOWLY, 8)
        client = await nats.connect(server.url)
        limiter = RequestLimiter(cells(client, REQUESTS_BUCKET), rate)
        took = [not (await limiter.take(user)).wait for _ in range(9)]
        await client.close()
        server.stop()
        again = nats_server.start(folder, port=server.port, sync_always=False)
        try:
            client = await nats.connect(again.url)
            afterwards = await RequestLimiter(cells(client, REQUESTS_BUCKET), rate).take(user)
            await client.close()
        finally:
            again.stop()
    assert took == [True] * 8 + [False]
    assert afterwards.wait > 0
