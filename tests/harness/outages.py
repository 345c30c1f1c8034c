"""Servers that go away: dead and not restarted, or alive and silent."""

import contextlib
import os
import signal
from collections.abc import Generator
from pathlib import Path

from tests.harness.stack import RunningStack


@contextlib.contextmanager
def dead(running: RunningStack, server: str) -> Generator[None]:
    """Kill a server and keep it down: whoever would start it again is stopped meanwhile."""
    running.process.send_signal(signal.SIGSTOP)
    try:
        os.kill(running.pid(server), signal.SIGKILL)
        yield
    finally:
        running.process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def silent(running: RunningStack, server: str) -> Generator[None]:
    """A server whose process and connections are there, and which does nothing."""
    pids = family(running.pid(server))
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in reversed(pids):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def family(pid: int) -> list[int]:
    """A process and its children: Postgres has one for each connection."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(int(child) for child in children)]
