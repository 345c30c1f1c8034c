"""What came with the question reaches whom it should, and nobody else."""

import pytest

from askpanel.contracts.blocks import QuestionBlock
from askpanel.contracts.events import Evidence, ExpertRequested, PanelCreated, PanelType, Parent, Seat

from .simulator import PANEL, Simulation, begin, created, kinds

GIVEN = {"evidence", "parent", "custom_prompt"}
MODERATOR = Seat(agent_id="moderator-x", name="Moderator X", role="moderator")


def rich(panel_type: PanelType, *seats: Seat) -> PanelCreated:
    """A follow-up with evidence and a wish of the user."""
    configuration = {"custom_prompt": "Mind the patients.", "dimensions": ["cost"]}
    return created(panel_type, 3, configuration=configuration, options=["a", "b"], seats=seats).model_copy(
        update={
            "evidence": (Evidence(id="e1", text="Trial"), Evidence(id="e2", text="Registry")),
            "parent": Parent(panel_id=PANEL, query="Before?", recommendation="Yes", dissent=("No",)),
        }
    )


def given(request: ExpertRequested) -> set[str]:
    return set(kinds(request)) & GIVEN


def asked(panel: Simulation, purpose: str, role: str = "expert") -> list[ExpertRequested]:
    found = [r for r in panel.of(ExpertRequested) if (r.purpose, r.role) == (purpose, role)]
    assert found
    return found


@pytest.mark.parametrize("panel_type", ["structured", "open", "socratic", "adversarial", "delphi", "hybrid"])
def test_experts_are_given_evidence_parent_and_wish_whenever_they_argue(panel_type: PanelType) -> None:
    panel = begin(rich(panel_type)).run()
    for request in panel.of(ExpertRequested):
        if request.role in ("expert", "pro", "con") and request.purpose != "question":
            assert kinds(request)[:5] == ["question", "evidence", "evidence", "parent", "custom_prompt"]


def test_who_only_asks_is_given_the_answer_and_the_wish() -> None:
    panel = begin(rich("socratic")).run()
    assert {tuple(kinds(r)) for r in asked(panel, "question")} == {
        ("question", "peer_answer", "custom_prompt")
    }


def test_moderator_judge_and_chair_are_not_given_the_users_wish_to_the_experts() -> None:
    moderated = begin(rich("socratic", MODERATOR)).run()
    assert all(given(r) == set() for r in asked(moderated, "question", "moderator"))
    judged = begin(rich("adversarial")).run()
    assert all(given(r) == set() for r in asked(judged, "judgement", "judge"))


def test_options_are_shown_where_a_choice_is_asked_for_and_dimensions_where_points_are() -> None:
    panel = begin(rich("adversarial")).run()
    for request in panel.of(ExpertRequested):
        block = request.context.blocks[0]
        assert isinstance(block, QuestionBlock)
        chooses = request.role == "expert" and request.purpose in ("opening", "ballot")
        assert bool(block.options) == chooses
        points = request.role in ("expert", "pro", "con", "neutral")
        assert bool(block.dimensions) == points


def test_raters_see_the_options_as_items_and_not_twice() -> None:
    panel = begin(rich("delphi")).run()
    for request in asked(panel, "rating"):
        block = request.context.blocks[0]
        assert isinstance(block, QuestionBlock)
        assert block.options == ()
        assert kinds(request).count("item") == 2
