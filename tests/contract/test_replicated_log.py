"""The event log on three servers: what it promises on one holds while events are on their way to the others."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from datetime import UTC, datetime

import pytest
from nats.aio.client import Client

from askpanel.contracts.envelope import Recorded, seal
from askpanel.contracts.events import PanelFailed
from askpanel.contracts.subjects import PanelRef
from askpanel.contracts.topology import PANELS
from askpanel.local.servers.nats_nodes import NatsNodes
from askpanel.runtime import bootstrap
from askpanel.runtime.bootstrap import Sizing
from askpanel.runtime.errors import AlreadyThere, Conflict
from askpanel.runtime.log import EventLog
from tests.contract.archiving import archived, everybody_is_past, finished, put
from tests.contract.made import a_round, an_end, some_panel
from tests.contract.proxy import proxy_to
from tests.contract.servers import connected, three_nodes

TRIES = 40
STEP = 0.0003
"""Seconds by which each try moves one writer against the other, so that they meet in every order."""


@pytest.fixture(scope="module")
def cluster() -> Generator[NatsNodes]:
    """Three nodes; panels of the tests are their own, so nothing is emptied in between."""
    with three_nodes() as nodes:
        yield nodes


@pytest.fixture
async def replicated(cluster: NatsNodes) -> AsyncGenerator[Client]:
    """Connected to the cluster, the contract's streams on all three nodes."""
    async with connected(cluster.url().split(",")) as client:
        await bootstrap.create(client.jetstream(), Sizing(replicas=3))
        yield client


@pytest.fixture
def log(replicated: Client) -> EventLog:
    return EventLog(replicated)


async def test_the_log_stands_on_every_node(replicated: Client) -> None:
    info = await replicated.jetstream().stream_info(PANELS.name)
    assert info.config.num_replicas == 3
    assert info.cluster is not None
    assert len(info.cluster.replicas or []) == 2


async def test_nothing_comes_before_an_event_that_did_not_expect_it(log: EventLog) -> None:
    """A fact that may stand anywhere, and at the same moment an end that expects to be the next event."""
    ended = 0
    for _ in range(TRIES):
        panel = some_panel()
        begun = await log.append(a_round(panel, 1), expected=0)
        fact, end = await asyncio.gather(
            log.append_once(a_round(panel, 2), recent=True),
            log.append(an_end(panel), expected=begun),
            return_exceptions=True,
        )
        assert isinstance(fact, int)
        if isinstance(end, int):
            ended += 1
            assert end < fact, "it was stored behind an event that it did not know"
        else:
            assert isinstance(end, Conflict)
            assert [message[3] for message in end.newer] == [fact]
    assert ended, "the end never won, so nothing was tried"


async def test_a_lost_acknowledgement_makes_no_old_news(cluster: NatsNodes, log: EventLog) -> None:
    panel = some_panel()
    await log.append(a_round(panel, 1), expected=0)
    port = int(cluster.url().split(",")[0].rpartition(":")[2])
    async with proxy_to(port) as proxy, connected(proxy.url) as through:
        lossy = EventLog(through, patience=5.0, attempt_timeout=0.3)
        await lossy.position()
        proxy.lose = "acknowledgement"
        first = await lossy.append_news(a_round(panel, 2), never="panel")
        assert proxy.lost == 1
    assert await log.last_sequence(panel) == first
    with pytest.raises(AlreadyThere):
        await log.append_news(a_round(panel, 2), never="panel")


async def test_a_copy_behind_an_event_that_was_not_expected_is_a_conflict_that_tells_both(
    log: EventLog,
) -> None:
    """A replicated stream recognises a duplicate *before* it looks at the expectation."""
    panel = some_panel()
    known = await log.append(a_round(panel, 1), expected=0)
    unseen = await log.append(a_round(panel, 2), expected=known)
    copy = await log.append(a_round(panel, 3), expected=unseen)
    with pytest.raises(Conflict) as caught:
        await log.append(a_round(panel, 3), expected=known)
    assert [message[3] for message in caught.value.newer] == [unseen, copy]


async def test_a_first_event_asked_for_again_with_another_body_is_the_one_that_stands(log: EventLog) -> None:
    panel = some_panel()
    stored = await log.append_first(ended_now(panel, "the first body"))
    assert await log.append_first(ended_now(panel, "another body")) == stored


