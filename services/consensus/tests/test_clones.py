"""Seats of one model that gave one answer: what counts once, what the result says of it, what counts each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from askpanel.consensus.ballots import Answer, Forecast, Option, Point, Quantity
from askpanel.consensus.compute import Request, compute
from askpanel.consensus.result import Result
from askpanel.contracts.events import PanelType


def answer(number: int, stance: str | None, position: str, *points: str, **more: Any) -> Answer:
    fields: dict[str, Any] = {"model": "m:x"} | more
    return Answer(
        f"r{number}", number, f"agent-{number}", f"Expert {number}", stance=stance, position=position,
        key_points=tuple(Point(text) for text in points), **fields,
    )  # fmt: skip


def ask(
    *answers: Answer, panel_type: PanelType = "structured", method: str = "majority", **more: Any
) -> Result:
    return compute(Request(panel_type, method, threshold=0.7, round_number=1, answers=answers, **more))


COPIES = tuple(answer(i, "support", "Do it.", "It is safe.") for i in range(3))
OTHERS = (
    answer(3, "oppose", "Leave it.", "It costs a lot."),
    answer(4, "oppose", "Wait.", "It takes years."),
)


def test_copies_are_one_voter_and_the_result_names_them_and_who_would_lead() -> None:
    result = ask(*COPIES, *OTHERS)
    note = (
        "Expert 0, Expert 1 and Expert 2 gave the same answer and count as one voter; "
        "if each seat counted, support would lead"
    )
    assert (result.metrics.voters, round(result.consensus_level, 4)) == (3, 0.6667)
    assert result.degraded == (note,)
    assert result.recommendation.startswith(f"Degraded: {note}. Moderate consensus (2 of 3 voters)")
    assert result.metrics.positions[1].voters == ("agent-0", "agent-1", "agent-2")


def test_copies_that_turn_nothing_are_named_all_the_same() -> None:
    alone = ask(*COPIES)
    assert alone.degraded == ("Expert 0, Expert 1 and Expert 2 gave the same answer and count as one voter",)
    assert "(1 of 1 voter)" in alone.recommendation


def test_a_tie_by_voters_says_who_would_lead_by_seats() -> None:
    options = (Option("x", "Ship in May"), Option("y", "Wait"))
    votes = [replace(one, option="x") for one in COPIES[:2]] + [replace(OTHERS[0], option="y")]
    result = ask(*votes, options=options)
    assert result.band == "split"
    assert result.degraded[0].endswith("if each seat counted, “Ship in May” would lead")


def test_themes_of_copies_count_once_and_exclude_nobody() -> None:
    result = ask(*COPIES, *OTHERS, panel_type="open")
    assert result.metrics.voters == 3
    assert result.degraded == ("Expert 0, Expert 1 and Expert 2 gave the same answer and count as one voter",)


@pytest.mark.parametrize(
    "other", [{"model": "m:y"}, {"model": None}, {"role": "human"}, {"position": "Do it now."}]
)
def test_an_answer_of_anybody_else_or_in_other_words_is_no_copy(other: dict[str, Any]) -> None:
    result = ask(COPIES[0], replace(COPIES[1], **other), OTHERS[0])
    assert (result.metrics.voters, result.degraded) == (3, ())


def test_forecasts_count_each_as_the_experts_were_told() -> None:
    values = (10, 10, 10, 40, 60)
    answers = [answer(i, None, f"{v} days", forecast=Forecast(v)) for i, v in enumerate(values)]
    result = ask(*answers, panel_type="delphi", method="delphi", quantity=Quantity("days", 0, 80))
    (item,) = result.metrics.items
    assert (item.n, item.median, result.metrics.voters, result.degraded) == (5, 10, 5, ())
    assert [one.agent_id for one in result.dissenting_opinions] == ["agent-3", "agent-4"]


def test_ratings_count_each_as_the_experts_were_told() -> None:
    answers = [answer(i, None, "", ratings=(rating,)) for i, rating in enumerate((2, 2, 2, 5, 8))]
    result = ask(*answers, panel_type="delphi", method="delphi", options=(Option("x", "Ship in May"),))
    (item,) = result.metrics.items
    assert (item.n, item.median, result.degraded) == (5, 2, ())
