"""The trace of every request: the caller's, or a new one. Around everything else, so that all answers have it.

Plain ASGI. Probes and files get no span of their own: they would outnumber the rest and say nothing. An open
stream is one long span; what happened on it stands in its events.
"""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from askpanel.runtime import tracing

API = "/api/"


class Traced:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        tracing.arrived(headers.get("traceparent"), headers.get("tracestate"))
        ours = scope["path"].startswith(API)
        span = tracing.request(scope["method"], scope["scheme"]) if ours else None
        if span is None:
            await self._app(scope, receive, send)
            return
        status: int | None = None

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with span as going_on:
            try:
                await self._app(scope, receive, send_noted)
            finally:
                panel = scope.get("path_params", {}).get("panel_id")
                going_on.answered(_route(scope), None if panel is None else str(panel), status)


def _route(scope: Scope) -> str | None:
    """The path of the route that took the request, with its parameters' names; None for no route.

    The framework tells a route's own part of it; what comes before has no parameters.
    """
    own: str | None = getattr(scope.get("route"), "path_format", None)
    if own is None:
        return None
    path: str = scope["path"]
    before = path.split("/")[: path.count("/") - own.count("/") + 1]
    return "/".join(before) + own
