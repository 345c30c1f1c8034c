"""Numeric forecasts: their scale, where each stands, and their figures in words.

Forecasts have no fixed scale, so a nine-point scale is laid over their range, as for ratings: one point
is an eighth of what the question allows. An end that the question leaves open is taken from the first
round: the lowest and the highest number that a plausible range, or else a forecast, names there. Later
rounds keep that scale, or coming closer would never show. The orchestrator lays the same scale.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from askpanel.consensus.ballots import Answer, Ballots, Forecast, Quantity
from askpanel.consensus.spread import percentile, within

STEPS = 8
LARGEST = 1e300
"""Beyond this a difference of two numbers may not be finite."""

NEAR, ABOVE, BELOW = "near", "above", "below"
CAMPS = (ABOVE, BELOW, NEAR)
"""The positions of a forecast: within a point of the median, or beyond it on one side."""


def scaled(quantity: Quantity, first: Iterable[Answer]) -> Quantity:
    """The quantity with its point; `first` are the voting answers of the first round.

    A point of 0 (an open range in which the first round named one single number): only equal numbers
    are near each other.
    """
    usable = (answer.forecast for answer in first if answer.forecast is not None)
    named = [
        number
        for forecast in usable
        if not isinstance(read_value(forecast, quantity), str)
        for number in (forecast.low, forecast.value, forecast.high)
        if number is not None and abs(number) <= LARGEST
    ]
    low = quantity.minimum if quantity.minimum is not None else min(named, default=0.0)
    high = quantity.maximum if quantity.maximum is not None else max(named, default=0.0)
    return replace(quantity, point=max(0.0, high - low) / STEPS)


def read_value(forecast: Forecast | None, quantity: Quantity) -> float | str:
    """The number that counts, or the reason why none does."""
    if forecast is None:
        return "no forecast"
    value = forecast.value
    if not abs(value) <= LARGEST:
        return "the forecast is not a usable number"
    if quantity.minimum is not None and value < quantity.minimum:
        return f"the forecast is below {amount(quantity.minimum, quantity.unit)}"
    if quantity.maximum is not None and value > quantity.maximum:
        return f"the forecast is above {amount(quantity.maximum, quantity.unit)}"
    return float(value)


def values(ballots: Ballots) -> list[float]:
    """The forecasts that count, in ballot order."""
    return [ballot.forecast for ballot in ballots.voters if ballot.forecast is not None]


def in_camps(ballots: Ballots) -> Ballots:
    """The ballots with where each forecast stands as its vote; other spaces are left alone."""
    if ballots.quantity is None or not ballots.voters:
        return ballots
    middle, point = percentile(values(ballots), 0.5), ballots.quantity.point
    return replace(
        ballots,
        voters=tuple(
            replace(ballot, vote=camp(ballot.forecast, middle, point))
            for ballot in ballots.voters
            if ballot.forecast is not None
        ),
    )


def camp(value: float, middle: float, point: float) -> str:
    """Near when within one point of `middle`, its edge included; else above or below."""
    if within(value - middle, point):
        return NEAR
    return ABOVE if value > middle else BELOW


def amount(value: float, unit: str = "") -> str:
    """A number as people write it, with its unit: 1,250,000 EUR; 0.2 %. Twelve digits count."""
    return f"{value:,.12g} {unit}".rstrip()


def camp_texts(ballots: Ballots) -> dict[str, str]:
    """What each position says, in figures and the unit: "10 to 30 days", "above 30 days"."""
    if ballots.quantity is None or not ballots.voters:
        return {}
    middle, point, unit = percentile(values(ballots), 0.5), ballots.quantity.point, ballots.quantity.unit
    low, high = amount(middle - point), amount(middle + point)
    return {
        NEAR: amount(middle, unit) if point == 0 else f"{low} to {high} {unit}",
        ABOVE: f"above {high} {unit}",
        BELOW: f"below {low} {unit}",
    }
