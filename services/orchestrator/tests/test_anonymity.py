from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askpanel.contracts.blocks import PeerAnswerBlock
from askpanel.contracts.events import ExpertRequested, ExpertResponded, PanelType
from askpanel.orchestrator.anonymity import Blanking, drawn, labels, letters

from .simulator import PANEL, begin, created, responded

panels = st.uuids(version=4)


def peers(request: ExpertRequested) -> list[str]:
    return [block.label for block in request.context.blocks if isinstance(block, PeerAnswerBlock)]


@given(panels, st.integers(1, 12))
def test_every_seat_has_one_label_for_the_whole_panel(panel: UUID, seats: int) -> None:
    first = labels(panel, range(seats))
    assert first == labels(panel, range(seats))
    assert sorted(first.values()) == [f"Response {letter}" for letter in letters(seats)]


def test_labels_do_not_follow_seat_order() -> None:
    firsts = {labels(uuid5(PANEL, str(n)), range(5))[0] for n in range(60)}
    assert firsts == {f"Response {letter}" for letter in "ABCDE"}


def test_the_draw_is_fixed_for_all_time() -> None:
    assert drawn(PANEL, ("labels",), range(6)) == (0, 4, 2, 3, 5, 1)


def test_the_order_shown_is_drawn_anew_per_round_and_reader() -> None:
    panel = begin(created("structured", 8, configuration={"max_rounds": 3})).run()
    orders = {(step, r.seat): tuple(peers(r)) for step in ("2", "3") for r in panel.requests(step)}
    known = {order[:2] for order in orders.values()}
    assert len(known) > 8
    for seat in range(8):
        assert sorted(orders["2", seat]) == sorted(orders["3", seat])
    assert sum(orders["2", seat] != orders["3", seat] for seat in range(8)) >= 7


def test_the_own_answer_carries_no_label_of_the_panel() -> None:
    panel = begin(created("structured", 3)).run()
    for request in panel.requests("2"):
        own = [block for block in request.context.blocks if block.kind == "own_answer"]
        assert [block.label for block in own] == ["Your answer"]
        assert len(peers(request)) == len(set(peers(request))) == 2


@pytest.mark.parametrize(
    ("text", "blanked"),
    [
        ("As Ann Lee I say so.", "As [expert] I say so."),
        ("ANN  LEE's view", "[expert]'s view"),
        ("agent-1, agent-10 and agent-12", "[expert], [expert] and agent-12"),
        ("Annlee and Leeann stay", "Annlee and Leeann stay"),
        ("Ann alone and Lee alone stay", "Ann alone and Lee alone stay"),
        ("Dr. C++ (Ann\nLee)", "[expert] ([expert])"),
        ("", ""),
    ],
)
def test_names_and_ids_are_blanked_as_whole_words(text: str, blanked: str) -> None:
    assert Blanking(["Ann Lee", "agent-1", "agent-10", "Dr. C++", " "])(text) == blanked


def test_a_name_is_blanked_with_and_without_its_title() -> None:
    event = created("structured", 3)
    doctor = event.agents[0].model_copy(update={"name": "Prof. Dr. Elena Marchetti"})
    panel = begin(event.model_copy(update={"agents": (doctor, *event.agents[1:])}))
    panel.run(lambda r: responded(r, content="Prof. Dr. Elena Marchetti, or Elena Marchetti; not Elena."))
    block = next(b for b in panel.request("2", 1).context.blocks if isinstance(b, PeerAnswerBlock))
    assert block.text == "[expert], or [expert]; not Elena."


def test_without_names_nothing_is_blanked() -> None:
    assert Blanking([])("anything") == "anything"


@pytest.mark.parametrize("panel_type", ["structured", "open", "socratic", "adversarial", "delphi"])
def test_no_text_of_a_peer_names_anybody(panel_type: PanelType) -> None:
    gossip: dict[str, Any] = {
        "content": "Name 1 and agent-2 agree with Name 0.",
        "position": "As agent-0 says",
        "key_points": ("A point of Name 2",),
    }

    def speak(request: ExpertRequested) -> ExpertResponded:
        if request.purpose == "question":
            return responded(request, questions=("Why, Name 1?",), **gossip)
        return responded(request, **gossip)

    panel = begin(created(panel_type, 3)).run(speak)
    for request in panel.of(ExpertRequested):
        for block in request.context.blocks:
            own = block.kind == "own_answer" or getattr(block, "label", "") == "Your answer"
            if not own:
                assert "Name " not in block.model_dump_json()
                assert "agent-" not in block.model_dump_json()
