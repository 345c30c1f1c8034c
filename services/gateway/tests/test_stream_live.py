"""Streams over HTTP, beside a log that goes on: no client misses or repeats an event of its panel."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from httpx_sse import EventSource, ServerSentEvent, aconnect_sse

from askpanel.contracts.envelope import Recorded
from askpanel.gateway.stream.beginnings import Beginnings
from askpanel.gateway.stream.encode import event_frame
from askpanel.gateway.stream.replay import Replays
from askpanel.local.demo import TENANTS
from services.gateway.tests.running import Running, Start, token, until
from services.gateway.tests.stories import Story


def story() -> Story:
    """A whole panel of the first tenant's member, under an id of its own."""
    return Story(name=str(uuid4())).whole()


def public(stored: list[Recorded]) -> list[int]:
    """Sequences of public events, up to the panel's end."""
    frames = [frame for frame in map(event_frame, stored) if frame is not None]
    end = next((number for number, frame in enumerate(frames, 1) if frame.last), len(frames))
    return [frame.sequence for frame in frames[:end] if frame.sequence is not None]


@asynccontextmanager
async def opened(
    gateway: Running, panel_id: object, *, headers: dict[str, str] | None = None, query: str = "", **user: Any
) -> AsyncGenerator[EventSource]:
    path = f"/api/v1/panels/{panel_id}/stream{query}"
    async with aconnect_sse(
        gateway.http, "GET", path, headers=gateway.headers(**user) | (headers or {})
    ) as source:
        yield source


async def events(gateway: Running, panel_id: object, **options: Any) -> list[ServerSentEvent]:
    """All events until the server ends the stream."""
    async with asyncio.timeout(20), opened(gateway, panel_id, **options) as source:
        assert source.response.status_code == 200, await source.response.aread()
        return [event async for event in source.aiter_sse()]


async def passed(gateway: Running, stored: Sequence[Recorded]) -> None:
    """Wait until the gateway's tail has come by what was stored."""
    await until(lambda: gateway.app.state.gateway.hub.position >= stored[-1].sequence)


async def test_a_finished_panel_is_told_from_its_first_event_to_its_last(gateway: Running) -> None:
    told = story()
    stored = await gateway.append(told.events)

    async with opened(gateway, told.ref.panel_id) as source:
        headers = source.response.headers
        raw = b"".join([chunk async for chunk in source.response.aiter_raw()])
    got = await events(gateway, told.ref.panel_id)

    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-cache, no-transform"
    assert headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in headers
    assert raw.startswith(b"retry: 2000\nid: %d\nevent: panel_created\ndata: {" % stored[0].sequence)
    assert [int(event.id) for event in got] == public(stored)
    assert [event.event for event in got][-2:] == ["consensus_calculated", "panel_completed"]
    assert all(json.loads(event.data)["sequence"] == int(event.id) for event in got)


async def test_a_client_that_resumes_after_any_event_misses_and_repeats_nothing(gateway: Running) -> None:
    told = story()
    stored = await gateway.append(told.events)
    expected = public(stored)

    for number, sequence in enumerate(expected[:-1], 1):
        got = await events(gateway, told.ref.panel_id, headers={"Last-Event-ID": str(sequence)})
        assert [int(event.id) for event in got] == expected[number:]
    by_query = await events(gateway, told.ref.panel_id, query=f"?last_event_id={expected[3]}")
    assert [int(event.id) for event in by_query] == expected[4:]


async def test_a_client_that_has_the_end_gets_204(gateway: Running) -> None:
    told = story()
    stored = await gateway.append(told.events)

    async with opened(
        gateway, told.ref.panel_id, headers={"Last-Event-ID": str(public(stored)[-1])}
    ) as source:
        assert source.response.status_code == 204


@pytest.mark.parametrize("last", ["999999999", "garbage", "-1", "0x10", "1" * 40, "١٢"])
async def test_an_id_that_is_not_this_panels_resets_and_replays(gateway: Running, last: str) -> None:
    told, other = story(), Story(name=str(uuid4()))
    stored = await gateway.append(told.events)
    other.created()
    [foreign] = await gateway.append(other.events)

    for wrong in (last, str(foreign.sequence)):
        got = await events(gateway, told.ref.panel_id, headers={"Last-Event-ID": wrong.encode()})
        assert got[0].event == "stream_reset"
        assert got[0].id in ("", None)
        assert [int(event.id) for event in got[1:]] == public(stored)


