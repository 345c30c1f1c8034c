"""A small client of the REST and SSE API, for the command line. Any program could do the same."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from httpx_sse import EventSource

from askpanel.local.invocation import command

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 2.0
"""Seconds before another try: twice as long each time, 36 s for twenty times."""
LONGEST_ASKED = 60.0
"""Seconds that a refusal may ask to wait. What asks for more, such as a month's budget, is final for a command."""
WORTH_TELLING = 1.0
"""Seconds: a first pause that is shorter is not told, for a stream ends by itself now and then."""
ANSWER_SECONDS, SILENCE_SECONDS = 20.0, 60.0
"""How long an answer may take (the gateway gives up sooner and says so), and a stream that fills silence every 15 s."""
TOO_MANY, UNAVAILABLE = 429, 503
ENDED_EARLY = "the stream ended without the panel's end"

Told = Callable[[str], None]
"""Takes a line for whoever waits."""


def on_stderr(line: str) -> None:
    """Tell whoever waits, apart from what the command prints."""
    print(f"· {line}", file=sys.stderr, flush=True)


class ApiError(Exception):
    """The API refused, or could not be reached; the text is one line for people."""


class Unanswered(ApiError):
    """The tries are used up: whether the request was carried out is not known."""


class NotNow(Exception):
    """The API cannot answer for the moment; the text is why, `seconds` when to come again, if it says so.

    `refused` when it is known that nothing was done.
    """

    def __init__(self, why: str, seconds: float | None, *, refused: bool = False) -> None:
        super().__init__(why)
        self.seconds, self.refused = seconds, refused


class Tries:
    """Tries in a row without success, `most` of them, with a pause before each."""

    def __init__(self, most: int, told: Told) -> None:
        self._most, self._told = most, told
        self._made = 0

    def succeed(self) -> None:
        """Count anew."""
        self._made = 0

    def pause(self, error: NotNow) -> None:
        """Wait before the next try, as long as the API asks or else ever longer, and tell of it.

        Raises Unanswered when the tries are used up; ApiError where it is known that nothing was done.
        """
        if error.seconds is not None and error.seconds > LONGEST_ASKED:
            raise ApiError(str(error))
        if self._made >= self._most:
            given_up = f"{error}; given up after {self._made} tries"
            if error.refused:
                raise ApiError(given_up)
            raise Unanswered(f"{given_up}: `{command()} doctor` looks at the servers")
        own = min(FIRST_PAUSE * 2**self._made, LONGEST_PAUSE)
        seconds = own if error.seconds is None else error.seconds
        self._made += 1
        if self._made > 1 or seconds >= WORTH_TELLING:
            self._told(f"{error}: trying again in {seconds:g} s ({self._made} of {self._most})")
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event of a panel's stream. `id` is None for token deltas."""

    name: str
    id: int | None
    data: dict[str, Any]


