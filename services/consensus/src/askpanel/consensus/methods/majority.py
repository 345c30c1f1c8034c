"""`majority`, the default: one voter, one vote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from askpanel.consensus.ballots import Ballots, Context, Verdict
from askpanel.consensus.votes import all_equal, leaders, shares


def majority(ballots: Ballots, context: Context) -> Verdict:
    """Level = max over positions s of L(s) = (1/n) sum K(v_i, s); weights are 1.

    Without conditional votes that is agreeing voters / voters. In the space `points` a position is
    a point cluster and L(s) the share of voters behind it. n = 0: level 0, nobody leads.
    """
    del context
    return by_weight("majority", ballots, [1.0] * len(ballots))


def by_weight(
    method: str,
    ballots: Ballots,
    weights: Sequence[float],
    extra: Mapping[str, object] | None = None,
    notes: tuple[str, ...] = (),
) -> Verdict:
    """The verdict of a share-of-weight vote: what `majority`, `weighted`, `reliability` have in common."""
    if ballots.space == "points":
        return _by_points(method, ballots, weights, notes)
    share = shares(ballots, weights)
    return Verdict(
        method=method,
        level=max(share.values(), default=0.0),
        leaders=leaders(ballots, share),
        shares=share,
        weights=tuple(weights),
        unanimous=all_equal(ballots),
        extra=extra or {},
        notes=notes,
    )


def _by_points(method: str, ballots: Ballots, weights: Sequence[float], notes: tuple[str, ...]) -> Verdict:
    """Open panels: a voter may stand behind several clusters, so shares do not sum to 1.

    Clusters with equal share do not exclude each other: the first in the given order leads, no split.
    """
    total = sum(weights)
    share = {
        cluster: sum(
            weight for weight, held in zip(weights, ballots.clusters, strict=True) if cluster in held
        )
        / total
        for cluster in ballots.positions
    }
    level = max(share.values(), default=0.0)
    leading = next((cluster for cluster in ballots.positions if level - share[cluster] <= 1e-9), None)
    return Verdict(
        method=method,
        level=min(level, 1.0),
        leaders=() if leading is None else (leading,),
        shares=share,
        weights=tuple(weights),
        unanimous=leading is not None and all(leading in held for held in ballots.clusters),
        notes=notes,
    )
