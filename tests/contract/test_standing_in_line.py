"""Who may ask a model, and when: slots, deadlines, the breaker, and what a panel decides meanwhile."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from nats.aio.client import Client

from askpanel.contracts.envelope import Recorded, encode, seal
from askpanel.contracts.events import (
    BudgetExceeded,
    Event,
    ExpertFailed,
    ExpertRequested,
    ExpertResponded,
    ExpertStarted,
    PanelFailed,
)
from askpanel.contracts.subjects import PanelRef
from askpanel.expert_runner import worker
from askpanel.expert_runner.catalogue import load_bench_experts
from askpanel.expert_runner.line import LEFT_ALONE, TOO_LATE, Line, Turn
from askpanel.expert_runner.models.port import Failure, Reply
from askpanel.expert_runner.models.retry import FAIR, Circuit
from askpanel.expert_runner.prompts.build import build
from askpanel.expert_runner.prompts.prompt import HOSTED, Call, Prompt, Speaker, speaker_of
from askpanel.expert_runner.speakers import Speakers
from askpanel.expert_runner.worker import ExpertRunner
from askpanel.runtime.log import EventLog
from askpanel.runtime.worker import Delivery
from tests.contract.archiving import finished
from tests.contract.held_model import DOWN, REPLY, HeldModel
from tests.contract.made import some_panel
from tests.contract.waiting import until

SPEAKER = speaker_of(load_bench_experts()[0])


def prompt() -> Prompt:
    asked = asked_of(some_panel()).event
    assert isinstance(asked, ExpertRequested)
    call = Call("panel", asked.agent_id, 1, "1", 0, "opening")
    return build(call, SPEAKER, asked.response_type, asked.context.blocks, HOSTED)


async def shown(text: str) -> None:
    """Nobody watches."""


TENANT = uuid4()


async def call(line: Line, seconds: float = 60.0, tenant_id: UUID = TENANT) -> Reply | Failure:
    """As the expert-runner does it."""
    async with line.turn(tenant_id, seconds) as turn:
        return (
            turn if isinstance(turn, Failure) else await turn.ask(prompt(), on_delta=shown, seconds=seconds)
        )


# ------------------------------------------------------------------------------------------ the line


async def test_a_model_gets_so_many_calls_at_once_and_each_of_them_once() -> None:
    model = HeldModel(concurrency=2)
    line = Line(model)
    calls = [asyncio.create_task(call(line)) for _ in range(5)]
    await until(lambda: model.calls == 2)
    model.go.set()
    assert await asyncio.gather(*calls) == [REPLY] * 5
    assert (model.calls, model.most) == (5, 2)


async def test_as_many_calls_at_once_as_the_operator_says() -> None:
    model = HeldModel(concurrency=1)
    line = Line(model, calls=3)
    calls = [asyncio.create_task(call(line)) for _ in range(5)]
    await until(lambda: model.calls == 3)
    model.go.set()
    await asyncio.gather(*calls)
    assert model.most == 3


async def test_one_tenants_burst_does_not_take_anothers_time() -> None:
    model = HeldModel(concurrency=2)
    line, answered = Line(model), list[str]()

    async def one(tenant: str, tenant_id: UUID) -> None:
        assert await call(line, tenant_id=tenant_id) == REPLY
        answered.append(tenant)

    many, few = uuid4(), uuid4()
    calls = [asyncio.create_task(one("many", many)) for _ in range(40)]
    await until(lambda: model.calls == 2)
    calls += [asyncio.create_task(one("few", few)) for _ in range(3)]
    await asyncio.sleep(0)  # they stand in line
    model.go.set()
    await asyncio.gather(*calls)
    assert "few" not in answered[9:], answered


async def test_who_finds_no_slot_before_the_deadline_is_too_late_and_takes_none() -> None:
    model = HeldModel()
    line = Line(model)
    first = asyncio.create_task(call(line))
    await until(lambda: model.calls == 1)
    assert await call(line, seconds=0.05) == TOO_LATE
    assert await call(line, seconds=-1.0) == TOO_LATE
    model.go.set()
    assert [await first, await call(line)] == [REPLY, REPLY]


async def test_who_stood_in_line_while_the_breaker_opened_does_not_call() -> None:
    model = HeldModel()
    model.outcome = DOWN
    line = Line(model, Circuit(threshold=2, cooldown=60))
    calls = [asyncio.create_task(call(line, seconds=5)) for _ in range(6)]
    model.go.set()
    assert sorted(one.detail for one in await asyncio.gather(*calls) if isinstance(one, Failure)) == sorted(
        [DOWN.detail] * 2 + [LEFT_ALONE.detail] * 4
    )
    assert model.calls == 2


async def test_one_call_alone_probes_an_open_breaker() -> None:
    model = HeldModel(concurrency=0)
    model.outcome = DOWN
    line = Line(model, Circuit(threshold=1, cooldown=0.1))
    model.go.set()
    assert await call(line) == DOWN
    model.go.clear()
    model.outcome = REPLY
    calls = [asyncio.create_task(call(line)) for _ in range(5)]
    await until(lambda: model.calls == 2)
    model.go.set()
    assert await asyncio.gather(*calls) == [REPLY] * 5
    assert model.most <= 4, "the probe was alone; those after it were not held back"


async def test_calls_made_before_the_breaker_opened_do_not_open_it_further() -> None:
    model = HeldModel(concurrency=0)
    model.outcome = DOWN
    line = Line(model, Circuit(threshold=2, cooldown=0.05))
    calls = [asyncio.create_task(call(line)) for _ in range(8)]
    await until(lambda: model.calls == 8)
    model.go.set()
    await asyncio.gather(*calls)
    assert (model.calls, line.circuit.opened) == (8, 1)


async def test_a_turn_that_is_not_used_leaves_the_probe_to_the_next() -> None:
    model = HeldModel()
    model.outcome = DOWN
    model.go.set()
    line = Line(model, Circuit(threshold=1, cooldown=0.01))
    assert await call(line) == DOWN
    async with line.turn(TENANT, 5) as turn:
        assert isinstance(turn, Turn)
    model.outcome = REPLY
    assert await call(line) == REPLY


def test_what_a_rounds_deadline_cut_off_early_is_no_failure_of_the_provider() -> None:
    cut, stalled = (Circuit(threshold=1), Circuit(threshold=1))
    timeout = Failure("timeout", "")
    assert cut.after_failure(timeout, 0, waited=FAIR / 2).closed
    assert not stalled.after_failure(timeout, 0, waited=FAIR).closed


# ------------------------------------------------------------------------- what a panel decides meanwhile


class OneSpeaker:
    """Everybody is this one."""

    async def find(self, *_: object, **__: object) -> Speaker:
        return SPEAKER


def asked_of(panel: PanelRef) -> Recorded:
    """A request for a minute from now."""
    asked = next(one for one in finished(panel) if isinstance(one.event, ExpertRequested))
    event = asked.event.model_copy(update={"deadline_at": datetime.now(UTC) + timedelta(minutes=1)})
    return replace(asked, event=event, envelope=replace(asked.envelope, time=datetime.now(UTC)))


def delivery(request: Recorded) -> Delivery:
    subject, headers, body = encode(request)
    return Delivery(subject, headers, body, 1, 1, 1, time.time())


class Cast:
    """Two panels ask one expert-runner whose model takes a call at a time: the second stands in line."""

    def __init__(self, client: Client) -> None:
        self.model, self.log = HeldModel(), EventLog(client)
        self.runner = ExpertRunner(client, self.log, cast("Speakers", OneSpeaker()), Line(self.model))
        self.first, self.second = some_panel(), some_panel()

    def ask(self, panel: PanelRef) -> Coroutine[Any, Any, None]:
        return self.runner(delivery(asked_of(panel)))

    async def told(self, panel: PanelRef) -> list[type[Event]]:
        return [type(one.event) for one in await self.log.read(panel)]


async def decided_while_in_line(client: Client, *decisions: Event) -> tuple[Cast, list[type[Event]]]:
    """What the second panel's log says after all, on which these events came while it stood in line."""
    cast_ = Cast(client)
    first = asyncio.create_task(cast_.ask(cast_.first))
    await until(lambda: cast_.model.calls == 1)
    second = asyncio.create_task(cast_.ask(cast_.second))
    for event in decisions:
        await cast_.log.append_once(seal(event, cast_.second, time=datetime.now(UTC)), recent=True)
    assert ExpertStarted not in await cast_.told(cast_.second), "it is not its turn"
    cast_.model.go.set()
    await asyncio.gather(first, second)
    assert (await cast_.told(cast_.first)) == [ExpertStarted, ExpertResponded]
    return cast_, await cast_.told(cast_.second)


async def test_a_request_is_announced_when_it_is_its_turn(client: Client) -> None:
    cast_, told = await decided_while_in_line(client)
    assert (told, cast_.model.calls) == ([ExpertStarted, ExpertResponded], 2)


async def test_a_budget_used_up_while_in_line_is_not_spent(client: Client) -> None:
    limit = BudgetExceeded(scope="panel", limit_usd=Decimal(1), spent_usd=Decimal(2))
    cast_, told = await decided_while_in_line(client, limit)
    assert (told, cast_.model.calls) == ([BudgetExceeded, ExpertFailed], 1)


async def test_a_panel_that_ended_while_in_line_is_not_asked_for(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "STILL_WANTED", 0.0)
    cast_, told = await decided_while_in_line(client, PanelFailed(reason="cancelled", detail=""))
    assert (told, cast_.model.calls) == ([PanelFailed], 1)
