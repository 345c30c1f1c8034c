"""Section 1 and the edge cases of protocols.md: given a history, what is decided."""

from datetime import timedelta
from decimal import Decimal

import pytest

from askpanel.contracts.events import (
    ConsensusRequested,
    ExpertRequested,
    PanelStarted,
    RoundCompleted,
    RoundStarted,
    Seat,
)
from askpanel.orchestrator.decider import decide
from askpanel.orchestrator.timers import deadline

from .simulator import (
    BUDGET,
    CANCEL,
    START,
    Simulation,
    begin,
    calculated,
    created,
    failed,
    responded,
    shape,
    usage,
)


def first_round(panel: Simulation, *missing: int) -> list[str]:
    """Everybody answers round 1 but the seats named, which fail for good."""
    return shape(
        panel.give(
            *(
                failed(request) if request.seat in missing else responded(request)
                for request in panel.requests("1")
            )
        )
    )


def test_a_created_panel_starts_and_asks_every_expert() -> None:
    panel = begin(created(experts=3))
    assert shape(panel.events) == [
        "panel.created",
        "panel.started",
        "round.started 1",
        "ask 1 expert opening 0",
        "ask 1 expert opening 1",
        "ask 1 expert opening 2",
    ]
    assert decide(panel.state, panel.now).events == ()


def test_a_request_names_the_persona_as_its_seat_does() -> None:
    seats = [
        Seat(agent_id="lawyer", name="Lawyer", version=3, shared=shared) for shared in (True, False, None)
    ]
    asked = begin(created(experts=0, seats=seats)).requests("1")
    assert [(request.agent_version, request.agent_shared) for request in asked] == [
        (3, True),
        (3, False),
        (3, None),
    ]


def test_the_plan_says_rounds_seats_threshold_and_deadline() -> None:
    started = begin(created("open", 4, configuration={"time_limit_minutes": 20})).of(PanelStarted)[0]
    assert (started.plan.rounds, started.plan.seats, started.plan.threshold) == (2, 4, 0.6)
    assert started.plan.deadline_at == START + timedelta(minutes=20)


def test_an_answer_closes_nothing_while_others_may_still_answer() -> None:
    panel = begin(created(experts=3))
    assert panel.give(responded(panel.request("1", 0))) == []
    assert panel.give(failed(panel.request("1", 1), retryable=True)) == []
    assert panel.give(responded(panel.request("1", 1), attempt=2)) == []


def test_the_round_closes_when_every_seat_has_answered_or_finally_failed() -> None:
    panel = begin(created(experts=3))
    assert first_round(panel, 2) == ["round.completed 1", "count 1"]
    completed, counted = panel.of(RoundCompleted)[0], panel.of(ConsensusRequested)[0]
    assert (completed.answered, completed.missing) == ((0, 1), (2,))
    assert (completed.quorum.needed, completed.quorum.answered, completed.quorum.met) == (2, 2, True)
    assert counted.missing == (2,)
    assert counted.degraded == ("Name 2 did not answer in round 1.",)


def test_the_last_attempt_is_final_even_when_retryable() -> None:
    panel = begin(created(experts=3, configuration={"attempt_limit": 2}))
    panel.give(responded(panel.request("1", 0)), responded(panel.request("1", 1)))
    silent = panel.request("1", 2)
    assert panel.give(failed(silent, attempt=1, retryable=True)) == []
    assert shape(panel.give(failed(silent, attempt=2, retryable=True)))[0] == "round.completed 1"


@pytest.mark.parametrize(("seats", "needed"), [(3, 2), (4, 2), (5, 3), (8, 4), (12, 6)])
def test_the_quorum_is_half_of_the_planned_seats_and_never_under_two(seats: int, needed: int) -> None:
    panel_type = "delphi" if seats > 8 else "structured"
    panel = begin(created(panel_type, seats))
    assert first_round(panel, *range(needed - 1, seats))[-1] == "panel.failed quorum_not_met"
    assert panel.of(RoundCompleted)[0].quorum.needed == needed
    panel = begin(created(panel_type, seats))
    assert first_round(panel, *range(needed, seats))[-1] == "count 1"


def test_no_answer_at_all_and_only_provider_errors_is_said_as_such() -> None:
    panel = begin(created(experts=3))
    assert first_round(panel, 0, 1, 2)[-1] == "panel.failed providers_unavailable"
    panel = begin(created(experts=3))
    panel.give(*(failed(r, reason="refused") for r in panel.requests("1")))
    assert panel.ending.reason == "quorum_not_met"


def test_a_seat_that_failed_in_round_1_is_not_asked_again_and_stays_in_the_base() -> None:
    panel = begin(created(experts=3))
    first_round(panel, 2)
    panel.give(calculated(panel.of(ConsensusRequested)[0]))
    assert [request.seat for request in panel.requests("2")] == [0, 1]
    panel.give(*(responded(request) for request in panel.requests("2")))
    assert panel.of(RoundCompleted)[1].missing == (2,)
    assert panel.of(RoundCompleted)[1].quorum.seats == 3


