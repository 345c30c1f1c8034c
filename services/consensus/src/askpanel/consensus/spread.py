"""How far numbers lie apart and whether they moved: what ratings and forecasts have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence

STABLE_SHIFT = 0.5
"""In points of the scale: how far median and IQR may move (Scheibe, Skutsch, Schofer 1975)."""


FAR = 2.0
"""In points: how far from the median a dissent begins, and how wide an IQR is still no disagreement."""


def percentile(values: Sequence[float], p: float) -> float:
    """Linear interpolation at position (n - 1) p of the sorted values; at least one value."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * p
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def iqr(values: Sequence[float]) -> float:
    """P75 - P25; at least one value."""
    return percentile(values, 0.75) - percentile(values, 0.25)


def within(distance: float, reach: float) -> bool:
    """|distance| <= reach, but for the last digits of a sum."""
    return abs(distance) <= reach or math.isclose(abs(distance), reach, rel_tol=1e-9)


def stable(pairs: Sequence[tuple[float, float]], point: float = 1.0) -> bool | None:
    """Median and IQR moved by at most half a point between (before, now) of each seat; no pair: None."""
    if not pairs:
        return None
    before, now = ([pair[side] for pair in pairs] for side in (0, 1))
    allowed = STABLE_SHIFT * point
    return within(percentile(now, 0.5) - percentile(before, 0.5), allowed) and within(
        iqr(now) - iqr(before), allowed
    )


def moved(pairs: Sequence[tuple[float, float]]) -> float | None:
    """The share of seats whose number differs from the round before; no pair: None."""
    return sum(before != now for before, now in pairs) / len(pairs) if pairs else None
