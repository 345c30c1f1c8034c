"""The event stream to the byte, and as the clients that npm users would pick receive it."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import EVENTS, TERMINAL
from tests.harness.cast import SLOW, SLOW_SECONDS
from tests.harness.node import printed, with_packages
from tests.harness.stack import EXPERTS, RunningStack, create, follow, frames_of

pytestmark = pytest.mark.e2e

NODE_CLIENTS = Path(__file__).parent / "node"


def public(events: list[Recorded]) -> list[tuple[int, str]]:
    """Sequence and name of the events that a stream shows, up to the panel's end."""
    end = next(recorded.sequence for recorded in events if recorded.envelope.type in TERMINAL)
    named = ((recorded.sequence, EVENTS[recorded.envelope.type].SSE) for recorded in events)
    return [(sequence, name) for sequence, name in named if name and sequence <= end]


# --------------------------------------------------------------------------------------- npm


@pytest.fixture(scope="module")
def node() -> str:
    """A node with the clients."""
    return with_packages(NODE_CLIENTS)


async def received(node: str, client: str, running: RunningStack, panel_id: str) -> list[dict[str, Any]]:
    """What a client from npm prints while it follows the panel to its end."""
    url = f"{running.url}/api/v1/panels/{panel_id}/stream"
    out = await printed(node, "clients.mjs", client, url, json.dumps(running.headers()), folder=NODE_CLIENTS)
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize("client", ["eventsource", "eventsource-client", "fetch-event-source"])
async def test_a_client_cut_off_after_every_event_has_the_whole_panel(
    running: RunningStack, node: str, client: str
) -> None:
    async with running.http() as api:
        created = await create(api)
    lines = await received(node, client, running, created["id"])
    expected = public(await running.events(created["id"]))
    events = [line for line in lines if "name" in line]
    assert [(line["id"], line["name"]) for line in events if line["sequence"] is not None] == expected
    assert all(line["sequence"] == line["id"] for line in events)
    assert {line["panel_id"] for line in events} == {created["id"]}
    connections = [line for line in lines if "status" in line and line["status"] == 200]
    assert [line["resumed"] for line in connections] == [None, *(str(n) for n, _ in expected[:-1])]
    assert not [line for line in lines if "unnamed" in line], "an event out of nothing"
    assert lines[-1] == {"closed": 204 if client == "eventsource" else None}


# --------------------------------------------------------------------------------------- bytes


@contextlib.asynccontextmanager
async def raw(running: RunningStack, panel_id: str, **headers: str) -> AsyncGenerator[httpx.Response]:
    """The stream as bytes, as `curl -N` would get it."""
    async with (
        running.http() as client,
        client.stream("GET", f"/panels/{panel_id}/stream", headers=headers) as response,
    ):
        yield response


@pytest.fixture(scope="module")
def ended(running: RunningStack) -> dict[str, Any]:
    """A panel that has ended: its id, and its public events."""

    async def ask() -> dict[str, Any]:
        async with running.http() as client:
            created = await create(client)
            await follow(client, created["id"])
        return {"id": created["id"], "public": public(await running.events(created["id"]))}

    return asyncio.run(ask())


async def test_the_bytes_are_blocks_of_one_line_of_json(running: RunningStack, ended: dict[str, Any]) -> None:
    async with raw(running, ended["id"], **{"Accept-Encoding": "gzip, br"}) as response:
        headers, body = response.headers, await response.aread()
    assert response.status_code == 200
    assert headers["content-type"].split(";")[0] == "text/event-stream"
    assert headers["cache-control"] == "no-cache, no-transform"
    assert headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in headers
    assert body.startswith(b"retry: 2000\nid: ")
    assert body.endswith(b"\n\n")
    assert b"\r" not in body
    assert body.count(b"retry:") == 1
    blocks = body.decode().removeprefix("retry: 2000\n").removesuffix("\n\n").split("\n\n")
    seen: list[tuple[int, str]] = []
    for block in blocks:
        identity, event, data = block.split("\n")
        fields = json.loads(data.removeprefix("data: "))
        sequence = int(identity.removeprefix("id: "))
        assert fields["sequence"] == sequence
        assert fields["panel_id"] == ended["id"]
        assert fields["at"].endswith("Z")
        seen.append((sequence, event.removeprefix("event: ")))
    assert seen == ended["public"]


async def test_silence_is_filled_with_heartbeats_of_one_newline(running: RunningStack) -> None:
    async with running.http() as client:
        created = await create(client, agents=[*EXPERTS, SLOW])
    quiet = b""
    async with asyncio.timeout(SLOW_SECONDS + 10), raw(running, created["id"]) as response:
        async for chunk in response.aiter_raw():
            quiet += chunk
            if quiet.count(b": hb\n") >= 3:
                break
    assert b": hb\n: hb\n" in quiet, "no blank line after a heartbeat: some clients would deliver an event"
    assert b": hb\n\n" not in quiet
    async with running.http() as client:
        assert (await follow(client, created["id"]))[-1].name == "panel_completed"


async def test_after_the_end_there_is_no_more(running: RunningStack, ended: dict[str, Any]) -> None:
    last, _ = ended["public"][-1]
    async with raw(running, ended["id"], **{"Last-Event-ID": str(last)}) as response:
        assert (response.status_code, await response.aread()) == (204, b"")
    async with running.http() as client:
        by_query = await client.get(f"/panels/{ended['id']}/stream", params={"last_event_id": last})
    assert by_query.status_code == 204


@pytest.mark.parametrize(
    "what", ["of another panel", "garbage", "of the future", "negative", "before the panel"]
)
async def test_an_id_that_is_not_of_this_panel_starts_it_over(
    running: RunningStack, ended: dict[str, Any], what: str
) -> None:
    first, _ = ended["public"][0]
    async with running.http() as client:
        if what == "of another panel":
            identity = str((await create(client))["sequence"])
        else:
            identity = {
                "garbage": "first; drop table",
                "of the future": str(10**15),
                "negative": "-1",
                "before the panel": str(first - 1),
            }[what]
        answer = await client.get(f"/panels/{ended['id']}/stream", headers={"Last-Event-ID": identity})
    assert answer.text.startswith("retry: 2000\nevent: stream_reset\ndata: ")
    names = re.findall(r"^event: (\w+)$", answer.text, re.MULTILINE)
    assert names == ["stream_reset", *(name for _, name in ended["public"])]


async def test_many_followers_receive_the_same(running: RunningStack) -> None:
    async with running.http() as client:
        created = await create(client)
        followers = await asyncio.gather(
            *(collected(client, created["id"]) for _ in range(12)),
        )
    expected = public(await running.events(created["id"]))
    assert all(seen == expected for seen in followers)


async def collected(client: httpx.AsyncClient, panel_id: str) -> list[tuple[int, str]]:
    return [(frame.id, frame.name) async for frame in frames_of(client, panel_id) if frame.id is not None]
