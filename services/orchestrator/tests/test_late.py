"""An orchestrator that was away: what begins late has its time, and the panel's own deadline stays where it was."""

from datetime import timedelta

from askpanel.contracts.events import (
    ConsensusRequested,
    ExpertRequested,
    HumanRequested,
    PanelDeadlinePassed,
    PanelStarted,
    RoundStarted,
)
from askpanel.orchestrator.decider import decide
from askpanel.orchestrator.schedule import CHAIR_TIME, GRACE
from askpanel.orchestrator.timers import moved

from .simulator import START, Simulation, begin, calculated, created, failed, human, responded, shape

MINUTE = timedelta(minutes=1)


def concluded(rounds: int, level: float = 0.6) -> Simulation:
    """A panel of 15 minutes whose round 1 was just counted, and nobody has decided since."""
    panel = begin(created(configuration={"max_rounds": rounds}))
    panel.give(*(responded(request) for request in panel.requests("1")))
    return panel.append(calculated(panel.of(ConsensusRequested)[0], level))


def test_a_panel_that_is_found_late_shares_what_is_left_of_its_time() -> None:
    panel = Simulation().append(created())
    panel.now = START + 8 * MINUTE
    panel.decide()
    end = panel.of(PanelStarted)[0].plan.deadline_at
    assert end == START + 15 * MINUTE
    assert panel.of(RoundStarted)[0].deadline_at == START + 8 * MINUTE + 7 * MINUTE / 2
    assert {request.deadline_at for request in panel.requests("1")} == {panel.of(RoundStarted)[0].deadline_at}
    panel.run()
    assert panel.ending.stop_reason == "max_rounds"


def test_a_later_round_that_begins_late_has_time_for_its_answers() -> None:
    panel = concluded(3)
    panel.now = START + 9 * MINUTE
    panel.decide()
    assert panel.of(RoundStarted)[1].deadline_at == START + 12 * MINUTE


def test_the_steps_of_a_round_that_begins_late_share_its_time() -> None:
    panel = begin(created("adversarial"))
    panel.give(*(responded(request) for request in panel.requests("1")))
    panel.append(calculated(panel.of(ConsensusRequested)[0]))
    panel.now = START + 10 * MINUTE
    panel.decide()
    ends = [step.deadline_at for step in panel.of(RoundStarted)[1].steps]
    assert ends == [START + 10 * MINUTE + place * MINUTE for place in range(1, 6)]


def test_a_human_has_all_of_the_time_from_when_the_question_is_put() -> None:
    panel = begin(created("hybrid", configuration={"human_deadline_minutes": 5}))
    panel.give(*(responded(request) for request in panel.requests("1")))
    panel.append(calculated(panel.of(ConsensusRequested)[0]))
    panel.now += 6 * MINUTE
    asked_at = panel.now
    panel.decide()
    assert panel.of(HumanRequested)[0].deadline_at == asked_at + 5 * MINUTE


def test_a_chair_that_is_asked_late_has_its_time_and_none_beyond_the_panels() -> None:
    for away, left in ((5 * MINUTE, CHAIR_TIME), (14 * MINUTE, MINUTE), (20 * MINUTE, -5 * MINUTE)):
        panel = begin(created(configuration={"max_rounds": 1, "chair": True}))
        panel.give(*(responded(request) for request in panel.requests("1")))
        panel.append(calculated(panel.of(ConsensusRequested)[0]))
        panel.now = START + away
        panel.decide()
        assert panel.requests("chair")[0].deadline_at == START + away + left


def test_a_clock_that_is_behind_takes_no_time_from_a_round() -> None:
    panel = concluded(3)
    behind = decide(panel.state, START - 4 * MINUTE)
    assert behind == decide(panel.state, panel.state.at)
    assert behind.at == panel.state.at


def test_no_round_ends_after_the_panel_however_late_it_begins() -> None:
    panel = concluded(3)
    panel.now = START + 20 * MINUTE
    panel.decide()
    assert panel.of(RoundStarted)[1].deadline_at == START + 15 * MINUTE


def test_a_round_begun_after_the_panels_time_takes_nothing_from_an_earlier_result() -> None:
    """The runner may refuse its requests before the panel's own alarm is heard."""
    panel = concluded(3)
    panel.now = START + 20 * MINUTE
    panel.decide()
    decided = panel.give(*(failed(request) for request in panel.requests("2")))
    assert shape(decided) == ["round.completed 2", "panel.deadline_passed", "panel.completed deadline_passed"]
    assert panel.ending.recommendation == "Recommendation of round 1"
    assert panel.fire("panel") == []


def test_a_panel_that_is_found_after_its_time_says_so_and_blames_no_provider() -> None:
    panel = Simulation().append(created())
    panel.now = START + 16 * MINUTE
    panel.decide()
    panel.give(*(failed(request) for request in panel.requests("1")))
    assert (panel.ending.reason, len(panel.of(PanelDeadlinePassed))) == ("deadline_passed", 1)


def test_a_human_who_answered_while_nobody_decided_is_asked_to_sign_after_the_panels_time() -> None:
    panel = begin(created("hybrid", configuration={"time_limit_minutes": 10})).run()
    asked = panel.of(HumanRequested)[0]
    panel.append(human(asked, "answer", "Mind the budget.", "support"))
    panel.now += 30 * MINUTE
    panel.decide()
    panel.give(*(failed(request) for request in panel.requests("2")))
    assert [request.kind for request in panel.of(HumanRequested)] == ["input", "ratify"]


def test_the_grace_is_counted_from_when_the_alarm_is_heard() -> None:
    panel = begin(created(configuration={"max_rounds": 1}))
    panel.give(*(responded(request) for request in panel.requests("1")[:4]))
    panel.now = START + 20 * MINUTE
    panel.fire("panel")
    final = next(timer for timer in panel.armed if timer.purpose_key == "panel-final")
    assert final.at == START + 20 * MINUTE + GRACE
    panel.give(calculated(panel.of(ConsensusRequested)[0]))
    assert panel.ending.stop_reason == "deadline_passed"


def test_what_was_half_written_is_completed_with_the_deadlines_on_the_log() -> None:
    panel = Simulation().append(created("adversarial"))
    wanted = decide(panel.state, panel.now).events
    begun = next(place for place, event in enumerate(wanted) if isinstance(event, RoundStarted))
    for kept in range(begun + 1, len(wanted)):
        half = Simulation().append(created("adversarial"), *wanted[:kept])
        assert decide(half.state, half.now + 5 * MINUTE).events == wanted[kept:]


def test_who_decides_the_same_later_learns_from_the_log_when_its_alarm_is_due() -> None:
    first, second = concluded(3), concluded(3)
    second.now += timedelta(seconds=10)
    first.decide()
    second.decide()
    for timer in second.armed:
        if timer.purpose_key == "round-2":
            held = moved(timer, first.state)
            assert held is not None
            assert held.at == first.of(RoundStarted)[1].deadline_at < timer.at
    assert [moved(timer, first.state) for timer in first.armed] == [None] * len(first.armed)


def test_the_requests_of_a_round_are_the_same_whenever_they_are_decided() -> None:
    panel = concluded(2)
    panel.append(*(e for e in decide(panel.state, panel.now).events if isinstance(e, RoundStarted)))
    soon, late = decide(panel.state, panel.now).events, decide(panel.state, panel.now + 6 * MINUTE).events
    assert soon == late
    assert all(isinstance(event, ExpertRequested) for event in soon)