def test_a_seat_that_fails_later_has_its_last_ballot_carried() -> None:
    panel = begin(created(experts=3))
    first_round(panel)
    panel.give(calculated(panel.of(ConsensusRequested)[0]))
    answers = [responded(panel.request("2", 0)), responded(panel.request("2", 2))]
    panel.give(failed(panel.request("2", 1)), *answers)
    counted: ConsensusRequested = panel.of(ConsensusRequested)[1]
    assert counted.carried == (1,)
    assert counted.missing == ()
    carried = responded(panel.request("1", 1)).response_id
    assert counted.responses == (*(answer.response_id for answer in answers), carried)
    assert panel.of(RoundCompleted)[1].quorum.answered == 2
    panel.give(calculated(counted))
    assert panel.ending.degraded == ("Name 1 did not answer in round 2; the earlier ballot is carried.",)


def test_too_few_in_a_later_round_fail_the_panel() -> None:
    panel = begin(created(experts=3))
    first_round(panel)
    panel.give(calculated(panel.of(ConsensusRequested)[0]))
    panel.give(*(failed(request) for request in panel.requests("2")[:2]), responded(panel.request("2", 2)))
    assert panel.ending.reason == "quorum_not_met"
    assert panel.ending.detail == "1 of 3 experts answered round 2; 2 are needed."


def test_a_consensus_without_readable_ballots_fails_the_panel_in_its_own_words() -> None:
    panel = begin(created(experts=3))
    first_round(panel)
    panel.give(calculated(panel.of(ConsensusRequested)[0], met=False))
    assert (panel.ending.reason, panel.ending.detail) == ("quorum_not_met", "Too few ballots.")


def test_late_answer_after_round_closed_is_kept_but_not_counted() -> None:
    panel = begin(created(experts=3))
    panel.give(responded(panel.request("1", 0)), responded(panel.request("1", 1)))
    assert shape(panel.fire("round-1")) == ["round.completed 1", "count 1"]
    late = responded(panel.request("1", 2))
    assert panel.give(late) == []
    panel.give(calculated(panel.of(ConsensusRequested)[0]))
    assert [request.seat for request in panel.requests("2")] == [0, 1]
    shown = "".join(request.model_dump_json() for request in panel.requests("2"))
    assert late.content not in shown
    assert "Round 1 was closed before everybody had answered." in panel.of(ConsensusRequested)[0].degraded


def test_an_answer_between_the_deadline_and_the_closing_still_counts() -> None:
    panel = begin(created(experts=3))
    panel.give(responded(panel.request("1", 0)))
    passed = deadline(panel.state, "round", 1, None)
    assert passed is not None
    panel.append(passed, responded(panel.request("1", 2)))
    panel.decide()
    assert panel.of(RoundCompleted)[0].answered == (0, 2)


def test_cancel_at_any_moment_ends_once() -> None:
    whole = begin(created("adversarial")).run()
    for length in range(1, len(whole.log)):
        panel = Simulation()
        for recorded in whole.log[:length]:
            panel.append(recorded.event)
        panel.append(CANCEL)
        assert shape(panel.decide()) == ["panel.failed cancelled"]
        assert panel.give(*(recorded.event for recorded in whole.log[length:])) == []
    assert whole.give(CANCEL) == []


def test_cancel_before_the_start_needs_no_start() -> None:
    panel = Simulation().append(created(), CANCEL)
    assert shape(panel.decide()) == ["panel.failed cancelled"]
    assert panel.ending.detail == "Cancelled: enough"


def test_budget_used_up_with_a_quorum_counts_what_is_there_and_completes() -> None:
    panel = begin(created(experts=5))
    panel.give(*(responded(request) for request in panel.requests("1")[:3]))
    assert shape(panel.give(BUDGET)) == ["round.completed 1", "count 1"]
    panel.give(calculated(panel.of(ConsensusRequested)[0], 0.9))
    assert panel.ending.stop_reason == "budget_exceeded"
    assert panel.ending.consensus_level == 0.9
    assert panel.ending.degraded[0] == "The budget ended the panel early."


def test_budget_used_up_without_a_quorum_completes_with_the_last_consensus() -> None:
    panel = begin(created(experts=3))
    first_round(panel)
    panel.give(calculated(panel.of(ConsensusRequested)[0], 0.4))
    assert shape(panel.give(BUDGET)) == ["round.completed 2", "panel.completed budget_exceeded"]
    assert panel.ending.recommendation == "Recommendation of round 1"
    assert "Round 2 was closed before everybody had answered." in panel.ending.degraded


def test_budget_used_up_before_any_consensus_fails() -> None:
    panel = begin(created(experts=3))
    assert shape(panel.give(BUDGET)) == ["round.completed 1", "panel.failed budget_exceeded"]
    assert shape(Simulation().append(created(), BUDGET).decide()) == [
        "panel.started",
        "panel.failed budget_exceeded",
    ]


def test_a_budget_that_runs_out_on_the_last_answer_takes_nothing_from_the_result() -> None:
    panel = begin(created(experts=3))
    first_round(panel)
    panel.give(BUDGET)
    panel.give(calculated(panel.of(ConsensusRequested)[0], 0.9))
    assert panel.ending.stop_reason == "threshold_reached"
    assert panel.ending.degraded == ()


