"""How many requests somebody may send: the generic cell rate algorithm (GCRA, ITU-T I.371). Pure: time comes with each call.

One number says everything: when the whole burst is there again. A request moves it on by the time between two
requests at the rate, and may go if it is then no further ahead of now than the whole burst takes. It is a token
bucket that nobody has to fill. The number only grows, so who knows an old one may allow too much by it (and is
overtaken when writing), but refuses nothing that the newest one would allow.

Several processes share a number. What one takes ahead of its requests melts while it lies there, at the rate at
which the shared number comes back to now (`kept`). So what may be taken and what is kept are never more than a
burst together, nobody has to bring anything back, and what a killed process had is not lost. Clocks that differ
by d seconds make it rate x d requests more, once.

Times are whole nanoseconds since an epoch: sums are exact, and the last request of a burst is not lost to rounding.
"""

from dataclasses import dataclass

SECOND = 1_000_000_000

AHEAD = SECOND
"""A request is taken ahead only while that leaves the number within this time of now: of a bucket nearly full."""

SHARE = 4
"""And only one of so many that could be: the others are for other processes."""

CLOCKS_APART = 5 * SECOND
"""By which another process's clock may be ahead."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_second` requests for ever, `burst` at once after a rest."""

    per_second: float
    burst: int

    @property
    def every(self) -> int:
        """Time between two requests at this rate."""
        return max(round(SECOND / self.per_second), 1)


@dataclass(frozen=True, slots=True)
class Taken:
    """What is left after a request. `wait` in seconds is 0 when the request may go on."""

    left: int
    wait: float


def left(rate: Rate, full_at: int, now: int) -> int:
    """How many requests may go now."""
    used = -(-max(full_at - now, 0) // rate.every)  # rounded up
    return max(rate.burst - used, 0)


def wait(rate: Rate, full_at: int, now: int) -> float:
    """Seconds until a request may go; 0 if one may now."""
    return max(full_at - now - (rate.burst - 1) * rate.every, 0) / SECOND


def after(rate: Rate, full_at: int, now: int, requests: int) -> int:
    """The number after so many requests, which were `left`."""
    return max(full_at, now) + requests * rate.every


def ahead(rate: Rate, full_at: int, now: int) -> int:
    """How many requests to take before they come."""
    room = (now + AHEAD - max(full_at, now)) // rate.every
    return max(min(room // SHARE, left(rate, full_at, now)), 0)


def kept(rate: Rate, full_at: int, now: int, taken: int) -> int:
    """How many of those taken ahead may still go; `full_at` is the number after they were taken."""
    return min(taken, max(full_at - now, 0) // rate.every)


def believed(rate: Rate, full_at: int, now: int) -> int:
    """The number; that of an empty bucket where a clock far ahead wrote it, and it would lock the user out as long."""
    empty = now + rate.burst * rate.every
    return full_at if full_at <= empty + CLOCKS_APART else empty


class Rates:
    """Counts by key, in this process."""

    def __init__(self, rate: Rate, *, most_keys: int = 20_000) -> None:
        self._rate = rate
        self._most_keys = most_keys
        self._full_at: dict[object, int] = {}

    def take(self, key: object, *, now: float) -> Taken:
        """Count one request of `key` at time `now` (seconds, never going back)."""
        at = round(now * SECOND)
        full_at = self._full_at.pop(key, 0)
        pause = wait(self._rate, full_at, at)
        if not pause:
            full_at = after(self._rate, full_at, at, 1)
        self._full_at[key] = full_at
        while len(self._full_at) > self._most_keys:
            self._full_at.pop(next(iter(self._full_at)))
        return Taken(left(self._rate, full_at, at), pause)
