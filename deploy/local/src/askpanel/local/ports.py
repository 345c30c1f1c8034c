"""Ports of loopback for processes that are told theirs before they listen.

What the system gives for port 0 it may give again, to a connection or another process, before the one that was
told it listens; and again each time that one is restarted. So these come from below that range, and
none is given twice by one process.
"""

import random
import socket
from contextlib import closing
from pathlib import Path

LOWEST = 10_000
TRIES = 1_000
_GIVEN_BY_SYSTEM = Path("/proc/sys/net/ipv4/ip_local_port_range")
_USUALLY_FROM = 32_768

_given: set[int] = set()


class PortTaken(Exception):
    """Another program listens on the wanted port, or no port is free."""


def free_port(wanted: int) -> int:
    """`wanted` if nobody listens there, any free one for 0. Raises PortTaken."""
    if wanted:
        if not is_free(wanted):
            raise PortTaken(
                f"port {wanted} is taken on 127.0.0.1: set ASKPANEL_PORT to another one, or 0 for any"
            )
        return wanted
    for _ in range(TRIES):
        port = random.randrange(LOWEST, _above_ours())  # noqa: S311  (spreads stacks on one machine)
        if port not in _given and is_free(port):
            _given.add(port)
            return port
    raise PortTaken(f"no free port was found on 127.0.0.1 in {TRIES} tries")


def _above_ours() -> int:
    """The first port that the system gives by itself; where that leaves few below, all are tried."""
    try:
        first = int(_GIVEN_BY_SYSTEM.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        first = _USUALLY_FROM
    return first if first >= LOWEST + 10_000 else 65_536


def is_free(port: int) -> bool:
    """Whether nobody listens on this port of loopback."""
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