async def test_a_lost_acknowledgement_is_no_conflict_with_oneself(cluster: NatsNodes, log: EventLog) -> None:
    panel = some_panel()
    port = int(cluster.url().split(",")[0].rpartition(":")[2])
    async with proxy_to(port) as proxy, connected(proxy.url) as through:
        lossy = EventLog(through, patience=5.0, attempt_timeout=0.3)
        await lossy.position()
        proxy.lose = "acknowledgement"
        first = await lossy.append(a_round(panel, 1), expected=0)
        assert proxy.lost == 1
        assert await lossy.append(a_round(panel, 2), expected=first) > first
    assert len(await log.read(panel)) == 2


async def test_facts_beside_one_another_never_come_after_an_end(log: EventLog) -> None:
    ended = beside = 0
    for number in range(TRIES):
        panel = some_panel()
        begun = await log.append(a_round(panel, 1), expected=0)

        async def end_later(after: float, panel: PanelRef = panel, begun: int = begun) -> int:
            await asyncio.sleep(after)
            return await log.append(an_end(panel), expected=begun)

        end, facts = await asyncio.gather(
            end_later(number * STEP),
            log.append_beside([a_round(panel, 2), a_round(panel, 3)], noun="panel", expected=0),
            return_exceptions=True,
        )
        types = [event.envelope.type for event in await log.read(panel)]
        if isinstance(end, int):
            ended += 1
            assert isinstance(facts, Conflict)
            assert types[-1] == "panel.failed", "a fact that the end forbids stands behind it"
        else:
            beside += 1
            assert isinstance(end, Conflict)
            assert isinstance(facts, list)
            assert types == ["round.started"] * 3
    assert ended, "the end never won"
    assert beside, "the facts never won"


async def test_facts_beside_one_another_stand_whatever_else_comes_between(log: EventLog) -> None:
    panel = some_panel()
    begun = await log.append(an_end(panel, "the panel's last event of this noun"), expected=0)
    rounds = [a_round(panel, number) for number in range(2, 14)]
    others = [
        asyncio.create_task(log.append_once(a_round(panel, number), recent=True)) for number in range(20, 26)
    ]
    sequences = await log.append_beside(rounds, noun="panel", expected=begun)
    await asyncio.gather(*others)
    events = {event.sequence: event for event in await log.read(panel, after=begun)}
    assert len(events) == 18
    assert [events[sequence] for sequence in sequences] == [
        event.at(sequence) for event, sequence in zip(rounds, sequences, strict=True)
    ]
    with pytest.raises(AlreadyThere):
        await log.append_beside(rounds, noun="panel", expected=begun)
    assert len(await log.read(panel, after=begun)) == 18, "each only once"


async def test_of_fifty_writers_exactly_one_is_first(log: EventLog) -> None:
    panel = some_panel()
    outcomes = await asyncio.gather(
        *(log.append(a_round(panel, number), expected=0) for number in range(1, 51)), return_exceptions=True
    )
    won = [outcome for outcome in outcomes if isinstance(outcome, int)]
    lost = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert (len(won), len(lost)) == (1, 49)
    assert len(await log.read(panel)) == 1


async def test_panels_are_archived_once_by_two_archivers_and_read_whole_from_any_node(
    cluster: NatsNodes, replicated: Client
) -> None:
    """Both write the same pages of the index, each change on its way to the other nodes for a while."""
    panels = [some_panel() for _ in range(8)]
    before = {panel: await put(replicated, finished(panel)) for panel in panels}
    await everybody_is_past(replicated)
    async with connected(cluster.url().split(",")) as other:
        await asyncio.gather(archived(replicated), archived(other))
        for client in (replicated, other):
            for panel, events in before.items():
                assert await EventLog(client).read(panel) == events
    index = EventLog(replicated).archive
    assert all([await index.find(panel.panel_id) for panel in panels])


def ended_now(panel: PanelRef, detail: str) -> Recorded:
    """Young enough that `append_first` asks the log alone."""
    return seal(PanelFailed(reason="cancelled", detail=detail), panel, time=datetime.now(UTC))
