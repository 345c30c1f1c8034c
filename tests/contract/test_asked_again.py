"""A panel that is asked again under the id of an erased one, by an orchestrator that remembers the erased one's end."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from nats.aio.client import Client

from askpanel.contracts.envelope import Recorded, encode, seal
from askpanel.contracts.events import (
    TERMINAL,
    ExpertRequested,
    ExpertResponded,
    PanelCancelRequested,
    PanelCreated,
    PanelStarted,
)
from askpanel.contracts.subjects import PanelRef
from askpanel.contracts.topology import ORCHESTRATOR, PANELS
from askpanel.orchestrator.panels import Panels
from askpanel.orchestrator.worker import Orchestrator
from askpanel.runtime.log import EventLog
from askpanel.runtime.worker import Delivery
from tests.contract.archiving import finished
from tests.contract.consuming import consuming, dead_letters
from tests.contract.made import a_round, some_panel
from tests.contract.servers import OwnNats
from tests.contract.waiting import until


def asked(panel: PanelRef) -> Recorded:
    """As the gateway seals it: the same question has the same id whenever it is asked."""
    created = next(one.event for one in finished(panel) if isinstance(one.event, PanelCreated))
    return seal(created, panel, time=datetime.now(UTC))


def cancelled(panel: PanelRef) -> Recorded:
    """Its user wants it no more."""
    return seal(PanelCancelRequested(user_id=uuid4(), reason=""), panel, time=datetime.now(UTC))


async def ask_again(client: Client, panel: PanelRef) -> Recorded:
    """Erased from the log, and asked again when the server has forgotten all ids of the first time."""
    await client.jetstream().purge_stream(PANELS.name, subject=panel.filter)
    subject, headers, body = encode(a_round(some_panel()))

    async def is_forgotten() -> bool:
        return not (await client.jetstream().publish(subject, body, headers=headers)).duplicate

    assert await is_forgotten(), "it is new, and later than all of them"
    await until(is_forgotten)
    return await EventLog(client).append_first(asked(panel))


class Process:
    """An orchestrator to whom the test delivers, one consumer sequence after the other unless told otherwise."""

    def __init__(self, client: Client) -> None:
        self._orchestrator = Orchestrator(EventLog(client), Panels(100))
        self._delivered = 0

    async def takes(self, recorded: Recorded, *, missed: int = 0) -> None:
        """Handles this event, after others have taken so many."""
        self._delivered += 1 + missed
        subject, headers, body = encode(recorded)
        await self._orchestrator.on_event(
            Delivery(subject, headers, body, recorded.sequence, self._delivered, 1, time.time())
        )

    async def goes_off(self, panel: PanelRef) -> None:
        """Handles an alarm of the panel's that means nothing to it any more."""
        body = b'{"purpose": "round", "round_number": 9}'
        await self._orchestrator.on_alarm(
            Delivery(panel.timer("round-9", "fired"), {}, body, 1, 1, 1, time.time())
        )

    async def sees(self, client: Client, panel: PanelRef) -> None:
        """The whole of a panel that is asked and cancelled."""
        log = EventLog(client)
        await self.takes(await log.append_first(asked(panel)))
        await self.takes(await stands(log, cancelled(panel)))
        assert await ended(log, panel)


async def stands(log: EventLog, recorded: Recorded) -> Recorded:
    return replace(recorded, sequence=await log.append_once(recorded, recent=True))


async def ended(log: EventLog, panel: PanelRef) -> bool:
    return any(one.envelope.type in TERMINAL for one in await log.read(panel))


async def started(log: EventLog, panel: PanelRef) -> bool:
    kinds = {type(one.event) for one in await log.read(panel)}
    return {PanelStarted, ExpertRequested} <= kinds


async def test_it_starts_and_can_be_ended(log_server: OwnNats, forgetful: Client) -> None:
    panel, log = some_panel(), EventLog(forgetful)
    orchestrator = Orchestrator(log, Panels(100))
    async with consuming(log_server.url, ORCHESTRATOR, orchestrator.on_event):
        await log.append_first(asked(panel))
        await until(lambda: started(log, panel))
        await log.append_once(cancelled(panel), recent=True)
        await until(lambda: ended(log, panel))
        await ask_again(forgetful, panel)
        await until(lambda: started(log, panel))
        assert not await ended(log, panel)
        await log.append_once(cancelled(panel), recent=True)
        await until(lambda: ended(log, panel))
    assert await dead_letters(forgetful, "orchestrator") == []


async def test_it_goes_on_where_another_process_saw_it_begin(forgetful: Client) -> None:
    panel, log = some_panel(), EventLog(forgetful)
    remembers, other = Process(forgetful), Process(forgetful)
    await remembers.sees(forgetful, panel)
    await other.takes(await ask_again(forgetful, panel))
    assert await started(log, panel)
    await remembers.takes(await stands(log, cancelled(panel)), missed=1)
    assert await ended(log, panel)


async def test_it_starts_when_an_alarm_of_the_erased_one_comes_in_between(forgetful: Client) -> None:
    panel, log = some_panel(), EventLog(forgetful)
    remembers = Process(forgetful)
    await remembers.sees(forgetful, panel)
    question = await ask_again(forgetful, panel)
    await remembers.goes_off(panel)
    await remembers.takes(question)
    assert await started(log, panel)


@pytest.mark.parametrize(("missed", "asks"), [(0, 0), (1, 1)], ids=["all taken here", "some elsewhere"])
async def test_what_comes_late_to_an_ended_panel_costs_one_request_at_most(
    client: Client, missed: int, asks: int
) -> None:
    panel, log = some_panel(), EventLog(client)
    remembers = Process(client)
    await remembers.sees(client, panel)
    events = await log.read(panel)
    late = next(one for one in finished(panel) if isinstance(one.event, ExpertResponded))
    late = await stands(log, late)
    before = client.stats["out_msgs"]
    await remembers.takes(events[0])
    assert client.stats["out_msgs"] == before, "it comes a second time"
    await remembers.takes(late, missed=missed)
    assert client.stats["out_msgs"] - before == asks
    assert await log.read(panel) == [*events, late]
