"""Token buckets by user, in this process. Pure: time comes with each call."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Taken:
    """What is left after a request. `wait` in seconds is 0 when the request may go on."""

    left: int
    wait: float


class Rates:
    """`per_second` requests of one key for ever, `burst` at once after a rest."""

    def __init__(self, *, per_second: float, burst: int, most_keys: int = 20_000) -> None:
        self.per_second = per_second
        self.burst = burst
        self._most_keys = most_keys
        self._buckets: dict[object, tuple[float, float]] = {}

    def take(self, key: object, *, now: float) -> Taken:
        """Count one request of `key` at time `now` (seconds, never going back)."""
        tokens, at = self._buckets.pop(key, (float(self.burst), now))
        tokens = min(self.burst, tokens + (now - at) * self.per_second)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self.per_second
        if not wait:
            tokens -= 1
        self._buckets[key] = (tokens, now)
        while len(self._buckets) > self._most_keys:
            self._buckets.pop(next(iter(self._buckets)))
        return Taken(int(tokens), wait)
