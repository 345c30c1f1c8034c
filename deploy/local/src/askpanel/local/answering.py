"""A person's word in a hybrid panel: at the prompt of who asked, or with `askpanel answer` from anywhere."""

import sys
from typing import Any

from rich.console import Console
from rich.prompt import Prompt

from askpanel.local.client import ApiClient, ApiError
from askpanel.local.invocation import command
from askpanel.local.screen import local_time

STANCES = ("support", "conditional", "oppose", "abstain")
NO_VOTE = "none"
TRIES = 3
"""Answers that may be refused at one prompt; the panel may have been answered by another meanwhile."""


def answer(
    client: ApiClient,
    panel_id: str,
    action: str,
    content: str,
    *,
    stance: str | None = None,
    option: str | None = None,
) -> str:
    """Answer what the panel asks now. What came of it, as a line; raises ApiError."""
    panel = client.request("GET", f"/panels/{panel_id}")
    asked = panel.get("awaiting")
    if asked is None:
        raise ApiError(f"panel {panel_id} waits for nobody (it is {panel['status']})")
    if action not in asked["actions"]:
        raise ApiError(f"it may be answered with {', '.join(asked['actions'])}, not with {action}")
    return _give(
        client, panel_id, asked, {"action": action, "content": content, "stance": stance, "option": option}
    )


def at_the_prompt(
    client: ApiClient, panel_id: str, asked: dict[str, Any], options: dict[str, str], console: Console
) -> None:
    """Show the question and pass on what the person says; where nobody sits, say how it can be answered.

    `options` are the texts of what the panel votes on, by id; none where it votes by stance.
    """
    how = how_to_answer(client, panel_id, asked, options)
    console.print(f"\n{asked['question']}\n", markup=False, highlight=False)
    for one, text in options.items():
        console.print(f"  {one}  {text}", markup=False, highlight=False)
    kind, votes = ("option", tuple(options)) if options else ("stance", STANCES)
    somebody_sits = console.is_terminal and sys.stdin is not None and sys.stdin.isatty()
    for _ in range(TRIES if somebody_sits else 0):
        try:
            action = Prompt.ask("Your word", choices=list(asked["actions"]), console=console)
            content = Prompt.ask("In words", default="", show_default=False, console=console)
            vote = Prompt.ask(kind.capitalize(), choices=[*votes, NO_VOTE], default=NO_VOTE, console=console)
        except EOFError:  # Ctrl-D: not now
            console.print()
            break
        said = {"action": action, "content": content, kind: None if vote == NO_VOTE else vote}
        try:
            told = _give(client, panel_id, asked, said)
        except ApiError as error:
            console.print(str(error), markup=False, highlight=False)
        else:
            console.print(told, markup=False, highlight=False)
            return
    console.print(how, markup=False, highlight=False, soft_wrap=True)


def how_to_answer(client: ApiClient, panel_id: str, asked: dict[str, Any], options: dict[str, str]) -> str:
    """The command for this checkpoint."""
    vote = f"--option {'|'.join(options)}" if options else f"--stance {'|'.join(STANCES)}"
    words = f"{'|'.join(asked['actions'])} [words] [{vote}]"
    typed = f"{command()} answer{client.options} {panel_id} {words}"
    return f"it waits for you until {local_time(asked['deadline_at'])}: {typed}"


def _give(client: ApiClient, panel_id: str, asked: dict[str, Any], said: dict[str, str | None]) -> str:
    body = {"checkpoint_id": asked["checkpoint_id"], **said}
    client.request("POST", f"/panels/{panel_id}/human-input", json=body)
    return f"{said['action']}: noted, the panel goes on"
