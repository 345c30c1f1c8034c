"""Points grouped by meaning: average linkage that never crosses a forbidden pair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from askpanel.consensus.ballots import Said
from askpanel.consensus.keypoints.negation import contradicts
from askpanel.consensus.keypoints.normalise import normalise

Floats = NDArray[np.float64]

FORBIDDEN = -np.inf
"""Affinity of a pair that must never share a cluster: so is every mean that it is part of."""


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
    """Likeness minus the pair's cut; FORBIDDEN for pairs of two sides."""
    sides = [item.side for item in items]
    side = np.array([sides.index(one) for one in sides])
    known = np.array([one is not None for one in sides])
    both = known[:, None] & known
    result = likeness.values - np.where(both, likeness.inside, likeness.across)
    result[both & (side[:, None] != side)] = FORBIDDEN
    return result


def link(affinity: Floats, apart: Callable[[int, int], bool]) -> list[list[int]]:
    """Average linkage: merge the two clusters with the highest mean affinity while it is at least 0.

    Clusters with rows that must stay `apart` never merge; only rows about to share a cluster are asked for.
    Lance-Williams update on sums; ties go to the pair with the lowest rows, so equal input gives
    equal output. Rows of a cluster and the clusters themselves are sorted. O(n^3) on small n.
    """
    total = affinity.copy()
    np.fill_diagonal(total, FORBIDDEN)
    mean = total.round(12)
    members: list[list[int]] = [[row] for row in range(len(affinity))]
    size = np.ones(len(affinity))
    while True:
        first, second = divmod(int(mean.argmax()), len(mean))
        if mean[first, second] < 0:
            break
        if any(apart(i, j) for i in members[first] for j in members[second]):
            total[first, second] = total[second, first] = FORBIDDEN
            mean[first, second] = mean[second, first] = FORBIDDEN
            continue
        members[first] = sorted(members[first] + members[second])
        members[second] = []
        size[first] += size[second]
        total[first] += total[second]
        total[:, first] = total[first]
        mean[first] = mean[:, first] = (total[first] / (size[first] * size)).round(12)
        for table in (total, mean):
            table[second] = table[:, second] = FORBIDDEN
    return [rows for rows in members if rows]


def cluster(items: Sequence[Item], likeness: Likeness) -> tuple[Cluster, ...]:
    """Clusters of rows, the best supported first (ties: the medoid's text)."""
    if not items:
        return ()
    groups = link(affinities(items, likeness), lambda i, j: contradicts(items[i].text, items[j].text))
    return _ordered(groups, items, likeness)


def joined(clusters: Sequence[Cluster], items: Sequence[Item], likeness: Likeness) -> tuple[Cluster, ...]:
    """The clusters, but those of different sides that hold a statement in the same words are one.

    Who opposes what others support may still state the same fact: that is common ground, not a contest.
    Clusters with texts that contradict each other stay apart, whatever words they share.
    """
    groups: list[list[int]] = []
    for one in clusters:
        home = next((rows for rows in groups if _one_statement(rows, one.rows, items)), None)
        if home is None:
            groups.append(list(one.rows))
        else:
            home.extend(one.rows)
    return _ordered([sorted(rows) for rows in groups], items, likeness)


def _one_statement(rows: Sequence[int], others: Sequence[int], items: Sequence[Item]) -> bool:
    words = {normalise(items[row].text) for row in rows}
    sides = {items[row].side for row in rows} - {None}
    return (
        any(normalise(items[row].text) in words for row in others)
        and not sides & {items[row].side for row in others}
        and not any(contradicts(items[i].text, items[j].text) for i in rows for j in others)
    )


def _ordered(
    groups: Sequence[Sequence[int]], items: Sequence[Item], likeness: Likeness
) -> tuple[Cluster, ...]:
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

    def wording(row: int) -> tuple[int, str, int]:
        return len(items[row].text), items[row].text, row

    if len(rows) < 3:  # of two, each is as alike to the other
        return min(rows, key=wording)
    alike = dict(zip(rows, values[np.ix_(rows, rows)].sum(axis=1).tolist(), strict=True))
    return min(rows, key=lambda row: (-round(alike[row], 9), *wording(row)))
