"""Bad input: every refusal is a problem document that points at what is wrong, and nothing is stored."""

import json
import logging
from collections.abc import AsyncIterator
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest

from askpanel.runtime.telemetry import JsonFormatter
from services.gateway.tests.running import Running, Start

GOOD: dict[str, Any] = {
    "query": "Should we open a second office in Lyon?",
    "panel_type": "structured",
    "agents": ["expert-0", "expert-1", "expert-2"],
}

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("empty question", {"query": ""}, "/query"),
    ("one character", {"query": "?"}, "/query"),
    ("only space", {"query": " " * 50}, "/query"),
    ("nine characters within space", {"query": "  123456789  "}, "/query"),
    ("too long", {"query": "x" * 2001}, "/query"),
    ("NUL", {"query": "Should we\u0000 open a second office?"}, "/query"),
    ("escape sequence", {"query": "Should we \u001b[31m open an office?"}, "/query"),
    ("no text", {"query": 7}, "/query"),
    ("unknown protocol", {"panel_type": "duel"}, "/panel_type"),
    ("unknown agent", {"agents": ["expert-0", "nobody", "expert-2"]}, "/agents/1"),
    ("agent id that is none", {"agents": ["expert-0", "../x", "expert-2"]}, "/agents/1"),
    ("the same agent twice", {"agents": ["expert-0", "expert-1", "expert-0"]}, "/agents/2"),
    ("no experts", {"agents": []}, "/agents"),
    ("too few", {"agents": ["expert-0", "expert-1"]}, "/agents"),
    ("thirteen", {"agents": [f"expert-{n}" for n in range(13)]}, "/agents"),
    ("a number out of range", {"configuration": {"max_rounds": 9}}, "/configuration/max_rounds"),
    ("a key of another protocol", {"configuration": {"moderator_agent": "expert-9"}}, "/configuration/moderator_agent"),
    ("a moderator that is an expert", {"panel_type": "socratic", "configuration": {"moderator_agent": "expert-0"}},
     "/configuration/moderator_agent"),
    ("an unknown moderator", {"panel_type": "socratic", "configuration": {"moderator_agent": "nobody"}},
     "/configuration/moderator_agent"),
    ("NUL deep inside", {"configuration": {"note": {"a": ["x\u0000"]}}}, "/configuration"),
    ("nested too deep", {"configuration": {"a": [[[[[[[[1]]]]]]]]}}, "/configuration"),
    ("a number no store holds", {"configuration": {"a": 10**40}}, "/configuration"),
    ("an integer beyond any float", {"configuration": {"a": 10**400}}, "/configuration"),
    ("more decimals than any column", {"configuration": {"max_cost_usd": "0.5" + "0" * 20_000}},
     "/configuration/max_cost_usd"),
    ("a bound beyond any float's", {"panel_type": "delphi", "configuration": {"quantity": {"unit": "d", "maximum": "1e308"}}},
     "/configuration/quantity"),
    ("a limit misspelt", {"configuration": {"max_cost": "0.05"}}, "/configuration/max_cost"),
    ("configuration that is no object", {"configuration": []}, "/configuration"),
    ("one option", {"options": ["Only this"]}, "/options"),
    ("the same option twice", {"options": ["Open", "open"]}, "/options/1/text"),
    ("an empty option", {"options": ["Open", ""]}, "/options/1/text"),
    ("ten options", {"options": [f"Option {n}" for n in range(10)]}, "/options"),
    ("evidence without text", {"evidence": [{"title": "x"}]}, "/evidence/0/text"),
    ("evidence ids that clash", {"evidence": [{"id": "E2", "text": "x"}, {"text": "y"}]}, "/evidence/1/id"),
    ("a parent that is no id", {"parent_panel_id": "first"}, "/parent_panel_id"),
    ("a parent nobody has", {"parent_panel_id": str(uuid4())}, "/parent_panel_id"),
    ("a field we do not know", {"tenant_id": str(uuid4())}, "/tenant_id"),
    ("a cost of one's own", {"cost_usd": 0}, "/cost_usd"),
]  # fmt: skip

MALFORMED = [
    b"",
    b"{",
    b"\xff\xfe\xfa",
    b'{"query": "\xc3\x28 is not UTF-8", "panel_type": "open"}',
    b"[" * 100_000,
]


def assert_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert set(body) >= {"type", "title", "status", "detail", "instance", "errors", "trace_id"}
    assert body["status"] == status
    assert len(body["trace_id"]) == 32
    assert int(body["trace_id"], 16)
    for secret in ("Traceback", "asyncpg", "select ", "/src/", "pydantic"):
        assert secret not in answer.text
    return body


async def test_each_wrong_request_is_422_with_a_pointer(gateway: Running) -> None:
    before = await gateway.log.position()
    for what, change, place in REFUSED:
        answer = await gateway.post("/panels", GOOD | change, user="admin")
        body = assert_problem(answer, 422)
        assert place in [error["pointer"] for error in body["errors"]], (what, body["errors"])
        assert body["type"] == "urn:askpanel:problem:invalid-request"
        for error in body["errors"]:
            assert error["detail"], what
    assert await gateway.log.position() == before


