import pytest

from askpanel.contracts.configuration import PROTOCOLS
from askpanel.contracts.envelope import decode, encode, seal
from askpanel.contracts.events import Event, Evidence, ExpertRequested, ExpertStarted, PanelType
from askpanel.orchestrator.state import evolve, fold, step_key

from .simulator import REF, START, begin, created, failed, responded


def started(request: ExpertRequested) -> ExpertStarted:
    return ExpertStarted(
        **request.model_dump(include={"round_number", "step", "seat", "purpose", "agent_id", "agent_name"}),
        model="scripted",
        attempt=1,
    )


def test_there_is_no_panel_before_it_was_created() -> None:
    request = begin(created()).request("1", 0)
    orphan = seal(responded(request), REF, time=START)
    assert fold([orphan]) is None


def test_every_event_twice_is_every_event_once() -> None:
    log = begin(created("adversarial")).run().log
    assert fold([recorded for recorded in log for _ in range(2)]) == fold(log)


def test_what_comes_after_the_end_changes_nothing() -> None:
    panel = begin(created(experts=3))
    panel.run(lambda r: None if (r.step, r.seat) == ("1", 0) else responded(r))
    panel.fire("panel")
    panel.fire("panel-final")
    assert panel.ending is not None
    before = panel.state
    panel.append(responded(panel.request("1", 0)))
    assert panel.state == before


def test_that_a_model_is_being_called_decides_nothing() -> None:
    """So a state folded without `expert.started` equals one folded with it."""
    panel = begin(created())
    before = panel.state
    panel.append(started(panel.request("1", 0)))
    assert panel.state == before


def test_an_answer_nobody_asked_for_is_ignored() -> None:
    panel = begin(created(experts=3))
    stray = responded(panel.request("1", 0)).model_copy(update={"seat": 7})
    before = panel.state
    panel.append(stray)
    assert (panel.state.answers, panel.state.attempts) == (before.answers, before.attempts)


def test_an_answer_after_a_final_failure_of_the_same_step_still_counts_while_the_round_is_open() -> None:
    panel = begin(created(experts=3))
    request = panel.request("1", 0)
    events: list[Event] = [failed(request, attempt=2), responded(request, attempt=1)]
    panel.append(*events)
    assert panel.state.is_done(step_key(request))
    panel.run()
    assert 0 in panel.state.completed[1].answered


def test_the_time_of_a_state_is_that_of_its_last_input() -> None:
    panel = begin(created(experts=3))
    assert panel.state.at == START
    panel.append(responded(panel.request("1", 0)))
    assert panel.state.at == panel.log[-1].envelope.time
    skewed = seal(responded(panel.request("1", 1)), REF, time=START).at(99)
    assert evolve(panel.state, skewed).at == panel.log[-1].envelope.time


@pytest.mark.parametrize("panel_type", sorted(PROTOCOLS))
def test_a_panel_read_from_the_log_holds_its_evidence_once_however_many_were_shown_it(
    panel_type: PanelType,
) -> None:
    evidence = Evidence(id="e1", text="The predicate was cleared in 2019.")
    panel = begin(created(panel_type).model_copy(update={"evidence": (evidence,)})).run()
    shown = [request for request in panel.of(ExpertRequested) if evidence.text in repr(request)]
    assert len(shown) >= 3
    until = next(recorded.sequence for recorded in panel.log if recorded.event is shown[-1])
    state = fold(decode(*encode(recorded), recorded.sequence) for recorded in panel.log[:until])
    assert repr(state).count(evidence.text) == 1
