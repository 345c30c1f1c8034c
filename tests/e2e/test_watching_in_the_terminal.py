"""Who leaves a panel is told how to see it again, and sees it as it was and goes on."""

import asyncio
import json
import signal
import subprocess
import sys
from functools import partial
from typing import IO

import pytest

from tests.harness.outages import silent
from tests.harness.stack import RunningStack, askpanel

pytestmark = pytest.mark.e2e

QUESTION = "Should we publish the trial's [raw] data [/] now?"
OWNER = ("--user", "owner")
WAITS = "it waits for you until"


def begin(running: RunningStack, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "askpanel.local", *arguments],
        env={"ASKPANEL_DATA": str(running.data), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def read_until(process: "subprocess.Popen[str]", words: str) -> str:
    """What it shows up to the line with these words."""
    return await lines_until(process.stdout, words)


async def lines_until(stream: IO[str] | None, words: str) -> str:
    """What comes up to the line with these words."""
    assert stream is not None
    shown = ""
    while words not in shown:
        line = await asyncio.to_thread(stream.readline)
        assert line, f"it ended before: {shown}"
        shown += line
    return shown


async def rest(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """What it still shows until it ends, on stdout and stderr."""
    return await asyncio.to_thread(partial(process.communicate, timeout=60))


async def test_a_panel_that_was_left_goes_on_and_is_watched_to_its_end(running: RunningStack) -> None:
    asking = begin(running, "ask", QUESTION, "--type", "hybrid", "--experts", "3", *OWNER)
    asked = await read_until(asking, WAITS)
    asking.send_signal(signal.SIGINT)
    _, told = await rest(asking)
    assert asking.returncode == 130
    typed, _, panel = told.partition("`")[2].partition("`")[0].rpartition(" ")
    assert told.startswith("· the panel goes on: `"), told
    assert typed.endswith("askpanel watch --user owner")
    assert f"· panel {panel}: 3 experts" in asked

    watching = begin(running, "watch", panel, *OWNER)
    again = await read_until(watching, WAITS)
    assert again == asked
    for word in (("answer", "No lawyer."), ("approve",)):
        action, *words = word
        await asyncio.to_thread(askpanel, running, "answer", *OWNER, panel, action, *words)
        if action == "answer":
            await read_until(watching, WAITS)
    shown, errors = await rest(watching)
    assert (watching.returncode, errors) == (0, ""), shown
    assert "stopped by human_approved" in shown

    past = await asyncio.to_thread(askpanel, running, "watch", panel, *OWNER)
    assert past.returncode == 0, past.stderr
    assert QUESTION in past.stdout
    assert "stopped by human_approved" in past.stdout
    assert WAITS not in past.stdout, "both questions have been answered"


async def test_a_past_panel_is_the_same_lines_of_json_as_when_it_was_asked(running: RunningStack) -> None:
    asked = await asyncio.to_thread(askpanel, running, "ask", QUESTION, "--experts", "3", "--json")
    assert asked.returncode == 0, asked.stderr
    lines = [json.loads(line) for line in asked.stdout.splitlines()]
    panel = lines[-1]["data"]["id"]
    watched = await asyncio.to_thread(askpanel, running, "watch", panel, "--json")
    assert (watched.returncode, watched.stderr) == (0, "")
    kept = [line for line in lines if line["event"] != "response_delta"]
    assert [json.loads(line) for line in watched.stdout.splitlines()] == kept


async def test_the_result_is_the_ended_panel_however_far_the_tables_are_behind(running: RunningStack) -> None:
    """The projector stands still from the last question to a person until the command has said that it waits."""
    asking = begin(running, "ask", QUESTION, "--type", "hybrid", "--experts", "3", *OWNER, "--json")
    asked = json.loads((await read_until(asking, '"human_requested"')).splitlines()[-1])["data"]
    panel = asked["panel_id"]
    await asyncio.to_thread(askpanel, running, "answer", *OWNER, panel, "answer", "No lawyer.")
    asked = json.loads((await read_until(asking, '"human_requested"')).splitlines()[-1])["data"]
    with silent(running, "projector"):
        word = {"checkpoint_id": asked["checkpoint_id"], "action": "approve"}
        async with running.http("owner") as client:
            answered = await client.post(f"/panels/{panel}/human-input", json=word)
        assert answered.is_success, answered.text
        await read_until(asking, '"panel_completed"')
        await lines_until(asking.stderr, "the tables trail the log")
        left = await asyncio.to_thread(askpanel, running, "watch", *OWNER, panel, ASKPANEL_RECONNECTS="0")
    shown, _ = await rest(asking)
    assert asking.returncode == 0
    (result,) = [json.loads(line)["data"] for line in shown.splitlines()]
    assert (result["status"], result["stop_reason"]) == ("completed", "human_approved")
    assert result["consensus"] is not None
    spoken = [one for one in result["responses"] if not one["agent_id"].startswith("human")]
    assert (result["usage"]["calls"], result["usage"]["uncosted_calls"]) == (len(spoken), 0)

    assert left.returncode == 1
    assert "tokens in" not in left.stdout, "no result that is none"
    assert "the tables trail the log" in left.stderr
    assert "; the panel has ended: `" in left.stderr
    assert f" watch --user owner {panel}` shows it" in left.stderr


async def test_a_panel_that_is_not_there_or_not_ours_is_one_line(running: RunningStack) -> None:
    asked = await asyncio.to_thread(askpanel, running, "ask", QUESTION, "--experts", "3", "--json")
    panel = json.loads(asked.stdout.splitlines()[-1])["data"]["id"]
    foreign = await asyncio.to_thread(askpanel, running, "watch", panel, "--tenant", "globex")
    wrong = await asyncio.to_thread(askpanel, running, "watch", "nope")
    assert (foreign.returncode, foreign.stderr) == (1, "askpanel: 404 Not Found: There is no such panel.\n")
    assert (wrong.returncode, "'nope' is no panel's id" in wrong.stderr) == (1, True)
