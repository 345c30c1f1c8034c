"""`weighted`: expert weight times stated confidence."""

from __future__ import annotations

from statistics import median

from askpanel.consensus.ballots import Ballots, Context, Verdict
from askpanel.consensus.methods.majority import by_weight


def weighted(ballots: Ballots, context: Context) -> Verdict:
    """w_i = expert weight x confidence; level and leader as `majority` under these weights.

    A missing confidence is the median of the stated ones; none stated, or all 0: 1 for everyone.
    With `context.shrink` a confidence first passes the table of Chen, Saha, Bansal (ACL 2024).
    """
    return by_weight("weighted", ballots, confidence_weights(ballots, context))


def confidence_weights(ballots: Ballots, context: Context) -> list[float]:
    """The weights of `weighted` and `quantum`, in the order of the voters; never all 0."""
    stated = [b.confidence for b in ballots.voters if b.confidence is not None]
    if not any(stated):
        return [ballot.weight for ballot in ballots.voters]
    middle = median(stated)
    confidences = [middle if b.confidence is None else b.confidence for b in ballots.voters]
    if context.shrink:
        confidences = [shrink(value) for value in confidences]
    return [b.weight * c for b, c in zip(ballots.voters, confidences, strict=True)]


def shrink(confidence: float) -> float:
    """1 -> 1, [.9, 1) -> .8, [.8, .9) -> .5, (.6, .8) -> .3, up to .6 -> .1 (Chen, Saha, Bansal, ACL 2024)."""
    if confidence >= 1:
        return 1.0
    if confidence >= 0.9:
        return 0.8
    if confidence >= 0.8:
        return 0.5
    return 0.3 if confidence > 0.6 else 0.1
