"""What a result puts into words: whose they are, what they weigh, and that it does not contradict itself."""

from __future__ import annotations

from dataclasses import replace

from askpanel.consensus.ballots import Option
from services.consensus.tests.test_compute import answer, ask

SELL = "We sell software."


def test_a_person_is_advised_in_experts_words_and_told_what_the_sides_weigh() -> None:
    person = answer(2, "conditional", position=SELL, role="human", weight=2.0, model=None)
    others = (answer(0, "conditional"), answer(1, "oppose"), answer(3, "oppose"))
    result = ask(person, *others, method="weighted", panel_type="hybrid")
    assert "“Position of 0” (conditional)" in result.recommendation
    assert "(2 of 4 voters, with 60% of the weight)" in result.recommendation
    heavy = replace(person, weight=3.0)
    alone = ask(heavy, answer(1, "oppose"), answer(3, "oppose"), method="weighted", panel_type="hybrid")
    assert f"“{SELL}” (conditional)" in alone.recommendation, "nobody else's words there are"


def test_equal_weights_are_not_told() -> None:
    result = ask(answer(0), answer(1), answer(2, "oppose"), method="weighted")
    assert "(2 of 3 voters):" in result.recommendation


def test_a_sentence_whose_ratings_disagree_is_no_agreement_point() -> None:
    disputed, shared = "The benefits can be measured.", "The clinic has room."
    items = (Option("i1", disputed), Option("i2", shared))
    ratings = ((1, 8), (1, 8), (5, 8), (9, 8), (9, 8))
    result = ask(
        *(answer(i, None, disputed, shared, ratings=given) for i, given in enumerate(ratings)),
        panel_type="delphi",
        method="delphi",
        items=items,
    )
    assert [point.text for point in result.disagreement_points if point.is_vote] == [disputed]
    assert [point.text for point in result.agreement_points] == [shared]
