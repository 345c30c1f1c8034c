"""Two orchestrators that decide the same step of a panel at different moments: the log holds one, and both go on from it."""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from nats.aio.client import Client

from askpanel.contracts.envelope import Recorded, decode, encode, seal
from askpanel.contracts.events import ExpertRequested, PanelCreated, RoundStarted
from askpanel.contracts.subjects import PanelRef
from askpanel.contracts.topology import TIMERS
from askpanel.orchestrator.panels import Panels
from askpanel.orchestrator.worker import Orchestrator
from askpanel.runtime.errors import Conflict, LogUnavailable
from askpanel.runtime.log import EventLog
from askpanel.runtime.worker import Delivery
from tests.contract.archiving import finished
from tests.contract.made import NOON, a_round, some_panel


class HeldLog(EventLog):
    """A log whose owner stops before it begins a round, until it is let go, and may die before it asks anybody."""

    def __init__(self, client: Client, *, dies: bool) -> None:
        super().__init__(client)
        self.stopped, self.go = asyncio.Event(), asyncio.Event()
        self._dies = dies

    async def append(self, recorded: Recorded, *, expected: int) -> int:
        if isinstance(recorded.event, RoundStarted):
            self.stopped.set()
            await self.go.wait()
        return await super().append(recorded, expected=expected)

    async def append_beside(self, events: Sequence[Recorded], *, noun: str, expected: int) -> list[int]:
        if self._dies:
            raise LogUnavailable("killed")
        return await super().append_beside(events, noun=noun, expected=expected)


def delivered(recorded: Recorded) -> Delivery:
    """To whoever takes it first."""
    subject, headers, body = encode(recorded)
    return Delivery(subject, headers, body, recorded.sequence, 1, 1, time.time())


async def armed(client: Client, panel: PanelRef) -> str:
    """When the alarm of round 1 goes off."""
    message = await client.jetstream().get_last_msg(TIMERS.name, panel.timer("round-1", "scheduled"))
    return cast("dict[str, str]", message.headers)["Nats-Schedule"]


def scheduled(at: datetime) -> str:
    return f"@at {at.astimezone(UTC).isoformat(timespec='milliseconds').replace('+00:00', 'Z')}"


async def a_question(log: EventLog) -> Recorded:
    """A panel of 15 minutes and two rounds, asked a minute ago."""
    panel = some_panel()
    created = next(one.event for one in finished(panel) if isinstance(one.event, PanelCreated))
    created = created.model_copy(
        update={"configuration": {**created.configuration, "max_rounds": 2, "time_limit_minutes": 15}}
    )
    return await log.append_first(seal(created, panel, time=datetime.now(UTC) - timedelta(minutes=1)))


async def test_who_was_second_goes_on_with_the_deadlines_of_the_first(client: Client) -> None:
    first, second = HeldLog(client, dies=True), HeldLog(client, dies=False)
    asked = await a_question(first)
    panel = asked.envelope.panel
    async with asyncio.TaskGroup() as both:
        beginning = both.create_task(_killed(Orchestrator(first, Panels(10)).on_event(delivered(asked))))
        await first.stopped.wait()
        both.create_task(Orchestrator(second, Panels(10)).on_event(delivered(asked)))
        await second.stopped.wait()
        its_own = await armed(client, panel)
        first.go.set()
        await beginning
        second.go.set()
    events = [one.event for one in await first.read(panel)]
    (begun,) = (event for event in events if isinstance(event, RoundStarted))
    requests = [event for event in events if isinstance(event, ExpertRequested)]
    assert requests
    assert {request.deadline_at for request in requests} == {begun.deadline_at}
    assert scheduled(begun.deadline_at) != its_own, (
        "the second one decided at another moment, and armed for it"
    )
    assert await armed(client, panel) == scheduled(begun.deadline_at)


async def test_an_alarm_that_goes_off_before_the_deadline_on_the_log_is_armed_for_it(client: Client) -> None:
    log = EventLog(client)
    asked = await a_question(log)
    panel = asked.envelope.panel
    orchestrator = Orchestrator(log, Panels(10))
    await orchestrator.on_event(delivered(asked))
    before = await log.read(panel)
    (begun,) = (one.event for one in before if isinstance(one.event, RoundStarted))
    early = begun.deadline_at - timedelta(seconds=30)
    await client.jetstream().purge_stream(TIMERS.name, subject=panel.timers())
    body = f'{{"purpose": "round", "round_number": 1, "at": "{early.isoformat()}"}}'
    alarm = Delivery(panel.timer("round-1", "fired"), {}, body.encode(), 1, 1, 1, time.time())
    await orchestrator.on_alarm(alarm)
    assert await log.read(panel) == before
    assert await armed(client, panel) == scheduled(begun.deadline_at)


async def test_the_same_fact_told_in_another_way_is_a_conflict(client: Client) -> None:
    log, first = EventLog(client), a_round(some_panel())
    assert isinstance(first.event, RoundStarted)
    later = replace(first, event=first.event.model_copy(update={"deadline_at": NOON + timedelta(seconds=1)}))
    sequence = await log.append(first, expected=0)
    with pytest.raises(Conflict) as conflict:
        await log.append(later, expected=0)
    assert [decode(*message) for message in conflict.value.newer] == [first.at(sequence)]


async def _killed(work: Awaitable[None]) -> None:
    with pytest.raises(LogUnavailable):
        await work
