"""Who runs first on a crowded machine, asked of the kernel."""

import subprocess
import sys

import pytest

from askpanel.local.precedence import SESSION, YIELDING

AS_ANYBODY = """
import ctypes, os, sys, threading
from askpanel.local.precedence import SESSION, give_way
if os.getuid() == 0:  # the kernel lets root set as many sessions at once as it likes
    os.setuid(65534)
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE: /proc/self is its own again
sys.stdin.readline()
give_way(sys.argv[1])
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join(10)
print(os.nice(0), SESSION.read_text().split()[-1])
"""

linux = pytest.mark.skipif(not SESSION.exists(), reason=f"this kernel has no {SESSION}")


def beginning(name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", AS_ANYBODY, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )


@linux
def test_process_and_session_give_way_though_all_services_begin_at_once() -> None:
    services = {name: beginning(name) for name in (*YIELDING, "gateway")}
    for process in services.values():
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    told = {name: process.communicate(timeout=30) for name, process in services.items()}
    wanted = {name: YIELDING.get(name, 0) for name in services}
    assert told == {name: (f"{niceness} {niceness}\n", "") for name, niceness in wanted.items()}
