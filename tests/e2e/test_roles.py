"""The table "Who may do what" of docs/api.md, cell by cell: it is what the code says, and what the API does."""

import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest

from askpanel.gateway.permissions import ALLOWED, Action, Role, may, may_act
from tests.harness.cast import SLOW
from tests.harness.invariants import usage_complete
from tests.harness.problems import check_problem
from tests.harness.stack import EXPERTS, RunningStack, create, follow, projected, until

pytestmark = pytest.mark.e2e

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
ROLES: tuple[Role, ...] = ("guest", "member", "admin", "owner")

EXPERT = {
    "name": "Role tester",
    "title": "Tests what a role may do",
    "domain": "strategy",
    "summary": "An expert that comes and goes with a test.",
    "instructions": "Weigh the evidence, and say briefly what is missing.",
}

READ = "read panels, experts, the tenant; stream; export"
ASK = "ask a panel"
ACT = "cancel, or answer as the human"
MANAGE = "manage the tenant's own experts, read their instructions"
WEBHOOKS = "manage webhooks, where there are any"
"""Off on this stack; services/gateway/tests/test_webhooks_live.py asks the API."""
USAGE = "usage"
HOOKS = "manage webhooks, where there are any"
"""This stack has none; the row is held to the code here, and to the API by the webhooks' own tests."""
CHANGE = "change limits, settings, members"


def documented() -> Mapping[tuple[str, Role], str]:
    """The table's cells by row and role."""
    section = PAGE.read_text().partition("## Who may do what\n")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("|") and not re.fullmatch(r"[|\- ]+", line)
    ]
    assert tuple(rows[0][1:]) == ROLES
    return {(row[0], role): cell for row in rows[1:] for role, cell in zip(ROLES, row[1:], strict=True)}


def _yes(action: Action) -> Callable[[Role], str]:
    return lambda role: "yes" if may(role, action) else ""


def _acting(role: Role) -> str:
    if may_act(role, own=False):
        return "any panel"
    return "own panels" if may_act(role, own=True) else ""


IN_CODE: Mapping[str, Callable[[Role], str]] = {
    READ: _yes("read"),
    ASK: _yes("create"),
    ACT: _acting,
    MANAGE: _yes("manage_experts"),
    WEBHOOKS: _yes("manage_webhooks"),
    USAGE: lambda role: "the tenant's" if may(role, "see_all_usage") else "own rows",
    HOOKS: _yes("manage_webhooks"),
    CHANGE: lambda _: "",
}


def test_the_table_says_what_the_code_says() -> None:
    assert documented() == {(row, role): cell(role) for row, cell in IN_CODE.items() for role in ROLES}
    assert set(ALLOWED) == {
        "read", "create", "act_on_own", "act_on_any", "see_all_usage", "manage_experts", "manage_webhooks",
    }, "an action that the table does not show"  # fmt: skip


# ------------------------------------------------------------------------------------- and the API does


def _allowed(answer: httpx.Response, *statuses: int) -> bool:
    """Whether it was done; a refusal must be for the role."""
    if answer.status_code in statuses:
        return True
    assert check_problem(answer, 403)["type"] == "urn:askpanel:problem:role"
    return False


async def _running_panel(running: RunningStack, role: Role) -> str:
    async with running.http(role) as client:
        return (await create(client, panel_type="open", agents=[*EXPERTS, SLOW]))["id"]


async def reading(running: RunningStack, role: Role) -> str:
    async with running.http("member") as client:
        created = await create(client)
        await follow(client, created["id"])
    await projected(running, (await running.events(created["id"]))[-1].sequence)
    panel = f"/panels/{created['id']}"
    paths = (
        *("/panels", "/agents", "/agents/expert-0", "/panel-types", "/tenant", "/usage"),
        *(f"{panel}{part}" for part in ("", "/responses", "/consensus", "/matrix", "/usage", "/events")),
        *(f"{panel}/export?format={kind}" for kind in ("md", "json")),
        f"{panel}/stream",
    )
    async with running.http(role) as client:
        answers = [_allowed(await client.get(path), 200) for path in paths]
        answers.append(_allowed(await client.post(f"{panel}/stream-tickets"), 200))
    assert len(set(answers)) == 1, "all of it, or nothing"
    return "yes" if answers[0] else ""


async def asking(running: RunningStack, role: Role) -> str:
    body = {"query": "Which launch strategy is best for us?", "panel_type": "open", "agents": [*EXPERTS]}
    async with running.http(role) as client:
        return "yes" if _allowed(await client.post("/panels", json=body), 201) else ""


