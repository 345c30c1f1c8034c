"""`quantum`: a density matrix over votes and texts. Linear algebra; no quantum hardware, no better answers claimed.

What it adds is one picture of several things: which share each position keeps (minorities included),
how uncertain the vote is, and whether the leading side agrees for the same reasons.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from askpanel.consensus.ballots import Ballots, Context, Verdict
from askpanel.consensus.methods.majority import by_weight
from askpanel.consensus.methods.weighted import confidence_weights
from askpanel.consensus.votes import kernel

Floats = NDArray[np.float64]


def quantum(ballots: Ballots, context: Context) -> Verdict:
    """Level = largest eigenvalue of rho_v = sum p_i |u_i><u_i|; leader as `weighted`.

    phi_i = u(v_i) (x) psi_i: u is one-hot per position, conditional = (support + own axis)/sqrt 2;
    psi the unit text vector, so <phi_i|phi_j>^2 = K(v_i, v_j) cos^2: opposed experts are orthogonal
    whatever their words. `uncertainty` = S(rho_v)/ln k, `reasons` = 1 - S(rho)/ln n over the leading
    side, `purity` = tr rho^2. Spaces `points` and `ratings` have no exclusive votes: as `weighted`.
    Busemeyer and Wang, Curr. Dir. Psychol. Sci. 2015; Moreira and Wichert, Int. J. Theor. Phys. 2017.
    """
    weights = confidence_weights(ballots)
    verdict = by_weight("quantum", ballots, weights)
    if ballots.space in ("points", "ratings") or not weights:
        return verdict
    overlap = vote_overlaps(ballots)
    cosine = np.array(context.cosine) if context.cosine else np.eye(len(weights))
    vote_spectrum = spectrum(weights, overlap)
    leading = [
        row
        for row, ballot in enumerate(ballots.voters)
        if any(kernel(ballots, ballot.vote, leader) > 0 for leader in verdict.leaders)
    ]
    whole = spectrum(weights, overlap * cosine)
    side = spectrum([weights[row] for row in leading], (overlap * cosine)[np.ix_(leading, leading)])
    level = float(min(1.0, vote_spectrum.max(initial=0.0)))
    return Verdict(
        method="quantum",
        level=level,
        leaders=verdict.leaders,
        shares=verdict.shares,
        weights=verdict.weights,
        unanimous=verdict.unanimous,
        extra={
            "uncertainty": relative_entropy(vote_spectrum, len(ballots.positions)),
            "reasons": 1 - relative_entropy(side, len(leading)),
            "purity": float(np.sum(whole * whole)),
            "dimensions": dimensions(ballots, context, weights, overlap),
        },
    )


def vote_overlaps(ballots: Ballots) -> Floats:
    """<u_i|u_j>, shape (n, n): sqrt K, so 1 for equal votes, 1/sqrt 2 for support against conditional."""
    votes = [ballot.vote for ballot in ballots.voters]
    return np.sqrt(
        np.array([[kernel(ballots, one, two) for two in votes] for one in votes], dtype=np.float64)
    )


def spectrum(weights: Sequence[float], overlaps: Floats) -> Floats:
    """Eigenvalues of the Gram matrix sqrt(p_i p_j) <phi_i|phi_j>, clipped at 0, summing to 1.

    They are the non-zero eigenvalues of rho = sum p_i |phi_i><phi_i|. Without weight: all 0.
    """
    total = math.fsum(weights)
    if total <= 0:
        return np.zeros(len(weights))
    root = np.sqrt(np.array(weights) / total)
    values = np.clip(np.linalg.eigvalsh(np.outer(root, root) * overlaps), 0.0, None)
    return values / values.sum()


def relative_entropy(values: Floats, k: int) -> float:
    """Von Neumann's S = -sum l ln l over ln k, in [0, 1]; k < 2: 0."""
    if k < 2:
        return 0.0
    positive = values[values > 1e-12]
    return float(min(1.0, max(0.0, -np.sum(positive * np.log(positive)) / math.log(k))))


def dimensions(
    ballots: Ballots, context: Context, weights: Sequence[float], overlap: Floats
) -> list[dict[str, object]]:
    """Level and uncertainty over the voters who tagged a point with each dimension, and their share.

    A dimension is never guessed from words; one nobody tagged has coverage 0 and no level.
    """
    found: list[dict[str, object]] = []
    for name in sorted(context.dimensions):
        rows = [
            row
            for row, ballot in enumerate(ballots.voters)
            if any(point.dimension == name for point in ballot.points + ballot.conditions)
        ]
        values = spectrum([weights[row] for row in rows], overlap[np.ix_(rows, rows)])
        found.append(
            {
                "dimension": name,
                "coverage": len(rows) / len(ballots),
                "level": float(min(1.0, values.max())) if rows else None,
                "uncertainty": relative_entropy(values, len(ballots.positions)) if rows else None,
            }
        )
    return found
