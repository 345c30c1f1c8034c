from askpanel.contracts.blocks import ThemeBlock
from askpanel.contracts.events import AgreementPoint, ConsensusRequested, ExpertRequested

from .simulator import begin, calculated, created, kinds, responded


def themes(request: ExpertRequested) -> list[ThemeBlock]:
    return [block for block in request.context.blocks if isinstance(block, ThemeBlock)]


def point(text: str) -> AgreementPoint:
    return AgreementPoint(text=text, supporters=("agent-0", "agent-1"), n=2)


def test_agreement_never_stops_it() -> None:
    panel = begin(created("open")).run(count=lambda request: calculated(request, 1.0))
    assert (panel.ending.stop_reason, panel.ending.rounds) == ("max_rounds", 2)


def test_it_ends_from_round_2_when_under_a_fifth_of_the_points_is_new() -> None:
    for novelty, ended in ((0.19, ("nothing_new", 2)), (0.20, ("max_rounds", 4))):
        event = created("open", configuration={"max_rounds": 4})
        panel = begin(event).run(
            count=lambda request, novelty=novelty: calculated(request, metrics={"novelty": novelty})
        )
        assert (panel.ending.stop_reason, panel.ending.rounds) == ended


def test_the_consensus_is_over_the_ballots_of_all_rounds_so_far() -> None:
    panel = begin(created("open", 3)).run()
    first, second = panel.of(ConsensusRequested)
    assert len(first.responses) == 3
    assert len(second.responses) == 6
    assert second.responses[:3] == first.responses


def test_themes_are_at_most_eight_without_names_and_counts() -> None:
    points = {
        "points": [{"text": f"Listed {n}", "supporters": ["agent-1"], "kind": "other"} for n in range(9)]
    }
    panel = begin(created("open", 3)).run(
        count=lambda request: calculated(
            request, agreement_points=(point("Agreed by Name 2"),), metrics=points
        )
    )
    for request in panel.requests("2"):
        assert kinds(request) == ["question", *["theme"] * 8]
        texts = {theme.text for theme in themes(request)}
        assert texts == {"Agreed by [expert]", *(f"Listed {n}" for n in range(7))}
        assert all(set(theme.model_dump()) == {"kind", "label", "text"} for theme in themes(request))


def test_themes_stand_in_an_order_drawn_per_reader_under_labels_that_all_readers_share() -> None:
    panel = begin(created("open", 5)).run()
    orders = {tuple(theme.text for theme in themes(request)) for request in panel.requests("2")}
    labels = {frozenset((theme.label, theme.text) for theme in themes(r)) for r in panel.requests("2")}
    assert len(orders) > 1
    assert len(labels) == 1


def test_without_points_in_the_consensus_the_experts_own_points_are_the_themes() -> None:
    panel = begin(created("open", 3)).run(
        lambda request: responded(
            request, key_points=("Shared point", "shared  POINT!", f"Own {request.seat}")
        )
    )
    texts = {theme.text for theme in themes(panel.request("2", 0))}
    assert {text.casefold()[:6] for text in texts} == {"shared", "own 0", "own 1", "own 2"}
    assert len(texts) == 4
