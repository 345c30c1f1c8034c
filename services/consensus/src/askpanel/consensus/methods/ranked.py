"""`ranked`: order by Borda, level by Kendall's coefficient of concordance."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from statistics import fmean

from askpanel.consensus.ballots import Ballots, Context, Verdict
from askpanel.consensus.methods.majority import majority
from askpanel.consensus.votes import TIE

Ranks = Mapping[str, float]


def ranked(ballots: Ballots, context: Context) -> Verdict:
    """Leader by Borda; level = Kendall's W with ties, or mean pairwise tau-b where a ballot is incomplete.

    A ballot that leaves two or more options unranked is incomplete: then the level is the mean tau-b
    over pairs of ballots, not below 0. `metrics` also shows W against its chance level 1/n:
    (nW - 1)/(n - 1). Fewer than two options, or no rankings (the panel has none): `majority`.
    """
    if ballots.space != "ranking" or len(ballots.positions) < 2:
        verdict = majority(ballots, context)
        return replace(verdict, notes=("ranked needs two options: majority",))
    rankings = [midranks(ballot.ranking) for ballot in ballots.voters]
    borda = borda_scores(rankings)
    best = max(borda.values(), default=0.0)
    level, extra = _level(rankings, all(ballot.complete for ballot in ballots.voters))
    return Verdict(
        method="ranked",
        level=level,
        leaders=tuple(option for option, value in sorted(borda.items()) if best - value <= TIE),
        shares=borda,
        weights=tuple(1.0 for _ in rankings),
        unanimous=bool(rankings) and all(ranks == rankings[0] for ranks in rankings),
        extra={"borda": borda, **extra},
    )


def _level(rankings: Sequence[Ranks], complete: bool) -> tuple[float, dict[str, object]]:
    n = len(rankings)
    if n == 0:
        return 0.0, {"kendalls_w": None, "w_above_chance": None, "mean_tau_b": None}
    w = kendalls_w(rankings) if complete else None
    tau = mean_tau_b(rankings)
    above = None if w is None else (1.0 if n == 1 else (n * w - 1) / (n - 1))
    level = w if w is not None else max(0.0, tau)
    return level, {"kendalls_w": w, "w_above_chance": above, "mean_tau_b": tau}


def midranks(ranking: Sequence[Sequence[str]]) -> dict[str, float]:
    """Option -> rank from 1; tied options share the mean of the ranks they take up."""
    ranks: dict[str, float] = {}
    taken = 0
    for place in ranking:
        middle = taken + (len(place) + 1) / 2
        ranks.update(dict.fromkeys(place, middle))
        taken += len(place)
    return ranks


def borda_scores(rankings: Sequence[Ranks]) -> dict[str, float]:
    """Mean over the ballots of (k - rank) / (k - 1), k options; in [0, 1]."""
    given: dict[str, list[float]] = {}
    for ranks in rankings:
        k = len(ranks)
        for option, rank in ranks.items():
            given.setdefault(option, []).append((k - rank) / (k - 1) if k > 1 else 1.0)
    return {option: fmean(values) for option, values in sorted(given.items())}


def kendalls_w(rankings: Sequence[Ranks]) -> float | None:
    """W = (12 sum R_j^2 - 3 n^2 k (k+1)^2) / (n^2 k (k^2 - 1) - n sum T_i), T_i = sum (t^3 - t).

    n rankings of the same k options, R_j the rank sums, t the sizes of ties. 1 = the same order
    everywhere; None when every ballot ties everything. Kendall and Babington Smith, Ann. Math.
    Stat. 1939.
    """
    n, k = len(rankings), len(rankings[0])
    sums = [math.fsum(ranks[option] for ranks in rankings) for option in sorted(rankings[0])]
    ties = sum(t**3 - t for ranks in rankings for t in Counter(ranks.values()).values())
    bottom = n * n * k * (k * k - 1) - n * ties
    if bottom <= 0:
        return None
    top = 12 * math.fsum(total * total for total in sums) - 3 * n * n * k * (k + 1) ** 2
    return min(1.0, max(0.0, top / bottom))


def mean_tau_b(rankings: Sequence[Ranks]) -> float:
    """Mean Kendall tau-b over pairs of ballots.

    Pairs without an order in common are left out. A single ballot agrees with itself: 1; ballots
    that cannot be compared at all: 0.
    """
    if len(rankings) == 1:
        return 1.0
    values = [tau_b(first, second) for first, second in combinations(rankings, 2)]
    known = [value for value in values if value is not None]
    return fmean(known) if known else 0.0


def tau_b(first: Ranks, second: Ranks) -> float | None:
    """(concordant - discordant) / sqrt(pairs untied in the first x in the second); None if undefined.

    Kendall, Biometrika 1945.
    """
    agree, untied_first, untied_second = 0, 0, 0
    for a, b in combinations(sorted(first), 2):
        one, two = _sign(first[a] - first[b]), _sign(second[a] - second[b])
        agree += one * two
        untied_first += one != 0
        untied_second += two != 0
    if not untied_first or not untied_second:
        return None
    return agree / math.sqrt(untied_first * untied_second)


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
