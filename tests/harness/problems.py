"""RFC 9457 problem documents, checked as a client would read them."""

import json
from typing import Any

import httpx

MEMBERS = {"type", "title", "status", "detail", "instance", "errors", "trace_id"}
LEAKS = ("Traceback", "asyncpg", "pydantic", "psycopg", "from public.", 'File "')


def check_problem(response: httpx.Response, status: int, pointer: str | None = None) -> dict[str, Any]:
    """The document, once it is one: of this status, pointing there, and giving nothing of ours away."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
    assert response.headers["content-type"].split(";")[0] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert set(problem) >= MEMBERS, problem
    assert problem["status"] == status
    assert problem["instance"] == response.request.url.path
    assert len(problem["trace_id"]) == 32
    leaks = [leak for leak in LEAKS if leak in response.text]
    assert not leaks, f"{leaks} in {response.text[:500]}"
    pointers = [error["pointer"] for error in problem["errors"]]
    if pointer is None:
        assert pointers == [], json.dumps(problem)
    else:
        assert pointer in pointers, f"{pointer} is not among {pointers}"
    return problem
