"""kill -9 of each process in the middle of a panel: it still ends once, with every row exact."""

from collections.abc import Generator

import pytest

from askpanel.contracts.events import ExpertStarted
from tests.harness.invariants import check_frames, check_log, check_rows, usage_complete
from tests.harness.stack import RunningStack, create, kill, stack, until, watch_panel

pytestmark = pytest.mark.e2e

AFTER = {
    "gateway": "round_started",
    "projector": "panel_started",
    "orchestrator": "expert_speaking",
    "expert-runner": "expert_speaking",
    "consensus": "response_added",
    "usage": "response_added",
}
"""Which SSE event has just been seen when the process is killed."""


@pytest.fixture(scope="module")
def slow() -> Generator[RunningStack]:
    with stack("scripted:latency=1.0") as started:
        yield started


@pytest.mark.parametrize("service", AFTER)
async def test_a_killed_service_costs_nothing_but_time(slow: RunningStack, service: str) -> None:
    async with slow.http() as client:
        created = await create(client)
        async with watch_panel(client, created["id"]) as watched:
            await watched.seen(AFTER[service])
            await kill(slow, service)
            frames = await watched.finished()
    events = await until(lambda: slow.events(created["id"]), usage_complete)
    check_log(events)
    check_frames(frames, events)
    assert frames[-1].name == "panel_completed"
    calls = sum(isinstance(recorded.event, ExpertStarted) for recorded in events)
    assert calls <= 3 + (3 if service == "expert-runner" else 0), "only calls in flight are made again"

    async def rows_match() -> bool:
        async with slow.database() as connection:
            sequence = await connection.fetchval(
                "select max(stream_sequence) from askpanel.projection_checkpoint"
            )
            return sequence >= events[-1].sequence

    await until(rows_match, bool)
    async with slow.database() as connection:
        await check_rows(connection, events)


@pytest.mark.parametrize("server", ["nats", "postgres"])
async def test_a_killed_server_costs_nothing_but_time(slow: RunningStack, server: str) -> None:
    async with slow.http() as client:
        created = await create(client)
        async with watch_panel(client, created["id"]) as watched:
            await watched.seen("expert_speaking")
            await kill(slow, server)
            frames = await watched.finished()
    events = await until(lambda: slow.events(created["id"]), usage_complete)
    check_log(events)
    check_frames(frames, events)
    assert frames[-1].name == "panel_completed"

    async def rows_match() -> bool:
        async with slow.database() as connection:
            sequence = await connection.fetchval(
                "select max(stream_sequence) from askpanel.projection_checkpoint"
            )
            return sequence >= events[-1].sequence

    await until(rows_match, bool)
    async with slow.database() as connection:
        await check_rows(connection, events)
