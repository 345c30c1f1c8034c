"""The one number that processes share: as arithmetic, what they may do with it, and what comes out."""

import random
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from askpanel.gateway import rates
from askpanel.gateway.limits import holdings
from askpanel.gateway.rates import AHEAD, CLOCKS_APART, SECOND, Rate

PROCESSES = 4
START = 1_800_000_000 * SECOND
NEARLY = 1e-6


@dataclass
class Process:
    """What a gateway keeps of a user. `behind` is how far its clock is behind the others'."""

    full_at: int = 0
    ahead: int = 0
    behind: int = 0


class Ideal:
    """A token bucket that everybody would see at once."""

    def __init__(self, rate: Rate, extra: float = 0.0) -> None:
        self.rate = rate
        self.most = self.tokens = rate.burst + extra
        self.at = START

    def there(self, now: int) -> float:
        self.tokens = min(self.most, self.tokens + (now - self.at) / self.rate.every)
        self.at = now
        return self.tokens

    def spend(self, now: int) -> None:
        assert self.there(now) >= 1 - NEARLY, "more came through than one bucket would have given"
        self.tokens -= 1


class ManyProcesses(RuleBasedStateMachine):
    """Processes take, take ahead, keep silent and die, in any order; one ideal bucket counts along."""

    apart = 0.0
    processes = PROCESSES

    @initialize(
        per_second=st.sampled_from([0.5, 3.0, 20.0, 400.0]),
        burst=st.integers(1, 400),
        behind=st.lists(st.floats(0, 1), min_size=PROCESSES, max_size=PROCESSES),
    )
    def begin(self, per_second: float, burst: int, behind: list[float]) -> None:
        self.rate = Rate(per_second, burst)
        self.now = START
        self.number = 0
        self.all = [Process(behind=round(self.apart * SECOND * part)) for part in behind[: self.processes]]
        self.ideal = Ideal(self.rate, extra=per_second * self.apart)

    @rule(seconds=st.one_of(st.floats(0, 0.2), st.floats(0.2, 5)))
    def time_passes(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)

    @rule(
        which=st.integers(0, PROCESSES - 1),
        wanted=st.sampled_from([1, 2, 10, 500]),
        pause=st.sampled_from([0, 0.001, 0.03]),
    )
    def requests_come(self, which: int, wanted: int, pause: float) -> None:
        process = self.all[which % self.processes]
        for _ in range(wanted):
            self.one_comes(process)
            self.now += round(pause * SECOND)

    def one_comes(self, process: Process) -> None:
        now, rate = self.now - process.behind, self.rate
        process.ahead = rates.kept(rate, process.full_at, now, process.ahead)
        if process.ahead:
            process.ahead -= 1
        elif rates.left(rate, self.number, now):
            full_at = rates.after(rate, self.number, now, 1)
            process.ahead = rates.ahead(rate, full_at, now)
            assert self.number <= full_at, "it only grows"
            self.number = process.full_at = rates.after(rate, full_at, now, process.ahead)
        else:
            assert rates.wait(rate, self.number, now) > 0
            self.refused()
            return
        self.ideal.spend(self.now)

    def refused(self) -> None:
        """Nothing to say where others may have taken something ahead."""

    @rule(which=st.integers(0, PROCESSES - 1))
    def dies(self, which: int) -> None:
        process = self.all[which % self.processes]
        process.ahead = 0


class ClocksApart(ManyProcesses):
    """Clocks that differ by up to two seconds: what flows in meanwhile comes through too, once."""

    apart = 2.0


class OneProcess(ManyProcesses):
    """A user at one gateway is refused when the ideal bucket is empty, but for part of one request."""

    processes = 1

    def dies(self, which: int) -> None:
        """Not here: what a process had ahead is gone with it."""

    def refused(self) -> None:
        assert self.ideal.there(self.now) < 2


OFTEN = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestManyProcesses = ManyProcesses.TestCase
TestManyProcesses.settings = OFTEN
TestClocksApart = ClocksApart.TestCase
TestClocksApart.settings = OFTEN
TestOneProcess = OneProcess.TestCase
TestOneProcess.settings = OFTEN