async def acting(running: RunningStack, role: Role) -> str:
    """A foreign panel is the owner's, or the admin's for the owner; a guest has no panel of its own."""
    foreign = await _act_on(
        running, role, await _running_panel(running, "admin" if role == "owner" else "owner")
    )
    own = foreign if role == "guest" else await _act_on(running, role, await _running_panel(running, role))
    assert own or not foreign
    if foreign:
        return "any panel"
    return "own panels" if own else ""


async def _act_on(running: RunningStack, role: Role, panel_id: str) -> bool:
    answer = {"checkpoint_id": str(uuid4()), "action": "approve"}
    async with running.http(role) as client:
        # 409: the role may answer, but this panel asks for nobody.
        spoke = _allowed(await client.post(f"/panels/{panel_id}/human-input", json=answer), 409)
        stopped = _allowed(await client.post(f"/panels/{panel_id}/cancel"), 202)
    assert spoke is stopped
    return stopped


async def managing(running: RunningStack, role: Role) -> str:
    agent = f"role-{uuid4().hex[:8]}"
    async with running.http("owner") as client:
        await client.post("/agents", json=EXPERT | {"agent_id": f"{agent}-there"})
    async with running.http(role) as client:
        made = _allowed(await client.post("/agents", json=EXPERT | {"agent_id": agent}), 201)
        revised = _allowed(await client.put(f"/agents/{agent}-there", json=EXPERT), 200)
        retired = _allowed(await client.delete(f"/agents/{agent}-there"), 200)
        if made:
            await client.delete(f"/agents/{agent}")
        else:
            async with running.http("owner") as owner:
                await owner.delete(f"/agents/{agent}-there")
    assert made is revised is retired
    return "yes" if made else ""


async def usage(running: RunningStack, role: Role) -> str:
    """Calls in the report, against the rows of the tenant and of this user."""
    async with running.http("owner") as client:
        created = await create(client)
        await follow(client, created["id"])
    events = await until(lambda: running.events(created["id"]), usage_complete)
    await projected(running, events[-1].sequence)
    async with running.http(role) as client, running.database() as connection:

        async def seen() -> tuple[int, int, int, int]:
            before = await _calls(running, connection, role)
            calls = (await client.get("/usage")).json()["calls"]
            return calls, *before, (await _calls(running, connection, role))[0]

        calls, of_all, own, _ = await until(seen, lambda found: found[1] == found[3])  # no row came meanwhile
    assert of_all > own
    assert calls in (of_all, own)
    return "the tenant's" if calls == of_all else "own rows"


async def _calls(running: RunningStack, connection: asyncpg.Connection, role: Role) -> tuple[int, int]:
    """Rows of the tenant, and of the user with this role."""
    rows = "select count(*) from public.agent_usage where tenant_id = $1"
    tenant, user = running.tenant(), running.user(role)["id"]
    return await connection.fetchval(rows, tenant), await connection.fetchval(
        f"{rows} and user_id = $2", tenant, user
    )


async def changing(running: RunningStack, role: Role) -> str:
    """No route takes a change of what is the platform's."""
    async with running.http(role) as client:
        for path in ("/tenant", "/usage", "/panel-types"):
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                answer = await client.request(
                    method, path, json={"settings": {"max_panels_per_month": 10**6}}
                )
                assert (answer.status_code, answer.headers["allow"]) == (405, "GET"), (method, path)
    return ""


PROBES: Mapping[str, Callable[[RunningStack, Role], Awaitable[str]]] = {
    READ: reading,
    ASK: asking,
    ACT: acting,
    MANAGE: managing,
    USAGE: usage,
    CHANGE: changing,
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("row", PROBES)
async def test_the_api_does_what_the_table_says(running: RunningStack, row: str, role: Role) -> None:
    assert await PROBES[row](running, role) == documented()[row, role]


async def test_every_route_that_writes_is_under_one_of_the_rows(running: RunningStack) -> None:
    async with httpx.AsyncClient() as client:
        document = (await client.get(f"{running.url}/openapi.json")).json()
    writing = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, methods in document["paths"].items()
        for method in methods
        if method not in ("get", "head")
    }
    assert writing == {
        "POST /panels",
        "POST /panels/{panel_id}/cancel",
        "POST /panels/{panel_id}/human-input",
        "POST /panels/{panel_id}/stream-tickets",
        "POST /agents",
        "POST /agents/select",
        "PUT /agents/{agent_id}",
        "DELETE /agents/{agent_id}",
    }
