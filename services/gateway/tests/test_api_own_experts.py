"""A tenant's own experts: created, revised, retired, by admins, for this tenant alone."""

import asyncio
from typing import Any

import pytest
from nats.js.api import StreamInfo

from askpanel.contracts.events import PanelCreated
from askpanel.gateway import catalogue
from askpanel.local.demo import TENANTS
from askpanel.runtime.ending import end
from tests.harness.stack import until

from .running import Running

EXPERT: dict[str, Any] = {
    "agent_id": "hospital-procurement",
    "name": "Dr. Ines Lopes",
    "title": "Head of procurement of a hospital group",
    "domain": "market access",
    "tags": ["procurement", "tender"],
    "summary": "Buys devices for nineteen hospitals and knows what a tender committee asks.",
    "instructions": "You buy devices for nineteen hospitals. Ask what changes for the ward, what it costs in total.",
}
REVISION = {name: value for name, value in EXPERT.items() if name != "agent_id"}


async def send(
    gateway: Running, method: str, path: str, body: Any = None, *, user: str = "admin", tenant: int = 0
) -> Any:
    return await gateway.http.request(
        method, f"/api/v1{path}", json=body, headers=gateway.headers(user, tenant)
    )


async def seen(gateway: Running, agent_id: str, *, version: int | None, tenant: int = 0) -> None:
    """Wait until the catalogue in memory shows the expert in this version (None: not at all)."""

    async def shown() -> int | None:
        answer = await gateway.get(f"/agents/{agent_id}", tenant=tenant)
        return answer.json()["version"] if answer.status_code == 200 else None

    await until(shown, lambda found: found == version)


async def test_a_change_whose_announcement_overtakes_its_storing_is_seen_a_moment_later(
    gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "LOOK_EVERY", 600.0)
    known = catalogue.Catalogue(gateway.client)
    task = asyncio.create_task(known.run())
    try:
        await known.loaded.wait()
        before = await gateway.log.jetstream.stream_info("KV_experts")
        look, looks = known._jetstream.stream_info, list[str]()

        async def late(name: str) -> StreamInfo:
            looks.append(name)
            return before if len(looks) == 1 else await look(name)

        monkeypatch.setattr(known._jetstream, "stream_info", late)
        made = await send(gateway, "POST", "/agents", EXPERT | {"agent_id": "overtaken"})
        assert made.status_code == 201, made.text

        async def there() -> bool:
            return "overtaken" in known.of(TENANTS[0].id)

        await until(there, lambda found: found)
        assert len(looks) > 1
    finally:
        await end(task)


async def test_an_expert_is_created_revised_and_retired(gateway: Running) -> None:
    created = await send(gateway, "POST", "/agents", EXPERT)
    assert (created.status_code, created.json()["version"]) == (201, 1)
    await seen(gateway, EXPERT["agent_id"], version=1)
    panel = await gateway.ask(agents=[EXPERT["agent_id"], "expert-0", "expert-1"])
    revised = await send(
        gateway, "PUT", f"/agents/{EXPERT['agent_id']}", REVISION | {"name": "Prof. Ines Lopes"}
    )
    assert (revised.status_code, revised.json()["version"]) == (200, 2)
    await seen(gateway, EXPERT["agent_id"], version=2)
    later = await gateway.ask(agents=[EXPERT["agent_id"], "expert-0", "expert-1"])
    versions: list[int] = []
    for asked in (panel, later):
        event = (await gateway.stored(asked["id"]))[0].event
        assert isinstance(event, PanelCreated)
        versions.append(event.agents[0].version)
    assert versions == [1, 2], "a panel keeps the version it was created with"
    retired = await send(gateway, "DELETE", f"/agents/{EXPERT['agent_id']}")
    assert retired.status_code == 200
    await seen(gateway, EXPERT["agent_id"], version=None)
    body = {"query": "May a retired expert be asked?", "panel_type": "open"}
    refused = await gateway.post("/panels", body | {"agents": [EXPERT["agent_id"], "expert-0", "expert-1"]})
    assert refused.status_code == 422


async def test_what_takes_over_a_shared_id_goes_on_from_its_version(gateway: Running) -> None:
    """A running panel names the shared expert by id and version, and must not meet another persona there."""
    shared = (await gateway.get("/agents/expert-7")).json()
    made = await send(gateway, "POST", "/agents", EXPERT | {"agent_id": "expert-7"})
    assert (made.status_code, made.json()["version"]) == (201, shared["version"] + 1)


async def test_without_its_own_copy_a_tenant_has_the_shared_expert_again(gateway: Running) -> None:
    """Panels keep whom they were asked with, since each seat says whose expert it is."""
    id, shared = "expert-6", (await gateway.get("/agents/expert-6")).json()
    assert (await send(gateway, "POST", "/agents", EXPERT | {"agent_id": id})).status_code == 201
    await seen(gateway, id, version=2)
    with_copy = await gateway.ask(agents=[id, "expert-0", "expert-1"])
    retired = await send(gateway, "DELETE", f"/agents/{id}")
    assert (retired.status_code, retired.json() | {"instructions": None}) == (200, shared), (
        "who sits on new panels now is told at once"
    )
    await seen(gateway, id, version=1)
    found = (await send(gateway, "GET", f"/agents/{id}")).json()
    assert (found["own"], found["name"], found["instructions"]) == (False, shared["name"], None)
    without = await gateway.ask(agents=[id, "expert-0", "expert-1"])
    seats: list[tuple[int, list[bool | None]]] = []
    for asked in (with_copy, without):
        event = (await gateway.stored(asked["id"]))[0].event
        assert isinstance(event, PanelCreated)
        seats.append((event.agents[0].version, [seat.shared for seat in event.agents]))
    assert seats == [(2, [False, True, True]), (1, [True, True, True])]
    again = await send(gateway, "POST", "/agents", EXPERT | {"agent_id": id})
    assert again.status_code == 409, "its versions go on"
    assert (await send(gateway, "PUT", f"/agents/{id}", REVISION)).json()["version"] == 3
    await seen(gateway, id, version=3)


