"""What both sides of the vote speak of: common ground in the same words, else a contest with the words of both."""

from __future__ import annotations

import json
from typing import Any

from askpanel.consensus.ballots import Answer, Option, Point
from askpanel.consensus.compute import Request, compute
from askpanel.consensus.points import MOST_CONTESTED
from askpanel.consensus.result import Result, as_data

COST = "The approval will cost two million euros"


def answer(number: int, stance: str | None, *points: str, **more: Any) -> Answer:
    return Answer(
        f"r{number}", number, f"agent-{number}", f"Expert {number}", model=f"model-{number}", stance=stance,
        position=f"Position of {number}", key_points=tuple(Point(text) for text in points), **more,
    )  # fmt: skip


def ask(*answers: Answer, **more: Any) -> Result:
    return compute(Request("structured", "majority", threshold=0.7, round_number=1, answers=answers, **more))


def contested(result: Result) -> list[dict[str, list[str]]]:
    """The sides of each point that is contested, as the event has them."""
    return [one["sides"] for one in as_data(result)["disagreement_points"] if not one["is_vote"]]


def test_what_both_sides_state_is_agreed_by_all_who_state_it() -> None:
    result = ask(answer(0, "support", COST), answer(1, "conditional", COST), answer(2, "oppose", f"{COST}."))
    (point,) = result.agreement_points
    assert (point.n, point.supporters) == (3, ("agent-0", "agent-1", "agent-2"))
    assert contested(result) == []
    assert [cell.view for cell in result.matrix[-1].cells] == ["support", "support", "support"]


def test_two_against_two_agree_on_it_once() -> None:
    result = ask(*(answer(i, "support" if i < 2 else "oppose", COST) for i in range(4)))
    assert [(point.text, point.n) for point in result.agreement_points] == [(COST, 4)]
    assert contested(result) == []


def test_it_brings_together_what_each_side_says_in_other_words() -> None:
    result = ask(
        answer(0, "support", COST), answer(1, "support", f"{COST} in fees"), answer(2, "oppose", COST)
    )
    assert [point.supporters for point in result.agreement_points] == [("agent-0", "agent-1", "agent-2")]


def test_voters_for_different_options_share_it_too() -> None:
    options = (Option("a", "A"), Option("b", "B"))
    result = ask(answer(0, None, COST, option="a"), answer(1, None, COST, option="b"), options=options)
    assert [point.n for point in result.agreement_points] == [2]
    assert contested(result) == []


def test_a_contested_point_has_the_words_of_both_sides() -> None:
    result = ask(
        answer(0, "support", "The trial is large enough"),
        answer(1, "oppose", "The trial is not large enough"),
        answer(2, "oppose", "The trial is not large enough."),
    )
    vote, contest = as_data(result)["disagreement_points"]
    assert vote["quotes"] == []
    assert [(one["response_id"], one["text"]) for one in contest["quotes"]] == [
        ("r1", "The trial is not large enough"),
        ("r2", "The trial is not large enough."),
        ("r0", "The trial is large enough"),
    ]


def test_a_panel_that_contests_a_thousand_figures_has_a_result_that_the_log_takes() -> None:
    figures = (
        "The pivotal trial has to recruit {} patients in its first year, before the agency is asked for its opinion, "
        "since a second trial with other patients would take until the patent has run out in the first countries"
    )
    result = ask(
        *(
            answer(
                seat,
                "oppose" if seat % 2 else "support",
                *(figures.format(100 + 4 * seat + n) for n in range(4)),
            )
            for seat in range(12)
        )
    )
    assert len(contested(result)) == MOST_CONTESTED
    assert len(json.dumps(as_data(result)).encode()) < 250_000


def test_sides_that_share_words_and_contradict_each_other_stay_apart_each_with_its_own() -> None:
    plain, two, three = (f"The trial costs {span}time" for span in ("", "two years of ", "three years of "))
    result = ask(
        answer(0, "support", plain), answer(1, "conditional", two), answer(2, "oppose", plain, three)
    )
    assert contested(result) == [{two: ["agent-0", "agent-1"], three: ["agent-2"]}]
    assert [point.supporters for point in result.agreement_points] == [("agent-0", "agent-1")]
    (dissent,) = result.dissenting_opinions
    assert dissent.reasoning == f"{three}; {plain}", "agreed on by others, but not with this voter"
