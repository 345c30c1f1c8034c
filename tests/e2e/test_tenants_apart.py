"""Two tenants on one stack: neither the API nor SQL shows one of them a byte of the other."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from askpanel.contracts.events import PanelCancelRequested
from tests.harness.invariants import usage_complete
from tests.harness.problems import check_problem
from tests.harness.stack import RunningStack, create, follow, frames_of, projected, until

pytestmark = pytest.mark.e2e

FILLED = {
    "panels": "id",
    "panel_responses": "panel_id",
    "panel_consensus": "panel_id",
    "agent_usage": "panel_id",
}
"""The tables we write, with the column that names the panel."""
SECRET = "Shall Acme Health buy the laboratory in Ghent before the audit?"


@dataclass(frozen=True, slots=True)
class Theirs:
    """A panel of the tenant acme that has run to its end, and its last sequence."""

    panel_id: str
    sequence: int


@pytest.fixture(scope="module")
def theirs(running: RunningStack) -> Theirs:
    """What globex must not see."""

    async def ask() -> Theirs:
        async with running.http() as client:
            created = await create(client, query=SECRET)
            await follow(client, created["id"])
        events = await until(lambda: running.events(created["id"]), usage_complete)
        await projected(running, events[-1].sequence)
        return Theirs(created["id"], events[-1].sequence)

    return asyncio.run(ask())


async def routes_of_a_panel(running: RunningStack) -> list[tuple[str, str]]:
    """Method and path of every route that names a panel, from the API's own document."""
    async with httpx.AsyncClient() as client:
        document = (await client.get(f"{running.url}/openapi.json")).json()
    found = [
        (method, path.removeprefix("/api/v1"))
        for path, methods in document["paths"].items()
        for method in methods
        if "{panel_id}" in path
    ]
    assert len(found) >= 10
    return found


async def every_answer(
    client: httpx.AsyncClient, running: RunningStack, panel_id: str
) -> list[httpx.Response]:
    """What each route of a panel answers."""
    wish = {"checkpoint_id": str(uuid4()), "action": "approve"}
    return [
        await client.request(
            method, path.format(panel_id=panel_id), json=wish if path.endswith("human-input") else None
        )
        for method, path in await routes_of_a_panel(running)
    ]


@pytest.mark.parametrize("user", ["owner", "admin", "member", "guest"])
async def test_another_tenants_panel_is_as_one_that_does_not_exist(
    running: RunningStack, theirs: Theirs, user: str
) -> None:
    async with running.http(user, "globex") as client:
        real = await every_answer(client, running, theirs.panel_id)
        invented = await every_answer(client, running, str(uuid4()))
    for answer, other in zip(real, invented, strict=True):
        check_problem(answer, 404)
        assert "Ghent" not in answer.text
        ignored = {"trace_id": "", "instance": ""}
        assert answer.json() | ignored == other.json() | ignored
        assert set(answer.headers) == set(other.headers)
    types = {recorded.envelope.type for recorded in await running.events(theirs.panel_id)}
    assert PanelCancelRequested.TYPE not in types


@pytest.mark.parametrize("user", ["inactive", "invited"])
async def test_who_is_no_active_member_sees_nothing_of_their_own_tenant(
    running: RunningStack, theirs: Theirs, user: str
) -> None:
    async with running.http(user) as client:
        for answer in await every_answer(client, running, theirs.panel_id):
            check_problem(answer, 403)
        for path in ("/panels", "/usage", "/tenant", "/agents", "/panel-types"):
            check_problem(await client.get(path), 403)


async def test_a_foreign_tenants_name_on_the_request_opens_nothing(
    running: RunningStack, theirs: Theirs
) -> None:
    async with running.http("owner", "globex") as client:
        client.headers["X-Tenant-ID"] = str(running.tenant("acme"))
        for answer in await every_answer(client, running, theirs.panel_id):
            check_problem(answer, 403)


async def test_lists_and_totals_hold_the_own_tenant_only(running: RunningStack, theirs: Theirs) -> None:
    async with running.http("owner", "globex") as client:
        found = (await client.get("/panels", params={"q": "Ghent"})).json()
        listed = (await client.get("/panels", params={"limit": 100})).json()["panels"]
        usage = (await client.get("/usage", params={"group_by": "agent"})).json()
    assert (found["panels"], found["total"]) == ([], 0)
    assert theirs.panel_id not in {panel["id"] for panel in listed}
    async with running.database() as connection:
        calls = await connection.fetchval(
            "select count(*) from public.agent_usage where tenant_id = $1", running.tenant("globex")
        )
    assert usage["calls"] == calls


