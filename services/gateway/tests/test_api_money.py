"""Estimates, reservations, limits and prices of a tenant, on several gateways at once."""

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import httpx
import pytest

from askpanel.contracts.configuration import PANEL_TYPES, PROTOCOLS
from askpanel.contracts.events import PanelCreated, PanelType
from askpanel.gateway.admission import Admitted, Limits, Standing, exhausted, limits_of
from askpanel.gateway.estimating import estimate, planned_calls
from askpanel.gateway.ledger import LATE, UNDECIDED, Ledger
from askpanel.gateway.readmodel.views import QuotaView, TenantSettings
from askpanel.local.demo import TENANTS
from services.gateway.tests.running import Running, Start
from services.gateway.tests.stories import Story

ACME = TENANTS[0].id
SET = "update public.tenants set settings = settings || $2::jsonb where id = $1"
QUESTION = {"query": "Should we open a second office?", "panel_type": "open"}
MONTH = QuotaView(
    panels_this_month=0, running_panels=0, spent_usd_this_month=Decimal(0), month_ends_at=datetime.now(UTC)
)


async def created(gateway: Running, panel_id: str) -> PanelCreated:
    """How a panel stands on the log."""
    first, *_ = await gateway.stored(panel_id)
    assert isinstance(first.event, PanelCreated)
    return first.event


async def test_two_gateways_let_in_what_one_would(start: Start) -> None:
    """Nobody projects here, so each must learn of the other's panels from the ledger alone."""
    one, other = await start(), await start()
    await one.sql(SET, ACME, json.dumps({"max_panels_per_month": 5}))

    answers = await asyncio.gather(
        *((one, other)[number % 2].post("/panels", QUESTION) for number in range(16))
    )

    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [429] * 11
    log = one.log.read_raw(f"panel.created.{ACME}.*")
    ids = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert ids <= {subject.rpartition(".")[2] async for subject, *_ in log}


async def test_a_request_that_is_repeated_is_not_refused_for_what_its_first_time_used_up(
    start: Start,
) -> None:
    gateway = await start()
    await gateway.sql(SET, ACME, json.dumps({"max_panels_per_month": 1}))
    key = {"Idempotency-Key": f"key-{uuid4()}"}

    async def ask(body: dict[str, str], more: dict[str, str]) -> httpx.Response:
        return await gateway.http.post("/api/v1/panels", json=body, headers=gateway.headers() | more)

    first, again, other = [await ask(QUESTION, more) for more in (key, key, {})]
    unlike = await ask(QUESTION | {"query": "Should we open a third office?"}, key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.json()["type"]) == (429, "urn:askpanel:problem:limit-month")
    assert (unlike.status_code, unlike.json()["errors"][0]["pointer"]) == (422, "header/Idempotency-Key")
    assert len(await gateway.stored(first.json()["id"])) == 1


