"""The web UI: static files at `/`, or a plain page that says how to use the API where there is none.

The Content-Security-Policy of a page allows its own inline scripts by hash and nothing from elsewhere.
"""

import base64
import hashlib
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Match
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from askpanel.gateway.settings import GatewaySettings

logger = logging.getLogger(__name__)

_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
_FOREVER = "public, max-age=31536000, immutable"

PLAIN_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Ask Panel</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}
pre{overflow:auto;padding:1rem;border:1px solid;border-radius:.25rem}</style>
<h1>Ask Panel</h1>
<p>The API is running. The web interface is not part of this build.</p>
<p>Ask a panel (a token comes from <code>askpanel token</code>, a tenant from <code>askpanel up</code>):</p>
<pre>curl -sS $URL/api/v1/panels \\
  -H "Authorization: Bearer $TOKEN" -H "X-Tenant-ID: $TENANT" \\
  -H "Content-Type: application/json" \\
  -d '{"query": "Should we open a second office?", "panel_type": "structured"}'

curl -N $URL/api/v1/panels/$PANEL/stream \\
  -H "Authorization: Bearer $TOKEN" -H "X-Tenant-ID: $TENANT"</pre>
<p><a href="/openapi.json">OpenAPI</a> · <a href="/readyz">readiness</a> · <a href="/metrics">metrics</a></p>
</html>
"""


@dataclass(frozen=True, slots=True)
class SignIn:
    """What the UI is told about signing in (`/config.json`), and the one origin it may then call."""

    config: Mapping[str, Any]
    origin: str = ""


def sign_in(settings: GatewaySettings) -> SignIn:
    """As the operator set it; without both address and key the UI asks for a token.

    `local`: it follows a link that signs in, as the local stack prints one.
    """
    tenants = [{"id": str(tenant), "name": name} for tenant, name in settings.web_tenants.items()]
    config: dict[str, Any] = {"tenants": tenants, "local": settings.local}
    if settings.supabase_url is None or settings.supabase_anon_key is None:
        return SignIn(config)
    address = urlsplit(settings.supabase_url)
    config |= {"supabase_url": settings.supabase_url, "supabase_anon_key": settings.supabase_anon_key}
    return SignIn(config, f"{address.scheme}://{address.netloc}")


def content_policy(page: bytes, origin: str = "") -> str:
    """What a page of ours may load: from here only, and its inline scripts as they are now.

    `origin` is where it may sign people in.
    """
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"
        for script in dict.fromkeys(_INLINE_SCRIPT.findall(page))
    )
    here_and = f"'self' {origin}".rstrip()
    return (
        f"default-src 'self'; script-src 'self' {hashes}".rstrip()
        + "; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        + f"connect-src {here_and}; object-src 'none'"
        + "; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


class WebFiles(StaticFiles):
    """The exported UI. Pages carry their policy; files with a hash in their name are kept for ever.

    A script or style goes out as the gzip that the build has put beside it, to whoever takes that.
    """

    def __init__(self, directory: Path, sign_in: SignIn) -> None:
        super().__init__(directory=directory, html=True)
        self._sign_in = sign_in

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, the page of that name, or the UI's own 404 page."""
        if path.startswith("api/"):
            raise _no_page(scope)  # an interface for programs: they get a problem document
        if path == "config.json":
            return JSONResponse(self._sign_in.config, headers={"Cache-Control": "no-cache"})
        if not path.startswith("_next/static/"):
            scope = _unconditional(scope)
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404 or Path(path).suffix:
                raise
            response = await super().get_response(f"{path}.html", scope)
        file = getattr(response, "path", None)
        if file is not None and str(file).endswith(".html"):
            response.headers["Content-Security-Policy"] = content_policy(
                Path(file).read_bytes(), self._sign_in.origin
            )
        response.headers["Cache-Control"] = _FOREVER if path.startswith("_next/static/") else "no-cache"
        return response

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """The file, or its compressed twin."""
        packed = Path(f"{os.fspath(full_path)}.gz")
        if not packed.is_file():
            return super().file_response(full_path, stat_result, scope, status_code)
        if not _takes_gzip(scope):
            response = super().file_response(full_path, stat_result, scope, status_code)
        else:
            response = super().file_response(packed, packed.stat(), scope, status_code)
            if response.status_code != 304:
                response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
        return response


def _takes_gzip(scope: Scope) -> bool:
    """Whether the request accepts gzip; `q=0` refuses it."""
    accepted = Headers(scope=scope).get("accept-encoding", "")
    for choice in accepted.lower().split(","):
        coding, _, quality = choice.partition(";")
        if coding.strip() in ("gzip", "*"):
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _no_page(scope: Scope) -> HTTPException:
    """What the API itself would have said, had the UI not been mounted behind it: 405 or 404."""
    known = any(route.matches(scope)[0] is Match.PARTIAL for route in scope["app"].routes)
    return HTTPException(405 if known else 404)


def _unconditional(scope: Scope) -> Scope:
    """The request without its conditions: a 304 for a page would come without the page's own policy."""
    conditions = (b"if-none-match", b"if-modified-since")
    headers = [header for header in scope["headers"] if header[0].lower() not in conditions]
    return {**scope, "headers": headers}


def serve(app: FastAPI, root: Path | None, sign_in: SignIn) -> None:
    """Answer `/` with the UI in `root`, or with the plain page when there is none."""
    if root is not None and (root / "index.html").is_file():
        app.mount("/", WebFiles(root, sign_in), name="web")
        return
    if root is not None:
        logger.warning("no web interface at %s: serving a plain page", root)

    async def plain(_: Request) -> Response:
        headers = {"Content-Security-Policy": content_policy(PLAIN_PAGE.encode())}
        return HTMLResponse(PLAIN_PAGE, headers=headers)

    app.add_route("/", plain, include_in_schema=False)
