"""What other commands make of `stack.json` when no stack stands behind it any more."""

import json
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from askpanel.local.running import NoStack, find
from askpanel.local.settings import LocalSettings
from tests.harness.stack import command_line


@pytest.fixture
def other() -> Generator[int]:
    """The process id of a program that is no stack."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process.pid
    assert process.poll() is None, "somebody ended it"
    process.communicate()


@pytest.fixture
def stack() -> Generator[int]:
    """The process id of what looks like a stack from outside."""
    process = subprocess.Popen([sys.executable, "-c", "input()", "askpanel"], stdin=subprocess.PIPE)
    yield process.pid
    process.communicate()


def test_down_leaves_a_program_alone_that_has_got_the_number_of_a_killed_stack(
    other: int, tmp_path: Path
) -> None:
    (tmp_path / "stack.json").write_text(json.dumps({"pid": other}))
    done = command_line(tmp_path, "down")
    assert (done.returncode, "no stack runs on" in done.stderr) == (1, True), done.stderr


@pytest.mark.parametrize("left", ["", '{"pid": 1, "po', "{}", '{"pid": "x"}'])
def test_a_file_that_was_cut_off_is_no_stack(left: str, tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text(left)
    with pytest.raises(NoStack, match="no stack runs on"):
        find(LocalSettings(data=tmp_path))


@pytest.mark.parametrize("told", [{}, {"colour": "red"}])
def test_a_stack_of_another_version_is_named_with_how_to_end_it(
    told: dict[str, str], stack: int, tmp_path: Path
) -> None:
    (tmp_path / "stack.json").write_text(json.dumps({"pid": stack} | told))
    with pytest.raises(NoStack, match=f"started by another version: end it with `kill {stack}`"):
        find(LocalSettings(data=tmp_path))
