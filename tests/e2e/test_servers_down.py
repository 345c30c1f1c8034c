"""NATS or Postgres away while panels run: nothing false is said, nothing is lost, everything comes back."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager

import httpx
import pytest

from askpanel.contracts import ids
from askpanel.contracts.envelope import Recorded
from tests.harness.invariants import check_frames, check_log, check_rows, usage_complete
from tests.harness.outages import dead, silent
from tests.harness.problems import check_problem
from tests.harness.stack import (
    EXPERTS,
    QUESTION,
    RunningStack,
    create,
    follow,
    new_key,
    projected,
    stack,
    until,
    watch_panel,
)

pytestmark = pytest.mark.e2e

BODY = {"query": QUESTION, "panel_type": "structured", "agents": list(EXPERTS)}
Outage = Callable[[RunningStack, str], AbstractContextManager[None]]
ANSWER_SECONDS = 30.0
"""A write waits out a change of leader; then it must say that it could not."""


@pytest.fixture(scope="module")
def own() -> Generator[RunningStack]:
    """A stack whose servers are taken away and given back."""
    with stack("scripted:latency=1.0") as started:
        yield started


async def a_panel_runs(running: RunningStack) -> str:
    """A new panel completes and its rows are exact; its id."""
    async with running.http() as client:
        created = await until(lambda: accepted(client), bool)
        assert created is not None
        frames = await follow(client, created)
    assert frames[-1].name == "panel_completed"
    await rows_are_exact(running, created)
    return created


async def accepted(client: httpx.AsyncClient) -> str | None:
    """The id of a new panel; None while the stack is still finding its servers again."""
    answer = await client.post("/panels", json=BODY, headers={"Idempotency-Key": new_key()})
    if answer.status_code == 503:
        return None
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def rows_are_exact(running: RunningStack, panel_id: str) -> list[Recorded]:
    """The panel's events, once the tables hold them."""
    events = await until(lambda: running.events(panel_id), usage_complete)
    check_log(events)
    await projected(running, events[-1].sequence)
    async with running.database() as connection:
        await check_rows(connection, events)
    return events


async def refused(client: httpx.AsyncClient, key: str | None) -> None:
    """A POST in the outage: 503 in time, and when to come back."""
    headers = {"Idempotency-Key": key} if key else {}
    answer = await client.post("/panels", json=BODY, headers=headers, timeout=ANSWER_SECONDS)
    check_problem(answer, 503)
    assert int(answer.headers["Retry-After"]) > 0


async def panels(running: RunningStack) -> int:
    """How many panels the tables hold."""
    async with running.database() as connection:
        return await connection.fetchval("select count(*) from public.panels")


async def test_without_nats_a_question_is_refused_and_leaves_nothing(own: RunningStack) -> None:
    old = await a_panel_runs(own)
    before = await panels(own)
    key = new_key()
    async with own.http() as client:
        with dead(own, "nats"):
            await refused(client, key)
            read = await client.get(f"/panels/{old}")
            assert (read.status_code, read.json()["status"]) == (200, "completed")
            assert (await client.get("/panels")).json()["total"] == before
        await a_panel_runs(own)
        panel = ids.panel_id(own.tenant(), key)
        assert await own.events(str(panel)) == [], "a refused question came to life"
        check_problem(await client.get(f"/panels/{panel}"), 404)
    assert await panels(own) == before + 1


async def test_a_silent_nats_makes_no_false_promise_and_the_same_key_makes_one_panel(
    own: RunningStack,
) -> None:
    key = new_key()
    before = await panels(own)
    async with own.http() as client:
        with silent(own, "nats"):
            await refused(client, key)
            assert await panels(own) == before
        again = await until(lambda: repeated(client, key), lambda found: found is not None, seconds=60)
        panel = str(ids.panel_id(own.tenant(), key))
        assert again == panel
        await follow(client, panel)
        await rows_are_exact(own, panel)
    assert await panels(own) == before + 1


async def repeated(client: httpx.AsyncClient, key: str) -> str | None:
    answer = await client.post("/panels", json=BODY, headers={"Idempotency-Key": key})
    return answer.json()["id"] if answer.status_code == 201 else None


async def test_a_panel_outlives_a_silent_nats(own: RunningStack) -> None:
    async with own.http() as client:
        created = await create(client)
        async with watch_panel(client, created["id"]) as watched:
            await watched.seen("expert_speaking")
            with silent(own, "nats"):
                await refused(client, None)
            frames = await watched.finished()
    assert frames[-1].name == "panel_completed"
    check_frames(frames, await rows_are_exact(own, created["id"]))


@pytest.mark.parametrize("outage", [dead, silent])
async def test_without_postgres_panels_run_and_streams_deliver(own: RunningStack, outage: Outage) -> None:
    old = await a_panel_runs(own)
    async with own.http() as client:
        created = await create(client)
        async with watch_panel(client, created["id"]) as watched:
            await watched.seen("expert_speaking")
            with outage(own, "postgres"):
                frames = await watched.finished()
                assert frames[-1].name == "panel_completed"
                check_problem(await client.get(f"/panels/{old}", timeout=ANSWER_SECONDS), 503)
                meanwhile = await client.post("/panels", json=BODY, timeout=ANSWER_SECONDS)
                assert meanwhile.status_code == 201, "the log takes a question without the tables"
                others = await follow(client, meanwhile.json()["id"])
                assert others[-1].name == "panel_completed"
        for panel_id, received in ((created["id"], frames), (meanwhile.json()["id"], others)):
            check_frames(received, await rows_are_exact(own, panel_id))
            read = await until(lambda: client.get(f"/panels/{panel_id}"), was_read)  # noqa: B023
            assert read.json()["status"] == "completed"


def was_read(answer: httpx.Response) -> bool:
    return answer.status_code == 200
