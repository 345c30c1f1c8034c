"""The archiver on a real server: nothing lost, nothing doubled, nothing taken too early, whenever it dies."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import uuid4

import pytest
from nats.aio.client import Client
from nats.js.api import ConsumerConfig, DeliverPolicy

from askpanel.contracts.archive import Damaged
from askpanel.contracts.envelope import Recorded, encode
from askpanel.contracts.events import PanelCreated, UsageRecorded
from askpanel.contracts.subjects import PanelRef
from askpanel.contracts.topology import ARCHIVE, PANELS, USAGE
from askpanel.gateway.history import read_event, read_history
from askpanel.runtime import letters
from askpanel.runtime.archive import INDEX
from askpanel.runtime.archiver import Archiver, Window
from askpanel.runtime.errors import Conflict, LogMisconfigured
from askpanel.runtime.log import EventLog
from tests.contract.archiving import archived, everybody_is_past, finished, on_log, projected, put
from tests.contract.made import a_round, some_panel
from tests.contract.servers import OwnNats, connected

STEPS = ("swept", "copied", "named", "noted", "purged")


class Killed(Exception):
    """As if the process had died here."""


def dies_at(step: str) -> Callable[[str], None]:
    def told(reached: str) -> None:
        if reached == step:
            raise Killed(step)

    return told


async def three_panels(client: Client) -> dict[PanelRef, list[Recorded]]:
    """Three finished panels of two tenants, side by side on the log, and everybody past them."""
    tenant = uuid4()
    refs = [PanelRef(tenant, uuid4()), PanelRef(tenant, uuid4()), some_panel()]
    histories = ["structured-calm", "open-troubled", "delphi-calm"]
    told = [iter(finished(ref, history)) for ref, history in zip(refs, histories, strict=True)]
    mixed: list[Recorded] = []
    while told:
        for events in list(told):
            event = next(events, None)
            if event is None:
                told.remove(events)
            else:
                mixed.append(event)
    stored = await put(client, mixed)
    await everybody_is_past(client)
    return {ref: [event for event in stored if event.envelope.panel == ref] for ref in refs}


async def copies(client: Client) -> int:
    """Messages in ARCHIVE."""
    return (await client.jetstream().stream_info(ARCHIVE.name)).state.messages


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
    assert await requests(log.is_new(panel)) == 2


def now(event: Recorded) -> Recorded:
    """The event as one that has just been made."""
    return replace(event, envelope=replace(event.envelope, time=datetime.now(UTC)))


@pytest.mark.parametrize("step", STEPS)
async def test_a_crash_after_any_step_loses_and_doubles_nothing(client: Client, step: str) -> None:
    panels = await three_panels(client)
    log = EventLog(client)
    with pytest.raises(Killed):
        await archived(client, dies_at(step))
    for ref, events in panels.items():
        assert await log.read(ref) == events, "after the crash"
    await archived(client)
    for ref, events in panels.items():
        assert await log.read(ref) == events, "after the next run"
    assert (await on_log(client), await copies(client)) == (0, 3)


async def test_a_purge_that_stopped_half_way_leaves_panels_whole(client: Client) -> None:
    panels = await three_panels(client)
    log = EventLog(client)
    with pytest.raises(Killed):
        await archived(client, dies_at("noted"))
    everything = sorted(event.sequence for events in panels.values() for event in events)
    for stop in (everything[1], everything[len(everything) // 2], everything[-1]):
        await client.jetstream().purge_stream(PANELS.name, seq=stop)
        for ref, events in panels.items():
            assert await log.read(ref) == events, stop
    await archived(client)
    assert (await on_log(client), await copies(client)) == (0, 3)


@pytest.mark.parametrize("often", [False, True], ids=["at the end", "for every stretch"])
async def test_the_log_is_purged_at_the_end_and_now_and_then(
    client: Client, monkeypatch: pytest.MonkeyPatch, often: bool
) -> None:
    """No append is taken meanwhile, the longer the log the longer."""
    monkeypatch.setattr("askpanel.runtime.archiver.WINDOW", 10)
    if often:
        monkeypatch.setattr("askpanel.runtime.archiver.PURGE_FIRST", 0.0)
        monkeypatch.setattr("askpanel.runtime.archiver.PURGE_EVERY", 0.0)
    panels = await three_panels(client)
    steps: list[str] = []
    report = await archived(client, steps.append)
    stretches = steps.count("copied")
    assert stretches > 3
    assert (steps.count("purged"), steps[-1]) == (stretches if often else 1, "purged")
    assert (report.panels, report.messages) == (3, sum(map(len, panels.values())))
    assert (await on_log(client), await copies(client)) == (0, 3)
    for ref, events in panels.items():
        assert await EventLog(client).read(ref) == events


async def test_what_ends_the_walk_keeps_nothing_on_the_log_that_is_archived(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next walk would end there again: only what comes behind stays."""
    monkeypatch.setattr("askpanel.runtime.archiver.WINDOW", 10)
    first, second = some_panel(), some_panel()
    events = [await put(client, finished(ref)) for ref in (first, second)]
    await everybody_is_past(client)
    steps: list[str] = []

    def ends(step: str) -> None:
        steps.append(step)
        if steps.count("copied") == 3:
            raise Damaged("in the third stretch")

    with pytest.raises(Damaged, match="in the third stretch"):
        await archived(client, ends)
    assert await on_log(client) == sum(map(len, events)) - 2 * 10
    assert [await EventLog(client).read(ref) for ref in (first, second)] == events


