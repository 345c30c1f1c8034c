"""Service processes that start quickly: forked from a server that has imported what they share.

Interpreters that each import the same libraries cost seconds on two cores; one that has done it once
forks them in milliseconds and shares the memory. A child imports its own module while the servers start, and
waits to be told its environment. Then it is a process of its own like any other:
own session, own environment, output in its log, and it ends when we end, whatever ends us.
"""

import contextlib
import ctypes
import importlib
import multiprocessing
import multiprocessing.forkserver
import os
import runpy
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import cast

from askpanel.local.precedence import give_way

SHARED = ("askpanel.runtime.process", "askpanel.contracts.asyncapi")
"""Imported once, before any fork. Nothing here starts threads, loops or connections."""

_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15


@dataclass(frozen=True, slots=True)
class Child:
    """A service process, running or waiting to be told its environment."""

    process: ForkServerProcess
    told: Connection

    def go(self, environment: Mapping[str, str]) -> None:
        """Let it run in this environment."""
        self.told.send(dict(environment))

    @property
    def pid(self) -> int:
        """Its process id, also after its end."""
        return self.process.pid or 0

    def poll(self) -> int | None:
        """The exit code once it has ended (negative: by a signal), else None."""
        return self.process.exitcode

    def terminate(self) -> None:
        """SIGTERM: drain and leave."""
        self.process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait for its end, and force it after `seconds`."""
        self.process.join(max(seconds, 0.05))
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join(5)


def warm() -> None:
    """Begin to import, in the background, what all children share."""
    multiprocessing.get_context("forkserver").set_forkserver_preload([*SHARED])
    multiprocessing.forkserver.ensure_running()


def begin(module: str, imports: str, log: Path, name: str) -> Child:
    """A forked process that imports `imports` and waits; told to go, it runs `python -m module`."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*SHARED])
    told, ours = cast("tuple[Connection, Connection]", context.Pipe(duplex=False))
    process = context.Process(target=_become, args=(module, imports, told, str(log), name), daemon=True)
    process.start()
    told.close()
    return Child(process, ours)


def _become(module: str, imports: str, told: Connection, log: str, name: str) -> None:
    """In the child: take on the log and, once told, the environment; then be the module."""
    os.setsid()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # the fork server ignores it
    give_way(name)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        libc.prctl(_PR_SET_NAME, f"ap-{name}".encode()[:15], 0, 0, 0)
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when numpy is imported
    importlib.import_module(imports)
    try:
        environment: dict[str, str] = told.recv()
    except EOFError:
        return
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [module]
    with contextlib.suppress(KeyboardInterrupt):
        runpy.run_module(module, run_name="__main__", alter_sys=True)
