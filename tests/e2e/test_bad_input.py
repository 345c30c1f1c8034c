"""Whatever is wrong with a request: the right status, the place in the body, and nothing half done."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncGenerator, Mapping
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import pytest

from askpanel.contracts.events import HumanResponded, PanelCancelRequested, PanelCreated
from askpanel.contracts.subjects import parse
from tests.harness.commands import commands_on_the_log, nothing_is_begun
from tests.harness.problems import check_problem
from tests.harness.stack import EXPERTS, QUESTION, RunningStack, create, follow, new_key, projected

pytestmark = pytest.mark.e2e

Body = dict[str, Any]
MORE_THAN_SOCKETS_HOLD = 2048
"""Pieces of 16 KiB, of which some 260 get away before a gateway that reads no more."""
THIRTEEN = [f"expert-{number}" for number in range(12)] + ["health-economist"]


def body(**changes: Any) -> Body:
    return {"query": QUESTION, "panel_type": "structured", "agents": list(EXPERTS)} | changes


def configured(panel_type: str = "structured", **configuration: Any) -> Body:
    return body(panel_type=panel_type, configuration=configuration)


REFUSED: Mapping[str, tuple[Body, str]] = {
    "an expert nobody knows": (body(agents=[*EXPERTS[:2], "nobody"]), "/agents/2"),
    "a panel type that does not exist": (body(panel_type="oracle"), "/panel_type"),
    "no panel type": ({"query": QUESTION}, "/panel_type"),
    "no experts": (body(agents=[]), "/agents"),
    "two experts": (body(agents=list(EXPERTS[:2])), "/agents"),
    "thirteen experts": (body(panel_type="delphi", agents=THIRTEEN), "/agents"),
    "more experts than the protocol has seats": (body(agents=THIRTEEN[:9]), "/agents"),
    "one expert twice": (body(agents=[*EXPERTS, EXPERTS[0]]), "/agents/3"),
    "experts that are no list": (body(agents="expert-0"), "/agents"),
    "an expert id that is no id": (body(agents=[*EXPERTS[:2], "../expert-2"]), "/agents/2"),
    "no query": ({"panel_type": "open"}, "/query"),
    "an empty query": (body(query=""), "/query"),
    "a query of one character": (body(query="?"), "/query"),
    "a query of spaces": (body(query=" " * 50), "/query"),
    "a query of 2001 characters": (body(query="x" * 2001), "/query"),
    "a query with a NUL": (body(query=QUESTION + "\0"), "/query"),
    "a query with an escape sequence": (body(query=QUESTION + "\x1b[2J"), "/query"),
    "a query that is a number": (body(query=12345678901), "/query"),
    "a field that does not exist": (body(colour="red"), "/colour"),
    "too many rounds": (configured(max_rounds=6), "/configuration/max_rounds"),
    "rounds as text": (configured(max_rounds="2"), "/configuration/max_rounds"),
    "a threshold below a half": (configured(consensus_threshold=0.4), "/configuration/consensus_threshold"),
    "a time limit of hours": (configured(time_limit_minutes=61), "/configuration/time_limit_minutes"),
    "a cost as a number": (configured(max_cost_usd=1.5), "/configuration/max_cost_usd"),
    "a method of another protocol": (configured(method="delphi"), "/configuration/method"),
    "a moderator where there is none": (
        configured(moderator_agent="expert-3"),
        "/configuration/moderator_agent",
    ),
    "a moderator among the experts": (
        configured("socratic", moderator_agent=EXPERTS[1]),
        "/configuration/moderator_agent",
    ),
    "a moderator nobody knows": (
        configured("socratic", moderator_agent="nobody"),
        "/configuration/moderator_agent",
    ),
    "a human's deadline without a human": (
        configured(human_deadline_minutes=60),
        "/configuration/human_deadline_minutes",
    ),
    "a configuration that is a list": (body(configuration=[1]), "/configuration"),
    "a configuration without bottom": (
        configured(a={"b": {"c": {"d": {"e": {"f": {"g": {"h": 1}}}}}}}),
        "/configuration",
    ),
    "a single option": (body(options=["Spring"]), "/options"),
    "one option twice": (body(options=["Spring", "spring"]), "/options/1/text"),
    "evidence without a text": (body(evidence=[{"title": "Report"}]), "/evidence/0/text"),
    "a follow-up of a panel that does not exist": (body(parent_panel_id=str(uuid4())), "/parent_panel_id"),
    "a follow-up of what is no id": (body(parent_panel_id="last"), "/parent_panel_id"),
}


@nothing_is_begun
@pytest.mark.parametrize("what", REFUSED)
async def test_a_wrong_field_is_named_by_its_place(running: RunningStack, what: str) -> None:
    wrong, pointer = REFUSED[what]
    async with running.http() as client:
        check_problem(await client.post("/panels", json=wrong), 422, pointer)


UNREADABLE: Mapping[str, bytes] = {
    "bytes that are not UTF-8": json.dumps(body()).encode().replace(b"Which", b"Whi\xff\xfe"),
    "half a document": json.dumps(body()).encode()[:-5],
    "no JSON": b"query=hello",
}


@nothing_is_begun
@pytest.mark.parametrize("what", UNREADABLE)
async def test_a_body_that_is_no_json_is_refused_as_a_whole(running: RunningStack, what: str) -> None:
    async with running.http() as client:
        answer = await client.post(
            "/panels", content=UNREADABLE[what], headers={"Content-Type": "application/json"}
        )
    check_problem(answer, 400)


@nothing_is_begun
async def test_half_a_character_is_refused_and_does_not_reach_the_log(running: RunningStack) -> None:
    half = json.dumps(body(query=QUESTION + "?")).replace("??", "?\\ud83d")
    async with running.http() as client:
        answer = await client.post("/panels", content=half, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    check_problem(answer, answer.status_code, "/query" if answer.status_code == 422 else None)


@nothing_is_begun
@pytest.mark.parametrize("wrong", ["[]", '"open"', "null", "7"])
async def test_a_body_that_is_no_object_is_refused(running: RunningStack, wrong: str) -> None:
    async with running.http() as client:
        answer = await client.post("/panels", content=wrong, headers={"Content-Type": "application/json"})
    problem = check_problem(answer, 422, "")
    assert problem["errors"][0]["detail"]


@nothing_is_begun
async def test_a_megabyte_is_refused_by_its_size(running: RunningStack) -> None:
    async with running.http() as client:
        check_problem(await client.post("/panels", json=body(query="x" * 1_000_000)), 413)


@nothing_is_begun
async def test_a_body_that_does_not_say_its_size_is_cut_off(running: RunningStack) -> None:
    sent = 0

    async def pieces() -> AsyncGenerator[bytes]:
        nonlocal sent
        for _ in range(MORE_THAN_SOCKETS_HOLD):
            yield b" " * 16_384
            sent += 1

    async with running.http() as client:
        # The answer comes while the client still sends; a client that does not read meanwhile only
        # sees the connection close.
        with contextlib.suppress(httpx.ReadError, httpx.WriteError):
            headers = {"Content-Type": "application/json"}
            check_problem(await client.post("/panels", content=pieces(), headers=headers), 413)
        assert 0 < sent < MORE_THAN_SOCKETS_HOLD
        assert (await client.get("/tenant")).status_code == 200


async def test_a_path_of_the_api_that_does_not_exist_is_a_problem_document(running: RunningStack) -> None:
    async with running.http() as client:
        check_problem(await client.get("/nothing"), 404)


@nothing_is_begun
async def test_what_the_framework_refuses_is_a_problem_document_too(running: RunningStack) -> None:
    async with running.http() as client:
        check_problem(await client.delete("/panels"), 405)
        check_problem(await client.get("/panels/not-an-id"), 422, "path/panel_id")
        check_problem(await client.get("/panels", params={"limit": 101}), 422, "query/limit")
        check_problem(await client.get("/panels", params={"cursor": "x"}), 422, "query/cursor")
        check_problem(await client.get(f"/panels/{uuid4()}"), 404)
        wrong_key = {"Idempotency-Key": "k" * 256}
        check_problem(
            await client.post("/panels", json=body(), headers=wrong_key), 422, "header/Idempotency-Key"
        )


async def test_a_used_idempotency_key_with_another_body_is_refused(running: RunningStack) -> None:
    key = {"Idempotency-Key": new_key()}
    async with running.http() as client:
        first = await client.post("/panels", json=body(), headers=key)
        assert first.status_code == 201
        other = await client.post("/panels", json=body(query=QUESTION + " And where?"), headers=key)
        check_problem(other, 422, "header/Idempotency-Key")
        async with running.http("owner") as owner:
            theirs = await owner.post("/panels", json=body(), headers=key)
            check_problem(theirs, 422, "header/Idempotency-Key")
        again = await client.post("/panels", json=body(), headers=key)
        assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
        await follow(client, first.json()["id"])
    created = [e for e in await running.events(first.json()["id"]) if isinstance(e.event, PanelCreated)]
    assert len(created) == 1


# --------------------------------------------------------------------------------------- who asks


@nothing_is_begun
@pytest.mark.parametrize(
    ("user", "slug", "tenant_of"),
    [
        ("guest", "acme", "acme"),
        ("inactive", "acme", "acme"),
        ("invited", "acme", "acme"),
        ("owner", "acme", "globex"),
    ],
)
async def test_who_may_not_ask_is_refused(
    running: RunningStack, user: str, slug: str, tenant_of: str
) -> None:
    headers = {"X-Tenant-ID": str(running.tenant(tenant_of))}
    async with running.http(user, slug) as client:
        check_problem(await client.post("/panels", json=body(), headers=headers), 403)


@nothing_is_begun
async def test_a_tenant_that_does_not_exist_is_refused_as_a_foreign_one_is(running: RunningStack) -> None:
    async with running.http() as client:
        foreign = await client.get("/panels", headers={"X-Tenant-ID": str(running.tenant("globex"))})
        nobodys = await client.get("/panels", headers={"X-Tenant-ID": str(uuid4())})
        for answer in (foreign, nobodys):
            check_problem(answer, 403)
        assert foreign.json() | {"trace_id": ""} == nobodys.json() | {"trace_id": ""}
        check_problem(await client.get("/panels", headers={"X-Tenant-ID": "acme"}), 400, "header/X-Tenant-ID")
        del client.headers["X-Tenant-ID"]
        check_problem(await client.get("/panels"), 400, "header/X-Tenant-ID")


async def test_a_guest_reads_and_changes_nothing(running: RunningStack) -> None:
    async with running.http() as client, running.http("guest") as guest:
        panel = (await create(client))["id"]
        frames = await follow(client, panel)
        assert frames[-1].name == "panel_completed"
        await projected(running, frames[-1].id or 0)
        assert (await guest.get(f"/panels/{panel}")).status_code == 200
        check_problem(await guest.post(f"/panels/{panel}/cancel", json={}), 403)
        wish = {"checkpoint_id": str(uuid4()), "action": "approve"}
        check_problem(await guest.post(f"/panels/{panel}/human-input", json=wish), 403)
        check_problem(await client.post(f"/panels/{panel}/cancel", json={}), 409)
        check_problem(await client.post(f"/panels/{panel}/human-input", json=wish), 409)
    types = {recorded.envelope.type for recorded in await running.events(panel)}
    assert not types & {PanelCancelRequested.TYPE, HumanResponded.TYPE}


def forged(running: RunningStack, what: str) -> dict[str, str]:
    """An Authorization header that proves nobody."""
    secret = json.loads((running.data / "secrets.json").read_text())["jwt"]
    valid = running.user()["token"]
    claims = jwt.decode(valid, options={"verify_signature": False})
    now = int(time.time())
    token = {
        "expired": lambda: jwt.encode(claims | {"exp": now - 120}, secret, "HS256"),
        "not valid yet": lambda: jwt.encode(claims | {"nbf": now + 600}, secret, "HS256"),
        "without end": lambda: jwt.encode({k: claims[k] for k in claims if k != "exp"}, secret, "HS256"),
        "signed by another": lambda: jwt.encode(claims, "s" * 48, "HS256"),
        "signed by nobody": lambda: jwt.encode(claims, "", "none"),
        "of another algorithm": lambda: jwt.encode(claims, secret + "s" * 64, "HS512"),
        "of another issuer": lambda: jwt.encode(claims | {"iss": "http://elsewhere"}, secret, "HS256"),
        "for another audience": lambda: jwt.encode(claims | {"aud": "anon"}, secret, "HS256"),
        "of the service role": lambda: jwt.encode(claims | {"role": "service_role"}, secret, "HS256"),
        "of no user": lambda: jwt.encode(claims | {"sub": "admin"}, secret, "HS256"),
        "with another payload": lambda: swapped(valid, claims | {"sub": running.user("owner")["id"]}),
        "no token at all": lambda: "hello",
    }[what]()
    return {"Authorization": f"Bearer {token}"}


def swapped(token: str, claims: Mapping[str, Any]) -> str:
    """The token's header and signature around other claims."""
    head, _, signature = token.split(".")
    other = jwt.encode(dict(claims), "s" * 48, "HS256").split(".")[1]
    return f"{head}.{other}.{signature}"


