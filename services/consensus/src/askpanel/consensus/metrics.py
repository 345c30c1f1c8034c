"""What stands beside every method: agreement, independence, uncertainty, warning flags.

Every function is total: the edges (nobody voted, one position, unanimity) have the values that
their docstrings state; none returns NaN or infinity.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean
from typing import Literal

from askpanel.consensus.ballots import Ballot, Ballots, Verdict
from askpanel.consensus.methods.delphi import column
from askpanel.consensus.votes import kernel

SAME_MODEL, SAME_VENDOR, OTHER_MODEL = 0.8, 0.6, 0.4
"""Error correlations of two experts; they fit Kohli (arXiv 2605.29800, 2026): nine judges of seven
families are worth about two votes. A tenant's measured correlation is the better number."""

Flag = Literal["low_confidence_unanimity", "shared_source", "few_independent"]
"""A caution beside a result. The web UI has a sentence for each."""

_Z = 1.959963984540054
"""The normal quantile of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The metrics that need no text. Shares in [0, 1]; `level_interval` is a 95 % interval."""

    percent_agreement: float
    entropy: float
    n_eff: float
    level_interval: tuple[float, float]
    majority_confidence: float | None
    distinct_sources: int | None
    flags: tuple[Flag, ...]


def measure(ballots: Ballots, verdict: Verdict, *, sources: int | None = None) -> Agreement:
    """All of them for one verdict.

    `sources`: how many pieces of evidence the panel was given, None where that is not known. Where it was
    one, nobody can cite another, and how many are cited tells nothing.
    """
    leading = leading_side(ballots, verdict)
    share = (
        max(verdict.shares.values(), default=0.0) if ballots.space in ("stance", "option") else verdict.level
    )
    independent = n_eff(ballots.voters, verdict.weights)
    confidence = majority_confidence(leading)
    flags: list[Flag] = []
    if verdict.level > 0.7 and confidence is not None and confidence < 0.5:
        flags.append("low_confidence_unanimity")
    citing = [ballot.citations for ballot in leading if ballot.citations]
    cited = len(frozenset[str]().union(*citing)) if citing and sources != 1 else None
    if cited == 1 and len(citing) > 1:
        flags.append("shared_source")
    if ballots.voters and independent < 1.5:
        flags.append("few_independent")
    return Agreement(
        percent_agreement=percent_agreement(ballots),
        entropy=entropy_agreement(ballots),
        n_eff=independent,
        level_interval=wilson(share, independent),
        majority_confidence=confidence,
        distinct_sources=cited,
        flags=tuple(flags),
    )


def leading_side(ballots: Ballots, verdict: Verdict) -> tuple[Ballot, ...]:
    """The ballots compatible with a leading position.

    Space `points`: those behind the leading cluster; `ratings`: all, since items are not sides.
    """
    if ballots.space == "ratings":
        return ballots.voters
    if ballots.space == "points":
        held = zip(ballots.voters, ballots.clusters, strict=True)
        return tuple(ballot for ballot, clusters in held if clusters & set(verdict.leaders))
    return tuple(
        ballot
        for ballot in ballots.voters
        if any(kernel(ballots, ballot.vote, leader) > 0 for leader in verdict.leaders)
    )


def percent_agreement(ballots: Ballots) -> float:
    """Largest count / n over exact votes, unweighted; n = 0: 0 (Diamond et al., J Clin Epidemiol 2014).

    Delphi: the mean over items of the modal rating's share; forecasts count by where they stand. Open:
    the best-supported point's share.
    """
    tables = _tables(ballots)
    known = [max(table.values()) / _size(ballots, table) for table in tables if table]
    return fmean(known) if known else 0.0


def entropy_agreement(ballots: Ballots) -> float:
    """1 - H(p)/ln k with k possible positions: 1 at unanimity and for k = 1, 0 for n = 0 (Shannon 1948).

    Delphi: the mean over items, k = 9 ratings. Open: over the clusters' shares of all support.
    """
    tables = [table for table in _tables(ballots) if table]
    k = 9 if ballots.space == "ratings" else len(ballots.positions)
    return fmean(_evenness(table.values(), max(k, len(table))) for table in tables) if tables else 0.0


def _evenness(counts: Iterable[int], k: int) -> float:
    if k < 2:
        return 1.0
    sizes = sorted(counts)
    total = sum(sizes)
    spread = -math.fsum(size / total * math.log(size / total) for size in sizes if size)
    return min(1.0, max(0.0, 1 - spread / math.log(k)))


def _tables(ballots: Ballots) -> list[Counter[str]]:
    if ballots.space == "ratings":
        return [Counter(map(str, column(ballots, item))) for item in ballots.positions]
    if ballots.space == "points":
        return [Counter(cluster for held in ballots.clusters for cluster in held)]
    return [Counter(ballot.vote for ballot in ballots.voters)]


def _size(ballots: Ballots, table: Counter[str]) -> int:
    return len(ballots) if ballots.space == "points" else table.total()


def n_eff(voters: Sequence[Ballot], weights: Sequence[float]) -> float:
    """(sum w)^2 / sum over i, j of w_i w_j R_ij: how many independent votes these are worth.

    R = 1 with oneself, .8 same model, .6 same vendor, .4 other model, 0 with a human. Equal
    correlation r gives n / (1 + (n - 1) r); n = 0: 0. Kish, Survey Sampling 1965.
    """
    total = math.fsum(weights)
    if total <= 0:
        return 0.0
    spread = math.fsum(
        one_weight * two_weight * (1.0 if i == j else correlation(one, two))
        for i, (one, one_weight) in enumerate(zip(voters, weights, strict=True))
        for j, (two, two_weight) in enumerate(zip(voters, weights, strict=True))
    )
    return total * total / spread


def correlation(one: Ballot, two: Ballot) -> float:
    """R of two different voters. Unknown models count as the same model: never overstate."""
    if "human" in (one.role, two.role):
        return 0.0
    if one.model is None or two.model is None or one.model == two.model:
        return SAME_MODEL
    return SAME_VENDOR if vendor(one.model) == vendor(two.model) else OTHER_MODEL


_FAMILIES = (
    ("openai", ("gpt", "o1", "o3", "o4", "chatgpt")),
    ("anthropic", ("claude",)),
    ("google", ("gemini", "gemma")),
    ("meta", ("llama",)),
    ("alibaba", ("qwen", "qwq")),
    ("mistral", ("mistral", "mixtral", "codestral", "ministral")),
    ("deepseek", ("deepseek",)),
    ("xai", ("grok",)),
    ("microsoft", ("phi",)),
)


@lru_cache(maxsize=256)
def vendor(model: str) -> str:
    """Who trained it: by the name's family, else the part before `:` or `/`, else the name itself."""
    name = model.casefold()
    bare = name.replace(":", "/").rsplit("/", 1)[-1]
    for maker, families in _FAMILIES:
        if bare.startswith(families):
            return maker
    return name.replace(":", "/").split("/", 1)[0]


def wilson(share: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a share seen in n (effective) votes; n = 0: [0, 1]. JASA 1927."""
    if n <= 0:
        return 0.0, 1.0
    z2 = _Z * _Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * math.sqrt(max(0.0, share * (1 - share) / n + z2 / (4 * n * n)))
    return max(0.0, middle - half), min(1.0, middle + half)


def majority_confidence(leading: Sequence[Ballot]) -> float | None:
    """Mean stated confidence of the leading side; None where nobody states any."""
    stated = [ballot.confidence for ballot in leading if ballot.confidence is not None]
    return fmean(stated) if stated else None
