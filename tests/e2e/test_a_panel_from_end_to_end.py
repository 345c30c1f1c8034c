"""POST → SSE → rows → GET, each against the log, on the whole stack as processes."""

import asyncio
import json
import subprocess
import sys

import pytest

from askpanel.contracts.events import EVENTS
from tests.harness.invariants import check_frames, check_log, check_rows, usage_complete
from tests.harness.panels import read
from tests.harness.stack import ENDED, RunningStack, create, follow, frames_of, new_key, until

pytestmark = pytest.mark.e2e


async def test_post_stream_rows_and_get_agree_with_the_log(running: RunningStack) -> None:
    async with running.http() as client:
        created = await create(client)
        frames = await follow(client, created["id"])
        events = await until(lambda: running.events(created["id"]), usage_complete)
        check_log(events)
        check_frames(frames, events)
        assert frames[-1].name == "panel_completed"
        panel = await read(client, created["id"], events)
    assert panel["status"] == "completed"
    assert [r["agent_id"] for r in panel["responses"]] == [
        frame.data["agent_id"] for frame in frames if frame.name == "response_added"
    ]
    consensus = next(frame.data for frame in frames if frame.name == "consensus_calculated")
    assert panel["consensus"]["consensus_level"] == consensus["consensus_level"]
    assert panel["consensus"]["recommendation"] == consensus["recommendation"]
    assert panel["usage"]["calls"] == len(panel["responses"])
    async with running.database() as connection:
        await check_rows(connection, events)


async def test_five_panels_at_once_in_two_tenants_keep_apart(running: RunningStack) -> None:
    async def one(slug: str) -> None:
        async with running.http(slug=slug) as client:
            created = await create(client)
            frames = await follow(client, created["id"])
        events = await until(lambda: running.events(created["id"], slug), usage_complete)
        check_log(events)
        check_frames(frames, events)
        tenant = str(running.tenant(slug))
        assert {str(recorded.envelope.panel.tenant_id) for recorded in events} == {tenant}

    await asyncio.gather(*(one(slug) for slug in ("acme", "globex", "acme", "globex", "acme")))


async def test_a_client_that_resumes_after_every_event_misses_and_repeats_nothing(
    running: RunningStack,
) -> None:
    async with running.http() as client:
        created = await create(client)
        whole = await follow(client, created["id"])
        public = [frame for frame in whole if frame.id is not None]
        for position, frame in enumerate(public):
            rest = [seen async for seen in frames_of(client, created["id"], frame.id) if seen.id is not None]
            expected = [(later.id, later.name) for later in public[position + 1 :]]
            assert [(seen.id, seen.name) for seen in rest] == expected


async def test_a_stream_resumed_live_after_each_break_is_whole(running: RunningStack) -> None:
    async with running.http() as client:
        created = await create(client)
        seen: list[tuple[int, str]] = []
        last: int | None = None
        while not seen or seen[-1][1] not in ENDED:
            async for frame in frames_of(client, created["id"], last):
                if frame.id is not None:
                    seen.append((frame.id, frame.name))
                    last = frame.id
                    break
        events = await running.events(created["id"])
    public = [(r.sequence, EVENTS[r.envelope.type].SSE) for r in events if EVENTS[r.envelope.type].SSE]
    end = next(position for position, (_, name) in enumerate(public) if name in ENDED)
    assert seen == public[: end + 1]


async def test_a_repeated_post_makes_no_second_panel(running: RunningStack) -> None:
    headers = {"Idempotency-Key": new_key()}
    body = {"query": "Shall we launch in spring or wait until autumn?", "panel_type": "open"}
    async with running.http() as client:
        answers = await asyncio.gather(
            *(client.post("/panels", json=body, headers=headers) for _ in range(5))
        )
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1
        other = await client.post(
            "/panels", json=body | {"query": "Another question entirely?"}, headers=headers
        )
        assert other.status_code == 422
        await follow(client, answers[0].json()["id"])
        check_log(await running.events(answers[0].json()["id"]))


async def test_rows_rebuilt_from_the_log_equal_the_live_ones(running: RunningStack) -> None:
    async with running.http() as client:
        created = await create(client, panel_type="open")
        await follow(client, created["id"])
    events = await until(lambda: running.events(created["id"]), usage_complete)

    async def checkpoint() -> int:
        async with running.database() as connection:
            return await connection.fetchval(
                "select max(stream_sequence) from askpanel.projection_checkpoint"
            )

    await until(checkpoint, lambda sequence: sequence >= events[-1].sequence)
    done = await asyncio.to_thread(askpanel, running, "replay")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "live rows equal the log's" in done.stdout


async def test_the_command_line_asks_the_running_stack(running: RunningStack) -> None:
    done = await asyncio.to_thread(
        askpanel, running, "ask", "Should we hire a head of quality now?", "--experts", "3", "--json"
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[-2]["event"] == "panel_completed"
    assert lines[-1]["data"]["status"] == "completed"


async def test_a_wrong_command_is_one_line_and_a_failure(running: RunningStack) -> None:
    done = await asyncio.to_thread(
        askpanel, running, "ask", "Too few experts?", "--experts", "nobody,no-one,none"
    )
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("askpanel: 422")


def askpanel(running: RunningStack, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "askpanel.local", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"ASKPANEL_DATA": str(running.data), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
    )
