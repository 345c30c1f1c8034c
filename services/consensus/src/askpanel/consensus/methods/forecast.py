"""`delphi` where the panel forecasts a number: how far the forecasts have come together."""

from __future__ import annotations

from collections import Counter

from askpanel.consensus.ballots import Ballots, Context, ItemResult, Quantity, Verdict
from askpanel.consensus.forecasts import NEAR, values
from askpanel.consensus.spread import FAR, iqr, moved, percentile, stable, within

FORECAST = "forecast"
"""The id of the one item."""


def forecast(ballots: Ballots, context: Context) -> Verdict:
    """Level = share of the forecasts within one point of their median; n = 0: 0, nobody leads.

    One point is an eighth of the forecasts' range, see `forecasts.py`. Positions are where a forecast
    stands: near the median, which leads even where nobody stands there, above or below. A disagreement
    caps the band at `weak`.
    """
    item = forecast_item(ballots, context.previous)
    camps = Counter(ballot.vote for ballot in ballots.voters)
    return Verdict(
        method="delphi",
        level=item.level,
        leaders=(NEAR,) if ballots.voters else (),
        shares={camp: camps[camp] / len(ballots) for camp in sorted(camps)},
        weights=tuple(1.0 for _ in ballots.voters),
        unanimous=len(set(values(ballots))) == 1,
        capped=item.disagreement,
        items=(item,),
    )


def forecast_item(ballots: Ballots, previous: Ballots | None = None) -> ItemResult:
    """Median, quartiles, range and stability, all in the unit.

    Disagreement: the IQR is wider than two points; converged: it is not. Stable: over the seats that
    forecast twice, median and IQR moved by at most half a point.
    """
    quantity = ballots.quantity or Quantity("")
    given = values(ballots)
    if not given:
        return ItemResult(
            FORECAST, 0, 0.0, None, None, None, None, False, "undecided", None, None, None, quantity.unit, quantity.point
        )  # fmt: skip
    disagreement = not within(iqr(given), FAR * quantity.point)
    pairs = _both_rounds(ballots, previous)
    return ItemResult(
        item=FORECAST,
        n=len(given),
        level=sum(ballot.vote == NEAR for ballot in ballots.voters) / len(given),
        median=percentile(given, 0.5),
        quartiles=(percentile(given, 0.25), percentile(given, 0.75)),
        ipr=None,
        ipras=None,
        disagreement=disagreement,
        verdict="undecided" if disagreement else "converged",
        stable=stable(pairs, quantity.point),
        moved=moved(pairs),
        range=(min(given), max(given)),
        unit=quantity.unit,
        point=quantity.point,
    )


def _both_rounds(now: Ballots, before: Ballots | None) -> list[tuple[float, float]]:
    """(forecast before, forecast now) of every seat that forecast in both rounds."""
    earlier, later = _by_agent(before), _by_agent(now)
    return [(earlier[agent], later[agent]) for agent in sorted(earlier.keys() & later.keys())]


def _by_agent(ballots: Ballots | None) -> dict[str, float]:
    return {
        agent_id: ballot.forecast
        for ballot in (ballots.voters if ballots else ())
        if ballot.forecast is not None
        for agent_id in ballot.agent_ids
    }
