"""What surrounds every request: security headers, the limits of a body, and the 500 of last resort.

A body is read before anybody knows who sends it. So it has a size and a time, and all that are held together have a
size as well.

While the process drains, each answer also ends its connection: a client that goes on comes back by a new one,
which leads to a gateway that stays.

Plain ASGI, so that streams pass through untouched.
"""

import asyncio
import logging

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from askpanel.gateway.api.problems import Problem, answer, internal, unavailable

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
WITHOUT_BODY = ("GET", "HEAD", "OPTIONS")
CLOSE = {"Connection": "close"}

API_POLICY = "default-src 'none'; frame-ancestors 'none'"


class Guard:
    """ASGI middleware; `most_bytes` and `most_seconds` bound a request body, `most_held` the bytes of all that are
    being read or served."""

    def __init__(self, app: ASGIApp, *, most_bytes: int, most_seconds: float, most_held: int) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._most_seconds = most_seconds
        self._most_held = most_held
        self._held = 0

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
            whole = None if request.method in WITHOUT_BODY else await self._body(request)
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
        finally:
            self._held -= len(whole or b"")

    async def _body(self, request: Request) -> bytes:
        """The whole body, which counts as held until the request is answered. Raises Problem (408, 413, 503)."""
        body = bytearray()
        size, refusal, whole = 0, None, None
        try:
            async with asyncio.timeout(self._most_seconds):
                async for chunk in request.stream():
                    size += len(chunk)
                    refusal = self._refusal(size, len(chunk)) or refusal
                    if refusal is None:
                        body += chunk
                        self._held += len(chunk)
                        continue
                    self._held -= len(body)
                    body.clear()
                    if size > self._most_bytes + PATIENTLY_DISCARDED:
                        break
            if refusal is None:
                whole = bytes(body)
        except TimeoutError:
            why = f"The body did not come within {self._most_seconds:g} seconds."
            refusal = refusal or Problem(408, "timeout", why, headers=CLOSE)
        finally:
            if whole is None:
                self._held -= len(body)
        if whole is None:
            assert refusal is not None
            raise refusal
        return whole

    def _refusal(self, size: int, more: int) -> Problem | None:
        """Why a body of this size so far is not kept with so many more bytes; None where it is."""
        if size > self._most_bytes:
            return Problem(
                413, "too-large", f"The body is larger than {self._most_bytes} bytes.", headers=CLOSE
            )
        if self._held + more > self._most_held:
            return unavailable("Too many requests are being read at once; nothing was done.", 1)
        return None


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
