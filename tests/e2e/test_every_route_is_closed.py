"""Every route of the API's own document, asked for another tenant's ids by everybody who must not see them.

What exists and what does not must be one answer, to the byte: same status, same headers, same body once the
id itself and the trace are taken out. And nothing that was asked may have changed anything.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest

from tests.harness.cast import SLOW
from tests.harness.invariants import usage_complete
from tests.harness.stack import EXPERTS, RunningStack, create, follow, projected, until

pytestmark = pytest.mark.e2e

SECRET = "Shall Acme Health sell the clinic in Bruges before winter?"
EXPERT = {
    "name": "Bruges insider",
    "title": "Knows the clinic in Bruges",
    "domain": "strategy",
    "summary": "Has seen the books of the clinic in Bruges.",
    "instructions": "Bruges: weigh what the books of the clinic say, and say what is missing.",
}
RESUMING = {"Accept": "text/event-stream", "Last-Event-ID": "1"}
CHANGING = ("date", "content-length", "x-min-sequence-reached")
"""Headers that differ between any two answers; the body's bytes are compared anyway."""


@dataclass(frozen=True, slots=True)
class Ids:
    """What a request can name, of one tenant or of none."""

    panel_id: str
    agent_id: str
    key: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of the generated list, before ids are filled in."""

    method: str
    path: str
    body: Callable[[Ids], Any] = lambda _: None
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Callable[[Ids], dict[str, str]] = lambda _: {}

    def __str__(self) -> str:
        return f"{self.method} {self.path} {json.dumps(dict(self.query)) if self.query else ''}".strip()


@pytest.fixture(scope="module")
def theirs(running: RunningStack) -> Iterator[Ids]:
    """A finished panel, an expert and an idempotency key of the tenant acme."""
    ids = Ids("", f"bruges-{uuid4().hex[:8]}", f"key-{uuid4().hex}")

    async def make() -> str:
        async with running.http("admin") as client:
            made = await client.post("/agents", json=EXPERT | {"agent_id": ids.agent_id})
            assert made.status_code == 201, made.text
            shown = partial(client.get, f"/agents/{ids.agent_id}")
            await until(shown, lambda answer: answer.status_code == 200)
            client.headers["Idempotency-Key"] = ids.key
            created = await create(client, query=SECRET)
            await follow(client, created["id"])
        events = await until(lambda: running.events(created["id"]), usage_complete)
        await projected(running, events[-1].sequence)
        return created["id"]

    async def retire() -> None:
        async with running.http("admin") as client:
            assert (await client.delete(f"/agents/{ids.agent_id}")).status_code == 200

    yield Ids(asyncio.run(make()), ids.agent_id, ids.key)
    asyncio.run(retire())


def nobodys() -> Ids:
    """Ids of the same shape that nothing has."""
    return Ids(str(uuid4()), f"bruges-{uuid4().hex[:8]}", f"key-{uuid4().hex}")


BODIES: dict[tuple[str, str], Callable[[Ids], Any]] = {
    ("PUT", "/agents/{agent_id}"): lambda _: EXPERT,
    ("POST", "/panels/{panel_id}/cancel"): lambda _: {"reason": "because"},
    ("POST", "/panels/{panel_id}/human-input"): lambda _: {
        "checkpoint_id": "9b1e9b1e-0000-4000-8000-000000000001",
        "action": "approve",
    },
}
"""What routes that name an id need to be sent."""

BESIDE_THE_PATH = (
    Asked(
        "POST",
        "/panels",
        body=lambda ids: {
            "query": "Which launch strategy is best for us?",
            "panel_type": "open",
            "parent_panel_id": ids.panel_id,
        },
    ),
    Asked(
        "POST",
        "/panels",
        body=lambda ids: {
            "query": "Which launch strategy is best for us?",
            "panel_type": "open",
            "agents": [*EXPERTS, ids.agent_id],
        },
    ),
    Asked(
        "POST",  # with a body that is refused: whether the key was used must not be told before
        "/panels",
        body=lambda _: {"query": SECRET, "panel_type": "structured", "agents": ["nobody-1", "nobody-2"]},
        headers=lambda ids: {"Idempotency-Key": ids.key},
    ),
)
"""Where a request can name something by other means than its path."""


async def every_request(running: RunningStack) -> list[Asked]:
    """Each route that names an id, in each representation, and what can be named elsewhere."""
    async with httpx.AsyncClient() as client:
        document = (await client.get(f"{running.url}/openapi.json")).json()
    found: list[Asked] = []
    for whole, methods in document["paths"].items():
        path = whole.removeprefix("/api/v1")
        if whole == path or "{" not in path:
            continue
        assert set(_parameters(path)) <= {"panel_id", "agent_id"}, f"a new kind of id: {path}"
        for method in methods:
            body = BODIES.get((method.upper(), path), lambda _: None)
            asked = Asked(method.upper(), path, body)
            found.append(asked)
            match path.rpartition("/")[2]:
                case "export":
                    found.append(Asked(asked.method, path, query={"format": "json"}))
                case "stream":
                    found.append(Asked(asked.method, path, headers=lambda _: RESUMING))
                case _:
                    pass
    assert len({asked.path for asked in found}) >= 11
    return [*found, *BESIDE_THE_PATH]


def _parameters(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def callers(running: RunningStack) -> dict[str, dict[str, str]]:
    """Everybody who must not see acme's panel, as headers."""
    acme = str(running.tenant("acme"))
    secret = json.loads((running.data / "secrets.json").read_text())["jwt"]
    token = running.user("owner")["token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    expired = jwt.encode(claims | {"exp": time.time() - 60}, secret, algorithm="HS256")
    forged = jwt.encode(claims, "a-secret-that-is-not-the-one-of-here", algorithm="HS256")
    others = {
        f"globex {name}": running.headers(name, "globex") for name in ("owner", "admin", "member", "guest")
    }
    return others | {
        "globex owner naming acme": running.headers("owner", "globex") | {"X-Tenant-ID": acme},
        "acme owner naming globex": running.headers("owner") | {"X-Tenant-ID": str(running.tenant("globex"))},
        "inactive": running.headers("inactive"),
        "invited": running.headers("invited"),
        "expired": {"Authorization": f"Bearer {expired}", "X-Tenant-ID": acme},
        "forged": {"Authorization": f"Bearer {forged}", "X-Tenant-ID": acme},
        "none": {"X-Tenant-ID": acme},
    }


async def told(client: httpx.AsyncClient, asked: Asked, ids: Ids) -> tuple[int, dict[str, str], str]:
    """Status, headers and body, without the ids and the trace."""
    answer = await client.request(
        asked.method,
        asked.path.format(panel_id=ids.panel_id, agent_id=ids.agent_id),
        json=asked.body(ids),
        params=dict(asked.query),
        headers=asked.headers(ids),
    )
    text = answer.text
    try:
        trace = str(answer.json().get("trace_id", ""))
    except ValueError:
        trace = ""
    for named in filter(None, (ids.panel_id, ids.agent_id, ids.key, trace)):
        text = text.replace(named, "…")
    headers = {name: value for name, value in answer.headers.items() if name not in CHANGING}
    return answer.status_code, headers, text


@pytest.mark.parametrize(
    "who",
    [
        *(f"globex {name}" for name in ("owner", "admin", "member", "guest")),
        "globex owner naming acme",
        "acme owner naming globex",
        *("inactive", "invited", "expired", "forged", "none"),
    ],
)
async def test_what_exists_elsewhere_is_told_like_what_does_not_exist(
    running: RunningStack, theirs: Ids, who: str
) -> None:
    before = await _state(running, theirs)
    async with httpx.AsyncClient(
        base_url=f"{running.url}/api/v1", headers=callers(running)[who], timeout=15
    ) as client:
        for asked in await every_request(running):
            real = await told(client, asked, theirs)
            invented = await told(client, asked, nobodys())
            assert real == invented, f"{who}: {asked}"
            status, headers, text = real
            assert status in _expected(who), f"{who}: {asked}: {status} {text}"
            assert headers["content-type"] == "application/problem+json"
            assert "Bruges" not in text
    assert await _state(running, theirs) == before


def _expected(who: str) -> set[int]:
    if who in ("expired", "forged", "none"):
        return {401}
    if who in ("inactive", "invited") or "naming" in who:
        return {403}
    if who.endswith(("guest", "member")):
        return {403, 404, 422}  # asking and managing experts is not theirs, whatever the id
    return {404, 422}


async def _state(running: RunningStack, theirs: Ids) -> tuple[list[int], Any]:
    """What the asking must not change: the panel's log, and the expert."""
    async with running.http("admin") as client:
        expert = (await client.get(f"/agents/{theirs.agent_id}")).json()
    return [recorded.sequence for recorded in await running.events(theirs.panel_id)], expert


async def test_lists_counts_and_proposals_hold_nothing_foreign(running: RunningStack, theirs: Ids) -> None:
    async with httpx.AsyncClient() as bare:
        document = (await bare.get(f"{running.url}/openapi.json")).json()
    lists = [
        path.removeprefix("/api/v1")
        for path, methods in document["paths"].items()
        if path.startswith("/api/v1") and "{" not in path and "get" in methods
    ]
    assert len(lists) >= 5
    question = {"query": SECRET, "panel_type": "open", "size": 12}
    async with running.http("owner", "globex") as client:
        for path in lists:
            text = (await client.get(path)).text
            assert "Bruges" not in text, path
            assert theirs.panel_id not in text, path
            assert theirs.agent_id not in text, path
        for query in ({"q": "Bruges"}, {"q": theirs.panel_id}):
            found = (await client.get("/panels", params=query)).json()
            assert (found["panels"], found["total"]) == ([], 0)
        experts = (await client.get("/agents", params={"q": "Bruges"})).json()
        assert (experts["agents"], experts["total"]) == ([], 0)
        proposed = (await client.post("/agents/select", json=question)).text
        assert theirs.agent_id not in proposed


async def test_the_same_key_and_the_same_name_are_free_in_another_tenant(
    running: RunningStack, theirs: Ids
) -> None:
    async with running.http("admin", "globex") as client:
        made = await client.post("/agents", json=EXPERT | {"agent_id": theirs.agent_id})
        assert made.status_code == 201, made.text
        assert made.json()["version"] == 1
        gone = await client.delete(f"/agents/{theirs.agent_id}")
        assert gone.status_code == 200
        client.headers["Idempotency-Key"] = theirs.key
        created = await create(client, query=SECRET)
        assert created["id"] != theirs.panel_id
        await follow(client, created["id"])
    async with running.http("admin") as client:
        assert (await client.get(f"/agents/{theirs.agent_id}")).json()["version"] == 1


async def test_nobody_else_gets_an_event_of_a_panel_while_it_runs(running: RunningStack, theirs: Ids) -> None:
    async with running.http() as client:
        created = await create(client, query=SECRET, panel_type="open", agents=[*EXPERTS, SLOW])
        for who, headers in callers(running).items():
            async with httpx.AsyncClient(base_url=f"{running.url}/api/v1", headers=headers) as other:
                stream = await other.get(
                    f"/panels/{created['id']}/stream", headers={"Accept": "text/event-stream"}
                )
                assert stream.status_code in (401, 403, 404), who
                assert "event:" not in stream.text
                ticket = await other.post(f"/panels/{created['id']}/stream-tickets")
                assert ticket.status_code in (401, 403, 404), who
        shown = (await client.get(f"/panels/{created['id']}/events")).json()
        assert "panel_completed" not in {event["event"] for event in shown["events"]}, "it ran all the while"
        await follow(client, created["id"])


@pytest.mark.slow
async def test_how_long_an_answer_takes_does_not_tell_what_exists(running: RunningStack, theirs: Ids) -> None:
    """Medians of interleaved requests; what is compared with the difference is their own spread."""
    async with running.http("owner", "globex") as client:
        for path in ("/panels/{panel_id}", "/panels/{panel_id}/events", "/agents/{agent_id}"):
            taken: dict[str, list[float]] = {"theirs": [], "nobody's": []}
            for number in range(300):
                for whose in sorted(taken, reverse=bool(number % 2)):
                    ids = theirs if whose == "theirs" else nobodys()
                    url = path.format(panel_id=ids.panel_id, agent_id=ids.agent_id)
                    began = time.perf_counter()
                    assert (await client.get(url)).status_code == 404
                    taken[whose].append(time.perf_counter() - began)
            middle = {whose: statistics.median(times) for whose, times in taken.items()}
            quarters = statistics.quantiles(taken["nobody's"], n=4)
            difference = abs(middle["theirs"] - middle["nobody's"])
            assert difference < (quarters[2] - quarters[0]) / 2 + 0.0002, (path, middle)
