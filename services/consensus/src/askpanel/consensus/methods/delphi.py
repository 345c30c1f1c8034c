"""`delphi`: how far ratings 1-9 of items, or forecasts, have come together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean

from askpanel.consensus.ballots import Ballots, Context, ItemResult, Verdict
from askpanel.consensus.methods.forecast import forecast
from askpanel.consensus.methods.majority import majority
from askpanel.consensus.spread import moved, percentile, stable
from askpanel.consensus.votes import TIE


def delphi(ballots: Ballots, context: Context) -> Verdict:
    """Level = mean over the rated items of the share of ratings within 1 point of the item's median.

    The leader is the item with the highest median, ties by mean; equal in both: they lead together.
    An item in disagreement caps the band at `weak`. Forecasts: see `forecast`. Without ratings (round 1
    of a panel without options): `majority`.
    """
    if ballots.space == "forecast":
        return forecast(ballots, context)
    if ballots.space != "ratings":
        return replace(majority(ballots, context), extra={})
    items = tuple(
        rate_item(item, column(ballots, item), _both_rounds(ballots, context.previous, item))
        for item in ballots.positions
    )
    rated = [item for item in items if item.n]
    height = {item.item: _height(ballots, item) for item in rated}
    best = max(height.values(), default=(0.0, 0.0))
    leading = [item for item, (mid, mean) in height.items() if mid == best[0] and best[1] - mean <= TIE]
    return Verdict(
        method="delphi",
        level=fmean(item.level for item in rated) if rated else 0.0,
        leaders=tuple(sorted(leading)),
        shares={item: (mid - 1) / 8 for item, (mid, _) in sorted(height.items())},
        weights=tuple(1.0 for _ in ballots.voters),
        unanimous=bool(rated)
        and all(ballot.ratings == ballots.voters[0].ratings for ballot in ballots.voters),
        capped=any(item.disagreement for item in items),
        items=items,
    )


def _height(ballots: Ballots, item: ItemResult) -> tuple[float, float]:
    return item.median or 0.0, fmean(column(ballots, item.item))


def column(ballots: Ballots, item: str) -> tuple[int, ...]:
    """The ratings of one item, sorted; None (no view) is left out."""
    place = ballots.positions.index(item)
    given = (ballot.ratings[place] for ballot in ballots.voters)
    return tuple(sorted(rating for rating in given if rating is not None))


def rate_item(item: str, ratings: Sequence[int], pairs: Sequence[tuple[int, int]] = ()) -> ItemResult:
    """Median, quartiles, RAND/UCLA disagreement, verdict and stability of one item.

    Consensus needs IQR <= 2 and no disagreement; then accepted with median >= 7, rejected <= 3.
    IPR = P70 - P30; IPRAS = 2.35 + 1.5 |5 - (P30 + P70)/2|; disagreement iff IPR > IPRAS (Fitch et
    al., RAND MR-1269, 2001). `pairs` are (before, now) of the seats that rated twice: stable when
    the median and the IQR moved by at most .5 (Scheibe, Skutsch, Schofer 1975); none: null.
    """
    if not ratings:
        return ItemResult(item, 0, 0.0, None, None, None, None, False, "undecided", None, None)
    low, middle, high = (percentile(ratings, p) for p in (0.25, 0.5, 0.75))
    p30, p70 = percentile(ratings, 0.3), percentile(ratings, 0.7)
    ipras = 2.35 + 1.5 * abs(5 - (p30 + p70) / 2)
    disagreement = p70 - p30 > ipras + TIE
    agreed = high - low <= 2 + TIE and not disagreement
    return ItemResult(
        item=item,
        n=len(ratings),
        level=sum(abs(rating - middle) <= 1 for rating in ratings) / len(ratings),
        median=middle,
        quartiles=(low, high),
        ipr=p70 - p30,
        ipras=ipras,
        disagreement=disagreement,
        verdict="accepted"
        if agreed and middle >= 7
        else "rejected"
        if agreed and middle <= 3
        else "undecided",
        stable=stable(pairs),
        moved=moved(pairs),
        range=(min(ratings), max(ratings)),
    )


def _both_rounds(now: Ballots, before: Ballots | None, item: str) -> list[tuple[int, int]]:
    """(rating before, rating now) of every seat that rated the item in both rounds."""
    if before is None or before.space != "ratings" or item not in before.positions:
        return []
    earlier = _by_agent(before, item)
    return [
        (earlier[agent], rating) for agent, rating in sorted(_by_agent(now, item).items()) if agent in earlier
    ]


def _by_agent(ballots: Ballots, item: str) -> dict[str, int]:
    place = ballots.positions.index(item)
    return {
        agent_id: rating
        for ballot in ballots.voters
        if (rating := ballot.ratings[place]) is not None
        for agent_id in ballot.agent_ids
    }