@pytest.mark.parametrize("often", [False, True], ids=["at the end", "for every stretch"])
async def test_two_archivers_at_once_archive_each_panel_once(
    client: Client, log_server: OwnNats, monkeypatch: pytest.MonkeyPatch, often: bool
) -> None:
    if often:
        monkeypatch.setattr("askpanel.runtime.archiver.WINDOW", 10)
        monkeypatch.setattr("askpanel.runtime.archiver.PURGE_FIRST", 0.0)
        monkeypatch.setattr("askpanel.runtime.archiver.PURGE_EVERY", 0.0)
    panels = await three_panels(client)
    async with connected(log_server.url) as other:
        reports = await asyncio.gather(archived(client), archived(other), archived(client))
    for ref, events in panels.items():
        assert await EventLog(client).read(ref) == events
    assert sum(report.messages for report in reports) == sum(map(len, panels.values()))
    await archived(client)
    assert (await on_log(client), await copies(client)) == (0, 3)


async def test_a_panel_that_has_not_ended_stays_with_all_that_came_after_it_began(client: Client) -> None:
    early, running, late = some_panel(), some_panel(), some_panel()
    await put(client, finished(early))
    begun = await put(client, finished(running)[:5])
    await put(client, finished(late))
    await everybody_is_past(client)
    report = await archived(client)
    assert report.panels == 1
    assert str(running.panel_id) in report.held
    assert "has not ended" in report.held
    assert await on_log(client) == 5 + len(finished(late))
    assert await EventLog(client).read(running) == begun
    await put(client, finished(running)[5:])
    await everybody_is_past(client)
    assert (await archived(client)).panels == 2


async def test_what_is_young_stays(client: Client) -> None:
    panels = await three_panels(client)
    report = await archived(client, older_than=timedelta(days=1))
    assert report.panels == report.messages == 0
    assert "too young" in report.held
    assert await on_log(client) == sum(map(len, panels.values()))


async def test_what_the_tables_or_another_log_have_not_is_not_taken(client: Client) -> None:
    panels = await three_panels(client)
    position = await EventLog(client).position()
    for sequence, epoch in ((position.sequence - 1, position.epoch), (position.sequence, "another log's")):
        await projected(client, sequence, epoch)
        report = await archived(client)
        assert "waits for the tables" in report.held
    assert await on_log(client) >= max(len(events) for events in panels.values())
    for ref, events in panels.items():
        assert await EventLog(client).read(ref) == events


async def test_what_any_consumer_has_not_acknowledged_is_not_taken(client: Client) -> None:
    """Ours, whose costs are still to come, and another team's."""
    jetstream = client.jetstream()
    panels = await three_panels(client)
    await jetstream.delete_consumer(PANELS.name, USAGE.name)
    for durable in ("reader-slow", USAGE.name):
        wanted = ConsumerConfig(durable_name=durable, filter_subject="panel.completed.>", ack_wait=60)
        await jetstream.add_consumer(PANELS.name, wanted)
        assert f"waits for consumer {durable}" in (await archived(client)).held
        await jetstream.delete_consumer(PANELS.name, durable)
    config = ConsumerConfig(deliver_policy=DeliverPolicy.ALL, ack_wait=60)
    subscription = await jetstream.pull_subscribe("panel.completed.>", stream=PANELS.name, config=config)
    taken = await subscription.fetch(3, timeout=5)
    assert "waits for consumer" in (await archived(client)).held, "delivered is not acknowledged"
    for message in taken:
        await message.ack_sync()
    assert (await archived(client)).held == ""
    for ref, events in panels.items():
        assert await EventLog(client).read(ref) == events