def test_the_panels_deadline_ends_a_hung_panel() -> None:
    panel = begin(created(experts=3))
    panel.give(responded(panel.request("1", 0)), responded(panel.request("1", 1)))
    assert shape(panel.fire("panel")) == ["round.completed 1", "count 1"]
    assert shape(panel.fire("panel-final")) == ["panel.failed deadline_passed"]


def test_a_consensus_within_the_grace_still_completes() -> None:
    panel = begin(created(experts=3))
    panel.give(responded(panel.request("1", 0)), responded(panel.request("1", 1)))
    panel.fire("panel")
    panel.give(calculated(panel.of(ConsensusRequested)[0]))
    assert panel.ending.stop_reason == "deadline_passed"


def test_the_round_gets_the_time_left_divided_by_the_rounds_left() -> None:
    panel = begin(created(experts=3, configuration={"max_rounds": 3, "time_limit_minutes": 30}))
    first_round(panel)
    panel.give(calculated(panel.of(ConsensusRequested)[0]))
    first, second = panel.of(RoundStarted)
    times = {r.event: r.envelope.time for r in panel.log if isinstance(r.event, PanelStarted | RoundStarted)}
    at, end = times[panel.of(PanelStarted)[0]], START + timedelta(minutes=30)
    assert first.deadline_at == at + (end - at) / 3
    assert second.deadline_at == times[second] + (end - times[second]) / 2


def test_the_last_round_ends_with_the_panel() -> None:
    panel = begin(created(experts=3, configuration={"max_rounds": 1}))
    started, request = panel.of(RoundStarted)[0], panel.of(ExpertRequested)[0]
    assert started.deadline_at == request.deadline_at == panel.of(PanelStarted)[0].plan.deadline_at
    panel.give(responded(panel.request("1", 0)), responded(panel.request("1", 1)))
    panel.fire("panel")
    panel.give(calculated(panel.of(ConsensusRequested)[0]))
    assert panel.ending.stop_reason == "deadline_passed"


def test_a_tenant_without_consensus_gets_one_round_of_answers() -> None:
    for panel_type in ("structured", "delphi"):
        panel = begin(created(panel_type, 3, configuration={"method": "none", "chair": True}))
        assert first_round(panel) == ["round.completed 1", "panel.completed max_rounds"]
        assert panel.ending.consensus_level is None
        assert panel.ending.recommendation.startswith("3 experts answered.")


def test_the_cost_is_the_sum_of_what_was_recorded_and_unknown_while_something_is_missing() -> None:
    for costs, total in ((["0.01", "0.02", "0"], Decimal("0.03")), (["0.01", None, "0"], None)):
        panel = begin(created(experts=3, configuration={"max_rounds": 1}))
        answers = [responded(request) for request in panel.requests("1")]
        panel.give(*answers, *(usage(a, c) for a, c in zip(answers, costs, strict=True)))
        panel.give(calculated(panel.of(ConsensusRequested)[0]))
        assert panel.ending.cost_usd == total
    panel = begin(created(experts=3, configuration={"max_rounds": 1}))
    answers = [responded(request) for request in panel.requests("1")]
    panel.give(*answers, usage(answers[0]))
    panel.give(calculated(panel.of(ConsensusRequested)[0]))
    assert panel.ending.cost_usd is None


def test_a_call_at_work_when_the_panel_ends_is_not_costed_yet() -> None:
    panel = begin(created(experts=4, configuration={"max_rounds": 1}))
    answered, again, final, silent = panel.requests("1")
    for event in (responded(answered), failed(again, retryable=True), failed(final)):
        panel.give(event, usage(event))
    panel.give(responded(silent), usage(responded(silent)))
    panel.fire("panel")
    panel.give(calculated(panel.of(ConsensusRequested)[0]))
    ending = panel.ending
    assert (ending.cost_usd, ending.recorded_usd, ending.uncosted_calls) == (None, Decimal("0.04"), 1)


def test_a_call_that_ended_too_late_is_at_work_no_more() -> None:
    panel = begin(created(experts=4, configuration={"max_rounds": 1}))
    for request in panel.requests("1")[:2]:
        panel.give(responded(request), usage(responded(request)))
    panel.fire("panel")
    late = responded(panel.request("1", 2))
    lost = failed(panel.request("1", 3), retryable=True)
    panel.give(late, usage(late), lost, usage(lost))
    panel.give(calculated(panel.of(ConsensusRequested)[0]))
    assert (panel.ending.cost_usd, panel.ending.uncosted_calls) == (Decimal("0.04"), 0)


def test_a_request_carries_all_that_the_runner_needs() -> None:
    request = begin(created(experts=3, configuration={"attempt_limit": 2})).request("1", 1)
    assert (request.agent_id, request.agent_name, request.role) == ("agent-1", "Name 1", "expert")
    assert (request.response_type, request.attempt_limit) == ("analysis", 2)