async def test_a_ticket_opens_its_own_panel_once_and_no_other(running: RunningStack, theirs: Theirs) -> None:
    async with running.http(slug="globex") as client:
        own = (await create(client))["id"]
        await follow(client, own)
        ticket = (await client.post(f"/panels/{own}/stream-tickets")).json()["ticket"]
    async with httpx.AsyncClient(base_url=f"{running.url}/api/v1") as bare:
        foreign = await bare.get(f"/panels/{theirs.panel_id}/stream", params={"ticket": ticket})
        check_problem(foreign, 401)
        opened = await bare.get(f"/panels/{own}/stream", params={"ticket": ticket})
        assert opened.status_code == 200
        assert "panel_completed" in opened.text
        check_problem(await bare.get(f"/panels/{own}/stream", params={"ticket": ticket}), 401)


async def test_a_foreign_sequence_resumes_nothing_foreign(running: RunningStack, theirs: Theirs) -> None:
    async with running.http(slug="globex") as client:
        own = (await create(client))["id"]
        await follow(client, own)
        frames = [frame async for frame in frames_of(client, own, theirs.sequence)]
    assert frames[0].name == "stream_reset"
    assert {frame.data["panel_id"] for frame in frames} == {own}


# --------------------------------------------------------------------------------------- SQL


def gateways_login(running: RunningStack) -> str:
    """Where the gateway connects: a login that has no right but to become a user."""
    url = urlsplit(str(running.told["database_url"]))
    return f"postgresql://panel_api@{url.hostname}:{url.port}{url.path}"


@asynccontextmanager
async def as_user(running: RunningStack, name: str, slug: str) -> AsyncGenerator[asyncpg.Connection]:
    """A transaction as the gateway's login would open it for this user."""
    connection = await asyncpg.connect(gateways_login(running))
    try:
        async with connection.transaction():
            await connection.execute("select set_config('role', 'authenticated', true)")
            claims = json.dumps({"sub": running.user(name, slug)["id"], "role": "authenticated"})
            await connection.execute("select set_config('request.jwt.claims', $1, true)", claims)
            yield connection
    finally:
        await connection.close()


async def rows_seen(connection: asyncpg.Connection, panel: UUID) -> dict[str, int]:
    return {
        table: await connection.fetchval(f"select count(*) from public.{table} where {column} = $1", panel)
        for table, column in FILLED.items()
    }


@pytest.mark.parametrize("name", ["owner", "admin", "member", "guest", "inactive", "invited"])
async def test_sql_as_any_user_of_the_other_tenant_finds_no_row(
    running: RunningStack, theirs: Theirs, name: str
) -> None:
    async with as_user(running, name, "globex") as connection:
        assert await rows_seen(connection, UUID(theirs.panel_id)) == dict.fromkeys(FILLED, 0)
        for table in FILLED:
            foreign = await connection.fetchval(
                f"select count(*) from public.{table} where tenant_id = $1", running.tenant("acme")
            )
            assert foreign == 0, table


@pytest.mark.parametrize("name", ["inactive", "invited"])
async def test_sql_as_no_active_member_finds_no_row_at_all(
    running: RunningStack, theirs: Theirs, name: str
) -> None:
    async with as_user(running, name, "acme") as connection:
        for table in (*FILLED, "tenants"):
            assert await connection.fetchval(f"select count(*) from public.{table}") == 0, table


async def test_sql_as_a_member_finds_the_whole_panel(running: RunningStack, theirs: Theirs) -> None:
    async with as_user(running, "member", "acme") as connection:
        seen = await rows_seen(connection, UUID(theirs.panel_id))
    assert (seen["panels"], seen["panel_responses"] >= 3, seen["panel_consensus"] >= 1) == (1, True, True)
    assert seen["agent_usage"] == seen["panel_responses"]


async def test_the_gateways_login_alone_reads_nothing(running: RunningStack) -> None:
    connection = await asyncpg.connect(gateways_login(running))
    try:
        for table in FILLED:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetchval(f"select count(*) from public.{table}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("set role service_role")
    finally:
        await connection.close()
