"""Following a panel through streams that are refused, broken off or not there, against a small HTTP server."""

import json
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from threading import Thread
from typing import Any
from uuid import UUID

import pytest

from askpanel.local.client import LONGEST_PAUSE, ApiClient, ApiError, SseEvent, Told, Unanswered
from askpanel.local.ports import free_port

TENANT = UUID("d6079553-da19-532d-87d2-0f20932a24cb")
CREATED = 'id: 1\nevent: panel_created\ndata: {"panel_id": "p"}\n\n'
SPEAKING = 'id: 2\nevent: expert_speaking\ndata: {"panel_id": "p"}\n\n'
COMPLETED = 'id: 3\nevent: panel_completed\ndata: {"panel_id": "p"}\n\n'
WAIT = 0.3
"""Seconds that a refusal asks for: longer than the first pauses of the client's own."""
QUIET = ": hb\n"


def refusal(detail: str) -> str:
    """What the gateway answers instead of 429 and 503."""
    problem = {"status": 429, "title": "Too Many Requests", "detail": detail}
    return f"retry: {WAIT * 1000:.0f}\nevent: error\ndata: {json.dumps(problem)}\n\n"


def unheard(line: str) -> None:
    """Where nobody waits."""


@dataclass
class Gateway:
    """Gives one stream after the other, the last one again and again."""

    streams: Sequence[str]
    lasts: float = 0.0
    resumed: list[str | None] = field(default_factory=list[str | None])
    at: list[float] = field(default_factory=list[float])
    """When each connection came, and after which event it wanted to go on."""
    url: str = ""

    def client(self, reconnects: int, told: Told = unheard) -> ApiClient:
        return ApiClient(self.url, token="t", tenant_id=TENANT, reconnects=reconnects, told=told)


@contextmanager
def gateway(*streams: str, lasts: float = 0.0) -> Generator[Gateway]:
    """A server on loopback; `lasts` is how long a stream without an event is held open."""
    told = Gateway(streams, lasts)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.at.append(time.monotonic())
            told.resumed.append(self.headers["Last-Event-ID"])
            body = told.streams[min(len(told.at), len(told.streams)) - 1]
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(body.encode())
            self.wfile.flush()
            if body == QUIET:
                time.sleep(told.lasts)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_port}"
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield told
        finally:
            server.shutdown()
            serving.join()


def followed(client: ApiClient) -> list[SseEvent]:
    try:
        return list(client.stream("p"))
    finally:
        client.close()


def pauses(moments: Sequence[float]) -> list[float]:
    return [later - sooner for sooner, later in pairwise(moments)]


def test_a_stream_that_is_refused_for_now_is_asked_for_again_when_the_refusal_says() -> None:
    told: list[str] = []
    full = refusal("You have 20 streams open.")
    with gateway(CREATED + SPEAKING, full, full, COMPLETED) as server:
        events = followed(server.client(5, told.append))
    assert [event.name for event in events] == ["panel_created", "expert_speaking", "panel_completed"]
    assert server.resumed == [None, "2", "2", "2"]
    assert all(pause >= WAIT for pause in pauses(server.at)[1:])
    why = "429 Too Many Requests: You have 20 streams open."
    assert told == [f"{why}: trying again in {WAIT} s ({tries} of 5)" for tries in (2, 3)]


def test_a_stream_that_is_refused_for_ever_ends_with_what_the_refusal_says() -> None:
    with (
        gateway(CREATED, refusal("You have 20 streams open.")) as server,
        pytest.raises(
            ApiError, match=r"429 Too Many Requests: You have 20 streams open\.; given up after 2 tries"
        ),
    ):
        followed(server.client(2))
    assert len(server.at) == 3


def test_a_gateway_that_is_not_there_is_given_time_to_come_back() -> None:
    told: list[str] = []
    began = time.monotonic()
    nobody = Gateway([], url=f"http://127.0.0.1:{free_port(0)}")
    with pytest.raises(Unanswered, match=r"refused\); given up after 3 tries: `.*askpanel doctor` looks at"):
        followed(nobody.client(3, told.append))
    assert time.monotonic() - began >= 0.25 + 0.5 + 1
    assert [line.rpartition(": ")[2] for line in told] == [
        "trying again in 0.5 s (2 of 3)",
        "trying again in 1 s (3 of 3)",
    ]
    assert all(line.startswith("the gateway does not answer (") for line in told)


def test_a_stream_that_ends_at_its_age_is_resumed_without_a_word() -> None:
    told: list[str] = []
    with gateway(CREATED, SPEAKING, COMPLETED) as server:
        events = followed(server.client(1, told.append))
    assert [event.id for event in events] == [1, 2, 3]
    assert server.resumed == [None, "1", "2"]
    assert told == []


def test_a_stream_that_ends_at_once_again_and_again_is_given_up() -> None:
    with (
        gateway(CREATED, QUIET) as server,
        pytest.raises(ApiError, match="without the panel's end; given up"),
    ):
        followed(server.client(2))
    assert len(server.at) == 3


def test_a_panel_that_is_silent_for_hours_is_followed_on() -> None:
    with gateway(CREATED, QUIET, QUIET, COMPLETED, lasts=LONGEST_PAUSE + 0.1) as server:
        events = followed(server.client(1))
    assert [event.id for event in events] == [1, 3]
