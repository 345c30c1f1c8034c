"""`python -m askpanel.local.servers.watchdog PID SIGNAL`: signal PID once standard input ends.

For systems whose kernel cannot tell a child that its parent is gone. It also ends when PID does, so
that it never signals a stranger who got the same number later.
"""

import contextlib
import os
import select
import sys

from askpanel.local.servers.predecessor import is_alive


def watch(pid: int, ending: int) -> None:
    """Block until the pipe on standard input closes, then signal; return early if the process ends."""
    while is_alive(pid):
        readable, _, _ = select.select([sys.stdin], [], [], 1.0)
        if readable and not os.read(sys.stdin.fileno(), 1):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, ending)
            return


if __name__ == "__main__":
    watch(int(sys.argv[1]), int(sys.argv[2]))
