"""Who is asked at the terminal and says nothing: told how to answer later, and the panel is followed on."""

import io
import sys
from uuid import UUID

import pytest
from rich.console import Console

from askpanel.local.answering import at_the_prompt
from askpanel.local.client import ApiClient

PANEL = "c253fbc7-b828-58dd-97aa-8ddf1a2a0e83"
ASKED = {"question": "Which [market]?", "actions": ["approve", "veto"], "deadline_at": "2026-11-29T06:10:00Z"}


class EndOfInput(io.StringIO):
    """A terminal at which somebody presses Ctrl-D."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stdin", [EndOfInput(), io.StringIO(), None], ids=["Ctrl-D", "a pipe", "closed"])
def test_no_answer_is_how_to_answer_later(stdin: io.StringIO | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    console = Console(file=io.StringIO(), width=40, force_terminal=True, color_system=None)
    nowhere = ApiClient("http://127.0.0.1:9", token="t", tenant_id=UUID(int=1), reconnects=0)
    at_the_prompt(nowhere, PANEL, ASKED, {}, console)
    nowhere.close()
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert "Which [market]?" in shown
    assert f" answer {PANEL} approve|veto [words]" in shown
