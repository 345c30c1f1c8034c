"""The shared token bucket as arithmetic: what processes may do to it, and what comes out."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from askpanel.gateway.limits import holdings
from askpanel.gateway.limits.bucket import (
    CLOCKS_APART,
    LEASE,
    OWED,
    SHARE,
    Bucket,
    Rate,
    decode,
    draw,
    encode,
    full,
    refilled,
)

PROCESSES: tuple[str, ...] = ("a", "b", "c", "d")
START = 1_800_000_000.0
NEARLY = 1e-6


class ManyProcesses(RuleBasedStateMachine):
    """Processes borrow, spend, keep silent and die, in any order; one ideal bucket counts along."""

    @initialize(per_second=st.sampled_from([0.5, 3.0, 20.0, 400.0]), burst=st.integers(1, 400))
    def begin(self, per_second: float, burst: int) -> None:
        self.rate = Rate(per_second, burst)
        self.now = START
        self.bucket = full(self.rate, self.now)
        self.held: dict[str, tuple[int, float]] = dict.fromkeys(PROCESSES, (0, 0.0))
        self.ideal, self.ideal_at = float(burst), self.now

    @rule(seconds=st.one_of(st.floats(0, 0.2), st.floats(0.2, 5)))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(who=st.sampled_from(PROCESSES), wanted=st.integers(0, 30), soon=st.integers(0, 200))
    def exchange(self, who: str, wanted: int, soon: int) -> None:
        back = self.held[who][0]
        drawn = draw(self.bucket, self.rate, who, back=back, wanted=wanted, soon=soon, now=self.now)
        assert 0 <= drawn.granted <= wanted + soon
        assert (drawn.pause > 0) == (drawn.granted < wanted)
        self.bucket = drawn.bucket
        self.held[who] = drawn.granted, self.now + LEASE
        for _ in range(min(wanted, drawn.granted)):
            self.spend(who)

    @rule(who=st.sampled_from(PROCESSES))
    def spend(self, who: str) -> None:
        left, until = self.held[who]
        if not left or self.now >= until:
            return
        self.held[who] = left - 1, until
        self.ideal = min(self.rate.burst, self.ideal + (self.now - self.ideal_at) * self.rate.per_second)
        self.ideal_at = self.now
        assert self.ideal >= 1 - NEARLY, "more came through than one bucket would have given"
        self.ideal -= 1

    @rule(who=st.sampled_from(PROCESSES))
    def dies(self, who: str) -> None:
        self.held[who] = 0, 0.0

    @rule()
    def stored_and_read(self) -> None:
        assert decode(encode(self.bucket)) == self.bucket

    @rule()
    def never_more_than_the_burst(self) -> None:
        there = refilled(self.bucket, self.rate, self.now)
        lent = sum(slice_.tokens for slice_ in there.lent.values())
        assert 0 <= there.tokens <= self.rate.burst - lent + NEARLY


TestManyProcesses = ManyProcesses.TestCase
TestManyProcesses.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize(("per_second", "burst"), [(20, 60), (100, 100), (400, 400), (1000, 50)])
def test_four_processes_that_are_asked_too_much_let_through_what_is_allowed(
    per_second: float, burst: int
) -> None:
    """Each is asked 200 times a second, less evenly than a metronome; a draw takes no time here."""
    rate, dice = Rate(per_second, burst), random.Random(burst)
    arrivals = sorted(
        (number / 200 + dice.uniform(0, 0.005), who) for who in PROCESSES for number in range(20 * 200)
    )
    bucket, accepted = full(rate, START), 0
    held: dict[str, tuple[int, float, float]] = dict.fromkeys(PROCESSES, (0, 0.0, 0.0))
    for at, who in arrivals:
        left, until, paused = held[who]
        if not (left and at < until) and at >= paused:
            drawn = draw(bucket, rate, who, back=left, wanted=1, soon=199, now=START + at)
            bucket, left, until, paused = drawn.bucket, drawn.granted, at + LEASE, at + drawn.pause
        if left and at < until:
            accepted += 1
            left -= 1
        held[who] = left, until, paused
    allowed = min(burst + per_second * 20, len(arrivals))
    assert allowed * 0.99 <= accepted <= allowed


def test_a_process_that_was_killed_costs_its_slice_for_a_moment() -> None:
    rate = Rate(10, 80)
    drawn = draw(full(rate, START), rate, "a", wanted=1, soon=50, now=START)
    assert drawn.granted == 1 + 79 // SHARE
    assert refilled(drawn.bucket, rate, START + OWED * 0.9).tokens == 80 - (drawn.granted - 1)
    assert refilled(drawn.bucket, rate, START + OWED).tokens == 80


def test_slices_shrink_to_what_is_asked_for_as_the_bucket_drains() -> None:
    rate, granted = Rate(1, 64), list[int]()
    bucket = full(rate, START)
    for number in range(200):
        drawn = draw(bucket, rate, f"p{number}", wanted=1, soon=100, now=START)
        bucket = drawn.bucket
        granted.append(drawn.granted)
    assert granted == sorted(granted, reverse=True)
    assert granted[0] > 1
    assert (sum(granted), granted[-1]) == (64, 0)


@given(ahead=st.floats(CLOCKS_APART + 0.1, 1e6))
def test_a_clock_far_ahead_locks_nobody_out(ahead: float) -> None:
    rate = Rate(1, 5)
    there = refilled(Bucket(0.0, START + ahead), rate, START)
    assert refilled(there, rate, START + 1).tokens == 1


@pytest.mark.parametrize(
    "garbage", [b"", b"[]", b'{"tokens": 1}', b'{"tokens":1,"at":1,"lent":[1]}', b"\xff"]
)
def test_what_is_no_bucket_is_refused(garbage: bytes) -> None:
    with pytest.raises(ValueError, match="not a bucket"):
        decode(garbage)


def test_holdings_count_others_and_forget_who_is_gone() -> None:
    held = holdings.decode(holdings.encode({"a": 2, "b": 3}))
    assert holdings.elsewhere(held, "a") == 3
    assert holdings.with_mine(held, "a", 0) == {"b": 3}
    assert holdings.without(held, ["b"]) == {"a": 2}
    assert holdings.decode(b"[1]") == holdings.decode(None) == {}