class ApiClient:
    """Talks to one gateway as one user of one tenant; `options` name both on a command line.

    `reconnects` is how often in a row a request is sent anew without an answer, or a stream connected anew
    without an event of its panel. `told` hears of the pauses.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str,
        tenant_id: UUID,
        reconnects: int,
        options: str = "",
        told: Told = on_stderr,
    ) -> None:
        self.tenant_id, self.options = tenant_id, options
        self._reconnects, self._told = reconnects, told
        self._http = httpx.Client(
            base_url=f"{url}/api/v1",
            headers={"Authorization": f"Bearer {token}", "X-Tenant-ID": str(tenant_id)},
            timeout=httpx.Timeout(10.0, read=ANSWER_SECONDS),
            trust_env=False,  # a proxy of the environment does not lead to this machine's loopback
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def tries(self) -> Tries:
        """For something that is asked for again until it is there."""
        return Tries(self._reconnects, self._told)

    def request(self, method: str, path: str, **arguments: Any) -> Any:
        """The JSON of an answer. Raises ApiError with what the problem document says, Unanswered without an answer.

        Sent anew while the gateway is away or answers 429 or 503, so only for what may arrive twice: a GET, a
        POST with an Idempotency-Key, an answer to a checkpoint.
        """
        tries = self.tries()
        while True:
            try:
                return self._answer(method, path, **arguments)
            except NotNow as error:
                tries.pause(error)

    def stream(self, panel_id: str) -> Iterator[SseEvent]:
        """The panel's events to its end; resumes after a lost connection and when the API has no stream for now.

        Raises ApiError or Unanswered, as `request` does.
        """
        last: int | None = None
        tries = self.tries()
        while True:
            began = time.monotonic()
            try:
                for event in self._connect(panel_id, last):
                    tries.succeed()
                    last = event.id if event.id is not None else last
                    yield event
                    if event.name in ("panel_completed", "panel_failed"):
                        return
                if time.monotonic() - began > LONGEST_PAUSE:  # it was there, and nothing happened
                    tries.succeed()
                why = NotNow(ENDED_EARLY, None)
            except NotNow as error:
                why = error
            tries.pause(why)

    def _answer(self, method: str, path: str, **arguments: Any) -> Any:
        """The JSON of one try. Raises NotNow or ApiError."""
        try:
            response = self._http.request(method, path, **arguments)
        except httpx.TransportError as error:
            raise _away(error) from None
        _check(response)
        return response.json()

    def _connect(self, panel_id: str, last: int | None) -> Iterator[SseEvent]:
        """The events of one connection. Raises NotNow for the one that is no event of the panel, or ApiError."""
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": str(last)} if last else {})
        path, patience = f"/panels/{panel_id}/stream", httpx.Timeout(10.0, read=SILENCE_SECONDS)
        try:
            with self._http.stream("GET", path, headers=headers, timeout=patience) as response:
                if response.is_error:
                    response.read()
                    _check(response)
                for event in EventSource(response).iter_sse():
                    if event.event == "error":
                        raise _not_now(event.json(), None if event.retry is None else event.retry / 1000)
                    if event.data:
                        yield SseEvent(event.event, int(event.id) if event.id else None, event.json())
        except httpx.TransportError as error:
            raise _away(error) from None


def _away(error: httpx.TransportError) -> NotNow:
    return NotNow(f"the gateway does not answer ({str(error) or type(error).__name__})", None)


def _not_now(document: Mapping[str, Any], seconds: float | None) -> NotNow:
    return NotNow(_line(document), seconds, refused=document["status"] == TOO_MANY)


def _check(response: httpx.Response) -> None:
    """Raises NotNow for what the API may answer later, ApiError for every other error."""
    if response.status_code in (TOO_MANY, UNAVAILABLE):
        asked = response.headers.get("Retry-After", "")
        raise _not_now(_document(response), float(asked) if asked.isdecimal() else None)
    if response.is_error:
        raise ApiError(problem(response))


def problem(response: httpx.Response) -> str:
    """One line of an RFC 9457 problem document."""
    return _line(_document(response))


def _document(response: httpx.Response) -> dict[str, Any]:
    """The problem; what is no such document has only the status line."""
    told: dict[str, Any] = {"status": response.status_code, "title": response.reason_phrase}
    try:
        document = response.json()
    except ValueError:
        return told
    return told | document if isinstance(document, dict) else told


def _line(document: Mapping[str, Any]) -> str:
    problems: list[dict[str, str]] = document.get("errors") or []
    errors = "; ".join(_error(**one) for one in problems)
    why = errors or document.get("detail")
    status = f"{document['status']} {document.get('title', '')}"
    return f"{status}: {why}" if why else status


def _error(*, detail: str = "", pointer: str = "", **_: str) -> str:
    """`/configuration/max_rounds` is a place in a body, not a path that somebody typed."""
    place = pointer.strip("/").replace("/", ".")
    return f"{place}: {detail}" if place else detail