async def test_what_is_not_json_is_400_and_what_is_too_large_413(gateway: Running) -> None:
    headers = gateway.headers() | {"Content-Type": "application/json"}
    for raw in MALFORMED:
        answer = await gateway.http.post("/api/v1/panels", content=raw, headers=headers)
        assert_problem(answer, 422 if not raw else 400)
    surrogate = b'{"query": "Should we \\ud800 open it?", "panel_type": "open"}'
    assert_problem(await gateway.http.post("/api/v1/panels", content=surrogate, headers=headers), 422)
    million = json.dumps(GOOD | {"query": "x" * 1_000_000})
    assert_problem(await gateway.http.post("/api/v1/panels", content=million, headers=headers), 413)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 10_000

    assert_problem(await gateway.http.post("/api/v1/panels", content=endless(), headers=headers), 413)


async def test_a_body_that_is_not_sent_as_json_is_415_and_says_how_to_send_it(gateway: Running) -> None:
    """What curl does with -d and without a header."""
    for content_type in ("application/x-www-form-urlencoded", "text/plain", None):
        headers = gateway.headers() | ({"Content-Type": content_type} if content_type else {})
        content = json.dumps(GOOD).encode()
        answer = await gateway.http.post("/api/v1/panels", content=content, headers=headers)
        assert "application/json" in assert_problem(answer, 415)["detail"]
        assert answer.headers["accept"] == "application/json"
    spelled = gateway.headers() | {"Content-Type": "application/JSON; charset=utf-8"}
    answer = await gateway.http.post("/api/v1/panels", content=json.dumps(GOOD).encode(), headers=spelled)
    assert answer.status_code == 201, answer.text


async def test_the_frameworks_own_errors_are_problems_too(gateway: Running) -> None:
    assert_problem(await gateway.http.get("/api/v1/nothing"), 404)
    assert_problem(await gateway.http.get("/nothing"), 404)
    wrong_method = await gateway.http.delete("/api/v1/panels")
    assert_problem(wrong_method, 405)
    assert "GET" in wrong_method.headers["allow"]
    assert_problem(await gateway.get("/panels/not-a-uuid"), 422)
    assert_problem(await gateway.get("/panels?limit=many"), 422)


async def test_a_bug_is_a_500_without_any_inside(gateway: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("Traceback: select secret from /src/asyncpg")

    monkeypatch.setattr(gateway.app.state.gateway.catalogue, "of", broken)
    lines = StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(JsonFormatter("gateway"))
    guard = logging.getLogger("askpanel.gateway.api.guard")
    guard.addHandler(handler)

    body = assert_problem(await gateway.get("/agents"), 500)

    guard.removeHandler(handler)
    assert body["detail"] == "Something went wrong here. Quote the trace_id to an operator."
    assert json.loads(lines.getvalue())["trace_id"] == body["trace_id"]


async def test_keys_and_headers_are_checked(gateway: Running) -> None:
    for key in ("", "x" * 256, "with space"):
        headers = gateway.headers() | {"Idempotency-Key": key}
        body = assert_problem(await gateway.http.post("/api/v1/panels", json=GOOD, headers=headers), 422)
        assert body["errors"][0]["pointer"] == "header/Idempotency-Key"
    for sequence in ("-1", "soon", str(2**70)):
        answer = await gateway.get("/panels", headers={"X-Min-Sequence": sequence})
        assert_problem(answer, 422)


async def test_every_answer_carries_the_security_headers_and_no_foreign_origin_is_let_in(
    gateway: Running, start: Start
) -> None:
    preflight = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    for path in ("/", "/livez", "/api/v1/panels", "/api/v1/nothing", "/openapi.json", "/metrics"):
        headers = (await gateway.http.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "content-security-policy" in headers
        assert "server" not in headers or "uvicorn" not in headers["server"]
    assert (
        "access-control-allow-origin"
        not in (await gateway.http.options("/api/v1/panels", headers=preflight)).headers
    )
    open_to_one = await start(cors_origins="https://app.example")
    allowed = await open_to_one.http.options("/api/v1/panels", headers=preflight)
    refused = await open_to_one.http.options(
        "/api/v1/panels", headers=preflight | {"Origin": "https://evil.example"}
    )
    assert allowed.headers["access-control-allow-origin"] == "https://app.example"
    assert "access-control-allow-origin" not in refused.headers


async def test_documents_and_the_plain_page_need_no_token(gateway: Running) -> None:
    document = (await gateway.http.get("/openapi.json")).json()
    page = await gateway.http.get("/")

    for path in ("/api/v1/panels", "/api/v1/panels/{panel_id}/stream", "/api/v1/usage", "/readyz"):
        assert path in document["paths"]
    assert (await gateway.http.get("/docs")).status_code == 404
    assert "/api/v1/panels" in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert (await gateway.http.get("/livez")).text == "ok\n"
    assert "askpanel_sse_streams" in (await gateway.http.get("/metrics")).text
