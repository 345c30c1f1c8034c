"""The event log client on a real NATS: append once, conflict truly, read completely."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import nats.js.api
import pytest
from nats.aio.client import Client

from askpanel.contracts.envelope import Recorded, decode, encode
from askpanel.contracts.subjects import PanelRef
from askpanel.contracts.topology import PANELS
from askpanel.runtime import bootstrap
from askpanel.runtime.bootstrap import Sizing, _stream_config
from askpanel.runtime.direct import READ_BATCH
from askpanel.runtime.errors import AlreadyThere, Conflict, EventTooLarge, LogMisconfigured, LogUnavailable
from askpanel.runtime.log import EventLog
from askpanel.runtime.publishing import header_bytes
from tests.contract.made import a_round, an_end, some_panel
from tests.contract.proxy import proxy_to
from tests.contract.servers import OwnNats, connected, own_nats
from tests.contract.waiting import until


@pytest.fixture
def log(client: Client) -> EventLog:
    return EventLog(client, patience=2.0, attempt_timeout=0.5)


async def stored(client: Client) -> list[str]:
    """Ids of everything on the log, in order."""
    info = await client.jetstream().stream_info(PANELS.name)
    messages = [
        await client.jetstream().get_msg(PANELS.name, sequence)
        for sequence in range(info.state.first_seq, info.state.last_seq + 1)
    ]
    return [(message.headers or {})["Nats-Msg-Id"] for message in messages]


async def test_an_appended_event_is_read_back_as_it_was_written(log: EventLog) -> None:
    panel = some_panel()
    first = await log.append(a_round(panel, 1), expected=0)
    second = await log.append(a_round(panel, 2), expected=first)
    assert await log.read(panel) == [a_round(panel, 1).at(first), a_round(panel, 2).at(second)]
    assert await log.read(panel, after=first) == [a_round(panel, 2).at(second)]
    assert await log.read(panel, after=second) == []
    assert await log.last_sequence(panel) == second


async def test_of_fifty_writers_exactly_one_is_first(log: EventLog, client: Client) -> None:
    panel = some_panel()
    outcomes = await asyncio.gather(
        *(log.append(a_round(panel, number), expected=0) for number in range(1, 51)), return_exceptions=True
    )
    won = [outcome for outcome in outcomes if isinstance(outcome, int)]
    lost = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert (len(won), len(lost)) == (1, 49)
    assert {(conflict.expected, conflict.actual) for conflict in lost} == {(0, won[0])}
    assert len(await stored(client)) == 1


async def test_another_panel_of_the_same_tenant_is_no_conflict(log: EventLog) -> None:
    panel, other = some_panel(), some_panel()
    await log.append(a_round(panel), expected=0)
    await log.append(a_round(PanelRef(panel.tenant_id, other.panel_id)), expected=0)
    with pytest.raises(Conflict):
        await log.append(an_end(panel), expected=0)


async def test_the_same_event_twice_is_there_once(log: EventLog, client: Client) -> None:
    panel = some_panel()
    event = a_round(panel)
    first = await log.append(event, expected=0)
    assert await log.append(event, expected=0) == first
    assert await log.append_once(event, recent=True) == first
    assert await log.append_once(event, recent=False) == first
    await log.append(a_round(panel, 2), expected=first)
    assert (await log.append_first(event)).sequence == first
    with pytest.raises(Conflict):
        await log.append(event, expected=0)  # found, but its writer does not know of the later one
    assert len(await stored(client)) == 2


async def test_a_conflict_tells_what_came_first(log: EventLog) -> None:
    panel = some_panel()
    first = await log.append(a_round(panel, 1), expected=0)
    second = await log.append(a_round(panel, 2), expected=first)
    with pytest.raises(Conflict) as conflict:
        await log.append(an_end(panel), expected=first)
    assert conflict.value.actual == second
    assert [decode(*message) for message in conflict.value.newer] == [a_round(panel, 2).at(second)]


async def test_a_conflict_with_what_this_build_cannot_read_is_a_conflict_all_the_same(
    log: EventLog, client: Client
) -> None:
    panel = some_panel()
    first = await log.append(a_round(panel, 1), expected=0)
    later = panel.subject("round.started")
    ack = await client.jetstream().publish(later, b"of a later version", headers={"ce-type": "round.started"})
    with pytest.raises(Conflict) as conflict:
        await log.append(an_end(panel), expected=first)
    assert conflict.value.actual == ack.seq


async def test_the_first_event_of_a_panel_is_one_for_all_who_bring_it(log: EventLog) -> None:
    panel = some_panel()
    stood = await asyncio.gather(*(log.append_first(a_round(panel)) for _ in range(10)))
    assert {recorded.sequence for recorded in stood} == {stood[0].sequence}
    assert stood[0] == a_round(panel).at(stood[0].sequence)
    with pytest.raises(Conflict):
        await log.append_first(an_end(panel))


async def test_facts_beside_one_another_stand_whatever_else_comes_between(log: EventLog) -> None:
    panel = some_panel()
    begun = await log.append(an_end(panel, "as the panel's last event of this noun"), expected=0)
    await log.append(a_round(panel, 9), expected=begun)
    rounds = [a_round(panel, number) for number in range(1, 6)]
    sequences = await log.append_beside(rounds, noun="panel", expected=begun)
    events = await log.read(panel, after=begun + 1)
    assert events == [event.at(sequence) for event, sequence in zip(rounds, sequences, strict=True)]
    with pytest.raises(AlreadyThere):
        await log.append_beside(rounds, noun="panel", expected=begun)
    assert len(await log.read(panel, after=begun)) == 6, "each only once"


async def test_facts_beside_one_another_are_refused_after_an_event_of_the_noun(
    log: EventLog, client: Client
) -> None:
    panel = some_panel()
    first = await log.append(a_round(panel, 1), expected=0)
    await log.append(an_end(panel), expected=first)
    with pytest.raises(Conflict):
        await log.append_beside([a_round(panel, 2), a_round(panel, 3)], noun="panel", expected=0)
    assert len(await stored(client)) == 2


async def test_what_must_be_news_is_refused_where_it_stood_before(log: EventLog, client: Client) -> None:
    panel = some_panel()
    await log.append_news(a_round(panel), never="panel")
    with pytest.raises(AlreadyThere):
        await log.append_news(a_round(panel), never="panel")
    await log.append_once(an_end(panel), recent=True)
    with pytest.raises(Conflict):
        await log.append_news(a_round(panel, 2), never="panel")
    assert len(await stored(client)) == 2


async def test_a_lost_acknowledgement_makes_no_old_news(log_server: OwnNats, client: Client) -> None:
    panel = some_panel()
    async with proxy_to(log_server.port) as proxy, connected(proxy.url) as through:
        log = EventLog(through, patience=5.0, attempt_timeout=0.3)
        await log.position()
        proxy.lose = "acknowledgement"
        first = await log.append_news(a_round(panel))
        assert proxy.lost == 1
    assert await EventLog(client).last_sequence(panel) == first


async def test_a_read_up_to_a_known_event_is_complete_up_to_it(log: EventLog) -> None:
    panel = some_panel()
    first = await log.append(a_round(panel, 1), expected=0)
    await log.append(a_round(some_panel()), expected=0)
    second = await log.append(a_round(panel, 2), expected=first)
    assert [event.sequence for event in await log.read(panel, until=second)] == [first, second]
    assert await log.read(panel, after=second, until=second) == []


async def test_once_means_once_outside_the_deduplication_window_too(log: EventLog, forgetful: Client) -> None:
    panel = some_panel()
    event = a_round(panel)
    first = await log.append_once(event, recent=False)
    await log.append(a_round(panel, 2), expected=first)
    await until(lambda: _is_forgotten(forgetful, event))
    before = len(await stored(forgetful))
    assert await log.append_once(event, recent=False) == first
    assert (await log.append_first(event)).sequence == first
    with pytest.raises(Conflict):
        await log.append(event, expected=0)
    assert len(await stored(forgetful)) == before


async def _is_forgotten(client: Client, event: Recorded) -> bool:
    """Whether the server knows the id no more; asks under the same id, on another panel's subject."""
    _, headers, body = encode(event)
    subject = some_panel().subject(event.envelope.type)
    ack = await client.jetstream().publish(subject, body, headers=headers)
    return not ack.duplicate


