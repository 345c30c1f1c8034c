"""When to try again, and when to leave a provider alone."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askpanel.contracts.events import FailureReason
from askpanel.expert_runner.models.port import Failure
from askpanel.expert_runner.models.retry import CAP, Circuit, next_attempt

DOWN = Failure("provider_error", "500")
FINAL: tuple[FailureReason, ...] = (
    "misconfigured",
    "refused",
    "interrupted",
    "unknown_expert",
    "budget_exceeded",
)


def wait(
    failure: Failure, attempt: int = 1, limit: int = 3, unit: float = 0.5, left: float = 100.0
) -> float | None:
    return next_attempt(failure, attempt=attempt, attempt_limit=limit, unit=unit, seconds_left=left)


@pytest.mark.parametrize("reason", FINAL)
def test_what_another_attempt_cannot_mend_is_final(reason: FailureReason) -> None:
    assert wait(Failure(reason, "")) is None


def test_the_attempt_limit_is_the_number_of_requests() -> None:
    assert [wait(DOWN, attempt) is None for attempt in (1, 2, 3)] == [False, False, True]


@pytest.mark.parametrize("reason", ["bad_output", "truncated"])
def test_output_we_cannot_use_earns_one_retry_only(reason: FailureReason) -> None:
    assert wait(Failure(reason, ""), attempt=1) is not None
    assert wait(Failure(reason, ""), attempt=2) is None


def test_the_backoff_window_doubles_up_to_its_cap() -> None:
    windows = [wait(DOWN, attempt, limit=99, unit=1.0, left=1e9) for attempt in range(1, 9)]
    assert windows == [0.5, 1, 2, 4, 8, 16, CAP, CAP]


def test_a_wait_that_ends_after_the_deadline_is_not_begun() -> None:
    assert wait(DOWN, unit=0.9, left=0.4) is None
    assert wait(Failure("rate_limited", "429", retry_after=30), left=29) is None


@given(
    reason=st.sampled_from(get_args(FailureReason)),
    attempt=st.integers(1, 10),
    limit=st.integers(1, 10),
    unit=st.floats(0, 1, exclude_max=True),
    after=st.none() | st.floats(0, 120),
    left=st.floats(-10, 1000),
)
def test_a_wait_honours_retry_after_and_the_deadline(
    reason: FailureReason, attempt: int, limit: int, unit: float, after: float | None, left: float
) -> None:
    delay = wait(Failure(reason, "", after), attempt, limit, unit, left)
    if delay is not None:
        assert attempt < limit
        assert (after or 0) <= delay < left
        assert delay <= CAP + (after or 0)


def failing(circuit: Circuit, times: int, now: float = 0.0) -> Circuit:
    for _ in range(times):
        circuit = circuit.after_failure(DOWN, now, waited=1.0)
    return circuit


def test_a_circuit_opens_after_failures_in_a_row_and_closes_with_a_probe_that_succeeds() -> None:
    assert failing(Circuit(threshold=5), 4).wait(0) == 0
    opened = failing(Circuit(threshold=5, cooldown=10), 5)
    assert (opened.wait(0), opened.wait(4), opened.wait(10)) == (10, 6, 0)
    probing = opened.before_attempt()
    assert probing.wait(11) > 0, "one probe at a time"
    assert probing.after_success() == Circuit(threshold=5, cooldown=10)


def test_a_failed_probe_opens_it_for_twice_as_long_up_to_eight_times() -> None:
    circuit, pauses, now = failing(Circuit(threshold=2, cooldown=1), 2), list[float](), 0.0
    for _ in range(6):
        pauses.append(circuit.wait(now))
        now += circuit.wait(now)
        circuit = circuit.before_attempt().after_failure(DOWN, now, waited=1.0)
    assert pauses == [1, 2, 4, 8, 8, 8]


def test_a_success_forgets_earlier_failures_and_a_cancelled_probe_may_be_repeated() -> None:
    assert failing(failing(Circuit(), 4).after_success(), 4).wait(0) == 0
    probing = failing(Circuit(cooldown=1), 5).before_attempt()
    assert probing.after_abandoned().wait(2) == 0


def test_an_answer_we_cannot_use_proves_that_the_provider_is_there() -> None:
    circuit = failing(Circuit(), 4).after_failure(Failure("bad_output", ""), 0, waited=1.0)
    assert circuit == Circuit()
