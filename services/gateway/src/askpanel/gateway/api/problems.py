"""Every error as `application/problem+json` (RFC 9457), the framework's own included.

    Problem               raised by a route: status, kind, detail, the places in the body, headers

No stack trace, no SQL, no secret: whatever is not a Problem becomes a 500 without detail, and the log
has the rest under the same `trace_id`.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from askpanel.gateway.auth.keys import KeysUnavailable
from askpanel.gateway.auth.membership import MembershipUnknown, NotAMember
from askpanel.gateway.auth.token import TokenRefused
from askpanel.gateway.readmodel.queries import BadCursor, ReadModelUnavailable
from askpanel.gateway.stream.encode import error_body, json_line
from askpanel.gateway.stream.tickets import TicketRefused
from askpanel.runtime import tracing
from askpanel.runtime.errors import EventTooLarge, LogMisconfigured, LogUnavailable

MEDIA_TYPE = "application/problem+json"
URN = "urn:askpanel:problem:"
MOST_ERRORS = 50


class Place(BaseModel):
    """One thing wrong with the request: an RFC 6901 pointer into the body, or `query/…`, `header/…`."""

    pointer: str
    detail: str


class LimitBody(BaseModel):
    """The limit that was met: as `limits` or `settings` of `GET /tenant` name it, with what is left of it."""

    name: str = Field(examples=["requests_per_second", "panels_per_month", "hybrid_panel"])
    limit: Decimal | float | None = Field(description="What it allows; None: this is not a number.")
    remaining: Decimal | float = 0
    resets_at: datetime | None = Field(description="When there is more; None: time alone does not help.")


class ProblemBody(BaseModel):
    """RFC 9457, with the places in the body and the trace to quote to an operator."""

    type: str = Field(examples=["urn:askpanel:problem:invalid-request"])
    title: str
    status: int
    detail: str
    instance: str
    errors: list[Place] = []
    trace_id: str
    limit: LimitBody | None = Field(default=None, description="Where a limit is the reason (402, 403, 429).")


class Problem(Exception):
    """An answer other than success. `more` are further members of the body."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        errors: Iterable[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.more = dict(more or {})


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that was met: how much it allows, how much is left, when there is more.

    `limit` is None where it is no number (a feature that is off), `resets_at` where time alone does not help.
    """

    name: str
    limit: Decimal | float | None = None
    remaining: Decimal | float = 0
    resets_at: datetime | None = None


def limited(
    status: int, kind: str, detail: str, met: Limit, *, quota: int | None = None, retry: int | None = None
) -> Problem:
    """The one way to say that a limit was met: in the body, and for what a client may try again in headers.

    `quota` is what the limit allows at once, where that is not `met.limit`; `retry` in seconds is when to
    come back, where that is not when it resets. RateLimit fields: draft-ietf-httpapi-ratelimit-headers-10.
    """
    headers: dict[str, str] = {}
    if retry is None and met.resets_at is not None:
        retry = max(1, math.ceil((met.resets_at - datetime.now(UTC)).total_seconds()))
    if retry is not None:
        left = max(int(met.remaining), 0)
        headers["Retry-After"] = str(retry)
        headers["RateLimit"] = f'"{met.name}";r={left};t={retry}'
        if met.limit is not None:
            headers["RateLimit-Policy"] = f'"{met.name}";q={quota or int(met.limit)}'
    told = {
        "name": met.name,
        "limit": met.limit,
        "remaining": max(met.remaining, type(met.remaining)(0)),
        "resets_at": met.resets_at,
    }
    return Problem(status, kind, detail, headers=headers, more={"limit": told})


def not_found(what: str = "panel") -> Problem:
    """The same for what does not exist and for what belongs to another tenant."""
    return Problem(404, "not-found", f"There is no such {what}.")


def invalid(*errors: tuple[str, str]) -> Problem:
    """The request is understood and cannot be done: each pointer says where, each text why."""
    return Problem(422, "invalid-request", "The request is not valid: see errors.", errors=errors)


def unavailable(what: str, retry_after: int = 2) -> Problem:
    """A side we depend on does not answer; nothing was done."""
    return Problem(503, "unavailable", what, headers={"Retry-After": str(retry_after)})


def answer(request: Request, problem: Problem) -> Response:
    """The problem as bytes. A client of event streams takes any status but 200 as final, so one that may
    come back later gets a stream of a single `error` event instead."""
    fields: dict[str, Any] = {
        "type": URN + problem.kind,
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request.url.path,
        "errors": [{"pointer": pointer, "detail": why} for pointer, why in problem.errors[:MOST_ERRORS]],
        "trace_id": tracing.trace_id(),
        **problem.more,
    }
    wants_events = "text/event-stream" in request.headers.get("accept", "")
    if wants_events and problem.status in (429, 503):
        return Response(
            error_body(fields),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-cache, no-transform"},
        )
    return Response(json_line(fields), problem.status, problem.headers, MEDIA_TYPE)


def pointer(location: Iterable[object]) -> str:
    """A pydantic location as a pointer: `/agents/2` in the body, `query/limit` elsewhere."""
    parts = [str(part).replace("~", "~0").replace("/", "~1") for part in location]
    if parts[:1] == ["body"]:
        return "".join(f"/{part}" for part in parts[1:])
    return "/".join(parts)


def _of_validation(request: Request, error: RequestValidationError) -> Problem:
    problems = error.errors()
    unread = any(tuple(entry["loc"]) == ("body",) and isinstance(entry["input"], bytes) for entry in problems)
    if unread:  # the framework reads nothing but JSON
        given = request.headers.get("content-type", "no type")
        detail = f"The body must be sent as application/json, not as {given[:100]}."
        return Problem(415, "unsupported-media-type", detail, headers={"Accept": "application/json"})
    if any(entry["type"] == "json_invalid" for entry in problems):
        return Problem(400, "malformed", "The body is not valid JSON in UTF-8.")
    return invalid(*((pointer(entry["loc"]), _sentence(entry)) for entry in problems))


def _sentence(entry: Mapping[str, Any]) -> str:
    sentence = str(entry["msg"]).removeprefix("Value error, ")
    if entry["type"] in ("too_short", "too_long") and isinstance(entry["input"], str):
        return sentence.replace("item", "character")  # so Pydantic counts a text that was cleaned before
    return sentence


_HTTP_KINDS = {400: "malformed", 404: "not-found", 405: "method-not-allowed", 413: "too-large"}


def _of_http(error: HTTPException) -> Problem:
    kind = _HTTP_KINDS.get(error.status_code, "http")
    detail = {404: "There is nothing here.", 400: "The body is not valid JSON in UTF-8."}
    text = detail.get(error.status_code, str(error.detail))
    return Problem(error.status_code, kind, text, headers=error.headers)


def _methods(app: FastAPI, request: Request) -> list[str]:
    """Every method this path has: the framework knows only those of the first route that matches."""
    requested = request.url.path.split("/")
    return sorted(
        method.upper()
        for path, methods in app.openapi()["paths"].items()
        if len(parts := path.split("/")) == len(requested)
        and all(part == given or part.startswith("{") for part, given in zip(parts, requested, strict=True))
        for method in methods
    )


def _of_failure(error: Exception) -> Problem:
    match error:
        case TokenRefused() | TicketRefused():
            challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            return Problem(401, "unauthenticated", f"Not signed in: {error}.", headers=challenge)
        case NotAMember():
            return Problem(403, "not-a-member", "You are not an active member of this tenant.")
        case KeysUnavailable():
            return unavailable("The sign-in keys cannot be fetched now.", 5)
        case MembershipUnknown() | ReadModelUnavailable():
            return unavailable("The database does not answer now.")
        case LogUnavailable():
            return unavailable("The event log does not answer now. If this was a write, its outcome is not known: "
                               "repeat it with the same Idempotency-Key.")  # fmt: skip
        case LogMisconfigured():
            return unavailable("The event log is not set up.", 30)
        case EventTooLarge():
            return Problem(422, "too-large", "The request makes an event above the log's size limit.")
        case BadCursor():
            return invalid(("query/cursor", "is not a cursor of this list"))
        case _:
            return Problem(500, "internal", "Something went wrong here. Quote the trace_id to an operator.")


def install(app: FastAPI) -> None:
    """Answer every kind of error of this application as a problem, and describe it in the document."""

    async def of_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return answer(request, error)

    async def of_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return answer(request, _of_validation(request, error))

    async def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        problem = _of_http(error)
        if problem.status == 405:
            problem.headers["Allow"] = ", ".join(_methods(app, request)) or problem.headers.get("Allow", "")
        return answer(request, problem)

    async def of_failure(request: Request, error: Exception) -> Response:
        return answer(request, _of_failure(error))

    described = app.openapi

    def openapi() -> dict[str, Any]:
        document = described()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        if ProblemBody.__name__ not in schemas:
            problem = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= problem.pop("$defs") | {ProblemBody.__name__: problem}
        return document

    app.openapi = openapi
    app.add_exception_handler(Problem, of_problem)
    app.add_exception_handler(RequestValidationError, of_validation)
    app.add_exception_handler(HTTPException, of_http)
    for known in (
        *(TokenRefused, TicketRefused, KeysUnavailable, NotAMember, MembershipUnknown),
        *(ReadModelUnavailable, BadCursor, LogUnavailable, LogMisconfigured, EventTooLarge),
    ):
        app.add_exception_handler(known, of_failure)


def internal(request: Request, error: Exception) -> Response:
    """The answer to a bug."""
    return answer(request, _of_failure(error))