FORGERIES = (
    "expired", "not valid yet", "without end", "signed by another", "signed by nobody",
    "of another algorithm", "of another issuer", "for another audience", "of the service role", "of no user",
    "with another payload", "no token at all",
)  # fmt: skip


@nothing_is_begun
@pytest.mark.parametrize("what", FORGERIES)
async def test_a_token_that_proves_nobody_is_refused(running: RunningStack, what: str) -> None:
    headers = forged(running, what)
    async with running.http() as client:
        for answer in (
            await client.post("/panels", json=body(), headers=headers),
            await client.get("/panels", headers=headers),
            await client.get(f"/panels/{uuid4()}/stream", headers=headers),
        ):
            check_problem(answer, 401)
            assert answer.headers["www-authenticate"].startswith("Bearer")


@nothing_is_begun
async def test_without_a_token_every_route_is_closed(running: RunningStack) -> None:
    async with running.http() as client:
        document = (await client.get(f"{running.url}/openapi.json")).json()
        del client.headers["Authorization"]
        routes = [
            (method, path.replace("{panel_id}", str(uuid4())).replace("{agent_id}", "expert-0"))
            for path, methods in document["paths"].items()
            for method in methods
            if path.startswith("/api/v1/")
        ]
        assert len(routes) >= 18
        for method, path in routes:
            sent = body() if method == "post" else None
            check_problem(await client.request(method, f"{running.url}{path}", json=sent), 401)


# --------------------------------------------------------------------------------------- afterwards


async def test_after_all_of_it_the_tables_hold_the_panels_of_the_log_and_no_others(
    running: RunningStack,
) -> None:
    async with running.log() as log:
        end = (await log.position()).sequence
    await projected(running, end)
    subjects, rows = await asyncio.gather(commands_on_the_log(running), panels_in_the_tables(running))
    made = {parse(subject)[1].panel_id for subject in subjects if subject.startswith(PanelCreated.TYPE)}
    assert rows == made


async def panels_in_the_tables(running: RunningStack) -> set[UUID]:
    async with running.database() as connection:
        return {row["id"] for row in await connection.fetch("select id from public.panels")}
