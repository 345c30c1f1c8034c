"""`weighted`: expert weight times stated confidence."""

from __future__ import annotations

from statistics import median

from askpanel.consensus.ballots import Ballots, Context, Verdict
from askpanel.consensus.methods.majority import by_weight


def weighted(ballots: Ballots, context: Context) -> Verdict:
    """w_i = expert weight x confidence; level and leader as `majority` under these weights.

    A missing confidence is the median of the stated ones; none stated, or all 0: 1 for everyone.
    """
    del context
    return by_weight("weighted", ballots, confidence_weights(ballots))


def confidence_weights(ballots: Ballots) -> list[float]:
    """The weights of `weighted` and `quantum`, in the order of the voters; never all 0."""
    stated = [b.confidence for b in ballots.voters if b.confidence is not None]
    if not any(stated):
        return [ballot.weight for ballot in ballots.voters]
    middle = median(stated)
    confidences = [middle if b.confidence is None else b.confidence for b in ballots.voters]
    return [b.weight * c for b, c in zip(ballots.voters, confidences, strict=True)]
