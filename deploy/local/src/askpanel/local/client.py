"""A small client of the REST and SSE API, for the command line. Any program could do the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from httpx_sse import EventSource

from askpanel.local.invocation import command


class ApiError(Exception):
    """The API refused, or could not be reached; the text is one line for people."""


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event of a panel's stream. `id` is None for token deltas."""

    name: str
    id: int | None
    data: dict[str, Any]


class ApiClient:
    """Talks to one gateway as one user of one tenant; `options` name both on a command line."""

    def __init__(self, url: str, *, token: str, tenant_id: UUID, options: str = "") -> None:
        self.options = options
        self._http = httpx.Client(
            base_url=f"{url}/api/v1",
            headers={"Authorization": f"Bearer {token}", "X-Tenant-ID": str(tenant_id)},
            timeout=httpx.Timeout(10.0, read=60.0),
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def request(self, method: str, path: str, **arguments: Any) -> Any:
        """The JSON of an answer. Raises ApiError with what the problem document says."""
        try:
            response = self._http.request(method, path, **arguments)
        except httpx.TransportError as error:
            raise ApiError(
                f"cannot reach {self._http.base_url}: {error}; is the stack up? (`{command()} up`)"
            ) from None
        if response.is_error:
            raise ApiError(problem(response))
        return response.json()

    def stream(self, panel_id: str, *, reconnects: int = 20) -> Iterator[SseEvent]:
        """The panel's events to its end; resumes after a lost connection, at most `reconnects` times in a row."""
        last: int | None = None
        tries = 0
        while True:
            try:
                for event in self._connect(panel_id, last):
                    tries = 0
                    last = event.id if event.id is not None else last
                    yield event
                    if event.name in ("panel_completed", "panel_failed"):
                        return
            except httpx.TransportError as error:
                if tries >= reconnects:
                    raise ApiError(f"the stream broke off: {error}") from None
            tries += 1
            if tries > reconnects:
                raise ApiError("the stream ended again and again without the panel's end")

    def _connect(self, panel_id: str, last: int | None) -> Iterator[SseEvent]:
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": str(last)} if last else {})
        with self._http.stream("GET", f"/panels/{panel_id}/stream", headers=headers) as response:
            if response.is_error:
                response.read()
                raise ApiError(problem(response))
            for event in EventSource(response).iter_sse():
                if event.data:
                    yield SseEvent(event.event, int(event.id) if event.id else None, event.json())


def problem(response: httpx.Response) -> str:
    """One line of an RFC 9457 problem document."""
    try:
        document = response.json()
    except ValueError:
        return f"{response.status_code} {response.reason_phrase}"
    problems: list[dict[str, str]] = document.get("errors") or []
    errors = "; ".join(_error(**one) for one in problems)
    why = errors or document.get("detail") or ""
    return f"{response.status_code} {document.get('title', '')}: {why}"


def _error(*, detail: str = "", pointer: str = "", **_: str) -> str:
    """`/configuration/max_rounds` is a place in a body, not a path that somebody typed."""
    place = pointer.strip("/").replace("/", ".")
    return f"{place}: {detail}" if place else detail
