"""Requests to a gateway that is away, busy or refuses for good, against a small HTTP server."""

import io
import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from rich.console import Console

from askpanel.contracts import ids
from askpanel.local import asking
from askpanel.local.client import ApiClient, ApiError, Unanswered

TENANT = UUID("d6079553-da19-532d-87d2-0f20932a24cb")
BODY = {"query": "Should we?", "panel_type": "structured"}
BROKEN_OFF = 0
"""Instead of a status: the connection ends after the request was read, as when the gateway is killed."""


@dataclass(frozen=True)
class Answer:
    status: int
    detail: str = ""
    retry_after: str | None = None


@dataclass
class Gateway:
    """Gives one answer after the other, the last one again and again."""

    answers: Sequence[Answer]
    told: list[str] = field(default_factory=list[str])
    keys: list[str | None] = field(default_factory=list[str | None])
    """The Idempotency-Key of each request that came."""
    client: ApiClient = field(init=False)


@contextmanager
def gateway(*answers: Answer, tries: int = 3) -> Generator[Gateway]:
    """On loopback, with a client that sends a request anew so many times."""
    served = Gateway(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.keys.append(self.headers["Idempotency-Key"])
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            answer = served.answers[min(len(served.keys), len(served.answers)) - 1]
            if answer.status == BROKEN_OFF:
                return
            self.send_response(answer.status)
            if answer.retry_after is not None:
                self.send_header("Retry-After", answer.retry_after)
            self.end_headers()
            self.wfile.write(json.dumps({"title": "T", "detail": answer.detail}).encode())

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        served.client = ApiClient(
            url,
            token="t",
            tenant_id=TENANT,
            reconnects=tries,
            told=served.told.append,
            options=" --user owner",
        )
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield served
        finally:
            served.client.close()
            server.shutdown()
            serving.join()


def ask(served: Gateway) -> None:
    asking.ask(served.client, BODY, Console(file=io.StringIO()))


def test_a_request_that_got_no_answer_is_sent_anew() -> None:
    with gateway(Answer(BROKEN_OFF), Answer(503, "The log.", "0"), Answer(200, "well")) as served:
        assert served.client.request("GET", "/panels/p") == {"title": "T", "detail": "well"}
    assert len(served.keys) == 3
    assert served.told == ["503 T: The log.: trying again in 0 s (2 of 3)"]


@pytest.mark.parametrize("status", [429, 503])
def test_a_refusal_says_when_to_come_again(status: int) -> None:
    with gateway(Answer(status, "Later.", "1"), Answer(200)) as served:
        served.client.request("GET", "/agents")
    assert served.told == [f"{status} T: Later.: trying again in 1 s (1 of 3)"]


def test_a_refusal_without_a_time_is_met_with_pauses_of_our_own() -> None:
    with gateway(Answer(503), Answer(503, retry_after="tomorrow"), Answer(200)) as served:
        served.client.request("GET", "/agents")
    assert served.told == ["503 T: trying again in 0.5 s (2 of 3)"]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 422, 500])
def test_what_is_refused_for_good_is_sent_once(status: int) -> None:
    with gateway(Answer(status, "No.", "0")) as served, pytest.raises(ApiError, match=rf"^{status} T: No\.$"):
        served.client.request("GET", "/panels/p")
    assert (len(served.keys), served.told) == (1, [])


def test_what_is_refused_until_next_month_is_not_waited_for() -> None:
    spent = Answer(429, "This month's panels are used up.", str(20 * 86_400))
    with gateway(spent) as served, pytest.raises(ApiError, match=r"used up\.$"):
        ask(served)
    assert (len(served.keys), served.told) == (1, [])


def test_a_question_is_sent_anew_under_the_key_it_had_and_its_panel_can_be_looked_for() -> None:
    with gateway(Answer(BROKEN_OFF), tries=2) as served, pytest.raises(ApiError) as failed:
        ask(served)
    first, *more = served.keys
    assert first is not None
    assert more == [first, first]
    assert "the gateway does not answer (" in str(failed.value)
    assert "; given up after 2 tries: `" in str(failed.value)
    assert "; whether the panel was asked is not known: `" in str(failed.value)
    assert f" watch --user owner {ids.panel_id(TENANT, first)}` shows it" in str(failed.value)


def test_a_question_that_was_refused_to_the_end_was_not_asked() -> None:
    full = Answer(429, "Three of your panels run.", "0")
    with gateway(full, tries=1) as served, pytest.raises(ApiError) as failed:
        ask(served)
    assert str(failed.value) == "429 T: Three of your panels run.; given up after 1 tries"
    assert not isinstance(failed.value, Unanswered)


def test_every_question_has_a_key_of_its_own() -> None:
    with gateway(Answer(422)) as served:
        for _ in range(2):
            with pytest.raises(ApiError):
                ask(served)
    assert len(set(served.keys)) == 2


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with gateway(Answer(200)) as served:
        served.client.request("GET", "/agents")
