from typing import Any

import pytest

from askpanel.contracts.blocks import ResultBlock
from askpanel.contracts.events import AgreementPoint, ConsensusRequested, Dissent, PanelCompleted

from .simulator import Simulation, begin, calculated, created, failed, responded, shape

RESULT: dict[str, Any] = {
    "recommendation": "3 of 4 experts support it: 'File De Novo after two audits'. Name 1 dissents.",
    "agreement_points": (AgreementPoint(text="Two audits are needed", supporters=("agent-0",), n=3),),
    "dissenting_opinions": (
        Dissent(agent_id="agent-1", agent_name="Name 1", opinion="Wait for a predicate", reasoning="Cost"),
    ),
}


def chaired(say: str | None) -> Simulation:
    """A panel with a chair that says this, or fails."""
    panel = begin(created(experts=4, configuration={"chair": True, "max_rounds": 1}))
    return panel.run(
        lambda r: (
            responded(r) if r.role != "chair" else (failed(r) if say is None else responded(r, content=say))
        ),
        lambda request: calculated(request, 0.75, **RESULT),
    )


def test_the_chair_speaks_after_the_last_consensus_and_sees_the_result_alone() -> None:
    panel = chaired("Three audits.")
    request = panel.requests("chair")[0]
    assert (request.seat, request.agent_id, request.attempt_limit) == (5, "chair", 1)
    assert [block.kind for block in request.context.blocks] == ["question", "result"]
    result = request.context.blocks[1]
    assert isinstance(result, ResultBlock)
    assert result.dissenting_opinions == ("Name 1: Wait for a predicate",)
    types = [event.TYPE for event in panel.events]
    assert types.index("consensus.calculated") < types.index("expert.requested", 8)


def test_a_text_that_phrases_the_result_becomes_the_summary() -> None:
    said = "The experts support to file De Novo after two audits; Name 1 dissents and would wait."
    assert chaired(said).ending.summary == said


@pytest.mark.parametrize(
    "said",
    [
        "The experts support to file De Novo after 5 audits.",
        "The experts support to file; Name 2 dissents.",
        "The experts unanimously support to file De Novo.",
        'The experts support to file: "everything is fine".',
        "Tomorrow brings sunshine; bananas should certainly dance around purple elephants.",
        " ",
    ],
)
def test_a_text_that_adds_something_is_dropped(said: str) -> None:
    assert chaired(said).ending.summary is None


def test_a_chair_that_fails_harms_nothing() -> None:
    ending = chaired(None).ending
    assert (ending.summary, ending.degraded, ending.stop_reason) == (None, (), "threshold_reached")


def test_a_chair_that_hangs_is_waited_for_until_its_deadline() -> None:
    panel = begin(created(experts=3, configuration={"chair": True, "max_rounds": 1}))
    panel.run(lambda r: None if r.role == "chair" else responded(r))
    assert panel.of(PanelCompleted) == []
    assert shape(panel.fire("round-1-chair")) == ["panel.completed max_rounds"]


def test_no_chair_is_asked_once_the_time_is_up() -> None:
    panel = begin(created(experts=3, configuration={"chair": True, "max_rounds": 1}))
    panel.give(*(responded(request) for request in panel.requests("1")[:2]))
    panel.fire("panel")
    panel.give(calculated(panel.of(ConsensusRequested)[0]))
    assert panel.requests("chair") == []
    assert panel.ending.stop_reason == "deadline_passed"


def test_a_chair_is_heard_though_its_round_closed_by_its_own_deadline() -> None:
    panel = begin(created(experts=4, configuration={"chair": True}))
    panel.give(*(responded(request) for request in panel.requests("1")[:3]))
    panel.fire("round-1")
    decided = panel.give(calculated(panel.of(ConsensusRequested)[0], 0.75, **RESULT))
    assert shape(decided) == ["ask chair chair synthesis 5"]
    said = "The experts support to file De Novo after two audits; Name 1 dissents and would wait."
    panel.give(responded(panel.requests("chair")[0], content=said))
    assert (panel.ending.summary, panel.ending.stop_reason) == (said, "threshold_reached")
