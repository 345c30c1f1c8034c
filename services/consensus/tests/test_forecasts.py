"""Panels that forecast a number, with figures worked by hand."""

from __future__ import annotations

from typing import Any

import pytest

from askpanel.consensus.ballots import Answer, Forecast, InvalidRequest, Point, Quantity
from askpanel.consensus.compute import Request, Round, compute
from askpanel.consensus.forecasts import amount, camp, scaled
from askpanel.consensus.result import Result, as_data

DAYS = Quantity("days", 0, 80)
"""One point is 80 / 8 = 10 days."""

REASONS = (
    "Permits are slow",
    "The staff is new",
    "Rain stops the work",
    "Parts arrive late",
    "Audits come first",
)


def answer(number: int, value: float | None, low: float | None = None, high: float | None = None) -> Answer:
    forecast = None if value is None else Forecast(value, low, high)
    return Answer(
        f"r{number}", number, f"agent-{number}", f"Expert {number}", model=f"model-{number}", stance="abstain",
        position=f"It takes {value} days, says {number}.", key_points=(Point(REASONS[number % 5]),), forecast=forecast,
    )  # fmt: skip


def ask(*values: float | None, quantity: Quantity = DAYS, **more: Any) -> Result:
    answers = tuple(answer(number, value) for number, value in enumerate(values))
    fields: dict[str, Any] = {"round_number": 1, "answers": answers, "quantity": quantity} | more
    return compute(Request("delphi", "delphi", 0.75, **fields))


def test_three_forecasts_have_the_figures_worked_by_hand() -> None:
    # Quartiles at positions .5 and 1.5 of 10, 20, 60: 15 and 40. 10 and 20 lie within 10 of 20, 60 does not.
    result = ask(10, 20, 60)
    (item,) = result.metrics.items
    assert (item.item, item.unit, item.n, item.point) == ("forecast", "days", 3, 10)
    assert (item.median, item.quartiles, item.range) == (20, (15, 40), (10, 60))
    assert result.consensus_level == pytest.approx(2 / 3)
    assert [(one.position, one.text, one.voters) for one in result.metrics.positions] == [
        ("near", "10 to 30 days", ("agent-0", "agent-1")),
        ("above", "above 30 days", ("agent-2",)),
    ]


def test_an_iqr_above_two_points_is_a_disagreement_and_caps_the_band() -> None:
    result = ask(10, 20, 60)  # IQR 25 > 20
    assert (result.metrics.items[0].disagreement, result.metrics.items[0].verdict) == (True, "undecided")
    assert result.band == "weak"
    (contest,) = result.disagreement_points
    assert contest.is_vote
    assert {side.position: side.agents for side in contest.sides} == {
        "near": ("agent-0", "agent-1"),
        "above": ("agent-2",),
    }


def test_an_iqr_of_exactly_two_points_is_none() -> None:
    result = ask(10, 20, 50)  # quartiles 15 and 35
    assert (result.metrics.items[0].disagreement, result.metrics.items[0].verdict) == (False, "converged")
    assert (result.band, result.disagreement_points) == ("moderate", ())


def test_more_than_two_points_from_the_median_dissents_in_its_own_words() -> None:
    result = ask(20, 20, 20, 40, 41)  # 40 is two points away, 41 more
    (dissent,) = result.dissenting_opinions
    assert (dissent.agent_id, dissent.opinion) == ("agent-4", "It takes 41 days, says 4.")
    assert result.alternatives[0].position == "above"
    assert result.alternatives[0].supporters == ("agent-3", "agent-4")


def test_the_recommendation_names_median_quartiles_range_and_unit() -> None:
    result = ask(10, 20, 50)
    assert result.recommendation == (
        "Moderate consensus (2 of 3 forecasts within 10 days of the median): median 20 days, "
        "quartiles 15 and 35 days, range 10 to 50 days. Dissent: Expert 2."
    )


def test_all_equal_is_unanimous() -> None:
    result = ask(20, 20, 20)
    assert (result.band, result.consensus_level, result.dissenting_opinions) == ("unanimous", 1.0, ())
    assert result.metrics.items[0].quartiles == (20, 20)
    assert ask(20, 20.5, 20).band == "strong"


def test_nobody_near_the_median_is_level_zero() -> None:
    result = ask(0, 0, 80, 80)
    assert (result.consensus_level, result.band, result.metrics.items[0].median) == (0.0, "weak", 40)
    assert [cell.view for cell in result.matrix[0].cells] == ["oppose"] * 4


