"""Asking a panel over HTTP, and reading it back."""

import asyncio
import base64
from uuid import UUID, uuid4

from askpanel.contracts.events import PanelCreated
from services.gateway.tests.running import Running, Start


async def test_a_question_becomes_the_first_event_of_a_panel(gateway: Running) -> None:
    answer = await gateway.http.post(
        "/api/v1/panels",
        json={
            "query": "  Should we open a second office in Lyon? ",
            "panel_type": "structured",
            "agents": ["expert-2", "expert-0", "expert-1"],
            "options": ["Open it", {"id": "wait", "text": "Wait a year"}],
            "evidence": [{"title": "Rents", "text": "Rents fell by 4 %."}],
            "configuration": {"max_rounds": 1, "note": "kept"},
        },
        headers=gateway.headers(),
    )

    assert answer.status_code == 201
    body = answer.json()
    assert body["status"] == "created"
    assert body["agents"] == ["expert-2", "expert-0", "expert-1"]
    assert body["seats"][0] == {
        "seat": 0, "agent_id": "expert-2", "agent_name": "Expert 2", "role": "expert",
        "weight": 1.0, "model": None, "reason": None,
    }  # fmt: skip
    assert answer.headers["location"] == f"/api/v1/panels/{body['id']}"
    assert answer.headers["x-min-sequence"] == str(body["sequence"])
    [created] = await gateway.stored(body["id"])
    event = created.event
    assert isinstance(event, PanelCreated)
    assert event.query == "Should we open a second office in Lyon?"
    assert [(option.id, option.text) for option in event.options] == [
        ("option-1", "Open it"),
        ("wait", "Wait a year"),
    ]
    assert [item.id for item in event.evidence] == ["E1"]
    assert event.configuration["max_rounds"] == 1
    assert event.configuration["consensus_threshold"] == 0.7
    assert event.configuration["note"] == "kept"
    assert created.sequence == body["sequence"]


async def test_without_agents_the_system_selects_and_says_why(gateway: Running) -> None:
    body = await gateway.ask(agents=None, query="Is the finance risk of a merger acceptable?")

    assert len(body["agents"]) == 5
    assert all(seat["reason"] for seat in body["seats"])


async def test_a_moderator_takes_one_more_seat_that_never_votes(gateway: Running) -> None:
    body = await gateway.ask(panel_type="adversarial", configuration={"moderator_agent": "expert-9"})

    assert body["agents"] == ["expert-0", "expert-1", "expert-2"]
    assert (body["seats"][3]["agent_id"], body["seats"][3]["role"]) == ("expert-9", "judge")


async def test_the_same_key_and_body_never_make_a_second_panel(gateway: Running) -> None:
    request = {"query": "Should we open a second office?", "panel_type": "open"}
    headers = gateway.headers() | {"Idempotency-Key": f"key-{uuid4()}"}

    answers = await asyncio.gather(
        *(gateway.http.post("/api/v1/panels", json=request, headers=headers) for _ in range(6))
    )
    later = await gateway.http.post("/api/v1/panels", json=request, headers=headers)

    assert {answer.status_code for answer in (*answers, later)} == {201}
    assert len({answer.text for answer in (*answers, later)}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert later.headers["idempotent-replayed"] == "true"
    assert len(await gateway.stored(later.json()["id"])) == 1


async def test_the_same_key_with_another_body_or_user_is_refused(gateway: Running) -> None:
    request = {"query": "Should we open a second office?", "panel_type": "open"}
    key = {"Idempotency-Key": f"key-{uuid4()}"}
    first = await gateway.http.post("/api/v1/panels", json=request, headers=gateway.headers() | key)

    other = await gateway.http.post(
        "/api/v1/panels", json=request | {"panel_type": "delphi"}, headers=gateway.headers() | key
    )
    colleague = await gateway.http.post(
        "/api/v1/panels", json=request, headers=gateway.headers("admin") | key
    )
    elsewhere = await gateway.http.post(
        "/api/v1/panels", json=request, headers=gateway.headers(tenant=1) | key
    )

    assert other.status_code == colleague.status_code == 422
    assert other.json()["errors"][0]["pointer"] == "header/Idempotency-Key"
    assert elsewhere.status_code == 201
    assert elsewhere.json()["id"] != first.json()["id"]


async def test_bodies_racing_for_one_key_give_one_panel_and_refuse_the_other(gateway: Running) -> None:
    key = {"Idempotency-Key": f"key-{uuid4()}"}
    requests = [{"query": f"Should we open office number {n}?", "panel_type": "open"} for n in range(2)]

    answers = await asyncio.gather(
        *(
            gateway.http.post("/api/v1/panels", json=requests[n % 2], headers=gateway.headers() | key)
            for n in range(8)
        )
    )

    accepted = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.text for answer in accepted}) == 1
    assert len(accepted) == 4
    assert {answer.status_code for answer in answers} == {201, 422}


