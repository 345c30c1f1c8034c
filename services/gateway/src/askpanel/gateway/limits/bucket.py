"""A token bucket that several processes draw on: the arithmetic. Pure: time comes with each call.

Tokens flow in at a rate up to a burst, a request takes one. So that not every request asks the shared
bucket, a process borrows a slice for a short while, spends it by itself, and brings back what is left.

Nobody ever gets more than the one bucket would give, `burst + rate x time`, however many processes there
are, and whatever becomes of them: tokens lent and tokens in the bucket together never exceed the burst.
What a killed process had borrowed flows in again at the rate. Slices shrink as the bucket
drains, to nothing beyond what is being asked for, so none lies idle where another process needs it.

Clocks that differ by d seconds let at most rate x d tokens more through, once. A clock so far ahead of ours
that waiting for it would lock the user out (CLOCKS_APART) is not believed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LEASE = 1.0
"""Seconds in which a slice may be spent."""

OWED = 3 * LEASE
"""Seconds in which what is left of it may be brought back. After that it counts as lost, and has flowed in
again: brought back then, it would be there twice."""

SHARE = 8
"""Beyond what is asked for now, at most this part of the bucket is lent."""

MOST_PAUSE = 0.025
"""Seconds after which a process that was told "empty" asks again at the latest, for a fast rate."""

CLOCKS_APART = 5.0
"""Seconds by which another process's clock may be ahead."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_second` tokens for ever, `burst` at once after a rest."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class Lent:
    """Tokens a process has, and until when they are missing from the bucket (seconds since the epoch)."""

    tokens: int
    until: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is left at a time (seconds since the epoch), and what each process has borrowed."""

    tokens: float
    at: float
    lent: Mapping[str, Lent] = field(default_factory=dict[str, Lent])


@dataclass(frozen=True, slots=True)
class Drawn:
    """The bucket afterwards, how much was granted, and seconds in which asking again is no use (or 0)."""

    bucket: Bucket
    granted: int
    pause: float


def full(rate: Rate, now: float) -> Bucket:
    """After a rest."""
    return Bucket(float(rate.burst), now)


def refilled(bucket: Bucket, rate: Rate, now: float) -> Bucket:
    """The same bucket at `now`. A clock behind the last writer's brings nothing, and takes nothing away."""
    lent = {who: slice_ for who, slice_ in bucket.lent.items() if slice_.until > now}
    room = rate.burst - sum(slice_.tokens for slice_ in lent.values())
    flowed = max(now - bucket.at, 0.0) * rate.per_second
    at = now if bucket.at > now + CLOCKS_APART else max(bucket.at, now)
    return Bucket(max(min(bucket.tokens + flowed, room), 0.0), at, lent)


def draw(
    bucket: Bucket, rate: Rate, who: str, *, back: int = 0, wanted: int = 0, soon: int = 0, now: float
) -> Drawn:
    """Bring `back` what is unspent, and take `wanted` tokens for requests that wait, and up to `soon` more.

    The whole of it at once: whoever draws gives up the slice it had. `granted` covers the waiting first.
    """
    had = bucket.lent.get(who)
    back = min(back, had.tokens) if had is not None and had.until > now else 0
    owed = {other: slice_ for other, slice_ in bucket.lent.items() if other != who}
    there = refilled(Bucket(bucket.tokens + back, bucket.at, owed), rate, now)
    waiting = min(wanted, int(there.tokens))
    ahead = min(soon, int(there.tokens - waiting) // SHARE) if waiting == wanted else 0
    lent = dict(there.lent) | ({who: Lent(ahead, now + OWED)} if ahead else {})
    left = there.tokens - waiting - ahead
    pause = 0.0 if waiting == wanted else _pause(left, rate, coming_back=bool(lent))
    return Drawn(Bucket(left, there.at, lent), waiting + ahead, pause)


def _pause(left: float, rate: Rate, *, coming_back: bool) -> float:
    """Until there is a whole token; with a fast rate a few of them, but never so long that any runs over.

    What others have borrowed may come back sooner.
    """
    flowing_in = max((1 - left) / rate.per_second, min(MOST_PAUSE, rate.burst / SHARE / rate.per_second))
    return min(flowing_in, LEASE / 2) if coming_back else flowing_in


def encode(bucket: Bucket) -> bytes:
    """As the shared bucket keeps it."""
    lent = {who: [slice_.tokens, slice_.until] for who, slice_ in bucket.lent.items()}
    return json.dumps({"tokens": bucket.tokens, "at": bucket.at, "lent": lent}).encode()


def decode(value: bytes) -> Bucket:
    """As it was encoded. ValueError for anything else."""
    try:
        fields: Any = json.loads(value)
        lent = {str(who): Lent(int(tokens), float(until)) for who, (tokens, until) in fields["lent"].items()}
        return Bucket(float(fields["tokens"]), float(fields["at"]), lent)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ValueError("not a bucket") from error
