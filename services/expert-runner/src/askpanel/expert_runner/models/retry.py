"""Whether and when to try again, and when to leave a provider alone. Pure: time and chance come in.

Full jitter: Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
"""

from dataclasses import dataclass, replace

from askpanel.expert_runner.models.port import Failure

BASE, CAP = 0.5, 20.0
"""Seconds: the first backoff window, and the widest."""

FAIR = 30.0
"""Seconds: a call that its round's deadline cut off after less time says nothing of the provider."""

ANSWERED = frozenset({"bad_output", "truncated", "refused", "misconfigured"})
"""Reasons that prove that the provider is there: it answered, if with nothing of use."""

TWICE = frozenset({"bad_output", "truncated"})
"""Reasons that earn one more attempt and no more: the model, not the line, is at fault."""


def next_attempt(
    failure: Failure, *, attempt: int, attempt_limit: int, unit: float, seconds_left: float
) -> float | None:
    """Seconds to wait before the next attempt, or None when this failure is final.

    `attempt` (1-based) just failed; `unit` is a random number in [0, 1); `seconds_left` until the
    round's deadline. Never shorter than `retry_after`, and never a wait that ends after the deadline.
    """
    limit = min(attempt_limit, 2) if failure.reason in TWICE else attempt_limit
    if not failure.retryable or attempt >= limit:
        return None
    wait = unit * min(CAP, BASE * 2 ** (attempt - 1))
    if failure.retry_after is not None:
        wait += failure.retry_after
    return wait if wait < seconds_left else None


@dataclass(frozen=True, slots=True)
class Circuit:
    """A breaker per provider: closed, open until a time, or half open (one probe on its way).

    `threshold` provider-side failures in a row open it for `cooldown` seconds, doubled with every
    probe that fails, up to eight times. Times are seconds of any monotonic clock.
    """

    threshold: int = 5
    cooldown: float = 5.0
    failures: int = 0
    opened: int = 0
    open_until: float | None = None
    probing: bool = False

    @property
    def closed(self) -> bool:
        """Whether every call is let through."""
        return self.open_until is None

    def wait(self, now: float) -> float:
        """Seconds until an attempt is permitted; 0 means now. While a probe is out: half a cooldown."""
        if self.open_until is None:
            return 0.0
        if self.probing:
            return self.cooldown / 2
        return max(0.0, self.open_until - now)

    def before_attempt(self) -> "Circuit":
        """The state once an attempt has been let through: an open circuit is now probed."""
        return self if self.open_until is None else replace(self, probing=True)

    def after_success(self) -> "Circuit":
        """Closed again."""
        return Circuit(self.threshold, self.cooldown)

    def after_failure(self, failure: Failure, now: float, *, waited: float) -> "Circuit":
        """Counts failures of the provider, which had `waited` seconds to answer."""
        if failure.reason in ANSWERED:
            return self.after_success()
        if failure.reason == "timeout" and waited < FAIR:
            return self.after_abandoned()
        failures = self.failures + 1
        if not self.probing and failures < self.threshold:
            return replace(self, failures=failures)
        pause = self.cooldown * 2 ** min(self.opened, 3)
        return replace(self, failures=failures, opened=self.opened + 1, open_until=now + pause, probing=False)

    def after_abandoned(self) -> "Circuit":
        """A probe that was cancelled told nothing: the next attempt may probe."""
        return replace(self, probing=False)