async def test_writers_outside_the_window_race_for_one_copy(log: EventLog, client: Client) -> None:
    panel = some_panel()
    sequences = await asyncio.gather(*(log.append_once(a_round(panel), recent=False) for _ in range(20)))
    assert len(set(sequences)) == 1
    assert len(await stored(client)) == 1


@pytest.mark.parametrize("lose", ["acknowledgement", "connection"])
async def test_a_lost_acknowledgement_is_no_conflict_with_oneself(
    log_server: OwnNats, client: Client, lose: str
) -> None:
    panel = some_panel()
    async with proxy_to(log_server.port) as proxy, connected(proxy.url) as through:
        log = EventLog(through, patience=5.0, attempt_timeout=0.3)
        proxy.lose = "acknowledgement" if lose == "acknowledgement" else "connection"
        first = await log.append(a_round(panel, 1), expected=0)
        assert proxy.lost == 1
        assert await log.append(a_round(panel, 2), expected=first) > first
    assert len(await stored(client)) == 2


async def test_a_lost_acknowledgement_with_a_successor_tells_both(
    log_server: OwnNats, client: Client
) -> None:
    """Between the lost answer and the retry another writer appends behind our event: its writer must know of it."""
    panel = some_panel()
    async with proxy_to(log_server.port) as proxy, connected(proxy.url) as through:
        proxy.lose = "acknowledgement"
        ours = asyncio.create_task(
            EventLog(through, patience=5.0, attempt_timeout=0.5).append(a_round(panel), expected=0)
        )
        other = EventLog(client)
        await until(lambda: proxy.lost == 1)
        first = await other.last_sequence(panel)
        await other.append(an_end(panel), expected=first)
        with pytest.raises(Conflict) as caught:
            await ours
    assert [message[3] for message in caught.value.newer] == [first, first + 1]
    assert len(await stored(client)) == 2


