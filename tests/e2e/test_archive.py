"""An archived panel on the whole stack: read, streamed, asked again, followed up, erased as before."""

import asyncio
import subprocess
from collections.abc import Generator
from typing import Any

import pytest

from askpanel.contracts.topology import PANELS
from tests.harness.invariants import usage_complete
from tests.harness.stack import RunningStack, askpanel, create, follow, projected, stack, until

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def own() -> Generator[RunningStack]:
    """A stack whose log may be archived."""
    with stack("scripted:latency=0.02") as started:
        yield started


async def said(own: RunningStack, *arguments: str) -> "subprocess.CompletedProcess[str]":
    done = await asyncio.to_thread(askpanel, own, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


async def messages(own: RunningStack) -> int:
    async with own.log() as log:
        return (await log.jetstream.stream_info(PANELS.name)).state.messages


async def waiting(own: RunningStack) -> int:
    """Messages that somebody has not taken or not acknowledged: they stay on the log."""
    async with own.log() as log:
        consumers = await log.jetstream.consumers_info(PANELS.name)
    return sum((one.num_pending or 0) + (one.num_ack_pending or 0) for one in consumers)


async def test_an_archived_panel_is_served_followed_up_replayed_and_erased(own: RunningStack) -> None:
    key = {"Idempotency-Key": "once"}
    asked: dict[str, Any] = {
        "query": "Should we open a second office in Lyon?",
        "panel_type": "structured",
        "agents": ["expert-0", "expert-1", "expert-2"],
    }
    async with own.http() as client:
        first = await client.post("/panels", json=asked, headers=key)
        assert first.status_code == 201, first.text
        panel = first.json()["id"]
        frames = await follow(client, panel)
        stored = await until(lambda: own.events(panel), usage_complete)
        await projected(own, stored[-1].sequence)
        before = (await client.get(f"/panels/{panel}/events")).json()

        await until(lambda: waiting(own), lambda left: left == 0)

        async def archive() -> int:
            await said(own, "archive", "--days", "0")
            return await messages(own)

        assert await until(archive, lambda left: left == 0) == 0

        assert await own.events(panel) == stored
        assert (await client.get(f"/panels/{panel}/events")).json() == before
        again = [(frame.id, frame.name) for frame in await follow(client, panel)]
        public = [(frame.id, frame.name) for frame in frames if frame.id is not None]
        assert [one for one in again if one[0] is not None] == public
        answer = await client.post("/panels", json=asked, headers=key)
        assert (answer.status_code, answer.json()["id"]) == (201, panel)
        assert answer.headers["Idempotent-Replayed"] == "true"
        assert (await client.post(f"/panels/{panel}/cancel")).status_code == 409
        assert (await client.get(f"/panels/{panel}/export")).status_code == 200
        child = await create(client, parent_panel_id=panel)
        await follow(client, child["id"])
        events = await until(lambda: own.events(child["id"]), usage_complete)
        await projected(own, events[-1].sequence)
    await said(own, "reset", "orchestrator", "--after", "0")
    await said(own, "replay")
    assert await own.events(panel) == stored, "nothing began again"

    await said(own, "erase-panel", panel, "--because", "ticket", "--yes")
    assert await own.events(panel) == []
    async with own.http() as client:
        assert (await client.get(f"/panels/{panel}/events")).status_code == 404
    await said(own, "replay")
