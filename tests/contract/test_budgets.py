"""A budget that is used up is told once, at once, however busy its panel is."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from nats.aio.client import Client

from askpanel.contracts.envelope import Recorded, encode
from askpanel.contracts.events import BudgetExceeded, ExpertResponded, ModelPrice, PanelCreated, Terms
from askpanel.contracts.subjects import PanelRef
from askpanel.runtime.log import EventLog
from askpanel.usage.worker import UsageMeter
from tests.contract.archiving import finished, put
from tests.contract.made import a_round, some_panel
from tests.contract.test_costs_counted import delivery


class BusyLog(EventLog):
    """Whoever reads a panel of it finds that the panel has moved on since."""

    rounds = 100

    async def read(self, panel: PanelRef, **how: object) -> list[Recorded]:
        events = await super().read(panel, **how)  # type: ignore[arg-type]
        self.rounds += 1
        await put_one(self, a_round(panel, self.rounds))
        return events


async def put_one(log: EventLog, event: Recorded) -> None:
    subject, headers, body = encode(event)
    await log.jetstream.publish(subject, body, headers=headers)


async def overspent(client: Client, panel: PanelRef) -> list[Recorded]:
    """The answers of a panel each of which costs more than it may."""
    price = ModelPrice(model="m", input_usd=Decimal(1_000_000), output_usd=Decimal(1_000_000))

    def changed(one: Recorded) -> Recorded:
        if isinstance(one.event, PanelCreated):
            given: dict[str, Any] = {**one.event.configuration, "max_cost_usd": "0.01"}
            update: dict[str, Any] = {"terms": Terms(prices=(price,)), "configuration": given}
            return replace(one, event=one.event.model_copy(update=update))
        if isinstance(one.event, ExpertResponded):
            return replace(one, event=one.event.model_copy(update={"model": "m"}))
        return one

    stored = await put(client, [changed(one) for one in finished(panel)])
    return [one for one in stored if isinstance(one.event, ExpertResponded)]


async def told(client: Client, panel: PanelRef) -> list[BudgetExceeded]:
    return [one.event for one in await EventLog(client).read(panel) if isinstance(one.event, BudgetExceeded)]


async def test_the_end_of_a_budget_does_not_wait_for_a_panel_to_rest(client: Client) -> None:
    panel = some_panel()
    attempt = (await overspent(client, panel))[0]
    async with asyncio.timeout(10):
        await UsageMeter(BusyLog(client))(delivery(attempt, timedelta(0)))
    assert len(await told(client, panel)) == 1


async def test_costs_that_use_a_budget_up_together_tell_it_once(client: Client) -> None:
    panel = some_panel()
    attempts = await overspent(client, panel)
    assert len(attempts) > 1
    meters = (UsageMeter(EventLog(client)) for _ in attempts)
    await asyncio.gather(
        *(meter(delivery(one, timedelta(0))) for meter, one in zip(meters, attempts, strict=True))
    )
    await UsageMeter(EventLog(client))(delivery(attempts[0], timedelta(hours=1)))
    assert len(await told(client, panel)) == 1
