"""What the metrics say that calls cost: each once, however often its attempt is delivered, and to whom."""

import time
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from nats.aio.client import Client
from prometheus_client import REGISTRY

from askpanel.contracts.envelope import Recorded, encode
from askpanel.contracts.events import Event, ExpertResponded, ModelPrice, PanelCreated, Terms, UsageRecorded
from askpanel.contracts.subjects import PanelRef
from askpanel.runtime.errors import LogUnavailable
from askpanel.runtime.log import EventLog
from askpanel.runtime.worker import Delivery
from askpanel.usage.worker import UsageMeter
from tests.contract.archiving import archived, everybody_is_past, finished, put
from tests.contract.made import some_panel

AGE = {"just now": timedelta(0), "long ago": timedelta(hours=1)}
"""How old an attempt is when it is delivered: young enough for the server to know copies of its record, or not."""


@pytest.fixture
def model() -> str:
    """One that no other test counts."""
    return f"priced:{uuid4()}"


def counted(model: str) -> tuple[float, float]:
    """Cost in USD and unpriced calls of a model, as a scrape of this process sees them."""
    labels = {"model": model}
    cost = REGISTRY.get_sample_value("askpanel_cost_usd_total", labels)
    return cost or 0.0, REGISTRY.get_sample_value("askpanel_unpriced_calls_total", labels) or 0.0


async def attempted(client: Client, panel: PanelRef, model: str, *, priced: bool) -> Recorded:
    """The first answer of a panel that has run to its end, given by this model, with or without a price for it."""
    price = ModelPrice(model=model, input_usd=Decimal(1_000_000), output_usd=Decimal(1_000_000))
    terms = Terms(prices=(price,) if priced else ())

    def changed(event: Event) -> Event:
        if isinstance(event, PanelCreated):
            return event.model_copy(update={"terms": terms})
        return event.model_copy(update={"model": model}) if isinstance(event, ExpertResponded) else event

    stored = await put(client, [replace(one, event=changed(one.event)) for one in finished(panel)])
    return next(one for one in stored if isinstance(one.event, ExpertResponded))


def delivery(attempt: Recorded, age: timedelta) -> Delivery:
    subject, headers, body = encode(attempt)
    stored_at = time.time() - age.total_seconds()
    return Delivery(subject, headers, body, attempt.sequence, 1, 1, stored_at)


async def recorded_cost(client: Client, panel: PanelRef, model: str) -> float:
    """Of the one record of this model."""
    events = [one.event for one in await EventLog(client).read(panel)]
    (cost,) = [one.cost_usd for one in events if isinstance(one, UsageRecorded) and one.model == model]
    return float(cost or 0)


@pytest.mark.parametrize("priced", [True, False], ids=["priced", "unpriced"])
@pytest.mark.parametrize("second", AGE)
@pytest.mark.parametrize("first", AGE)
async def test_an_attempt_that_is_delivered_twice_counts_once(
    client: Client, model: str, first: str, second: str, priced: bool
) -> None:
    panel = some_panel()
    attempt = await attempted(client, panel, model, priced=priced)
    await UsageMeter(EventLog(client))(delivery(attempt, AGE[first]))
    once = counted(model)
    assert (once[0] > 0, once[1]) == (priced, 0.0 if priced else 1.0)
    await UsageMeter(EventLog(client))(delivery(attempt, AGE[second]))
    assert counted(model) == once
    assert once[0] == await recorded_cost(client, panel, model)


async def test_an_attempt_that_comes_again_when_its_panel_is_archived_counts_once(
    client: Client, model: str
) -> None:
    panel = some_panel()
    attempt = await attempted(client, panel, model, priced=True)
    await UsageMeter(EventLog(client))(delivery(attempt, AGE["just now"]))
    await everybody_is_past(client)
    assert (await archived(client)).panels == 1
    await UsageMeter(EventLog(client))(delivery(attempt, AGE["long ago"]))
    assert counted(model)[0] == await recorded_cost(client, panel, model) > 0


@pytest.mark.parametrize("age", AGE)
async def test_it_counts_once_where_the_budget_could_not_be_looked_at_the_first_time(
    client: Client, model: str, age: str
) -> None:
    panel = some_panel()
    attempt = await attempted(client, panel, model, priced=True)
    meter = UsageMeter(EventLog(client))
    check, looks = meter._check_budget, 0

    async def fails_once(attempt: Recorded, recorded_at: int) -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise LogUnavailable("for a moment")
        await check(attempt, recorded_at)

    meter._check_budget = fails_once  # type: ignore[method-assign]
    with pytest.raises(LogUnavailable):
        await meter(delivery(attempt, AGE[age]))
    await meter(delivery(attempt, AGE[age]))
    assert (looks, counted(model)[0]) == (2, await recorded_cost(client, panel, model))
