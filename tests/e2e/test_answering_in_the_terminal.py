"""The human of a hybrid panel at the terminal: told how to answer, asked at the prompt, heard once."""

import asyncio
import os
import pty
import re
import subprocess
import sys

import pytest

from tests.harness.stack import RunningStack, askpanel, until

pytestmark = pytest.mark.e2e

ASK = ("ask", "Should we publish the trial's raw data now?", "--type", "hybrid", "--experts", "3")
OWNER = ("--user", "owner")
"""Whose panel it is: not the one whom the commands take without being told."""


async def waiting_panel(running: RunningStack, kind: str = "input") -> str:
    """The newest hybrid panel, once it waits for a person to do this."""

    async def asked() -> str:
        async with running.http() as client:
            newest = {"panel_type": "hybrid", "limit": 1}
            listed = (await client.get("/panels", params=newest)).json()["panels"]
            if not listed:
                return ""
            panel = (await client.get(f"/panels/{listed[0]['id']}")).json()
        waits = panel["awaiting"] is not None and panel["awaiting"]["kind"] == kind
        return str(panel["id"]) if waits else ""

    return await until(asked, bool)


async def test_who_has_no_prompt_is_told_the_command_and_it_works(running: RunningStack) -> None:
    asking = asyncio.create_task(asyncio.to_thread(askpanel, running, *ASK, *OWNER))
    panel = await waiting_panel(running)
    wrong = await asyncio.to_thread(askpanel, running, "answer", *OWNER, panel, "modify", "Not yet.")
    given = await asyncio.to_thread(
        askpanel, running, "answer", *OWNER, panel, "answer", "We have no lawyer.", "--stance", "oppose"
    )
    assert await waiting_panel(running, "ratify") == panel
    signed = await asyncio.to_thread(askpanel, running, "answer", *OWNER, panel, "approve")
    done = await asking
    late = await asyncio.to_thread(askpanel, running, "answer", *OWNER, panel, "approve")

    assert (wrong.returncode, "answer, approve, veto" in wrong.stderr) == (1, True), wrong.stderr
    assert (given.returncode, signed.returncode, done.returncode) == (0, 0, 0), done
    assert (
        f"askpanel answer --user owner {panel} answer|approve|veto [words] [--stance support|" in done.stdout
    )
    assert re.search(r"it waits for you until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+: ", done.stdout)
    assert "answered (oppose): We have no lawyer." in done.stdout
    assert "stopped by human_approved" in done.stdout
    assert (late.returncode, "waits for nobody" in late.stderr) == (1, True), late.stderr


async def test_where_the_panel_has_options_one_of_them_is_chosen(running: RunningStack) -> None:
    options = ("--option", "Germany", "--option", "France")
    asking = asyncio.create_task(asyncio.to_thread(askpanel, running, *ASK, *OWNER, *options))
    panel = await waiting_panel(running)
    async with running.http() as client:
        ids = {one["text"]: one["id"] for one in (await client.get(f"/panels/{panel}")).json()["options"]}
    said = ("answer", *OWNER, panel, "answer", "Without doubt.", "--option")
    wrong = await asyncio.to_thread(askpanel, running, *said, "spain")
    given = await asyncio.to_thread(askpanel, running, *said, ids["France"])
    assert await waiting_panel(running, "ratify") == panel
    signed = await asyncio.to_thread(askpanel, running, "answer", *OWNER, panel, "approve")
    done = await asking

    assert (wrong.returncode, "option: must be the id" in wrong.stderr) == (1, True), wrong.stderr
    assert (given.returncode, signed.returncode, done.returncode) == (0, 0, 0), done
    assert f"[words] [--option {'|'.join(ids.values())}]" in done.stdout
    assert "answered (France): Without doubt." in done.stdout


async def test_who_sits_at_a_terminal_is_asked_there(running: RunningStack) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(  # noqa: ASYNC220  (starting it takes milliseconds)
        [sys.executable, "-m", "askpanel.local", *ASK],
        env={"ASKPANEL_DATA": str(running.data), "PATH": "/usr/bin:/bin", "TERM": "xterm", "COLUMNS": "100"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        shown = await asyncio.to_thread(
            _converse,
            ours,
            (
                ("Your word", "answer"),
                ("In words", "We have no lawyer."),
                ("Stance", "oppose"),
                ("Your word", "approve"),
                ("In words", ""),
                ("Stance", ""),
            ),
        )
        assert await asyncio.to_thread(process.wait, 30) == 0, shown
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert "What should the experts know or weigh?" in shown
    assert "stopped by human_approved" in shown


def _converse(terminal: int, turns: tuple[tuple[str, str], ...]) -> str:
    """Answer each question once it is seen; everything that was shown, without its colours."""
    shown, seen = "", 0
    for question, answer in turns:
        while question not in shown[seen:]:
            try:
                shown += os.read(terminal, 65536).decode(errors="replace")
            except OSError:
                pytest.fail(f"the command ended before it asked {question!r}: {shown}")
        seen = shown.index(question, seen) + len(question)
        os.write(terminal, f"{answer}\n".encode())
    try:
        while chunk := os.read(terminal, 65536):
            shown += chunk.decode(errors="replace")
    except OSError:
        pass  # the other end has been closed: how a terminal says that all was read
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
