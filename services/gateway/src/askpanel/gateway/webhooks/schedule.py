"""When to try again: after as long again as it has been tried, so waits double, and three days in all. Pure."""

from datetime import timedelta

FIRST = 5.0
LONGEST = timedelta(hours=6).total_seconds()
GIVE_UP = timedelta(days=3).total_seconds()
JITTER = 0.2


def next_wait(age: float, *, asked: float | None, unit: float) -> float | None:
    """Seconds until the next attempt of an order this old; None: give up.

    `asked` is the receiver's Retry-After, which can only lengthen the wait; `unit` in [0, 1) spreads attempts.
    """
    if age >= GIVE_UP:
        return None
    wait = min(max(age, FIRST), LONGEST) * (1 + JITTER * unit)
    return max(wait, asked or 0.0)