@pytest.mark.parametrize("role", ["judge", "moderator", "chair"])
async def test_the_roles_of_every_panel_cannot_be_published(gateway: Running, role: str) -> None:
    refused = await send(gateway, "POST", "/agents", EXPERT | {"agent_id": role})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/agent_id")


async def test_a_tag_is_text_like_the_rest(gateway: Running) -> None:
    refused = await send(gateway, "POST", "/agents", EXPERT | {"agent_id": "own-tagged", "tags": ["a\0b"]})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/tags/0")


async def test_another_tenant_neither_sees_nor_changes_it(gateway: Running) -> None:
    secret = "own-buyer"
    assert (await send(gateway, "POST", "/agents", EXPERT | {"agent_id": secret})).status_code == 201
    await seen(gateway, secret, version=1)
    for method, body in (("GET", None), ("PUT", REVISION), ("DELETE", None)):
        answer = await send(gateway, method, f"/agents/{secret}", body, tenant=1)
        assert answer.status_code == 404
    listed = (await gateway.get("/agents", tenant=1)).json()["agents"]
    assert secret not in {agent["id"] for agent in listed}


async def test_who_may_edit_an_own_expert_reads_its_instructions_and_nobody_else(gateway: Running) -> None:
    mine = EXPERT | {"agent_id": "own-advisor"}
    created = await send(gateway, "POST", "/agents", mine)
    assert (created.json()["own"], "instructions" in created.json()) == (True, False)
    await seen(gateway, "own-advisor", version=1)
    for user in ("owner", "admin"):
        answer = (await send(gateway, "GET", "/agents/own-advisor", user=user)).json()
        assert (answer["own"], answer["instructions"]) == (True, EXPERT["instructions"])
    for user in ("member", "guest"):
        answer = (await send(gateway, "GET", "/agents/own-advisor", user=user)).json()
        assert (answer["own"], answer["instructions"]) == (True, None)
    foreign = await send(gateway, "GET", "/agents/own-advisor", user="owner", tenant=1)
    assert (foreign.status_code, EXPERT["instructions"] in foreign.text) == (404, False)


@pytest.mark.parametrize("user", ["owner", "admin", "member", "guest"])
async def test_a_shared_experts_instructions_are_in_no_answer(gateway: Running, user: str) -> None:
    one = await send(gateway, "GET", "/agents/expert-5", user=user)
    listed = await send(gateway, "GET", "/agents", user=user)
    assert (one.json()["own"], one.json()["instructions"]) == (False, None)
    assert {agent["own"] for agent in listed.json()["agents"] if agent["id"] == "expert-5"} == {False}
    assert "SECRET-INSTRUCTIONS" not in one.text + listed.text


async def test_a_copy_of_a_shared_expert_is_the_tenants_own_and_of_no_other(gateway: Running) -> None:
    copy = EXPERT | {"agent_id": "expert-4", "instructions": "You are ours now: judge by our own prices."}
    assert (await send(gateway, "POST", "/agents", copy)).status_code == 201

    async def mine() -> Any:
        return (await send(gateway, "GET", "/agents/expert-4")).json()

    found = await until(mine, lambda answer: answer["own"])
    theirs = (await send(gateway, "GET", "/agents/expert-4", user="owner", tenant=1)).json()
    assert found["instructions"] == copy["instructions"]
    assert (theirs["own"], theirs["instructions"]) == (False, None)
    listed = (await send(gateway, "GET", "/agents")).text
    assert copy["instructions"] not in listed


async def test_a_global_expert_cannot_be_changed_but_overridden(gateway: Running) -> None:
    assert (await send(gateway, "PUT", "/agents/expert-3", REVISION)).status_code == 404
    own = await send(gateway, "POST", "/agents", EXPERT | {"agent_id": "expert-3"})
    assert own.status_code == 201

    async def names() -> tuple[str, str]:
        mine, theirs = [(await gateway.get("/agents/expert-3", tenant=tenant)).json() for tenant in (0, 1)]
        return mine["name"], theirs["name"]

    await until(names, lambda found: found == (EXPERT["name"], "Expert 3"))


async def test_the_same_id_twice_is_a_conflict(gateway: Running) -> None:
    twice = EXPERT | {"agent_id": "twice"}
    assert (await send(gateway, "POST", "/agents", twice)).status_code == 201
    assert (await send(gateway, "POST", "/agents", twice)).status_code == 409


@pytest.mark.parametrize("user", ["member", "guest"])
async def test_only_admins_and_owners_manage_experts(gateway: Running, user: str) -> None:
    assert (await send(gateway, "POST", "/agents", EXPERT, user=user)).status_code == 403


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"instructions": "short"}, "/instructions"),
        ({"agent_id": "Not A Slug"}, "/agent_id"),
        ({"secret": 1}, "/secret"),
    ],
)
async def test_a_bad_expert_is_refused_with_a_pointer(
    gateway: Running, change: dict[str, Any], pointer: str
) -> None:
    refused = await send(gateway, "POST", "/agents", EXPERT | change)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


async def test_a_text_is_counted_in_characters(gateway: Running) -> None:
    refused = await send(gateway, "POST", "/agents", EXPERT | {"agent_id": "own-brief", "summary": " brief "})
    (error,) = refused.json()["errors"]
    assert error["pointer"] == "/summary"
    assert "at least 10 characters" in error["detail"]
    assert "not 5" in error["detail"]
