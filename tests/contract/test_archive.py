"""Panels that left the log are read, written to and refused as if they stood there still, on a real server."""

import asyncio
import inspect
import random
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast
from uuid import uuid4

import pytest
from nats.aio.client import Client

from askpanel.contracts.archive import Damaged
from askpanel.contracts.envelope import Recorded, encode
from askpanel.contracts.events import PanelCreated, UsageRecorded
from askpanel.contracts.subjects import PanelRef
from askpanel.contracts.topology import ARCHIVE
from askpanel.gateway.history import read_event, read_history
from askpanel.runtime.archive import IN_BOTH, INDEX
from askpanel.runtime.errors import Conflict, LogMisconfigured
from askpanel.runtime.log import FIRST_WITHIN, LOOKED, EventLog
from tests.contract.archiving import (
    Killed,
    archived,
    copies,
    dies_at,
    everybody_is_past,
    finished,
    on_log,
    put,
    three_panels,
)
from tests.contract.made import a_round, some_panel


async def test_an_archived_panel_is_read_as_if_it_were_on_the_log(client: Client) -> None:
    panels = await three_panels(client)
    log = EventLog(client)
    raw = {ref: [message async for message in log.read_raw(ref.filter)] for ref in panels}
    report = await archived(client)
    assert (report.panels, report.messages, report.held) == (3, sum(map(len, panels.values())), "")
    assert (await on_log(client), await copies(client)) == (0, 3)
    for ref, events in panels.items():
        assert await log.read(ref) == events
        middle = events[len(events) // 2].sequence
        assert await log.read(ref, after=middle) == [one for one in events if one.sequence > middle]
        again = [message async for message in log.read_raw(ref.filter)]
        given = ("Nats-Stream", "Nats-Subject", "Nats-Sequence", "Nats-Num-Pending", "Nats-Last-Sequence")
        for before, now in zip(raw[ref], again, strict=True):
            kept = {name: value for name, value in before[1].items() if name not in given}
            assert (now[0], now[1], now[2], now[3]) == (before[0], kept, before[2], before[3])
    assert await log.read(some_panel()) == []


async def test_a_running_panel_is_read_and_written_without_a_look_at_the_archive(client: Client) -> None:
    """What each costs in messages to the server; the index would be one more."""
    log, panel = EventLog(client), some_panel()

    async def requests(work: Awaitable[object]) -> int:
        before = client.stats["out_msgs"]
        await work
        return client.stats["out_msgs"] - before

    begun, *events = (now(event) for event in finished(panel)[:6])
    assert await requests(log.append_first(begun)) == 1
    await log.read(panel)  # asks whether the log has replicas, as it does now and then
    expected = 0
    for event in [begun, *events]:
        assert await requests(log.append(event, expected=expected)) == (2 if event is begun else 1)
        expected = await log.last_sequence(panel)
    assert await requests(log.read(panel)) == 2, "one message, which tells how many are behind it, and those"
    assert await requests(log.read(panel, until=expected)) == 1
    assert await requests(log.read(panel, after=expected - 1, until=expected)) == 1
    assert await requests(log.append_once(events[-1], recent=False)) == 2
    assert await requests(read_history(log, panel)) == 2
    assert await requests(read_event(log, panel, expected)) == 1
    assert await requests(log.archive.find(panel.panel_id)) == 1


def now(event: Recorded) -> Recorded:
    """The event as one that has just been made."""
    return replace(event, envelope=replace(event.envelope, time=datetime.now(UTC)))


async def test_a_large_panel_is_kept_in_parts(client: Client) -> None:
    panel = some_panel()
    first, *rest = finished(panel)
    subject, headers, _ = encode(rest[0])
    await put(client, [first])
    for number in range(4):
        noise = random.Random(number).randbytes(400_000)
        await client.jetstream().publish(
            subject, noise, headers={**headers, "Nats-Msg-Id": f"noise {number}"}
        )
    await put(client, rest)
    await everybody_is_past(client)
    log = EventLog(client)
    before = [(message[0], message[2], message[3]) async for message in log.read_raw(panel.filter)]
    await archived(client)
    entry = await log.archive.find(panel.panel_id)
    assert entry is not None
    assert len(entry.parts) > 1
    assert await on_log(client) == 0
    assert [(message[0], message[2], message[3]) async for message in log.read_raw(panel.filter)] == before


# ------------------------------------------------------------------------------- what comes late


async def test_a_late_event_is_appended_once_and_joins_its_panel_in_the_archive(client: Client) -> None:
    """`append_once` of something old, for a panel that is not on the log any more."""
    panels = await three_panels(client)
    await archived(client)
    log = EventLog(client)
    ref, events = next(iter(panels.items()))
    cost = next(event for event in events if isinstance(event.event, UsageRecorded))
    assert await log.append_once(cost, recent=False) == cost.sequence, "it is in the archive"
    late = replace(cost, envelope=replace(cost.envelope, id=uuid4()))
    sequence = await asyncio.wait_for(log.append_once(late, recent=False), 20)
    assert await log.append_once(late, recent=False) == sequence
    assert await log.read(ref) == [*events, late.at(sequence)]
    await everybody_is_past(client)
    await archived(client)
    assert await log.read(ref) == [*events, late.at(sequence)]
    assert (await on_log(client), await copies(client)) == (0, 3)


async def test_an_append_that_expected_the_panel_on_the_log_is_refused_and_told_the_rest(
    client: Client,
) -> None:
    """A process that was cut off while the panel ended, was archived and purged."""
    panels = await three_panels(client)
    ref, events = next(iter(panels.items()))
    await archived(client)
    with pytest.raises(Conflict) as conflict:
        await EventLog(client).append(a_round(ref, 9), expected=events[4].sequence)
    assert [message[3] for message in conflict.value.newer] == [event.sequence for event in events[5:]]
    with pytest.raises(Conflict) as conflict:
        await EventLog(client).append(events[5], expected=events[4].sequence)
    assert [message[3] for message in conflict.value.newer] == [event.sequence for event in events[5:]]


async def test_the_first_event_of_an_archived_panel_is_found_and_not_written_again(client: Client) -> None:
    """A request that was frozen for days between looking for its key and appending."""
    panels = await three_panels(client)
    ref, events = next(iter(panels.items()))
    assert isinstance(events[0].event, PanelCreated)
    await archived(client)
    stored = await EventLog(client).append_first(events[0])
    assert stored == events[0]
    assert await on_log(client) == 0
    fresh = replace(events[0], envelope=replace(events[0].envelope, panel=some_panel(), id=uuid4()))
    old = replace(fresh, envelope=replace(fresh.envelope, time=datetime(2026, 1, 1, tzinfo=UTC)))
    assert (await EventLog(client).append_first(old)).sequence > 0
    assert ref != old.envelope.panel


async def test_what_is_archived_between_a_look_at_the_index_and_an_append_is_not_written_again(
    client: Client,
) -> None:
    """The index did not name the panel yet; it does when its key is appended again, and the log has it still."""
    panels = await three_panels(client)
    log, (ref, events) = EventLog(client), next(iter(panels.items()))
    assert await log.archive.find(ref.panel_id) is None
    with pytest.raises(Killed):
        await archived(client, dies_at("noted"))
    assert await log.archive.find(ref.panel_id) is not None
    assert await log.append_first(now(events[0])) == events[0]


def test_a_look_and_an_append_take_less_than_a_panel_is_in_both() -> None:
    attempt = inspect.signature(EventLog).parameters["attempt_timeout"].default
    assert LOOKED.total_seconds() + FIRST_WITHIN + attempt < IN_BOTH


async def test_a_reader_that_holds_a_panel_half_read_sees_the_rest(client: Client) -> None:
    """The panel is archived and purged between two of its steps, at every place."""
    panels = await three_panels(client)
    ref, events = next(iter(panels.items()))
    log = EventLog(client)
    reading = log.read_raw(ref.filter)
    first = await anext(reading)
    await archived(client)
    assert [first[3], *[message[3] async for message in reading]] == [event.sequence for event in events]


# --------------------------------------------------------------------------------- what is not right


async def test_a_damaged_copy_is_said_and_never_served(client: Client) -> None:
    panels = await three_panels(client)
    await archived(client)
    ref = next(iter(panels))
    jetstream = client.jetstream()
    log = EventLog(client, patience=1.0)
    entry = await log.archive.find(ref.panel_id)
    assert entry is not None
    message = await jetstream.get_msg(ARCHIVE.name, seq=entry.parts[0])
    body = bytearray(message.data or b"")
    body[len(body) // 2] ^= 1
    given = cast("dict[str, str]", message.headers or {})
    headers = {**given, "Nats-Msg-Id": str(uuid4())}
    damaged = await jetstream.publish(f"archive.{ref.tenant_id}", bytes(body), headers=headers)
    await log.archive.read([entry.parts[0]])
    with pytest.raises(Damaged):
        await log.archive.read([damaged.seq])
    await jetstream.delete_msg(ARCHIVE.name, entry.parts[0])
    with pytest.raises(Damaged, match="in the index and not in the archive"):
        await log.read(ref)


async def test_without_an_index_it_is_said_at_once_that_there_is_none(client: Client) -> None:
    log = EventLog(client)
    await log.position()
    await client.jetstream().delete_stream(INDEX)
    async with asyncio.timeout(2):
        with pytest.raises(LogMisconfigured, match="bootstrap"):
            await log.archive.find(some_panel().panel_id)


async def test_a_panel_of_another_tenant_is_not_found_under_ones_own(client: Client) -> None:
    panels = await three_panels(client)
    await archived(client)
    ref = next(iter(panels))
    assert await EventLog(client).read(PanelRef(uuid4(), ref.panel_id)) == []
