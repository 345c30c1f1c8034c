"""What panels cost, on the whole stack: a scripted model that has a price, and a purse that has a bottom."""

import asyncio
import json
from collections.abc import Generator, Sequence
from decimal import Decimal
from typing import Any

import pytest

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import (
    TERMINAL,
    BudgetExceeded,
    ExpertFailed,
    ExpertResponded,
    ExpertStarted,
    PanelCompleted,
    UsageRecorded,
)
from tests.harness.panels import of, read, run
from tests.harness.stack import RunningStack, create, follow, stack

pytestmark = pytest.mark.e2e

FLAKY = "expert-4"
PRICES = {"scripted": {"input_usd": "101.000001", "output_usd": "200"}}
CALL = Decimal("0.402000002")
"""2,000 tokens in and 1,000 out at those prices, to the last digit."""
MODEL = f"scripted:latency=0.15,usage=2000/1000,stance.expert-1=oppose,fail.{FLAKY}@1=schema"


@pytest.fixture(scope="module")
def priced() -> Generator[RunningStack]:
    """One expert is asked at a time, so that there is always somebody who has not been asked yet."""
    settings = {"ASKPANEL_MEMBERSHIP_SECONDS": "0", "ASKPANEL_RUNNER_PARALLEL": "1", "ASKPANEL_LIMITS": "on"}
    with stack(MODEL, **settings) as started:
        yield started


async def agree(running: RunningStack, slug: str = "acme", **settings: Any) -> None:
    """The platform's row of a tenant, as its administration would write it."""
    async with running.database() as connection:
        await connection.execute(
            "update public.tenants set settings = settings || $2::jsonb where id = $1",
            running.tenant(slug),
            json.dumps({"prices": PRICES} | settings),
        )


def total(events: Sequence[Recorded]) -> Decimal:
    return sum((one.cost_usd or Decimal(0) for one in of(UsageRecorded, events)), Decimal(0))


async def test_every_call_the_chair_and_failed_ones_included_is_paid_once_to_the_last_digit(
    priced: RunningStack,
) -> None:
    await agree(priced)
    body: dict[str, Any] = {
        "agents": ["expert-0", "expert-1", FLAKY],
        "configuration": {"chair": True, "max_rounds": 1, "max_cost_usd": "50"},
    }

    events, frames, panel = await run(priced, **body)

    told = {
        (*one.step_identity(), one.attempt)
        for kind in (ExpertResponded, ExpertFailed)
        for one in of(kind, events)
    }
    begun = {(*one.step_identity(), one.attempt) for one in of(ExpertStarted, events)}
    records = of(UsageRecorded, events)
    assert told == begun == {one.identity() for one in records}
    assert len(records) == len(told) == 5
    assert {one.purpose for one in records} == {"answer", "failed_attempt", "synthesis"}
    assert {(one.cost_usd, one.prices) for one in records} == {(CALL, "tenant")}
    cost = panel["usage"]
    assert Decimal(cost["cost_usd"]) == 5 * CALL
    assert (cost["calls"], cost["unpriced_calls"], cost["uncosted_calls"]) == (5, 0, 0)
    [ended] = of(PanelCompleted, events)
    if ended.cost_usd is None:  # nobody waits for the last costs
        assert ended.uncosted_calls > 0
        assert ended.recorded_usd == (5 - ended.uncosted_calls) * CALL
    else:
        assert (ended.cost_usd, ended.uncosted_calls) == (5 * CALL, 0)
    last = frames[-1].data
    assert last["uncosted_calls"] == ended.uncosted_calls


async def test_reports_of_every_kind_add_up_to_the_log(priced: RunningStack) -> None:
    await agree(priced, "globex")
    async with priced.http(slug="globex") as client:
        first = await create(client, configuration={"max_rounds": 1})
        second = await create(client, panel_type="open", configuration={"max_rounds": 1})
    spent = Decimal(0)
    for panel in (first, second):
        spent += total(await _costed(priced, panel["id"], "globex"))
    async with priced.http("owner", slug="globex") as client:
        for group_by in ("day", "agent", "model", "panel_type"):
            async with asyncio.timeout(30):
                while True:
                    report = (await client.get("/usage", params={"group_by": group_by})).json()
                    if report["calls"] == 6:
                        break
                    await asyncio.sleep(0.05)
            assert Decimal(report["cost_usd"]) == spent == 6 * CALL
            assert sum(Decimal(group["cost_usd"]) for group in report["groups"]) == spent
            assert report["panels_count"] == 2
        assert Decimal(report["budget"]["spent"]) == spent


async def _costed(running: RunningStack, panel_id: str, slug: str) -> list[Recorded]:
    async with asyncio.timeout(60):
        while True:
            events = await running.events(panel_id, slug)
            begun = {(*one.step_identity(), one.attempt) for one in of(ExpertStarted, events)}
            costed = {one.identity() for one in of(UsageRecorded, events)}
            if any(one.envelope.type in TERMINAL for one in events) and begun <= costed:
                return events
            await asyncio.sleep(0.05)


async def test_no_call_begins_once_the_budget_is_used_up(priced: RunningStack) -> None:
    """The second call uses it up. Costs are counted beside the calls, so it is heard of some calls later."""
    await agree(priced)
    body: dict[str, Any] = {
        "agents": [f"expert-{seat}" for seat in range(8)],
        "configuration": {"max_rounds": 5, "consensus_threshold": 1.0, "max_cost_usd": "0.5"},
    }

    async with priced.http() as client:
        made = await create(client, **body)
        await follow(client, made["id"])
        events = await _costed(priced, made["id"], "acme")  # an answer may come after the end
        panel = await read(client, made["id"], events)

    [stop] = [one for one in events if isinstance(one.event, BudgetExceeded)]
    begun = [one.sequence for one in events if isinstance(one.event, ExpertStarted)]
    assert begun
    assert not [one for one in begun if one > stop.sequence]
    assert total(events) == len(begun) * CALL
    assert len(begun) < 8 * 5
    assert panel["budget_exceeded"]["limit_usd"] == "0.5"
    assert panel["status"] in ("completed", "failed")
    if panel["status"] == "failed":
        assert panel["failure"]["reason"] == "budget_exceeded"
    else:
        assert panel["degraded"]
    never_made = [one for one in of(ExpertFailed, events) if one.reason == "budget_exceeded"]
    assert all(one.usage is not None and one.usage.input_tokens == 0 for one in never_made)


async def test_a_month_that_is_spent_is_402_until_it_ends(priced: RunningStack) -> None:
    await agree(priced, max_cost_usd_per_month="0.01")
    try:
        async with priced.http() as client:
            refused = await client.post(
                "/panels", json={"query": "Should we open a second office?", "panel_type": "open"}
            )
            budget = (await client.get("/usage")).json()["budget"]
    finally:
        await agree(priced, max_cost_usd_per_month=None)
    assert refused.status_code == 402
    assert refused.json()["limit"]["name"] == "cost_usd_per_month"
    assert budget["limit"] == "0.01"
    assert budget["remaining"] == "0"