async def test_what_a_dead_letter_is_about_stays_until_it_is_settled(client: Client) -> None:
    panels = await three_panels(client)
    sequence = next(iter(panels.values()))[3].sequence
    line = b'{"reason":"poison","error":"","durable":"usage","stream":"PANELS","sequence":%d,' % sequence
    line += b'"deliveries":5,"subject":"","headers":{},"body":""}'
    await client.jetstream().publish("dead.usage", line)
    assert "dead letter" in (await archived(client)).held
    (letter,) = await letters.read_letters(client.jetstream())
    await letters.drop(client.jetstream(), letter, by="me", because="seen")
    assert (await archived(client)).panels == 3


async def test_messages_of_a_panel_that_never_began_hold_nothing_back(client: Client) -> None:
    nowhere = some_panel()
    await put(client, [a_round(nowhere)])
    await client.jetstream().publish(f"expert.failed.{nowhere.tenant_id}.{nowhere.panel_id}", b"\xff{")
    panels = await three_panels(client)
    assert (await archived(client)).held == ""
    log = EventLog(client)
    raw = [message async for message in log.read_raw(nowhere.filter)]
    assert [message[2] for message in raw][1] == b"\xff{"
    for ref, events in panels.items():
        assert await log.read(ref) == events


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


async def test_a_panel_archived_between_the_looks_at_log_and_index_is_not_new(
    client: Client, log_server: OwnNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index was asked before it named the panel, the log after it was purged."""
    panels = await three_panels(client)
    log, ref = EventLog(client), next(iter(panels))
    assert await log.is_new(some_panel())
    assert not await log.is_new(ref)
    send = client.publish

    async def delayed(subject: str, *arguments: Any, **named: Any) -> None:
        if subject.endswith(f".{PANELS.name}"):
            async with connected(log_server.url) as other:
                assert (await archived(other)).panels == 3
        await send(subject, *arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(client, "publish", delayed)
        assert not await log.is_new(ref)
    assert await on_log(client) == 0
    assert not await log.is_new(ref), "the archive has it"
    assert await log.is_new(some_panel())


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
            await log.is_new(some_panel())


async def test_a_panel_of_another_tenant_is_not_found_under_ones_own(client: Client) -> None:
    panels = await three_panels(client)
    await archived(client)
    ref = next(iter(panels))
    assert await EventLog(client).read(PanelRef(uuid4(), ref.panel_id)) == []


async def erase(client: Client, panel: PanelRef) -> None:
    """The audit line and what an erasure does to the log; of the copy it does not know yet."""
    facts = {"tenant_id": str(panel.tenant_id), "panel_id": str(panel.panel_id)}
    await letters.record(client.jetstream(), "erasure.started", facts)
    await client.jetstream().purge_stream(PANELS.name, subject=panel.filter)


async def test_an_erasure_between_copy_and_index_wins(client: Client, log_server: OwnNats) -> None:
    panels = await three_panels(client)
    ref, *others = panels
    async with connected(log_server.url) as other:
        archiver = Archiver(client, older_than=timedelta(0))
        name = archiver._name

        async def erased_before(window: Window) -> None:
            await erase(other, ref)
            await name(window)

        archiver._name = erased_before  # type: ignore[method-assign]
        await archiver.run()
    await archived(client)
    log = EventLog(client)
    assert await log.archive.find(ref.panel_id) is None
    assert await log.read(ref) == []
    assert await copies(client) == len(others)
    for panel in others:
        assert await log.read(panel) == panels[panel]


async def test_an_erasure_before_a_crash_wins_in_the_next_run(client: Client) -> None:
    panels = await three_panels(client)
    ref, *others = panels

    with pytest.raises(Killed):
        await archived(client, dies_at("copied"))
    await erase(client, ref)
    await archived(client)
    log = EventLog(client)
    assert await log.archive.find(ref.panel_id) is None
    assert await log.read(ref) == []
    for panel in others:
        assert await log.read(panel) == panels[panel]


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
