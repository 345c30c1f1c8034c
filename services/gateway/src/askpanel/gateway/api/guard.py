"""What surrounds every request: security headers, the body's size limit, and the 500 of last resort.

While the process drains, each answer also ends its connection: a client that goes on comes back by a new one,
which leads to a gateway that stays.

Plain ASGI, so that streams pass through untouched.
"""

import logging

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from askpanel.gateway.api.problems import Problem, answer, internal

logger = logging.getLogger(__name__)

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
PATIENTLY_DISCARDED = 4_000_000
"""Bytes beyond the limit that are read and dropped: a client still sending would not see the answer."""

API_POLICY = "default-src 'none'; frame-ancestors 'none'"


class Guard:
    """ASGI middleware; `most_bytes` bounds a request body."""

    def __init__(self, app: ASGIApp, *, most_bytes: int) -> None:
        self._app = app
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(raw=message["headers"])
                _add_headers(headers)
                if request.app.state.sides.draining:
                    headers["Connection"] = "close"
            await send(message)

        try:
            whole = await self._body(request)
        except ClientDisconnect:
            return
        except Problem as problem:
            await answer(request, problem)(scope, receive, send_guarded)
            return
        try:
            await self._app(scope, _replay(whole, receive), send_guarded)
        except Exception as error:
            logger.exception("%s %s failed", request.method, scope["path"])
            if started:
                raise
            await internal(request, error)(scope, receive, send_guarded)

    async def _body(self, request: Request) -> bytes | None:
        """The whole body, None where there is none. Raises Problem (413) above the limit."""
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return None
        chunks: list[bytes] = []
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size <= self._most_bytes:
                chunks.append(chunk)
            elif size > self._most_bytes + PATIENTLY_DISCARDED:
                break
        if size > self._most_bytes:
            why = f"The body is larger than {self._most_bytes} bytes."
            raise Problem(413, "too-large", why, headers={"Connection": "close"})
        return b"".join(chunks)


def _replay(body: bytes | None, receive: Receive) -> Receive:
    """A receive channel that gives the body again, then what really comes (a disconnect)."""
    if body is None:
        return receive
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


def _add_headers(headers: MutableHeaders) -> None:
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Content-Security-Policy", API_POLICY)
    headers.setdefault("Cache-Control", "no-store")
