"""Who had this data directory before us, and whether it still has it.

One process at a time holds a data directory: an advisory lock that the kernel drops when the holder
ends. A holder killed hard leaves a server that is shutting down; that one is waited for, by pid file.
"""

import contextlib
import fcntl
import os
import subprocess
import time
from pathlib import Path
from typing import TextIO

from askpanel.local.servers.process import ServerInUse


def hold(data: Path, name: str) -> TextIO:
    """Take the directory; returns the lock, held until it is closed. Raises ServerInUse."""
    lock = (data / "lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise ServerInUse(
            f"{name} already runs on {data}, started by process {holder}: stop that one"
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def wait_until_gone(pid_file: Path, mark: str, deadline: float) -> None:
    """Wait for the process in `pid_file` if its command line has `mark` in it; then remove the file.

    Without `mark` the number was given to somebody else meanwhile (a container hands out few), and
    the file is stale. Raises ServerInUse at `deadline` (seconds of time.monotonic).
    """
    while (pid := _noted_pid(pid_file)) is not None:
        if not is_alive(pid) or mark not in (command_line(pid) or ""):
            pid_file.unlink(missing_ok=True)
            return
        if time.monotonic() > deadline:
            raise ServerInUse(f"process {pid} still runs on {pid_file.parent}: stop it first")
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether a process with this id exists and has not merely been left unreaped."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def command_line(pid: int) -> str | None:
    """The command of a process, arguments joined by blanks; None if it is gone or cannot be told."""
    if Path("/proc/self").exists():
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return None
        return raw.replace(b"\0", b" ").decode(errors="replace").strip() or None
    shown = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip() or None


def _is_zombie(pid: int) -> bool:
    try:
        # The state follows the command name, which is in parentheses and may hold anything.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _noted_pid(pid_file: Path) -> int | None:
    with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
        return int(pid_file.read_text().splitlines()[0])
    return None