@pytest.mark.parametrize(("per_second", "burst"), [(20, 60), (100, 100), (400, 400), (1000, 50)])
def test_four_processes_that_are_asked_too_much_let_through_what_is_allowed(
    per_second: float, burst: int
) -> None:
    """Each is asked 200 times a second, less evenly than a metronome; an exchange takes no time here."""
    rate, dice = Rate(per_second, burst), random.Random(burst)
    all_of_them = [Process() for _ in range(PROCESSES)]
    arrivals = sorted(
        (number / 200 + dice.uniform(0, 0.005), which)
        for which in range(PROCESSES)
        for number in range(20 * 200)
    )
    number, accepted = 0, 0
    for at, which in arrivals:
        process, now = all_of_them[which], START + round(at * SECOND)
        process.ahead = rates.kept(rate, process.full_at, now, process.ahead)
        if process.ahead:
            process.ahead -= 1
        elif rates.left(rate, number, now):
            full_at = rates.after(rate, number, now, 1)
            process.ahead = rates.ahead(rate, full_at, now)
            number = process.full_at = rates.after(rate, full_at, now, process.ahead)
        else:
            continue
        accepted += 1
    allowed = min(burst + per_second * 20, len(arrivals))
    assert allowed * 0.99 <= accepted <= allowed


@given(burst=st.integers(1, 500), per_second=st.floats(0.01, 5000), behind=st.integers(0, 10**12))
def test_a_pause_is_as_long_as_it_takes_and_not_longer(burst: int, per_second: float, behind: int) -> None:
    rate = Rate(per_second, burst)
    full_at = START + rate.burst * rate.every - behind % (rate.burst * rate.every)
    pause = round(rates.wait(rate, full_at, START) * SECOND)
    assert rates.left(rate, full_at, START + pause + 1000) >= 1
    assert (rates.left(rate, full_at, START) >= 1) == (pause == 0)
    assert pause <= rate.every


def test_what_was_taken_ahead_and_not_used_is_there_again_for_others_as_it_melts() -> None:
    rate = Rate(20, 60)
    full_at = rates.after(rate, 0, START, 1)
    ahead = rates.ahead(rate, full_at, START)
    full_at = rates.after(rate, full_at, START, ahead)
    seen = [START + tenth * SECOND // 40 for tenth in range(13)]
    assert ahead == 4
    assert [rates.kept(rate, full_at, now, ahead) for now in seen] == [4, 4, 4, 3, 3, 2, 2, 1, 1, 0, 0, 0, 0]
    assert [rates.left(rate, full_at, now) for now in seen] == [
        55, 55, 56, 56, 57, 57, 58, 58, 59, 59, 60, 60, 60,
    ]  # fmt: skip


def test_less_is_taken_ahead_the_more_of_the_burst_is_used_up_and_nothing_by_slow_rates() -> None:
    rate, number, taken = Rate(100, 300), 0, list[int]()
    while left := rates.left(rate, number, START):
        number = rates.after(rate, number, START, 1)
        taken.append(rates.ahead(rate, number, START))
        assert taken[-1] < left
        number = rates.after(rate, number, START, taken[-1])
    assert taken == sorted(taken, reverse=True)
    assert (taken[0], taken[-1], sum(taken) + len(taken)) == (24, 0, 300)
    assert number - START == 300 * rate.every
    assert rates.ahead(Rate(SECOND / AHEAD, 60), rates.after(Rate(1, 60), 0, START, 1), START) == 0


@given(ahead=st.integers(CLOCKS_APART + 1, 10**15))
def test_a_clock_far_ahead_locks_nobody_out(ahead: int) -> None:
    rate = Rate(1, 5)
    full_at = rates.believed(rate, START + 5 * SECOND + ahead, START)
    assert rates.left(rate, full_at, START + SECOND) == 1
    assert rates.believed(rate, START + 5 * SECOND + CLOCKS_APART, START) == START + 5 * SECOND + CLOCKS_APART


def test_holdings_count_others_and_forget_who_is_gone() -> None:
    held = holdings.decode(holdings.encode({"a": 2, "b": 3}))
    assert holdings.elsewhere(held, "a") == 3
    assert holdings.with_mine(held, "a", 0) == {"b": 3}
    assert holdings.without(held, ["b"]) == {"a": 2}
    assert holdings.decode(b"[1]") == holdings.decode(None) == {}