async def test_a_panel_is_read_back_with_its_own_write(gateway: Running, projected: None) -> None:
    body = await gateway.ask()

    answer = await gateway.get(f"/panels/{body['id']}", headers={"X-Min-Sequence": str(body["sequence"])})

    assert answer.status_code == 200
    assert answer.headers["x-min-sequence-reached"] == "true"
    panel = answer.json()
    assert (panel["id"], panel["status"], panel["agents"]) == (body["id"], "created", body["agents"])
    assert panel["configuration"]["max_rounds"] == 2


async def test_a_tag_saves_the_bytes_until_something_changes(gateway: Running, projected: None) -> None:
    body = await gateway.ask()
    path, seen = f"/panels/{body['id']}", {"X-Min-Sequence": str(body["sequence"])}
    first = await gateway.get(path, headers=seen)

    again = await gateway.get(path, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
    other = await gateway.get(path, headers={"If-None-Match": '"other"'})

    assert first.headers["etag"].startswith('"')
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert other.status_code == 200


async def test_a_read_that_is_behind_says_so_instead_of_denying_the_panel(start: Start) -> None:
    gateway = await start(read_your_write_seconds=0.05)
    body = await gateway.ask()

    missing = await gateway.get(f"/panels/{body['id']}")
    behind = await gateway.get(f"/panels/{body['id']}", headers={"X-Min-Sequence": str(body["sequence"])})
    listed = await gateway.get("/panels", headers={"X-Min-Sequence": str(body["sequence"])})

    assert missing.status_code == 404
    assert behind.status_code == 503
    assert behind.headers["retry-after"] == "1"
    assert listed.headers["x-min-sequence-reached"] == "false"


async def test_lists_are_paged_with_a_cursor_and_filtered(gateway: Running, projected: None) -> None:
    made = [await gateway.ask(query=f"Should we open office number {n}?") for n in range(5)]
    seen = {"X-Min-Sequence": str(made[-1]["sequence"])}

    first = await gateway.get("/panels?limit=2", headers=seen)
    link = first.headers["link"]
    second = await gateway.http.get(link.removeprefix("<").partition(">")[0], headers=gateway.headers())
    found = await gateway.get("/panels?q=number 3&status=created&panel_type=structured")
    none = await gateway.get("/panels?created_before=2000-01-01T00:00:00Z")

    assert [panel["id"] for panel in first.json()["panels"]] == [made[4]["id"], made[3]["id"]]
    assert first.json()["total"] == 5
    assert link.endswith('rel="next"')
    assert [panel["id"] for panel in second.json()["panels"]] == [made[2]["id"], made[1]["id"]]
    assert [panel["id"] for panel in found.json()["panels"]] == [made[3]["id"]]
    assert none.json()["panels"] == []
    beyond = base64.urlsafe_b64encode(f"0001-01-01T00:00:00+14:00 {UUID(int=7)}".encode()).decode()
    for wrong in (
        "cursor=nonsense",
        f"cursor={beyond}",
        "limit=0",
        "limit=101",
        "status=gone",
        "created_after=yesterday",
    ):
        answer = await gateway.get(f"/panels?{wrong}")
        assert answer.status_code == 422, wrong
        assert answer.json()["errors"][0]["pointer"] == f"query/{wrong.partition('=')[0]}"


async def test_a_follow_up_carries_what_its_parent_found(gateway: Running, projected: None) -> None:
    parent = await gateway.ask()
    await gateway.get(f"/panels/{parent['id']}", headers={"X-Min-Sequence": str(parent["sequence"])})

    child = await gateway.ask(parent_panel_id=parent["id"])
    foreign = await gateway.post(
        "/panels",
        {"query": "And what if we wait?", "panel_type": "open", "parent_panel_id": parent["id"]},
        tenant=1,
    )

    [created] = await gateway.stored(child["id"])
    assert isinstance(created.event, PanelCreated)
    assert created.event.parent is not None
    assert created.event.parent.query == "Should we open a second office in Lyon?"
    assert foreign.status_code == 422
    assert foreign.json()["errors"] == [
        {"pointer": "/parent_panel_id", "detail": "is not a panel of this tenant"}
    ]
