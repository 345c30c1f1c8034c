"""Points grouped by meaning: average linkage that never crosses a forbidden pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from askpanel.consensus.ballots import Said
from askpanel.consensus.keypoints.negation import contradicts
from askpanel.consensus.keypoints.normalise import normalise

Floats = NDArray[np.float64]

FORBIDDEN = -1e6
"""Affinity of a pair that must never share a cluster: finite, too low for any mean to rise above 0."""


@dataclass(frozen=True, slots=True)
class Item:
    """One point of one ballot. `side` is what keeps points apart: None where sides are unknown."""

    text: str
    ballot: int
    side: str | None = None
    dimension: str | None = None
    said: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class Cluster:
    """Rows of `Item`s that make the same point; `medoid` is the row whose text stands for all."""

    rows: tuple[int, ...]
    medoid: int


@dataclass(frozen=True, slots=True)
class Likeness:
    """Pairwise likeness of texts, shape (n, n), with the cuts that belong to its backend.

    A pair is alike when its likeness reaches `inside` (both on one side) or `across` (side unknown).
    """

    values: Floats
    inside: float
    across: float
    backend: str


def affinities(items: Sequence[Item], likeness: Likeness) -> Floats:
    """Likeness minus the pair's cut; FORBIDDEN for pairs of two sides or that contradict each other."""
    n = len(items)
    result = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            one, two = items[i], items[j]
            both = one.side is not None and two.side is not None
            if (both and one.side != two.side) or contradicts(one.text, two.text):
                result[i, j] = result[j, i] = FORBIDDEN
            else:
                cut = likeness.inside if both else likeness.across
                result[i, j] = result[j, i] = likeness.values[i, j] - cut
    return result


def link(affinity: Floats) -> list[list[int]]:
    """Average linkage: merge the two clusters with the highest mean affinity while it is at least 0.

    Lance-Williams update on sums; ties go to the pair with the lowest rows, so equal input gives
    equal output. Rows of a cluster and the clusters themselves are sorted. O(n^3) on small n.
    """
    total = affinity.copy()
    np.fill_diagonal(total, -np.inf)
    members: list[list[int]] = [[row] for row in range(len(affinity))]
    size = np.ones(len(affinity))
    alive = np.ones(len(affinity), dtype=np.bool_)
    while alive.sum() > 1:
        mean = np.round(total / np.outer(size, size), 12)
        mean[~alive, :] = -np.inf
        mean[:, ~alive] = -np.inf
        first, second = divmod(int(np.argmax(mean)), len(mean))
        if mean[first, second] < 0:
            break
        members[first] = sorted(members[first] + members[second])
        total[first, :] += total[second, :]
        total[:, first] = total[first, :]
        total[first, first] = -np.inf
        size[first] += size[second]
        alive[second] = False
    return [members[row] for row in np.flatnonzero(alive)]


def cluster(items: Sequence[Item], likeness: Likeness) -> tuple[Cluster, ...]:
    """Clusters of rows, the best supported first (ties: the medoid's text)."""
    if not items:
        return ()
    groups = link(affinities(items, likeness))
    found = [Cluster(tuple(rows), medoid(rows, items, likeness.values)) for rows in groups]
    return tuple(
        sorted(
            found,
            key=lambda one: (
                -len({items[row].ballot for row in one.rows}),
                -len(one.rows),
                normalise(items[one.medoid].text),
                items[one.medoid].text,
            ),
        )
    )


def medoid(rows: Sequence[int], items: Sequence[Item], values: Floats) -> int:
    """The row most alike to the others; ties: the shorter text, then the alphabetically first."""
    return min(
        rows,
        key=lambda row: (
            -round(float(values[row, list(rows)].sum()), 9),
            len(items[row].text),
            items[row].text,
            row,
        ),
    )
