import pytest
from hypothesis import given
from hypothesis import strategies as st

from askpanel.orchestrator.statistics import (
    Spread,
    histogram,
    is_stable,
    percentile,
    scale_point,
    spread,
)

ratings = st.lists(st.integers(1, 9), min_size=1, max_size=12)


def figures(*values: float) -> Spread:
    found = spread(values)
    assert found is not None
    return found


def test_percentiles_interpolate_linearly_at_n_minus_one_times_p() -> None:
    assert percentile([1, 2, 3, 4], 0.25) == 1.75
    assert percentile([1, 2, 3, 4], 0.5) == 2.5
    assert percentile([5], 0.7) == 5


def test_values_at_p30_seven_and_p70_eight_allow_an_ipr_of_six_point_one() -> None:
    found = Spread(n=5, median=7, lower_quartile=7, upper_quartile=8, p30=7, p70=8)
    assert found.ipras == pytest.approx(6.1)
    assert not found.disagreement


def test_two_camps_are_in_disagreement() -> None:
    found = figures(1, 1, 5, 9, 9)
    assert found.ipr == pytest.approx(6.4)
    assert found.ipras == pytest.approx(2.35)
    assert found.disagreement


def test_a_wide_opinion_without_disagreement_is_still_no_consensus() -> None:
    found = figures(1, 9, 9)
    assert (found.ipr, found.ipras, found.iqr) == (pytest.approx(3.2), pytest.approx(5.95), 4)
    assert not found.disagreement
    assert not found.has_consensus


def test_nothing_rated_has_no_figures() -> None:
    assert spread(()) is None


def test_a_histogram_counts_each_rating() -> None:
    assert histogram([1, 9, 9, 5]) == (1, 0, 0, 0, 1, 0, 0, 0, 2)


def test_half_a_point_is_stable_and_more_is_not() -> None:
    assert is_stable([5, 6, 7], [5, 6, 7])
    assert is_stable([5, 6], [5, 7])
    assert not is_stable([5, 6, 7], [6, 7, 8])
    assert not is_stable([1, 5, 9], [4, 5, 6])
    assert not is_stable([], [])


def test_a_point_of_a_forecast_is_an_eighth_of_its_range() -> None:
    assert scale_point(0, 80, [1, 2]) == 10
    assert scale_point(None, None, [4, 20]) == 2
    assert is_stable([40], [44], scale_point(0, 80, [40]))
    assert not is_stable([40], [46], scale_point(0, 80, [40]))


@given(ratings)
def test_figures_are_ordered_and_independent_of_order(values: list[int]) -> None:
    found = figures(*values)
    ordered = [found.lower_quartile, found.p30, found.median, found.p70, found.upper_quartile]
    assert ordered == sorted(ordered)
    assert figures(*reversed(values)) == found
    assert sum(histogram(values)) == found.n == len(values)
    assert is_stable(values, values)
