from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from askpanel.contracts.configuration import PROTOCOLS
from askpanel.contracts.events import (
    ConsensusRequested,
    Event,
    ExpertRequested,
    PanelCreated,
    PanelDeadlinePassed,
    PanelType,
)
from askpanel.orchestrator.schedule import GRACE
from askpanel.orchestrator.timers import deadline, timers

from .simulator import PANEL, REF, START, Simulation, begin, calculated, created, responded


def keys(panel: Simulation) -> list[str]:
    return [timer.purpose_key for timer in panel.armed]


def test_a_panel_arms_its_own_deadline_and_one_for_each_round_but_the_last() -> None:
    panel = begin(created(configuration={"max_rounds": 2})).run()
    assert keys(panel) == ["panel", "round-1"]
    assert panel.armed[0].at == START + timedelta(minutes=15)
    assert panel.armed[1].at < panel.armed[0].at
    assert keys(begin(created(configuration={"max_rounds": 1}))) == ["panel"]


def test_the_grace_is_armed_when_the_panels_time_is_up() -> None:
    panel = begin(created())
    panel.fire("panel")
    assert keys(panel)[-1] == "panel-final"
    assert panel.armed[-1].at == panel.armed[0].at + GRACE


def test_a_round_of_steps_arms_one_timer_for_each_step_but_the_last() -> None:
    panel = begin(created("adversarial")).run()
    assert keys(panel)[2:] == [
        *("round-2-2a", "round-2-2a-again", "round-2-2b", "round-2-2c"),
    ]
    ends = [timer.at for timer in panel.armed[2:]] + [panel.armed[0].at]
    shares = {later - earlier for earlier, later in pairwise(ends)}
    assert max(shares) - min(shares) <= timedelta(microseconds=5)


def test_a_timers_key_is_one_subject_token_and_its_body_what_deadline_is_asked_with() -> None:
    armed = begin(created("hybrid", 3, configuration={"chair": True})).run().armed
    assert all(set(timer.purpose_key) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for timer in armed)
    at = [timer.at.isoformat() for timer in armed]
    assert armed[0].body() == {"purpose": "panel", "at": at[0]}
    assert armed[1].body() == {"purpose": "round", "round_number": 1, "at": at[1]}
    human = armed[-1]
    assert human.body() == {"purpose": "human", "checkpoint_id": str(human.checkpoint_id), "at": at[-1]}
    assert REF.timer(human.purpose_key, "scheduled").count(".") == 4


def label(event: Event) -> str:
    """The type, and what of its content tells whether it needs a timer."""
    match event:
        case ExpertRequested():
            return f"{event.TYPE} {event.role}"
        case PanelDeadlinePassed():
            return " ".join(filter(None, (event.TYPE, event.purpose, event.step)))
        case _:
            return event.TYPE


def fired(panel: Simulation, *purpose_keys: str) -> Simulation:
    """The panel after these timers went off."""
    for key in purpose_keys:
        panel.fire(key)
    return panel


def every_course(panel_type: PanelType) -> Iterator[Simulation]:
    """A panel with a chair: to its end or its human, past each deadline it can have, with silence in its place."""
    event = created(panel_type, configuration={"chair": True})
    yield begin(event).run()
    yield begin(event).run(lambda request: None if request.role == "chair" else responded(request))
    yield fired(begin(event), "round-1")
    yield fired(begin(event).run(count=lambda _: None), "panel", "panel-final")
    asked = begin(event).run()
    yield fired(asked, *(key for key in keys(asked) if key.startswith("human")))


def test_only_five_kinds_of_events_need_timers() -> None:
    needing, others = set[str](), set[str]()
    for panel_type in PROTOCOLS:
        for panel in every_course(panel_type):
            for event in panel.events:
                (needing if timers(event, panel.state, panel.now) else others).add(label(event))
    assert needing == {
        *("panel.started", "human.requested", "expert.requested chair", "panel.deadline_passed panel"),
        "round.started",
    }
    assert others >= {
        *(f"panel.deadline_passed {which}" for which in ("round", "human", "panel final")),
        "expert.requested expert",
    }
    assert others & needing == {"round.started"}, "a last round ends with its panel"


def test_a_chair_that_is_asked_has_a_timer() -> None:
    chair = begin(created(configuration={"chair": True})).run(
        lambda r: None if r.role == "chair" else responded(r)
    )
    assert keys(chair)[-1] == "round-2-chair"
    assert isinstance(chair.events[-1], ExpertRequested)


def test_a_timer_of_a_closed_round_or_an_ended_panel_is_moot() -> None:
    panel = begin(created(experts=3))
    panel.give(*(responded(request) for request in panel.requests("1")))
    assert deadline(panel.state, "round", 1, None) is None
    assert deadline(panel.state, "round", 7, None) is None
    assert deadline(panel.state, "human", None, PANEL) is None
    assert deadline(panel.state, "panel", None, None) is not None
    panel.run()
    assert deadline(panel.state, "panel", None, None) is None


def test_a_deadline_that_is_on_the_log_is_not_written_again() -> None:
    panel = begin(created(experts=3))
    panel.give(responded(panel.request("1", 0)), responded(panel.request("1", 1)))
    panel.fire("panel")
    assert deadline(panel.state, "panel", None, None) is None
    assert deadline(panel.state, "panel", None, None, "final") is not None


def test_the_panels_timer_counts_even_before_the_panel_has_started() -> None:
    panel = Simulation().append(created())
    assert isinstance(panel.events[0], PanelCreated)
    passed = deadline(panel.state, "panel", None, None)
    assert passed is not None
    panel.append(passed)
    panel.decide()
    assert panel.ending.reason == "deadline_passed"


def test_the_timer_of_the_last_round_means_the_panels_deadline() -> None:
    panel = begin(created(experts=3, configuration={"max_rounds": 1}))
    passed = deadline(panel.state, "round", 1, None)
    assert passed is not None
    assert passed.purpose == "panel"


def test_a_timer_of_a_later_step_closes_the_earlier_ones_too() -> None:
    panel = begin(created("adversarial"))
    panel.run(lambda r: None if r.step == "2a" else responded(r))
    panel.fire("round-2-2b")
    panel.run()
    assert panel.requests("2b") == []
    assert panel.ending.reason == "quorum_not_met"


def test_a_consensus_that_never_comes_is_given_up_at_the_end_of_the_grace() -> None:
    panel = begin(created(experts=3))
    panel.give(*(responded(request) for request in panel.requests("1")))
    panel.give(calculated(panel.of(ConsensusRequested)[0]))
    panel.give(*(responded(request) for request in panel.requests("2")))
    assert panel.fire("panel") == []
    panel.fire("panel-final")
    assert (panel.ending.stop_reason, panel.ending.recommendation) == (
        "deadline_passed",
        "Recommendation of round 1",
    )
