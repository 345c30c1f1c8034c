"""A child process that does not outlive its parent, and the little that both servers share.

On Linux the kernel tells the child when the parent is gone (PR_SET_PDEATHSIG), whatever killed it.
Elsewhere a second small process watches a pipe that closes when the parent ends (`watchdog`).

Errors:
    ServerError
    ├── ServerMissing    its program is not installed, or cannot be run here
    ├── ServerInUse      another process runs on this data directory
    ├── ServerDied       it ended while starting; carries the end of its log
    └── ServerNotReady   it runs and did not become ready in time; it was stopped again
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from askpanel.local.ports import free_port, is_free

LOG_LIMIT_BYTES = 5 * 1024 * 1024
_PR_SET_PDEATHSIG = 1
# Loaded before any fork: the child must not import or allocate between fork and exec.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class ServerError(Exception):
    """An embedded server could not be started."""


class ServerMissing(ServerError):
    """Its program is not installed, or cannot be run here."""


class ServerInUse(ServerError):
    """Another process runs on this data directory."""


class ServerDied(ServerError):
    """It ended while starting."""


class ServerNotReady(ServerError):
    """It did not become ready in time."""


@dataclass(frozen=True, slots=True)
class Account:
    """The operating system user a server runs as, when that is not ours."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Running:
    """A started server.

    `stops` are the signals that end it, mildest first, with their seconds; `lock` is the file
    that keeps others off its data until `stop()`. After a server died by itself: `stop()`, then start.
    """

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stops: tuple[tuple[signal.Signals, float], ...]
    lock: TextIO

    @property
    def pid(self) -> int:
        return self.process.pid

    def poll(self) -> int | None:
        """The exit code once it has ended (negative: by a signal), else None."""
        return self.process.poll()

    def stop(self) -> int:
        """End it, with growing force, and return its exit code. Stopping twice is harmless."""
        for ending, seconds in (*self.stops, (signal.SIGKILL, 10.0)):
            if self.process.poll() is not None:
                break
            self.process.send_signal(ending)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        code = self.process.wait(1)
        self.lock.close()
        return code


def spawn(
    argv: Sequence[str],
    *,
    log: Path,
    ending: signal.Signals,
    account: Account | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start `argv` with its output in `log`; it gets `ending` when this process ends, however that happens.

    In a session of its own, so that Ctrl-C in the terminal reaches us and not the servers under us.
    The working directory is `/`: a server under another account cannot even look at a private one.

    Raises RuntimeError outside the main thread: the kernel's signal fires when the spawning *thread*
    ends, so a server started from a worker thread would stop for no visible reason.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("embedded servers must be started from the main thread")
    with _open_log(log) as out:
        process = subprocess.Popen(
            argv,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent(os.getpid(), ending),
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=() if account else None,
            env=env,
        )
    if _libc is None:
        _watch(process.pid, ending)
    return process


def wait_ready(running: Running, ready: Callable[[], bool], *, seconds: float) -> None:
    """Poll `ready` every 10 ms. Raises ServerDied or ServerNotReady; then the server is stopped."""
    deadline = time.monotonic() + seconds
    while not ready():
        code = running.poll()
        if code is not None:
            raise ServerDied(f"{running.name} ended with {code} while starting: {tail(running.log)}")
        if time.monotonic() > deadline:
            running.stop()
            raise ServerNotReady(
                f"{running.name} was not ready after {seconds:g} s: {tail(running.log)} (see {running.log})"
            )
        time.sleep(0.01)


def tail(log: Path, lines: int = 8) -> str:
    """The last lines of a log, or where it should have been."""
    if not log.exists():
        return f"no log at {log}"
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def remembered_port(memo: Path, wanted: int | None = None) -> int:
    """The port to listen on: `wanted`, else the one in `memo` if still free, else a free one.

    The choice is written to `memo`, so URLs survive a restart. A busy `wanted` port is ServerInUse.
    """
    if wanted is not None and not is_free(wanted):
        raise ServerInUse(f"port {wanted} is taken on 127.0.0.1")
    earlier = int(memo.read_text()) if memo.exists() else None
    port = wanted or (earlier if earlier is not None and is_free(earlier) else free_port(0))
    memo.write_text(f"{port}\n")
    return port


def _die_with_parent(parent: int, ending: signal.Signals) -> Callable[[], None] | None:
    if _libc is None:
        return None
    libc = _libc

    def in_child() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(ending), 0, 0, 0)
        if os.getppid() != parent:  # it ended between the fork and the call above
            os._exit(1)

    return in_child


def _watch(pid: int, ending: signal.Signals) -> None:
    """Without PR_SET_PDEATHSIG: a process that reads a pipe of ours, whose end is our end."""
    reading, writing = os.pipe()  # our end stays open for as long as we live, on purpose
    subprocess.Popen(
        [sys.executable, "-m", "askpanel.local.servers.watchdog", str(pid), str(int(ending))],
        stdin=reading,
        start_new_session=True,
        close_fds=True,
    )
    os.close(reading)
    os.set_inheritable(writing, False)


@contextlib.contextmanager
def _open_log(log: Path) -> Generator[int]:
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".old.log"))
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