async def test_a_copy_behind_an_event_that_was_not_expected_is_a_conflict_that_tells_both(
    log: EventLog,
) -> None:
    """Its writer must see what came first: the copy alone would let it skip that event."""
    panel = some_panel()
    first = await log.append(a_round(panel, 1), expected=0)
    unseen = await log.append(a_round(panel, 2), expected=first)
    copy = await log.append(a_round(panel, 3), expected=unseen)
    with pytest.raises(Conflict) as caught:
        await log.append(a_round(panel, 3), expected=first)
    assert [message[3] for message in caught.value.newer] == [unseen, copy]


async def test_an_id_on_another_subject_is_a_bug_and_not_success(log: EventLog, client: Client) -> None:
    event = a_round(some_panel())
    _, headers, body = encode(event)
    await client.jetstream().publish(some_panel().subject("round.started"), body, headers=headers)
    with pytest.raises(LogMisconfigured, match="belongs to"):
        await log.append(event, expected=0)


@pytest.mark.parametrize("room", [-1, 0, 1])
async def test_too_large_counts_headers_and_spares_the_connection(
    log: EventLog, client: Client, room: int
) -> None:
    """At `room` bytes below the limit the server takes it; one byte more would make it disconnect us."""
    panel = some_panel()
    _, headers, body = encode(an_end(panel))
    guard = {
        "Nats-Expected-Last-Subject-Sequence": "0",
        "Nats-Expected-Last-Subject-Sequence-Subject": panel.filter,
    }
    free = client.max_payload - header_bytes(headers | guard) - len(body)
    event = an_end(panel, "x" * (free - room))
    if room < 0:
        with pytest.raises(EventTooLarge, match=str(client.max_payload)):
            await log.append(event, expected=0)
    else:
        assert await log.append(event, expected=0)
    assert client.is_connected
    assert client.stats["reconnects"] == 0


async def test_a_full_log_is_unavailable_at_once_and_loses_nothing(log: EventLog, client: Client) -> None:
    await client.jetstream().update_stream(_stream_config(PANELS, Sizing(max_bytes=20_000)))
    panel, last = some_panel(), 0

    async def fill() -> None:
        nonlocal last
        for number in range(1, 100):
            last = await log.append(a_round(panel, number), expected=last)

    with pytest.raises(LogUnavailable, match="full"):
        await fill()
    assert 0 < len(await log.read(panel)) < 99
    assert [event.sequence for event in await log.read(panel)][-1] == last
    await client.jetstream().update_stream(_stream_config(PANELS, Sizing()))
    assert await log.append(an_end(panel), expected=last) > last


async def test_without_a_stream_the_log_is_misconfigured_and_no_panel_is_empty(
    log_server: OwnNats, client: Client
) -> None:
    await client.jetstream().delete_stream(PANELS.name)
    log = EventLog(client, patience=0.3, attempt_timeout=0.3)
    panel = some_panel()
    for call in (
        log.append(a_round(panel), expected=0),
        log.read(panel),
        log.last_sequence(panel),
        log.position(),
    ):
        with pytest.raises(LogMisconfigured, match="bootstrap"):
            await call


async def test_an_unreachable_log_is_unavailable_within_its_patience() -> None:
    with own_nats() as server:
        async with connected(server.url) as client:
            log = EventLog(client, patience=0.5, attempt_timeout=0.2)
            server.kill()
            async with asyncio.timeout(5):
                for call in (
                    log.append(a_round(some_panel()), expected=0),
                    log.read(some_panel()),
                    log.position(),
                ):
                    with pytest.raises(LogUnavailable):
                        await call
            server.start()


