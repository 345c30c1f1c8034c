"""The vote space: how two votes agree, what share a position has, who leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from askpanel.consensus.ballots import Ballots

TIE = 1e-9
"""Shares closer than this are equal: they are sums of the same few numbers in another order."""


def agreement(first: str, second: str) -> float:
    """K(v, s): 1 when equal, one half for support against conditional, else 0."""
    if first == second:
        return 1.0
    return 0.5 if {first, second} == {"support", "conditional"} else 0.0


def kernel(ballots: Ballots, first: str, second: str) -> float:
    """K in this panel's vote space: options named `support` and `conditional` are just options."""
    if ballots.space == "stance":
        return agreement(first, second)
    return 1.0 if first == second else 0.0


def shares(ballots: Ballots, weights: Sequence[float]) -> dict[str, float]:
    """L(s) = sum of w K(v, s) / sum of w, for every position that has a vote; {} without weight."""
    total = sum(weights)
    if total <= 0:
        return {}
    voted = sorted({ballot.vote for ballot in ballots.voters})
    return {
        position: sum(
            weight * kernel(ballots, ballot.vote, position)
            for ballot, weight in zip(ballots.voters, weights, strict=True)
        )
        / total
        for position in voted
    }


def leaders(ballots: Ballots, share: Mapping[str, float]) -> tuple[str, ...]:
    """The positions with the largest share.

    Support level with conditional is `conditional`, the weaker claim. More than one position left
    means a split.
    """
    if not share:
        return ()
    best = max(share.values())
    leading = {position for position, value in share.items() if best - value <= TIE}
    if ballots.space == "stance" and {"support", "conditional"} <= leading:
        leading.discard("support")
    return tuple(sorted(leading))


def all_equal(ballots: Ballots) -> bool:
    """Every counted vote is the same; False without votes."""
    return len({ballot.vote for ballot in ballots.voters}) == 1
