"""The anonymous statistics of a Delphi round, and whether a round changed anything.

Percentiles interpolate linearly at position (n - 1) p of the sorted values. The spread between P30 and P70
(IPR) is judged against what is expected for the same centre without disagreement (IPRAS): RAND/UCLA
Appropriateness Method, Fitch et al., RAND MR-1269, 2001. Stability between rounds: Scheibe, Skutsch and
Schofer, in The Delphi Method, 1975.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor

RATINGS = range(1, 10)
CONSENSUS_IQR = 2.0
STABLE_SHIFT = 0.5
"""In points of the rating scale: how far median and IQR may move in a stable item."""

FAR = 2.0
"""More points than this from the median is an outlier, to be explained."""


@dataclass(frozen=True, slots=True)
class Spread:
    """One item's values in one round. All figures in the values' own unit."""

    n: int
    median: float
    lower_quartile: float
    upper_quartile: float
    p30: float
    p70: float

    @property
    def iqr(self) -> float:
        """P75 - P25."""
        return self.upper_quartile - self.lower_quartile

    @property
    def ipr(self) -> float:
        """P70 - P30."""
        return self.p70 - self.p30

    @property
    def ipras(self) -> float:
        """The widest IPR without disagreement, for ratings 1-9; it grows with the centre's distance from 5."""
        return 2.35 + 1.5 * abs(5 - (self.p30 + self.p70) / 2)

    @property
    def disagreement(self) -> bool:
        """Two camps, not one wide opinion (ratings only)."""
        return self.ipr > self.ipras

    @property
    def has_consensus(self) -> bool:
        """Narrow, and no disagreement: both tests are needed (ratings only)."""
        return self.iqr <= CONSENSUS_IQR and not self.disagreement


def percentile(values: Sequence[float], p: float) -> float:
    """Linear interpolation at position (n - 1) p; the values are sorted and not empty."""
    position = (len(values) - 1) * p
    below = floor(position)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (position - below)


def spread(values: Iterable[float]) -> Spread | None:
    """The figures of one item; None without values."""
    ordered = sorted(values)
    if not ordered:
        return None
    quarter, third, half, seventh, most = (percentile(ordered, p) for p in (0.25, 0.3, 0.5, 0.7, 0.75))
    return Spread(len(ordered), half, quarter, most, third, seventh)


def histogram(ratings: Iterable[float]) -> tuple[int, ...]:
    """How many gave each rating from 1 to 9."""
    counts = Counter(ratings)
    return tuple(counts[point] for point in RATINGS)


def is_stable(before: Iterable[float], now: Iterable[float], point: float = 1.0) -> bool:
    """Whether median and IQR moved by at most half a point, over the seats that rated twice.

    `before` and `now` are in the same seat order; `point` is one point of the scale in the values' unit.
    Without a seat that rated twice nothing is known to be stable.
    """
    first, second = spread(before), spread(now)
    if first is None or second is None:
        return False
    allowed = STABLE_SHIFT * point * (1 + 1e-9)
    return abs(second.median - first.median) <= allowed and abs(second.iqr - first.iqr) <= allowed


def scale_point(minimum: float | None, maximum: float | None, named: Iterable[float]) -> float:
    """One point of a nine-point scale laid over a forecast's range.

    An end that the question leaves open is the lowest or highest number that the first round named: later
    rounds keep that scale, or coming closer would never show. The consensus lays the same scale.
    """
    known = tuple(named)
    low = minimum if minimum is not None else min(known, default=0.0)
    high = maximum if maximum is not None else max(known, default=0.0)
    return max(0.0, high - low) / (len(RATINGS) - 1)
