"""Limits, experts, usage, export: what a tenant has, and what is left of it."""

import asyncio
import json
from datetime import UTC, datetime
from uuid import uuid4

from askpanel.contracts.catalogue import BUCKET, catalogue_key, encode_expert
from askpanel.gateway.rates import Rate, Rates
from askpanel.local.demo import TENANTS
from services.gateway.tests.running import Running, Start, experts
from services.gateway.tests.stories import Story

ACME = TENANTS[0].id
SET = "update public.tenants set settings = settings || $2::jsonb where id = $1"
QUESTION = {"query": "Should we open a second office?", "panel_type": "open"}


async def test_the_quota_of_the_month_holds_in_a_burst(gateway: Running, projected: None) -> None:
    await gateway.sql(SET, ACME, json.dumps({"max_panels_per_month": 3}))

    answers = await asyncio.gather(*(gateway.post("/panels", QUESTION) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [429] * 5
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused.headers["retry-after"]) > 0
    assert refused.headers["ratelimit"].startswith('"panels_per_month";r=0;t=')
    body = refused.json()
    assert body["type"] == "urn:askpanel:problem:limit-month"
    assert (body["limit"]["name"], body["limit"]["limit"], body["limit"]["remaining"]) == (
        "panels_per_month",
        3,
        0,
    )
    assert body["limit"]["resets_at"] > datetime.now(UTC).isoformat()
    other = await gateway.post("/panels", QUESTION, tenant=1)
    assert other.status_code == 201


async def test_running_panels_are_bounded_and_off_means_off(start: Start, projected: None) -> None:
    bounded = await start(running_panels=1)
    free = await start(running_panels=1, limits="off", local=True)

    assert (await bounded.post("/panels", QUESTION)).status_code == 201
    refused = await bounded.post("/panels", QUESTION)
    assert (refused.status_code, refused.json()["type"]) == (429, "urn:askpanel:problem:limit-running")
    assert (await free.post("/panels", QUESTION)).status_code == 201


async def test_status_and_features_are_403(gateway: Running, start: Start) -> None:
    hybrid = await gateway.post("/panels", QUESTION | {"panel_type": "hybrid"})
    assert (hybrid.status_code, hybrid.json()["type"]) == (403, "urn:askpanel:problem:limit-feature")
    await gateway.sql("update public.tenants set status = 'suspended' where id = $1", ACME)
    later = await start()
    suspended = await later.post("/panels", QUESTION)
    assert (suspended.status_code, suspended.json()["type"]) == (403, "urn:askpanel:problem:limit-status")
    assert (await later.get("/panels")).status_code == 200


async def test_a_suspended_tenant_may_stop_what_runs_and_not_answer_it(
    gateway: Running, start: Start
) -> None:
    panel = (await gateway.ask())["id"]
    await gateway.sql("update public.tenants set status = 'suspended' where id = $1", ACME)
    later = await start()
    answer = {"checkpoint_id": str(uuid4()), "action": "approve"}
    answered = await later.post(f"/panels/{panel}/human-input", answer)
    assert (answered.status_code, answered.json()["type"]) == (403, "urn:askpanel:problem:limit-status")
    assert (await later.post(f"/panels/{panel}/cancel", {})).status_code == 202


async def test_requests_of_one_user_are_bounded(start: Start) -> None:
    gateway = await start(requests_per_second=0.02, request_burst=3)

    answers = [await gateway.get("/panel-types") for _ in range(4)]
    other = await gateway.get("/panel-types", user="admin")

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 50
    assert other.status_code == 200


def test_a_bucket_fills_at_its_rate_and_never_beyond_its_size() -> None:
    rates = Rates(Rate(per_second=2, burst=3), most_keys=2)
    taken = [rates.take("a", now=0.0).wait for _ in range(4)]
    assert taken == [0, 0, 0, 0.5]
    assert rates.take("a", now=0.5).wait == 0
    assert rates.take("a", now=1000.0).left == 2
    for key in "bcd":
        rates.take(key, now=1000.0)
    assert len(rates._full_at) == 2


async def test_the_tenant_shows_every_limit_and_what_is_left(gateway: Running) -> None:
    body = (await gateway.get("/tenant")).json()

    assert (body["slug"], body["role"], body["may_create"]) == ("acme", "member", True)
    assert body["features"]["hybrid_panel"] is False
    assert body["limits"]["panels_per_month"]["limit"] == 100
    assert set(body["limits"]) == {
        "enforced", "body_bytes", "query_characters", "experts", "rounds", "panels_per_month", "running_panels",
        "requests_per_second", "streams_per_user", "cost_usd_per_month", "cost_usd_per_panel",
    }  # fmt: skip


async def test_panel_types_say_their_limits_and_whether_the_tenant_may_use_them(gateway: Running) -> None:
    await gateway.sql(SET, ACME, json.dumps({"max_experts_per_panel": 4}))

    found = (await gateway.get("/panel-types")).json()["panel_types"]

    kinds = {one["panel_type"]: one for one in found}
    assert len(kinds) == 6
    assert kinds["delphi"]["experts"] == {"default": 4, "min": 3, "max": 4}
    assert kinds["delphi"]["available"] is True
    assert kinds["hybrid"]["available"] is False
    too_many = QUESTION | {"agents": [f"expert-{n}" for n in range(5)]}
    assert (await gateway.post("/panels", too_many)).status_code == 422


async def test_the_catalogue_is_the_tenants_own_and_keeps_its_instructions(gateway: Running) -> None:
    bucket = await gateway.log.jetstream.key_value(BUCKET)
    agent = f"acme-{uuid4().hex[:8]}"
    own = experts()[0].model_copy(update={"agent_id": agent, "name": "Acme's own", "domain": "logistics"})
    await bucket.put(catalogue_key(agent, str(ACME)), encode_expert(own))
    await bucket.put(catalogue_key(f"{agent}-broken"), b"{}")
    async with asyncio.timeout(10):
        while (await gateway.get(f"/agents/{agent}")).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    listed = await gateway.get("/agents?domain=logistics&q=own")
    foreign = await gateway.get(f"/agents/{agent}", tenant=1)
    await bucket.put(catalogue_key(agent, str(ACME)), encode_expert(own.model_copy(update={"retired": True})))
    async with asyncio.timeout(10):
        while (await gateway.get(f"/agents/{agent}")).status_code != 404:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    assert [one["id"] for one in listed.json()["agents"]] == [agent]
    assert "SECRET-INSTRUCTIONS" not in listed.text
    assert foreign.status_code == 404
    assert (await gateway.get(f"/agents/{agent}-broken")).status_code == 404


async def test_proposals_come_with_reasons(gateway: Running) -> None:
    body = {"query": "What are the legal and clinical risks?", "panel_type": "structured", "size": 3}

    chosen = (await gateway.post("/agents/select", body)).json()["agents"]
    refused = await gateway.post("/agents/select", body | {"size": 12})

    assert len(chosen) == 3
    assert all(one["reason"] for one in chosen)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/size")


async def test_a_panel_can_be_taken_along_whole(gateway: Running, projected: None) -> None:
    story = Story(name=str(uuid4())).whole()
    stored = await gateway.append(story.events)
    path, seen = f"/panels/{story.ref.panel_id}/export", {"X-Min-Sequence": str(stored[-1].sequence)}

    markdown = await gateway.get(path, headers=seen)
    whole = await gateway.get(f"{path}?format=json")
    view = await gateway.get(f"/panels/{story.ref.panel_id}")

    assert markdown.headers["content-type"].startswith("text/markdown")
    assert "attachment" in markdown.headers["content-disposition"]
    for told in (
        "## Recommendation",
        "### Dissent",
        "**Expert 1**",
        "> Wait",
        "## Round 1",
        "## Cost",
        "Degraded",
    ):
        assert told in markdown.text, told
    assert whole.json() == view.json()
    assert (await gateway.get(f"{path}?format=pdf")).status_code == 422
    await gateway.sql(SET, TENANTS[1].id, '{"enable_exports": false}')
    assert (await gateway.get(f"/panels/{uuid4()}/export", tenant=1)).status_code == 403


async def test_usage_is_ones_own_for_members_and_the_tenants_for_admins(
    gateway: Running, projected: None
) -> None:
    story = Story(name=str(uuid4())).whole()
    stored = await gateway.append(story.events)
    seen = {"X-Min-Sequence": str(stored[-1].sequence)}
    period = "from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z&group_by=agent"

    mine = (await gateway.get(f"/usage?{period}", headers=seen)).json()
    everybodys = (await gateway.get(f"/usage?{period}", user="admin")).json()
    guests = (await gateway.get(f"/usage?{period}", user="guest")).json()
    one_panel = (await gateway.get(f"/panels/{story.ref.panel_id}/usage", user="guest")).json()
    wrong = await gateway.get("/usage?from=2026-12-01T00:00:00Z&to=2026-11-01T00:00:00Z")

    assert mine["tokens_used"] == everybodys["tokens_used"] == 3 * 520
    assert mine["unpriced_calls"] == 1
    assert {group["key"] for group in mine["groups"]} == {"expert-0", "expert-1", "expert-2"}
    assert guests["tokens_used"] == 0
    assert one_panel["tokens_used"] == 3 * 520
    assert set(mine["budget"]) == {"limit", "spent", "reserved", "remaining"}
    assert wrong.status_code == 422
