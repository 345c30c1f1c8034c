"""The archiver on a real server: nothing lost, nothing doubled, nothing taken too early, whenever it dies."""

import asyncio
from datetime import timedelta

import pytest
from nats.aio.client import Client
from nats.js.api import ConsumerConfig, DeliverPolicy

from askpanel.contracts.archive import Damaged, Entry
from askpanel.contracts.subjects import PanelRef, tenant_filter
from askpanel.contracts.topology import PANELS, USAGE
from askpanel.runtime import letters
from askpanel.runtime.archiver import Archiver, Window
from askpanel.runtime.log import EventLog
from tests.contract.archiving import (
    Killed,
    archived,
    copies,
    dies_at,
    everybody_is_past,
    finished,
    on_log,
    projected,
    put,
    three_panels,
)
from tests.contract.made import a_round, some_panel
from tests.contract.servers import OwnNats, connected

STEPS = ("swept", "copied", "named", "noted", "purged")


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


async def erase(client: Client, panel: PanelRef) -> None:
    """The audit line and what an erasure does to the log; of the copy it does not know yet."""
    facts = {"tenant_id": str(panel.tenant_id), "panel_id": str(panel.panel_id)}
    await letters.record(client.jetstream(), "erasure.started", facts)
    await client.jetstream().purge_stream(PANELS.name, subject=panel.filter)


async def erase_tenant(client: Client, panel: PanelRef) -> None:
    """The same of all that its tenant has."""
    await letters.record(
        client.jetstream(), "erasure.started", {"tenant_id": str(panel.tenant_id), "panel_id": ""}
    )
    await client.jetstream().purge_stream(PANELS.name, subject=tenant_filter(panel.tenant_id))


async def test_an_erasure_between_copy_and_index_wins(client: Client, log_server: OwnNats) -> None:
    panels = await three_panels(client)
    ref, *others = panels
    async with connected(log_server.url) as other:
        archiver = Archiver(client, older_than=timedelta(0), in_both=0.0)
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


async def test_what_began_after_an_erasure_of_its_tenant_survives_a_crash(client: Client) -> None:
    """No run has ended since, so the next one goes through this erasure again."""
    early, late = some_panel(), some_panel()
    late = PanelRef(early.tenant_id, late.panel_id)
    await put(client, finished(early))
    await erase_tenant(client, early)
    events = await put(client, finished(late))
    await everybody_is_past(client)
    with pytest.raises(Killed):
        await archived(client, dies_at("purged"))
    assert await on_log(client) == 0
    await archived(client)
    assert await EventLog(client).read(late) == events


async def test_an_erasure_that_was_cut_off_between_the_parts_of_a_panel_is_ended(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("askpanel.contracts.archive.PART", 2000)
    ref = some_panel()
    await put(client, finished(ref))
    await everybody_is_past(client)
    copying = Archiver(client, older_than=timedelta(0), in_both=0.0)
    publish = copying._publish

    async def erased_before(panel: PanelRef, text: bytes) -> tuple[int, ...]:
        await erase(client, ref)
        return await publish(panel, text)

    async def cut_off(entry: Entry) -> None:
        assert len(entry.parts) > 1
        await copying._delete(entry.parts[:1])
        raise Killed

    copying._publish = erased_before  # type: ignore[method-assign]
    copying._forget = cut_off  # type: ignore[method-assign]
    with pytest.raises(Killed):
        await copying.run()
    await archived(client)
    log = EventLog(client)
    assert await log.archive.find(ref.panel_id) is None
    assert (await copies(client), await log.read(ref)) == (0, [])
