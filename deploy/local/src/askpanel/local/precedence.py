"""Who runs first on a crowded machine: what a client waits for, then what a panel waits for, then the rest.

Linux with autogroups (`/proc/sys/kernel/sched_autogroup_enabled`) shares processor time between *sessions* and
reads a process's niceness within its session only. Each service leads a session of its own, so its niceness
alone would change nothing: the session needs one too (sched(7), "The autogroup feature").
"""

import os
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

YIELDING: Mapping[str, int] = {
    "projector": 15,
    "usage": 15,
    "webhooks": 15,
    "orchestrator": 10,
    "consensus": 10,
    "expert-runner": 10,
}
"""Niceness of each service; one that is not named (gateway, sign-in) keeps the niceness of who starts the stack.

At 10 a process that competes with one at 0 for a processor gets a tenth of it, at 15 a thirtieth.
"""

SESSION = Path("/proc/self/autogroup")
TRIES, PAUSE = 100, 0.1


def give_way(name: str) -> None:
    """Let what is more urgent than service `name` run before this process, the leader of a session."""
    niceness = YIELDING.get(name, 0)
    os.nice(niceness)
    if niceness and SESSION.exists() and not _session_gave_way(niceness):
        threading.Thread(target=_until_it_gives_way, args=(niceness,), daemon=True).start()


def _session_gave_way(niceness: int) -> bool:
    """False if some process set a session's niceness less than a tenth of a second ago: the kernel allows others one."""
    try:
        SESSION.write_text(str(niceness))
    except BlockingIOError:
        return False
    except OSError as error:  # where /proc is not ours to write: all else works without it
        sys.stderr.write(f"this service does not give way to others: {SESSION}: {error.strerror}\n")
    return True


def _until_it_gives_way(niceness: int) -> None:
    for _ in range(TRIES):
        time.sleep(PAUSE)  # what the kernel asks of an account that is not root
        if _session_gave_way(niceness):
            return
    sys.stderr.write(f"niceness {niceness} could not be set in {TRIES * PAUSE:g} s: {SESSION} stayed busy\n")