async def test_reading_is_complete_and_ordered_beyond_one_batch(
    log: EventLog, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("askpanel.runtime.direct.READ_BATCH", 7)
    panel, other, last = some_panel(), some_panel(), 0
    written: list[int] = []
    for number in range(1, 31):
        last = await log.append(a_round(panel, number), expected=last)
        written.append(last)
        await log.append_once(a_round(other, number), recent=True)
    assert [event.sequence for event in await log.read(panel)] == written
    assert [event.sequence for event in await log.read(panel, after=written[9])] == written[10:]
    monkeypatch.setattr("askpanel.runtime.log.NEAR", 0)
    far = await log.read(panel, after=written[9], until=written[-2])
    assert [event.sequence for event in far] == written[10:], "complete up to it, and what is behind it too"


@pytest.fixture
def asked(client: Client, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """First sequence and number of messages of each batch that the server is asked for."""
    seen: list[tuple[int, int]] = []
    send = client.publish

    async def watched(subject: str, payload: bytes = b"", **named: Any) -> None:
        if subject == f"$JS.API.DIRECT.GET.{PANELS.name}" and "batch" in (request := json.loads(payload)):
            seen.append((request["seq"], request["batch"]))
        await send(subject, payload, **named)

    monkeypatch.setattr(client, "publish", watched)
    return seen


async def test_a_server_is_not_asked_to_look_for_more_than_a_panel_has(
    log: EventLog, asked: list[tuple[int, int]]
) -> None:
    """It would look through the whole log behind the panel, block by block from disk, and take no append meanwhile."""
    panel, other = some_panel(), some_panel()
    first = await log.append(a_round(panel, 1), expected=0)
    await log.append_once(a_round(other), recent=True)
    second = await log.append(a_round(panel, 2), expected=first)
    last = await log.append(a_round(panel, 3), expected=second)
    for wanted, there in ((panel, [first, second, last]), (other, [first + 1]), (some_panel(), [])):
        asked.clear()
        assert [event.sequence for event in await log.read(wanted)] == there
        assert asked == ([(1, 1), (1, len(there))] if len(there) > 1 else [(1, 1)])


async def test_near_the_end_a_read_takes_one_request_and_far_from_it_two(
    log: EventLog, client: Client, asked: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = some_panel()
    first = await log.append(a_round(panel, 1), expected=0)
    second = await log.append(a_round(panel, 2), expected=first)
    await log.append_once(a_round(some_panel()), recent=True)
    asked.clear()
    assert [event.sequence for event in await log.read(panel, after=first, until=second)] == [second]
    assert asked == [(first + 1, READ_BATCH)]
    monkeypatch.setattr("askpanel.runtime.log.NEAR", 0)
    for reader in (log, EventLog(client)):  # one that has appended, and one that knows of nothing yet
        asked.clear()
        found = await reader.read(panel, after=first, until=second)
        assert [event.sequence for event in found] == [second]
        assert asked == [(1, 1), (1, 2)]


async def test_position_names_the_end_and_the_epoch(log: EventLog, client: Client) -> None:
    before = await log.position()
    await log.append(a_round(some_panel()), expected=0)
    after = await log.position()
    assert after.sequence == before.sequence + 1
    assert after.epoch == before.epoch != ""


async def test_kill_nine_of_the_server_amid_appends_loses_and_doubles_nothing() -> None:
    panels = [PanelRef(uuid4(), uuid4()) for _ in range(4)]
    with own_nats(sync_always=True) as server:
        async with connected(server.url) as client:
            js = client.jetstream()
            await bootstrap.create(js)
            log = EventLog(client, patience=20.0, attempt_timeout=0.5)
            done: list[int] = []

            async def write(panel: PanelRef) -> list[int]:
                sequences = [0]
                for number in range(1, 51):
                    sequences.append(await log.append(a_round(panel, number), expected=sequences[-1]))
                    done.append(sequences[-1])
                return sequences[1:]

            writers = [asyncio.create_task(write(panel)) for panel in panels]
            await until(lambda: len(done) >= 60)
            server.kill()
            assert len(done) < 200
            server.start()
            written = await asyncio.gather(*writers)
            for panel, sequences in zip(panels, written, strict=True):
                events = await log.read(panel)
                assert [event.sequence for event in events] == sequences
                assert [event.event.identity() for event in events] == [(n,) for n in range(1, 51)]
            assert (await log.position()).sequence == 200


def test_the_stream_refuses_what_would_forge_or_wipe_it() -> None:
    config = _stream_config(PANELS, Sizing())
    assert config.discard == nats.js.api.DiscardPolicy.NEW
    assert not config.allow_rollup_hdrs
    assert not config.allow_msg_ttl
    assert not config.allow_msg_schedules


async def test_the_first_appends_of_a_process_at_once_are_each_sent_once(client: Client) -> None:
    """Whoever comes while the first asks for replicas is told too, and takes no turns on a single server."""
    log, panels = EventLog(client), [some_panel() for _ in range(8)]
    for panel in panels:
        await log.append(a_round(panel, 1), expected=0)
    fresh = EventLog(client)
    before = client.stats["out_msgs"]
    await asyncio.gather(*(fresh.append_once(a_round(panel, 2), recent=True) for panel in panels))
    assert client.stats["out_msgs"] - before == len(panels) + 1, "one question, and the events"
