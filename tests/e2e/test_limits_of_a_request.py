"""How large, deep and odd a request may be: always an answer, never a 500, and nothing begun."""

import json
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx
import pytest

from askpanel.gateway.http import LONGEST_HEAD
from tests.harness.commands import nothing_is_begun
from tests.harness.problems import check_problem
from tests.harness.stack import EXPERTS, QUESTION, RunningStack

pytestmark = pytest.mark.e2e

BODY = json.dumps({"query": QUESTION, "panel_type": "open", "agents": list(EXPERTS)})


def _with(configuration: str) -> bytes:
    return BODY.replace('"panel_type"', f'"configuration": {configuration}, "panel_type"').encode()


ODD: Mapping[str, tuple[bytes, tuple[int, ...]]] = {
    "lists without end": (b"[" * 200_000, (400,)),
    "objects without end": (b'{"a":' * 40_000, (400,)),
    "lists that do end, 100,000 deep": (b"[" * 100_000 + b"]" * 100_000, (400, 422)),
    "a configuration 20,000 deep": (_with('{"a":' * 20_000 + "1" + "}" * 20_000), (400, 422)),
    "a configuration 900 deep": (_with('{"a":' * 900 + "1" + "}" * 900), (400, 422)),
    "a number of 5,000 digits": (_with('{"max_rounds": ' + "9" * 5000 + "}"), (400, 422)),
    "a number beyond all doubles": (_with('{"max_rounds": 1e999}'), (400, 422)),
    "no number": (_with('{"max_rounds": NaN}'), (400, 422)),
    "41 keys": (_with(json.dumps({f"k{number}": 1 for number in range(41)})), (422,)),
    "nothing": (b"", (422,)),
}


@nothing_is_begun
@pytest.mark.parametrize("what", ODD)
async def test_an_odd_body_is_refused_and_begins_nothing(running: RunningStack, what: str) -> None:
    content, expected = ODD[what]
    async with running.http() as client:
        answer = await client.post(
            "/panels", content=content, headers={"Content-Type": "application/json"}, timeout=10
        )
        assert answer.status_code in expected, answer.text[:300]
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert len(answer.content) < 20_000, "what was sent is not sent back"
        assert problem["status"] == answer.status_code


@nothing_is_begun
async def test_a_compressed_body_is_not_unpacked(running: RunningStack) -> None:
    """So no small body can grow: what is sent is what is counted."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    async with running.http() as client:
        answer = await client.post("/panels", content=b"\x1f\x8b" + b"\0" * 100, headers=headers)
    check_problem(answer, 400)


async def test_heads_are_bounded_and_odd_paths_are_answered(running: RunningStack) -> None:
    async with running.http() as client:
        with_header = await _sent(client, {"X-Filler": "a" * LONGEST_HEAD})
        with_many = await _sent(client, {f"X-{number}": "a" * 60 for number in range(LONGEST_HEAD // 60)})
        for refused in (with_header, with_many):
            assert refused is None or refused.status_code == 431
        assert (await client.get("/tenant")).status_code == 200
        for path in (
            "/panels/%00",
            "/panels/..%2f..%2fetc",
            "/agents/%ff",
            "/agents/" + "a" * 5000,
            "//panels",
        ):
            answer = await client.get(path)
            assert answer.status_code in (404, 422), (path, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"


async def _sent(client: httpx.AsyncClient, headers: dict[str, str]) -> httpx.Response | None:
    """The answer; None when the connection was cut while the head was still being sent."""
    try:
        return await client.get("/tenant", headers=headers)
    except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        return None


async def test_no_other_origin_is_let_in_and_every_kind_of_answer_says_what_a_page_may(
    running: RunningStack,
) -> None:
    assert urlsplit(running.url).hostname == "127.0.0.1", "a local stack listens on loopback"
    foreign = {"Origin": "https://evil.example"}
    asked = foreign | {
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    async with httpx.AsyncClient(base_url=running.url) as client:
        answers = [
            await client.options("/api/v1/panels", headers=asked),
            *[
                await client.get(path, headers=foreign | running.headers())
                for path in ("/", "/api/v1/tenant", "/api/v1/nothing", "/openapi.json", "/readyz", "/metrics")
            ],
            await client.post("/api/v1/panels", content=b"{", headers=foreign | running.headers()),
            await client.post("/api/v1/panels", content=b" " * 300_000, headers=running.headers()),
        ]
    for answer in answers:
        headers = answer.headers
        assert not [name for name in headers if name.startswith("access-control-")], answer.request.url
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe-eval" not in headers["content-security-policy"]
        assert "server" not in headers
        assert "set-cookie" not in headers, "no cookie, so no request forged across sites"


ODD_IDS = ("a", "a" * 64, "0", "A-b", "a_b", "%3E", "*", "a.b", "%F0%9F%98%80", "a%20b", "global.expert-0")
"""None is the id of an expert, and some mean something to NATS."""


@pytest.mark.parametrize("agent_id", ODD_IDS)
async def test_an_id_that_no_expert_can_have_is_refused_before_anything_is_asked_for_it(
    running: RunningStack, agent_id: str
) -> None:
    expert = {
        "name": "Odd", "title": "Odd expert", "domain": "law", "summary": "Has an id that is none.",
        "instructions": "Say briefly what is odd about this id.",
    }  # fmt: skip
    async with running.http("owner") as client:
        check_problem(await client.put(f"/agents/{agent_id}", json=expert), 422, "path/agent_id")
        check_problem(await client.delete(f"/agents/{agent_id}"), 422, "path/agent_id")


@pytest.mark.parametrize(
    "moment",
    [
        "0",
        "0.5",
        "-1",
        "1700000000",
        "now",
        "2026-01-01T00:00:00",
        "2026-01-01",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "1969-12-31T23:59:59Z",
    ],
)
async def test_a_moment_is_a_date_and_time_with_its_zone_and_no_number(
    running: RunningStack, moment: str
) -> None:
    async with running.http() as client:
        for path, name in (
            ("/panels", "created_after"),
            ("/panels", "created_before"),
            ("/usage", "from"),
            ("/usage", "to"),
        ):
            check_problem(await client.get(path, params={name: moment}), 422, f"query/{name}")
        good = {"created_after": "2026-01-01T00:00:00Z", "created_before": "2026-06-01T00:00:00+02:00"}
        assert (await client.get("/panels", params=good)).status_code == 200


async def test_the_document_describes_every_error_it_refers_to(running: RunningStack) -> None:
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"{running.url}/openapi.json")).text
    schemas = json.loads(text)["components"]["schemas"]
    named = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert named <= set(schemas)
    assert set(schemas["ProblemBody"]["required"]) >= {"type", "title", "status", "detail", "trace_id"}
