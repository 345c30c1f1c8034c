"""Ask one question, or watch a panel that was asked, and show what happens: live in a terminal, else line by line."""

import json
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from rich.console import Console
from rich.live import Live

from askpanel.contracts import ids
from askpanel.local.answering import at_the_prompt, how_to_answer
from askpanel.local.client import ApiClient, ApiError, NotNow, SseEvent, Unanswered, on_stderr
from askpanel.local.invocation import command
from askpanel.local.screen import Screen, result, speech_panel

ENDS = ("panel_completed", "panel_failed")
ENDED = ("completed", "failed")
COSTS_SECONDS, COSTS_PAUSE = 5.0, 0.1
"""Costs are recorded beside the panel: most trail its end by a moment, that of a call which runs on by minutes."""


def ask(client: ApiClient, body: dict[str, Any], console: Console, *, as_json: bool = False) -> bool:
    """Create a panel, once however often it has to be sent, and `watch` it."""
    key = str(uuid4())
    panel_id = str(ids.panel_id(client.tenant_id, key))
    with _told_how_to_watch(client, panel_id, "whether the panel was asked is not known"):
        client.request("POST", "/panels", json=body, headers={"Idempotency-Key": key})
    return watch(client, panel_id, console, as_json=as_json)


def watch(client: ApiClient, panel_id: str, console: Console, *, as_json: bool = False) -> bool:
    """Follow a panel from its first event to its end and print its result. True when it completed.

    With `as_json`, every event is one JSON line on stdout and the whole panel the last one.
    """
    with _told_how_to_watch(client, panel_id, "the panel goes on"):
        end = _follow_json(client, panel_id) if as_json else _follow(client, panel_id, console)
    with _told_how_to_watch(client, panel_id, "the panel has ended"):
        panel = _finished(client, panel_id, end)
    if as_json:
        print(json.dumps({"event": "panel", "data": panel}), flush=True)
    else:
        for renderable in result(panel):
            console.print(renderable)
    return panel["status"] == "completed"


def _finished(client: ApiClient, panel_id: str, end: int) -> dict[str, Any]:
    """The panel of the tables once they show its end, with every call costed or after COSTS_SECONDS without that.

    Raises Unanswered where they do not show it for as long as the client tries; `end` is its sequence.
    """

    def shown() -> dict[str, Any]:
        return client.request("GET", f"/panels/{panel_id}", headers={"X-Min-Sequence": str(end)})

    tries = client.tries()
    while (panel := shown())["status"] not in ENDED:
        tries.pause(NotNow("the tables trail the log and do not show the panel's end yet", None))
    deadline = time.monotonic() + COSTS_SECONDS
    while panel["usage"]["uncosted_calls"] and time.monotonic() < deadline:
        time.sleep(COSTS_PAUSE)
        panel = shown()
    return panel


@contextmanager
def _told_how_to_watch(client: ApiClient, panel_id: str, what: str) -> Generator[None]:
    """Who leaves, or gets no answer any more, is told how to see this panel later."""
    how = f"{what}: `{command()} watch{client.options} {panel_id}` shows it"
    try:
        yield
    except KeyboardInterrupt:
        on_stderr(how)
        raise
    except Unanswered as error:
        raise ApiError(f"{error}; {how}") from None


def _follow_json(client: ApiClient, panel_id: str) -> int:
    """Print every event; the sequence of the last one."""
    last = 0
    for event in client.stream(panel_id):
        print(json.dumps({"event": event.name, "id": event.id, "data": event.data}), flush=True)
        last = event.id or last
    return last


def _follow(client: ApiClient, panel_id: str, console: Console) -> int:
    """Show every event; the sequence of the last one."""
    screen, last = Screen(), 0
    if not console.is_terminal:
        for event in client.stream(panel_id):
            last = event.id or last
            _introduce(event, console)
            line = screen.take(event)
            if line:
                console.print(f"· {line}", markup=False, highlight=False)
            if event.name == "human_requested" and _is_open(client, panel_id, event):
                how = how_to_answer(client, panel_id, event.data, screen.options)
                console.print(f"· {how}", markup=False, highlight=False, soft_wrap=True)
        return last
    shown: set[tuple[int, str, int]] = set()
    with Live(console=console, refresh_per_second=8, transient=True) as live:
        for event in client.stream(panel_id):
            last = event.id or last
            _introduce(event, console)
            before = screen.round_number
            line = screen.take(event)
            if event.name == "panel_created":
                console.print(f"· {line}", markup=False, highlight=False)
            if screen.round_number != before or screen.ended:
                for key, speech in screen.speeches.items():
                    if key not in shown and (key[0] != screen.round_number or screen.ended):
                        live.console.print(speech_panel(speech))
                        shown.add(key)
            live.update(screen.live())
            if event.name == "human_requested" and _is_open(client, panel_id, event):
                live.stop()
                at_the_prompt(client, panel_id, event.data, screen.options, console)
                live.start()
    return last


def _introduce(event: SseEvent, console: Console) -> None:
    """Who was asked what, with the panel's first event."""
    if event.name != "panel_created":
        return
    console.print(f"\n{event.data['query']}\n", style="bold", markup=False, highlight=False)
    for seat in event.data["agents"]:
        reason = f": {seat['reason']}" if seat.get("reason") else ""
        line = f"  seat {seat['seat'] + 1}  {seat['agent_name']}{reason}"
        console.print(line, style="dim", markup=False, highlight=False)


def _is_open(client: ApiClient, panel_id: str, asked: SseEvent) -> bool:
    """Whether nothing has come of it yet: the events of a panel that runs for long also tell of old questions."""
    later = client.request("GET", f"/panels/{panel_id}/events", params={"after": asked.id})["events"]
    checkpoint = asked.data["checkpoint_id"]
    return not any(one.get("checkpoint_id") == checkpoint or one["event"] in ENDS for one in later)
