"""Ask one question and show what happens, live in a terminal or line by line elsewhere."""

import json
import sys
import time
from collections import Counter
from typing import Any

from rich.console import Console
from rich.live import Live

from askpanel.local.answering import at_the_prompt, how_to_answer
from askpanel.local.client import ApiClient
from askpanel.local.screen import Screen, result, speech_panel

CHARGE_CHECKS, CHARGE_SECONDS = 50, 0.1
"""Costs are recorded beside the panel and may trail its end by a moment."""


def ask(client: ApiClient, body: dict[str, Any], console: Console, *, as_json: bool = False) -> bool:
    """Create a panel, follow it to its end and print its result. True when it completed.

    With `as_json`, every event is one JSON line on stdout and the whole panel the last one; that the stream is
    waited for is said on stderr.
    """
    created = client.request("POST", "/panels", json=body)
    if as_json:
        _follow_json(client, created["id"])
    else:
        _follow(client, created, body, console)
    panel = finished(client, created["id"])
    if as_json:
        print(json.dumps({"event": "panel", "data": panel}), flush=True)
    else:
        for renderable in result(panel):
            console.print(renderable)
    return panel["status"] == "completed"


def finished(client: ApiClient, panel_id: str) -> dict[str, Any]:
    """The panel as the tables have it once every attempt is charged, or after a few seconds without that."""
    last = 0
    for _ in range(CHARGE_CHECKS):
        told: list[dict[str, Any]] = client.request("GET", f"/panels/{panel_id}/events")["events"]
        names = Counter(str(event["event"]) for event in told)
        last = told[-1]["sequence"]
        if names["usage_recorded"] >= names["response_added"] + names["expert_failed"]:
            break
        time.sleep(CHARGE_SECONDS)
    return client.request("GET", f"/panels/{panel_id}", headers={"X-Min-Sequence": str(last)})


def _follow_json(client: ApiClient, panel_id: str) -> None:
    def told(line: str) -> None:
        print(f"· {line}", file=sys.stderr, flush=True)

    for event in client.stream(panel_id, told):
        print(json.dumps({"event": event.name, "id": event.id, "data": event.data}), flush=True)


def _follow(client: ApiClient, created: dict[str, Any], body: dict[str, Any], console: Console) -> None:
    console.print(f"\n[bold]{body['query']}[/bold]\n", highlight=False)
    for seat in created.get("seats", []):
        reason = f": {seat['reason']}" if seat.get("reason") else ""
        console.print(
            f"  seat {seat['seat'] + 1}  {seat['agent_name']}{reason}", style="dim", highlight=False
        )
    screen = Screen()

    def told(line: str) -> None:
        console.print(f"· {line}", markup=False, highlight=False)

    if not console.is_terminal:
        for event in client.stream(created["id"], told):
            line = screen.take(event)
            if line:
                told(line)
            if event.name == "human_requested":
                how = how_to_answer(client, created["id"], event.data, screen.options)
                console.print(f"· {how}", markup=False, highlight=False, soft_wrap=True)
        return
    shown: set[tuple[int, str, int]] = set()
    with Live(console=console, refresh_per_second=8, transient=True) as live:
        for event in client.stream(created["id"], told):
            before = screen.round_number
            screen.take(event)
            if screen.round_number != before or screen.ended:
                for key, speech in screen.speeches.items():
                    if key not in shown and (key[0] != screen.round_number or screen.ended):
                        live.console.print(speech_panel(speech))
                        shown.add(key)
            live.update(screen.live())
            if event.name == "human_requested":
                live.stop()
                at_the_prompt(client, created["id"], event.data, screen.options, console)
                live.start()
