"""Waiting until a process has given back what it will."""

import time
from collections.abc import Callable

APART = 0.5
LONGEST = 10.0
STEADY = 0.01


def settled(look: Callable[[], float]) -> float:
    """The reading once two in a row, half a second apart, differ by less than a hundredth; else the last in time."""
    before, ends = look(), time.monotonic() + LONGEST
    while True:
        time.sleep(APART)
        now = look()
        if abs(now - before) < STEADY * before or time.monotonic() >= ends:
            return now
        before = now
