"""What to type for another `askpanel` command: hints can be pasted where this one was given."""

import os
import shlex
import shutil
import sys
from pathlib import Path

NAME = "askpanel"


def command() -> str:
    """`askpanel` if the search path leads to this very program, else the path it was started by."""
    return as_typed(sys.argv[0], python=sys.executable, found=shutil.which(NAME))


def as_typed(program: str, *, python: str, found: str | None) -> str:
    """`program` is argv[0], `found` where the search path has the name. `python -m` means the script beside `python`."""
    if Path(program).name != NAME:
        program = str(Path(python).with_name(NAME))
    if found is not None and os.path.realpath(found) == os.path.realpath(program):
        return NAME
    return shlex.quote(program)
