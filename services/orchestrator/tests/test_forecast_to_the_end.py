"""A forecasting panel with the consensus service's own computation: both lay one scale."""

from collections.abc import Mapping

import pytest

from askpanel.consensus.compute import compute
from askpanel.consensus.reading import read_request
from askpanel.consensus.result import as_data
from askpanel.contracts.answer import Forecast
from askpanel.contracts.events import (
    ConsensusCalculated,
    ConsensusRequested,
    ExpertRequested,
    ExpertResponded,
)
from askpanel.orchestrator.protocols.delphi import _point
from askpanel.orchestrator.view import View

from .simulator import Simulation, begin, created, responded, shape

Round = Mapping[int, tuple[float, float | None, float | None]]
"""What each seat forecasts: value, low, high."""


def run(quantity: Mapping[str, object], *rounds: Round) -> Simulation:
    """A panel that forecasts as planned; later rounds repeat the last."""
    panel = begin(created("delphi", len(rounds[0]), configuration={"quantity": quantity, "max_rounds": 4}))

    def count(asked: ConsensusRequested) -> ConsensusCalculated:
        result = as_data(compute(read_request(asked, panel.log, embeddings=False)))
        return ConsensusCalculated.model_validate(
            result | {"round_number": asked.round_number, "threshold": asked.threshold}
        )

    def plan(number: int, seat: int) -> Forecast:
        value, low, high = rounds[min(number, len(rounds)) - 1][seat]
        return Forecast(value=value, low=low, high=high)

    def answered(request: ExpertRequested) -> ExpertResponded:
        return responded(
            request,
            content="This is what it takes with the permits, the staff and the weather there are.",
            forecast=plan(request.round_number, request.seat),
            stance="abstain",
            confidence=0.8,
        )

    return panel.run(answered, count)


def test_forecasts_that_come_together_end_the_panel_at_its_threshold() -> None:
    panel = run(
        {"unit": "days", "minimum": 0, "maximum": 80},
        {0: (10, 5, 20), 1: (20, 15, 30), 2: (60, 40, 70), 3: (70, 60, 80)},
        {0: (20, 5, 30), 1: (25, 15, 30), 2: (30, 20, 40), 3: (55, 30, 60)},
    )
    first, second = panel.of(ConsensusCalculated)
    assert (first.consensus_level, first.band) == (0.0, "weak")
    assert first.metrics["items"][0]["quartiles"] == [17.5, 62.5]
    # median 27.5, one point 10 days: 20, 25 and 30 are near, 55 is more than two points away
    assert (second.consensus_level, second.band, second.metrics["items"][0]["median"]) == (
        0.75,
        "strong",
        27.5,
    )
    assert [dissent.agent_name for dissent in second.dissenting_opinions] == ["Name 3"]
    assert shape([panel.ending]) == ["panel.completed threshold_reached"]
    assert panel.ending.recommendation.startswith(
        "Strong consensus (3 of 4 forecasts within 10 days of the median): median 27.5 days, "
    )


def test_a_middle_half_wider_than_two_points_keeps_the_panel_going_at_its_threshold() -> None:
    panel = run(
        {"unit": "days", "minimum": 0, "maximum": 80},
        {seat: (value, None, None) for seat, value in enumerate((0, 0, 40, 80))},
        # median 20, three of four within 10 days; quartiles 13.75 and 38.75 lie 25 days apart
        {seat: (value, None, None) for seat, value in enumerate((10, 15, 25, 80))},
        dict.fromkeys(range(4), (30, None, None)),
    )
    second = panel.of(ConsensusCalculated)[1]
    assert (second.consensus_level, second.band) == (0.75, "weak")
    assert (panel.ending.stop_reason, panel.ending.rounds) == ("threshold_reached", 3)


@pytest.mark.parametrize(
    ("quantity", "point"),
    [
        ({"unit": "EUR"}, 12.5),  # from the lowest, 0, to the highest number named, 100
        ({"unit": "EUR", "minimum": 20}, 10),
        ({"unit": "EUR", "maximum": 40}, 5),
        ({"unit": "EUR", "minimum": 0, "maximum": 400}, 50),
    ],
)
def test_both_services_lay_the_same_scale_over_the_first_round(
    quantity: dict[str, object], point: float
) -> None:
    panel = run(
        quantity,
        {0: (30, 0, 60), 1: (35, None, None), 2: (40, 30, 100)},
        {0: (34, 33, 36), 1: (35, 34, 36), 2: (36, 35, 37)},
    )
    assert _point(View(panel.state, panel.now)) == point
    assert {result.metrics["items"][0]["point"] for result in panel.of(ConsensusCalculated)} == {point}
