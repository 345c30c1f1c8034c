"""The sign-in process: HTTP on loopback, for the gateway's own pages and for programs on this machine.

Requests name this machine as their host (a name that was rebound to it is refused), carry the anon key, and
have small bodies. A browser is let in from the gateway's origin only.
"""

import asyncio
import hmac
import json
import logging
import sys
import time
from contextlib import closing
from typing import Any, cast, get_args

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from askpanel.gateway.http import BoundedHttp
from askpanel.local.demo import TENANTS
from askpanel.local.sign_in.desk import Account, Desk
from askpanel.local.sign_in.protocol import (
    API_VERSION,
    API_VERSION_HEADER,
    Refused,
    error_body,
    invalid,
)
from askpanel.local.sign_in.sessions import Scope, Sessions
from askpanel.local.sign_in.settings import SignInSettings
from askpanel.runtime import telemetry
from askpanel.runtime.ending import end
from askpanel.runtime.health import QuietServer
from askpanel.runtime.process import until_signal
from askpanel.runtime.settings import load

logger = logging.getLogger(__name__)

SERVICE = "sign-in"
LOOPBACK = "127.0.0.1"
MOST_BODY_BYTES = 16_384
MACHINE = ["127.0.0.1", "localhost"]
SENT = ["Authorization", "apikey", "Content-Type", "X-Client-Info", API_VERSION_HEADER]


def create_app(desk: Desk, *, anon_key: str, origins: tuple[str, ...]) -> Starlette:
    """The application around an open desk."""
    routes = _Routes(desk, anon_key)
    return Starlette(
        routes=[
            Route("/auth/v1/token", routes.token, methods=["POST"]),
            Route("/auth/v1/user", routes.user, methods=["GET"]),
            Route("/auth/v1/logout", routes.logout, methods=["POST"]),
            Route("/auth/v1/.well-known/jwks.json", routes.jwks, methods=["GET"]),
            Route("/readyz", routes.ready, methods=["GET"]),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=MACHINE),
            Middleware(
                CORSMiddleware,
                allow_origins=list(origins),
                allow_methods=["GET", "POST"],
                allow_headers=SENT,
                expose_headers=[API_VERSION_HEADER],
                max_age=600,
            ),
        ],
        exception_handlers={Refused: _refused},
    )


class _Routes:
    """The endpoints. The desk works in memory and on one small file: no answer waits for anything."""

    def __init__(self, desk: Desk, anon_key: str) -> None:
        self._desk = desk
        self._anon_key = anon_key

    async def token(self, request: Request) -> Response:
        """`grant_type=password` signs in, `grant_type=refresh_token` goes on."""
        self._let_in(request)
        body = await _body(request)
        match request.query_params.get("grant_type"):
            case "password":
                return _answer(self._desk.sign_in(_text(body, "email"), _text(body, "password")))
            case "refresh_token":
                return _answer(self._desk.refresh(_text(body, "refresh_token")))
            case _:
                raise invalid("grant_type must be password or refresh_token")

    async def user(self, request: Request) -> Response:
        """Whose the token is."""
        self._let_in(request)
        return _answer(self._desk.user(_bearer(request)))

    async def logout(self, request: Request) -> Response:
        """End this session, all of the user's (default), or all others."""
        self._let_in(request)
        scope = request.query_params.get("scope", "global")
        if scope not in get_args(Scope):
            raise invalid(f"scope must be one of {', '.join(get_args(Scope))}")
        self._desk.sign_out(_bearer(request), cast("Scope", scope))
        return Response(status_code=204, headers=NOT_STORED)

    async def jwks(self, _: Request) -> Response:
        """No public keys: tokens are signed with the shared secret, as by projects with a legacy secret."""
        return JSONResponse({"keys": []})

    async def ready(self, _: Request) -> Response:
        """For the launcher."""
        return PlainTextResponse("ok\n")

    def _let_in(self, request: Request) -> None:
        self._desk.within_rate()
        key = request.headers.get("apikey", "")
        if not hmac.compare_digest(key.encode(), self._anon_key.encode()):
            raise Refused(401, "no_authorization", "No API key found in request, or a wrong one")


NOT_STORED = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def _answer(body: dict[str, Any]) -> Response:
    return JSONResponse(body, headers=NOT_STORED)


async def _refused(request: Request, error: Exception) -> Response:
    refused = cast("Refused", error)
    version = request.headers.get(API_VERSION_HEADER)
    headers = NOT_STORED | refused.headers | {API_VERSION_HEADER: API_VERSION}
    return JSONResponse(error_body(refused, version), status_code=refused.status, headers=headers)


async def _body(request: Request) -> dict[str, Any]:
    """The JSON object of a request. Raises Refused."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BODY_BYTES:
            raise Refused(413, "validation_failed", "Request body too large", {"Connection": "close"})
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "bad_json", "Could not parse request body as JSON") from None
    if not isinstance(parsed, dict):
        raise Refused(400, "bad_json", "Request body is no JSON object")
    return cast("dict[str, Any]", parsed)


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise invalid(f"{name} is missing")
    if any(0xD800 <= ord(character) <= 0xDFFF for character in value):
        raise invalid(f"{name} is no text")
    return value


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused(401, "no_authorization", "This endpoint requires a valid Bearer token")
    return token.strip()


async def serve(settings: SignInSettings) -> None:
    """Serve until SIGTERM or SIGINT."""
    secret = settings.refresh_secret.get_secret_value().encode()
    with closing(Sessions(settings.sessions, secret, time.time)) as sessions:
        desk = Desk(
            accounts(settings),
            sessions,
            issuer=settings.issuer,
            secret=settings.jwt_secret.get_secret_value(),
            clock=time.time,
        )
        app = create_app(desk, anon_key=settings.anon_key, origins=settings.origins)
        server = QuietServer(
            uvicorn.Config(
                app,
                host=LOOPBACK,
                port=settings.port,
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="off",
                timeout_graceful_shutdown=1,
                http=BoundedHttp,
            )
        )
        serving = asyncio.create_task(server.serve())
        waiting = asyncio.create_task(until_signal())
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await end(waiting)
        await serving


def accounts(settings: SignInSettings) -> tuple[Account, ...]:
    """The demo users that have a password, whatever their membership: that is the gateway's question."""
    return tuple(
        Account(user.id, user.email, settings.passwords[user.email].get_secret_value())
        for tenant in TENANTS
        for user in tenant.users
        if user.email in settings.passwords
    )


def main() -> None:
    """Run the process. Exits 2 for wrong settings, 1 when it cannot start, with one line each."""
    settings = load(SignInSettings)
    telemetry.configure(SERVICE, level="info", log_format="json")
    try:
        asyncio.run(serve(settings))
    except OSError as error:
        print(f"{SERVICE}: {error}", file=sys.stderr)
        raise SystemExit(1) from None
