"""kill -9 of each process in the middle of a panel: it still ends once, with every row exact."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from askpanel.contracts.events import ExpertStarted
from tests.harness.invariants import check_frames, check_log, check_rows, usage_complete
from tests.harness.stack import QUESTION, RunningStack, askpanel, create, kill, stack, until, watch_panel

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


@pytest.mark.parametrize("as_json", [False, True])
async def test_who_asks_at_the_terminal_waits_for_a_killed_gateway_and_is_told_so(
    slow: RunningStack, as_json: bool
) -> None:
    asking = subprocess.Popen(  # noqa: ASYNC220  (starting it takes milliseconds)
        [sys.executable, "-m", "askpanel.local", "ask", QUESTION, *(["--json"] if as_json else [])],
        env={"ASKPANEL_DATA": str(slow.data), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert asking.stdout is not None
    shown = ""
    try:
        while ("expert_speaking" if as_json else "is speaking") not in shown:
            line = await asyncio.to_thread(asking.stdout.readline)
            assert line, f"it ended before: {shown}"
            shown += line
        await kill(slow, "gateway")
        rest, errors = await asyncio.to_thread(partial(asking.communicate, timeout=60))
    finally:
        asking.kill()
        asking.communicate()
    shown += rest
    assert asking.returncode == 0, shown + errors
    assert "· the gateway does not answer (" in errors
    assert "trying again in 0.5 s (2 of 20)" in errors
    if as_json:
        told = [json.loads(line) for line in shown.splitlines()]
        names = [one["event"] for one in told]
        assert (names[0], names[-2:]) == ("panel_created", ["panel_completed", "panel"])
        ids = [one["id"] for one in told if one.get("id") and one["event"] != "response_delta"]
        assert ids == sorted(set(ids)), "nothing twice, in order"
    else:
        assert "stopped by" in shown


async def test_a_question_whose_gateway_is_killed_before_it_answers_is_asked_once(slow: RunningStack) -> None:
    async def connected() -> bool:
        """Whether somebody has a connection to the gateway (state 1 in proc(5))."""
        rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        port = f":{urlsplit(slow.url).port:04X}"
        return any(row[2].endswith(port) and row[3] == "01" for row in rows)

    async with slow.http() as client:
        before = (await client.get("/panels")).json()["total"]
    await until(connected, lambda found: not found)
    gateway = slow.pid("gateway")
    os.kill(gateway, signal.SIGSTOP)
    asking = asyncio.create_task(asyncio.to_thread(askpanel, slow, "ask", QUESTION, "--json"))
    await until(connected, bool)
    os.kill(gateway, signal.SIGKILL)
    done = await asking
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert (told[0]["event"], told[-1]["event"]) == ("panel_created", "panel")
    async with slow.http() as client:
        assert (await client.get("/panels")).json()["total"] == before + 1