def test_one_forecast_has_figures_and_no_quorum() -> None:
    result = ask(20, None, None)
    assert result.band == "none"
    assert "1 readable ballots and 2 are needed" in result.recommendation
    assert (result.metrics.items[0].n, result.metrics.items[0].median) == (1, 20)
    assert [one.reason for one in result.metrics.abstained] == ["no forecast", "no forecast"]


def test_without_a_forecast_everybody_abstains() -> None:
    result = ask(None, None)
    assert (result.band, len(result.metrics.abstained)) == ("none", 2)
    (item,) = as_data(result)["metrics"]["items"]
    assert (item["item"], item["unit"], item["n"], item["median"]) == ("forecast", "days", 0, None)


def test_what_lies_out_of_bounds_or_is_no_number_abstains_with_its_reason() -> None:
    result = ask(-1, 81, float("nan"), 20, 20)
    assert [one.reason for one in result.metrics.abstained] == [
        "the forecast is below 0 days",
        "the forecast is above 80 days",
        "the forecast is not a usable number",
    ]
    assert (result.metrics.items[0].n, result.band) == (2, "strong")


@pytest.mark.parametrize(
    ("quantity", "point"),
    [
        (Quantity("d", 0, 80), 10),
        (Quantity("d"), 5),  # from the lowest, 10 - 6, to the highest, 30 + 14
        (Quantity("d", 0), 5.5),
        (Quantity("d", None, 84), 10),
    ],
)
def test_an_open_end_is_taken_from_what_the_first_round_names(quantity: Quantity, point: float) -> None:
    first = (answer(0, 10, 4, 12), answer(1, 20), answer(2, 30, None, 44), answer(3, None))
    assert scaled(quantity, first).point == point


def test_one_number_in_an_open_range_has_no_scale_and_only_equals_agree() -> None:
    first = tuple(answer(n, 20) for n in range(3))
    result = ask(20, 20, 21, quantity=Quantity("days"), earlier=(Round(1, first),), round_number=2)
    assert (result.metrics.items[0].point, result.consensus_level) == (0, pytest.approx(2 / 3))
    assert "2 of 3 forecasts equal to the median" in result.recommendation


def test_later_rounds_keep_the_scale_of_the_first() -> None:
    first = tuple(answer(n, value) for n, value in enumerate((0, 40, 80)))
    result = ask(30, 40, 50, quantity=Quantity("days"), earlier=(Round(1, first),), round_number=2)
    assert (result.metrics.items[0].point, result.consensus_level, result.band) == (10, 1.0, "strong")


def test_stable_is_half_a_point_and_moved_is_any_change() -> None:
    first = tuple(answer(n, value) for n, value in enumerate((10, 20, 30)))

    def second(*values: float) -> Result:
        return ask(*values, earlier=(Round(1, first),), round_number=2)

    stable = second(10, 25, 30).metrics.items[0]  # median + 5, IQR unchanged
    assert (stable.stable, stable.moved) == (True, pytest.approx(1 / 3))
    assert second(10, 26, 30).metrics.items[0].stable is False
    assert second(10, 20, 60).metrics.items[0].stable is False  # IQR 10 -> 25


def test_the_shift_tells_who_moved_towards_the_earlier_median() -> None:
    first = tuple(answer(n, value) for n, value in enumerate((20, 20, 60)))
    shift = ask(20, 20, 30, earlier=(Round(1, first),), round_number=2).metrics.shift
    assert shift is not None
    assert [(one.agent_id, one.before, one.now) for one in shift.changed] == [("agent-2", "60", "30")]
    assert (shift.to_earlier_majority, shift.distance) == (1, pytest.approx(1 / 3))


def test_small_figures_leave_whole() -> None:
    quantity = Quantity("per person and year", 0, 0.0008)
    (item,) = as_data(ask(0.00012, 0.00013, 0.00012, quantity=quantity))["metrics"]["items"]
    assert (item["median"], item["point"], item["range"]) == (0.00012, 0.0001, [0.00012, 0.00013])


def test_figures_are_written_as_people_write_them() -> None:
    assert amount(1_250_000.0, "EUR") == "1,250,000 EUR"
    assert amount(0.1 + 0.2, "%") == "0.3 %"
    assert camp(0.4, 0.3, 0.1) == "near"


def test_bounds_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="bounds"):
        ask(1, 2, quantity=Quantity("days", float("nan")))