async def test_a_panel_that_has_just_begun_is_told_without_a_look_at_the_log(
    gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = story()
    begun = await gateway.append(told.events[:6])
    await passed(gateway, begun)

    def unread(*_: object) -> None:
        raise AssertionError("the log was read")

    monkeypatch.setattr(Replays, "read", unread)
    async with asyncio.timeout(10), opened(gateway, told.ref.panel_id) as source:
        rest = await gateway.append(told.events[6:])
        got = [int(event.id) async for event in source.aiter_sse()]

    assert got == public([*begun, *rest])


@pytest.mark.parametrize("kept", [True, False])
async def test_clients_that_come_at_any_moment_of_a_running_panel_see_the_same(
    gateway: Running, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the panel's beginning is kept, or read from the log each time."""

    def unknown(*_: object) -> None:
        return None

    if not kept:
        monkeypatch.setattr(Beginnings, "of", unknown)
    told = story()
    await passed(gateway, await gateway.append(told.events[:1]))

    moments = [asyncio.Event() for _ in told.events]

    async def run() -> None:
        for event, moment in zip(told.events[1:], moments[1:], strict=True):
            await gateway.append([event])
            moment.set()

    async def come(moment: asyncio.Event) -> list[int]:
        await moment.wait()
        got = await events(gateway, told.ref.panel_id)
        return [int(event.id) for event in got]

    moments[0].set()
    running = asyncio.create_task(run())
    seen = await asyncio.gather(*map(come, moments))
    await running

    expected = public(await gateway.stored(told.ref.panel_id))
    assert seen == [expected] * len(told.events)


async def test_deltas_reach_those_who_watch_and_carry_no_id(gateway: Running) -> None:
    told = Story(name=str(uuid4()))
    told.created()
    await gateway.append(told.events)
    delta = {"round_number": 1, "seat": 0, "agent_id": "expert-0", "text": "Wai"}

    async with (
        asyncio.timeout(10),
        opened(gateway, told.ref.panel_id) as source,
        aclosing(source.aiter_sse()) as incoming,
    ):
        assert (await anext(incoming)).event == "panel_created"
        for body in (b"garbage", b'{"text": 1}', json.dumps(delta).encode()):
            await gateway.client.publish(told.ref.deltas(), body)
        got = await anext(incoming)

    assert got.event == "response_delta"
    assert json.loads(got.data)["text"] == "Wai"


async def test_what_cannot_be_read_on_the_log_is_left_out_of_streams(gateway: Running) -> None:
    told = story()
    ref = told.ref
    await gateway.append(told.events[:3])
    async with (
        asyncio.timeout(10),
        opened(gateway, ref.panel_id) as source,
        aclosing(source.aiter_sse()) as incoming,
    ):
        for _ in range(3):
            await anext(incoming)
        await gateway.log.jetstream.publish(ref.subject("round.completed"), b"\xff not json")
        stored = await gateway.append(told.events[3:])
        live = [int(event.id) async for event in incoming]

    assert live == public(stored)
    assert [int(event.id) for event in await events(gateway, ref.panel_id)][3:] == live


async def test_silence_is_filled_with_heartbeats_until_the_stream_is_old(start: Start) -> None:
    gateway = await start(stream_heartbeat=0.05, stream_age=1.0)
    told = Story(name=str(uuid4()))
    told.created()
    await gateway.append(told.events)

    async with asyncio.timeout(10), opened(gateway, told.ref.panel_id) as source:
        raw = b"".join([chunk async for chunk in source.response.aiter_raw()])

    assert raw.partition(b"\n\n")[2].startswith(b": hb\n: hb\n")
    assert b"hb\n\n" not in raw


async def test_a_revoked_membership_ends_the_stream(start: Start) -> None:
    gateway = await start(membership_seconds=0.1)
    told = Story(name=str(uuid4()))
    told.created()
    await gateway.append(told.events)

    async with asyncio.timeout(10), opened(gateway, told.ref.panel_id) as source:
        incoming = source.aiter_sse()
        await anext(incoming)
        await gateway.sql(
            "update public.tenant_users set status = 'inactive' where user_id = $1",
            TENANTS[0].user("member").id,
        )
        assert [event async for event in incoming] == []
    assert (await gateway.get(f"/panels/{told.ref.panel_id}/events")).status_code == 403


async def test_a_look_that_fails_unexpectedly_ends_neither_the_stream_nor_the_gateway(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = await start(membership_seconds=0.1)
    told = Story(name=str(uuid4())).whole()
    await gateway.append(told.events[:1])

    async with asyncio.timeout(20), opened(gateway, told.ref.panel_id) as source:
        incoming = source.aiter_sse()
        await anext(incoming)
        await gateway.sql("alter function askpanel.role_in(uuid) rename to role_elsewhere")
        while "nobody can tell" not in caplog.text:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await gateway.append(told.events[1:])
        assert [event.event async for event in incoming][-1] == "panel_completed"
        await gateway.sql("alter function askpanel.role_elsewhere(uuid) rename to role_in")

    assert not gateway.app.state.failed.is_set()
    assert (await gateway.get("/panels")).status_code == 200


async def test_a_stream_ends_with_its_token(gateway: Running) -> None:
    told = Story(name=str(uuid4()))
    told.created()
    await gateway.append(told.events)
    short = token(TENANTS[0].user("member").id, expires_in=1.5)

    got = await events(gateway, told.ref.panel_id, headers={"Authorization": f"Bearer {short}"})

    assert [event.event for event in got] == ["panel_created"]


async def test_a_drain_ends_open_streams_and_those_that_still_come_at_an_event_boundary(
    gateway: Running,
) -> None:
    told = Story(name=str(uuid4()))
    told.created()
    await gateway.append(told.events)

    async with asyncio.timeout(10), opened(gateway, told.ref.panel_id) as source:
        incoming = source.aiter_sse()
        await anext(incoming)
        await gateway.app.state.gateway.hub.drain(0.01)
        assert [event async for event in incoming] == []
    assert [event.event for event in await events(gateway, told.ref.panel_id)] == ["panel_created"]


async def test_while_it_drains_each_answer_ends_its_connection(gateway: Running) -> None:
    before = await gateway.get("/panels")
    gateway.app.state.sides.draining = True
    meanwhile = await gateway.get("/panels")
    refused = await gateway.http.get("/api/v1/panels")
    assert (before.status_code, meanwhile.status_code, refused.status_code) == (200, 200, 401)
    assert "connection" not in before.headers
    assert meanwhile.headers["connection"] == refused.headers["connection"] == "close"


async def test_a_ticket_opens_a_stream_without_headers_once(gateway: Running) -> None:
    told = story()
    stored = await gateway.append(told.events)
    path = f"/panels/{told.ref.panel_id}/stream-tickets"

    ticket = (await gateway.post(path)).json()
    assert ticket["expires_in"] == 60
    url = f"/api/v1/panels/{told.ref.panel_id}/stream?ticket={ticket['ticket']}"
    async with asyncio.timeout(10), aconnect_sse(gateway.http, "GET", url) as source:
        got = [int(event.id) async for event in source.aiter_sse()]
    again = await gateway.http.get(url)

    assert got == public(stored)
    assert again.status_code == 401
    assert again.headers["content-type"] == "application/problem+json"
    assert (await gateway.post(f"/panels/{uuid4()}/stream-tickets")).status_code == 404


async def test_too_many_streams_are_told_in_the_clients_own_words(start: Start) -> None:
    gateway = await start(streams_per_user=1)
    told = Story(name=str(uuid4()))
    told.created()
    await gateway.append(told.events)

    async with opened(gateway, told.ref.panel_id) as source:
        incoming = source.aiter_sse()  # kept: its end would close the connection
        assert (await anext(incoming)).event == "panel_created"
        plain = await gateway.get(f"/panels/{told.ref.panel_id}/stream", headers={"Accept": "*/*"})
        browser = await gateway.get(
            f"/panels/{told.ref.panel_id}/stream", headers={"Accept": "text/event-stream"}
        )
        other = await gateway.get(f"/panels/{uuid4()}/stream", user="admin")

    assert (plain.status_code, plain.headers["retry-after"]) == (429, "30")
    assert browser.status_code == 200
    assert browser.text.startswith("retry: 30000\nevent: error\ndata: {")
    assert other.status_code == 404
    async with asyncio.timeout(10):
        while True:  # the slot comes back once the server has noticed the disconnect
            async with opened(gateway, told.ref.panel_id) as source, aclosing(source.aiter_sse()) as incoming:
                if (await anext(incoming)).event == "panel_created":
                    return


async def test_streams_switched_off_for_a_tenant_are_403(gateway: Running) -> None:
    told = story()
    await gateway.append(told.events)
    await gateway.sql(
        "update public.tenants set settings = settings || '{\"enable_streaming\": false}' where id = $1",
        TENANTS[0].id,
    )

    assert (await gateway.get(f"/panels/{told.ref.panel_id}/stream")).status_code == 403
    assert (await gateway.post(f"/panels/{told.ref.panel_id}/stream-tickets")).status_code == 403


async def test_the_public_events_are_the_streams_events(gateway: Running) -> None:
    told = story()
    stored = await gateway.append(told.events)

    all_of_it = (await gateway.get(f"/panels/{told.ref.panel_id}/events")).json()
    rest = (await gateway.get(f"/panels/{told.ref.panel_id}/events?after={stored[3].sequence}")).json()

    expected = [event_frame(one) for one in stored]
    assert [one["sequence"] for one in all_of_it["events"]] == [one.sequence for one in expected if one]
    assert all_of_it["events"][0]["event"] == "panel_created"
    assert all_of_it["last_sequence"] == stored[-1].sequence
    assert rest["events"] == [one for one in all_of_it["events"] if one["sequence"] > stored[3].sequence]