async def test_running_panels_are_counted_over_all_gateways_and_end(start: Start, projected: None) -> None:
    one, other = await start(), await start()
    await one.sql(SET, ACME, json.dumps({"max_running_panels": 2}))

    answers = await asyncio.gather(
        *((one, other)[number % 2].post("/panels", QUESTION) for number in range(6))
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [429] * 4
    assert {a.json()["type"] for a in answers if a.status_code == 429} == {
        "urn:askpanel:problem:limit-running"
    }

    story = Story(name=str(uuid4()), start=datetime.now(UTC)).whole()
    stored = await one.append(story.events)  # a third one, which nobody admitted, ran and has ended
    await one.get("/panels", headers={"X-Min-Sequence": str(stored[-1].sequence)})
    assert (await one.get("/tenant")).json()["limits"]["running_panels"] == {"limit": 2, "remaining": 0}


async def test_what_running_panels_may_spend_is_reserved_over_all_gateways(start: Start) -> None:
    one, other = await start(), await start()
    await one.sql(SET, ACME, json.dumps({"max_cost_usd_per_month": "3.00"}))

    answers = await asyncio.gather(
        *((one, other)[number % 2].post("/panels", QUESTION) for number in range(6))
    )

    made = [answer.json() for answer in answers if answer.status_code == 201]
    caps = sorted(Decimal(one["max_cost_usd"]) for one in made)
    assert caps == [Decimal("0.60"), Decimal("1.20"), Decimal("1.20")]
    refused = [answer for answer in answers if answer.status_code != 201]
    assert {(a.status_code, a.json()["type"]) for a in refused} == {
        (402, "urn:askpanel:problem:limit-budget")
    }
    assert refused[0].json()["limit"] | {"resets_at": None} == {
        "name": "cost_usd_per_month", "limit": "3.00", "remaining": "0.00", "resets_at": None,
    }  # fmt: skip


async def test_a_panel_is_refused_when_its_estimate_does_not_fit(start: Start) -> None:
    gateway = await start()
    await gateway.sql(SET, ACME, json.dumps({"max_cost_usd_per_month": 0.4}))

    refused = await gateway.post("/panels", QUESTION)
    cheap = await gateway.post("/panels", QUESTION | {"configuration": {"max_cost_usd": "0.10"}})

    assert (refused.status_code, refused.json()["limit"]["remaining"]) == (402, "0.4")
    assert cheap.status_code == 201
    assert cheap.json()["max_cost_usd"] == "0.10"
    assert cheap.json()["estimate_usd"] == "0.6000"


async def test_a_panel_that_ended_reserves_nothing_once_its_calls_are_costed(
    start: Start, projected: None
) -> None:
    gateway = await start()
    await gateway.sql(SET, ACME, json.dumps({"max_cost_usd_per_month": "1.00"}))
    story = Story(name=str(uuid4()), start=datetime.now(UTC)).whole()
    *events, last = story.events
    stored = await gateway.append([one for one in events if one.envelope.type != "usage.recorded"] + [last])
    seen = {"X-Min-Sequence": str(stored[-1].sequence)}

    before = (await gateway.get("/usage", user="owner", headers=seen)).json()["budget"]
    uncosted = (await gateway.get(f"/panels/{story.ref.panel_id}")).json()["usage"]
    told = story.used(1, cost_usd=None, unpriced=True)  # the failed attempt's, of which whole() is silent
    stored = await gateway.append([one for one in events if one.envelope.type == "usage.recorded"] + [told])
    seen = {"X-Min-Sequence": str(stored[-1].sequence)}
    after = (await gateway.get("/usage", user="owner", headers=seen)).json()["budget"]
    costed = (await gateway.get(f"/panels/{story.ref.panel_id}")).json()["usage"]

    assert uncosted["uncosted_calls"] > 0
    assert Decimal(before["reserved"]) > 0
    assert (costed["uncosted_calls"], Decimal(after["reserved"])) == (0, 0)
    assert Decimal(after["spent"]) == Decimal(costed["cost_usd"]) > 0
    assert Decimal(after["remaining"]) == 1 - Decimal(after["spent"])


async def test_a_tenants_own_limits_and_prices_stand_in_the_event(start: Start) -> None:
    gateway = await start(monthly_budget_usd="50")
    price = {"input_usd": "2.5", "output_usd": 10}
    await gateway.sql(
        SET, ACME, json.dumps({"max_cost_usd_per_panel": "0.75", "prices": {"openai:own": price}})
    )

    lowered = await gateway.ask()
    above = await gateway.post("/panels", QUESTION | {"configuration": {"max_cost_usd": "0.80"}})
    tenant = (await gateway.get("/tenant")).json()

    event = await created(gateway, lowered["id"])
    assert event.configuration["max_cost_usd"] == "0.75"
    assert event.terms is not None
    assert [one.model_dump(mode="json") for one in event.terms.prices] == [
        {"model": "openai:own", "input_usd": "2.5", "output_usd": "10"}
    ]
    assert (above.status_code, above.json()["errors"][0]["pointer"]) == (422, "/configuration/max_cost_usd")
    assert tenant["limits"]["cost_usd_per_panel"] == {"limit": "0.75"}
    assert tenant["limits"]["cost_usd_per_month"]["limit"] == "50"
    assert set(tenant["limits"]["cost_usd_per_month"]) == {
        "limit", "spent", "reserved", "remaining", "resets_at",
    }  # fmt: skip


async def test_settings_that_make_no_sense_are_left_at_the_installations(start: Start) -> None:
    gateway = await start(monthly_budget_usd="2")
    await gateway.sql(
        SET,
        ACME,
        json.dumps(
            {"max_cost_usd_per_month": "lots", "max_running_panels": -1, "prices": {"a": {"input_usd": -1}}}
        ),
    )

    limits = (await gateway.get("/tenant")).json()["limits"]

    assert (limits["cost_usd_per_month"]["limit"], limits["running_panels"]["limit"]) == ("2", 20)
    assert (await gateway.post("/panels", QUESTION)).status_code == 201


async def test_proposals_tell_what_such_a_panel_costs(
    gateway: Running, start: Start, projected: None
) -> None:
    body = {"query": "What are the legal and clinical risks?", "panel_type": "structured", "size": 5}
    usual = (await gateway.post("/agents/select", body)).json()["estimate"]
    story = Story(name=str(uuid4()), start=datetime.now(UTC)).whole()
    stored = await gateway.append(story.events)
    seen = {"X-Min-Sequence": str(stored[-1].sequence)}
    spent = (await gateway.get(f"/panels/{story.ref.panel_id}", headers=seen)).json()["usage"]
    later = (await (await start()).post("/agents/select", body)).json()["estimate"]

    assert usual == {"calls": 10, "cost_usd": "0.5000", "basis": "usual"}
    each = Decimal(spent["cost_usd"]) / (spent["calls"] - spent["unpriced_calls"])
    assert (later["calls"], later["basis"]) == (10, "this_month")
    assert 0 <= Decimal(later["cost_usd"]) - each * 10 < Decimal("0.0001")


async def test_an_admission_whose_append_never_came_is_forgotten(gateway: Running) -> None:
    tenant = uuid4()
    ledger = Ledger(gateway.client, gateway.log, stale=0, most=20)
    story = Story(name=str(uuid4()))
    await gateway.append(story.whole().events[:1])
    now = datetime.now(UTC).timestamp()
    fresh, old = Admitted(uuid4(), Decimal(1), now), Admitted(uuid4(), Decimal(1), now - UNDECIDED - 1)
    there = Admitted(story.ref.panel_id, Decimal(1), now - UNDECIDED - 1)

    assert await ledger.write(tenant, [fresh, old], 0)
    assert not await ledger.write(tenant, [fresh], 0), "another was first"
    entered, revision = await ledger.read(tenant)

    assert (entered, revision > 0) == ((fresh, old), True)
    assert await ledger.kept(tenant, entered, ()) == [fresh]
    assert await ledger.kept(story.ref.tenant_id, [there, fresh], ()) == [there, fresh]


@pytest.mark.parametrize("panel_type", PANEL_TYPES)
def test_calls_are_planned_as_the_protocols_say(panel_type: PanelType) -> None:
    protocol = PROTOCOLS[panel_type]
    planned = planned_calls(panel_type, protocol.experts, protocol.rounds)
    assert planned == protocol.model_calls
    assert planned_calls(panel_type, protocol.experts, protocol.rounds, chair=True) == planned + 1
    usual = estimate(panel_type, planned, MONTH)
    assert (usual.cost_usd, usual.basis) == (Decimal(protocol.max_cost_usd) / 2, "usual")


def test_what_is_left_is_decided_with_what_the_tables_do_not_show_yet() -> None:
    quota = MONTH.model_copy(
        update={
            "panels_this_month": 8,
            "spent_usd_this_month": Decimal("2.5"),
            "reserved_usd_this_month": Decimal("0.5"),
        }
    )
    waiting = Standing(quota, [Admitted(UUID(int=1), Decimal("1.25"), 0)])
    limits = Limits(per_month=10, running=5, month_usd=Decimal(5))

    assert waiting.left(limits) == Decimal("0.75")
    assert exhausted(waiting, limits, Decimal("0.75")) is None
    poor = exhausted(waiting, limits, Decimal("0.76"))
    assert poor is not None
    assert (poor.kind, poor.used) == ("budget", Decimal("4.25"))
    full = exhausted(Standing(quota, [*waiting.waiting, *waiting.waiting]), limits)
    assert full is not None
    assert full.kind == "month"


def test_the_lower_of_the_tenants_and_the_installations_limit_holds() -> None:
    own = TenantSettings(max_running_panels=30, max_cost_usd_per_month=Decimal(7))
    assert limits_of(own, running=20, month_usd=Decimal(5)) == Limits(100, 20, Decimal(5))
    assert limits_of(own, running=40, month_usd=None) == Limits(100, 30, Decimal(7))
    assert limits_of(TenantSettings(), running=20, month_usd=None) == Limits(100, 20)


async def test_an_entry_of_the_ledger_goes_when_the_tables_have_long_counted_the_panel(
    gateway: Running,
) -> None:
    now = datetime.now(UTC).timestamp()
    ages = {age: Admitted(uuid4(), Decimal(1), now - age) for age in (0.0, 20.0, 25.0, LATE + 29, LATE + 31)}
    shown = {one.panel_id for one in ages.values()}
    ledger = Ledger(gateway.client, gateway.log, stale=30, most=3)

    assert await ledger.kept(uuid4(), list(ages.values()), shown) == [ages[25.0], ages[20.0], ages[0.0]]
    assert await ledger.kept(uuid4(), [ages[LATE + 29], ages[LATE + 31]], shown) == [ages[LATE + 29]]
