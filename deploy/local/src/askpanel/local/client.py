"""A small client of the REST and SSE API, for the command line. Any program could do the same."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from httpx_sse import EventSource

from askpanel.local.invocation import command

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
"""Seconds before a stream is connected anew: twice as long each time, 33 s for twenty times."""
ENDED_EARLY = "the stream ended without the panel's end"

Told = Callable[[str], None]
"""Takes a line for whoever waits."""


class ApiError(Exception):
    """The API refused, or could not be reached; the text is one line for people."""


class NotNow(Exception):
    """The API has no stream for the moment; the text is why, `seconds` when to come again, if it says so."""

    def __init__(self, why: str, seconds: float | None) -> None:
        super().__init__(why)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event of a panel's stream. `id` is None for token deltas."""

    name: str
    id: int | None
    data: dict[str, Any]


class ApiClient:
    """Talks to one gateway as one user of one tenant; `options` name both on a command line.

    `reconnects` is how often in a row a stream is connected anew without an event of its panel.
    """

    def __init__(self, url: str, *, token: str, tenant_id: UUID, reconnects: int, options: str = "") -> None:
        self.options = options
        self._reconnects = reconnects
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

    def stream(self, panel_id: str, told: Told) -> Iterator[SseEvent]:
        """The panel's events to its end; resumes after a lost connection and when the API has no stream for now.

        Before each try it pauses, as long as the API asks for or else ever longer, and tells once why. Raises
        ApiError when the tries are used up.
        """
        last: int | None = None
        tries, why_told = 0, ENDED_EARLY  # a stream ends by itself now and then: nobody need know
        while True:
            pause: float | None = None
            began = time.monotonic()
            try:
                for event in self._connect(panel_id, last):
                    tries, why_told = 0, ENDED_EARLY
                    last = event.id if event.id is not None else last
                    yield event
                    if event.name in ("panel_completed", "panel_failed"):
                        return
                why = ENDED_EARLY
                if time.monotonic() - began > LONGEST_PAUSE:  # it was there, and nothing happened
                    tries = 0
            except NotNow as error:
                why, pause = str(error), error.seconds
            except httpx.TransportError as error:
                why = f"the stream broke off: {error or type(error).__name__}"
            if tries >= self._reconnects:
                raise ApiError(f"{why}; given up after {tries} tries")
            if why != why_told:
                told(f"{why}; trying again, {self._reconnects - tries} times at the most")
                why_told = why
            time.sleep(min(FIRST_PAUSE * 2**tries, LONGEST_PAUSE) if pause is None else pause)
            tries += 1

    def _connect(self, panel_id: str, last: int | None) -> Iterator[SseEvent]:
        """The events of one connection. Raises NotNow for the one that is no event of the panel."""
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": str(last)} if last else {})
        with self._http.stream("GET", f"/panels/{panel_id}/stream", headers=headers) as response:
            if response.is_error:
                response.read()
                raise ApiError(problem(response))
            for event in EventSource(response).iter_sse():
                if event.event == "error":
                    raise NotNow(_line(event.json()), None if event.retry is None else event.retry / 1000)
                if event.data:
                    yield SseEvent(event.event, int(event.id) if event.id else None, event.json())


def problem(response: httpx.Response) -> str:
    """One line of an RFC 9457 problem document."""
    try:
        document = response.json()
    except ValueError:
        return f"{response.status_code} {response.reason_phrase}"
    return _line({"status": response.status_code} | document)


def _line(document: Mapping[str, Any]) -> str:
    problems: list[dict[str, str]] = document.get("errors") or []
    errors = "; ".join(_error(**one) for one in problems)
    why = errors or document.get("detail") or ""
    return f"{document['status']} {document.get('title', '')}: {why}"


def _error(*, detail: str = "", pointer: str = "", **_: str) -> str:
    """`/configuration/max_rounds` is a place in a body, not a path that somebody typed."""
    place = pointer.strip("/").replace("/", ".")
    return f"{place}: {detail}" if place else detail
