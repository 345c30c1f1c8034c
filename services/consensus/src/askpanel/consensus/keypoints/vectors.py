"""Character n-gram TF-IDF vectors, fitted on the texts at hand, and their cosines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ids = NDArray[np.uint64]

SHORTEST, LONGEST = 3, 5
PRIME = np.uint64(0x9E3779B97F4A7C15)
"""Multiplier of the n-grams' hash: 2^64 over the golden ratio, odd (Knuth, TAOCP 3, 6.4)."""

SEEDS = {n: np.uint64(n * int(PRIME) ** n % 2**64) for n in range(SHORTEST, LONGEST + 1)}
"""The hash of an n-gram starts from n: what n multiplications make of that, added at the end."""


@lru_cache(maxsize=4096)
def char_ngrams(text: str) -> tuple[Ids, Floats]:
    """Ids of the distinct 3-5-grams inside each word, padded with one space either side, and 1 + ln tf.

    A padded word shorter than n counts once as a whole, which is its longest n-gram. Ids ascend; they are
    64-bit hashes (polynomial, the same in every process), so n-grams of one panel do not share one.
    """
    padded = f" {' '.join(text.split())} "
    codes = np.frombuffer(padded.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    letters = codes != ord(" ")
    grams = codes[:-1] * PRIME + codes[1:]
    inside = letters[1:]  # no space but at either end
    found: list[Ids] = []
    for n in range(SHORTEST, LONGEST + 1):
        grams = grams[:-1] * PRIME + codes[n - 1 :]
        inside = inside[:-1] & letters[n - 2 : -1]
        found.append(grams[inside] + SEEDS[n])
    ids = np.concatenate(found)
    ids.sort()
    first, times = runs(ids)
    return ids[first], 1 + np.log(times)


def runs(ordered: Ids) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where each distinct value of a sorted array begins, and how often it occurs."""
    edge = np.empty(len(ordered) + 1, dtype=np.bool_)
    edge[0] = edge[-1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=edge[1:-1])
    places = np.flatnonzero(edge)
    return places[:-1], places[1:] - places[:-1]


def tfidf(texts: Sequence[str]) -> Floats:
    """Unit rows, one per normalised text: (1 + ln tf) x (ln((1 + n) / (1 + df)) + 1).

    Shape (texts, distinct n-grams). A blank text is a zero row. Columns are sorted, so the order
    of texts only permutes rows.
    """
    if not texts:
        return np.zeros((0, 1))
    counted = [char_ngrams(text) for text in texts]
    sizes = [len(grams) for grams, _ in counted]
    ids = np.concatenate([grams for grams, _ in counted])
    order = ids.argsort(kind="stable")  # fast where runs ascend, and the ids of each text do
    _, frequency = runs(ids[order])
    columns = np.empty(len(ids), dtype=np.intp)
    columns[order] = np.repeat(np.arange(len(frequency)), frequency)
    inverse = np.log((1 + len(texts)) / (1 + frequency)) + 1
    weights = np.concatenate([weight for _, weight in counted]) * inverse[columns]
    matrix = np.zeros((len(texts), max(len(frequency), 1)))
    flat = matrix.reshape(-1)
    places = np.repeat(np.arange(0, flat.size, matrix.shape[1]), sizes) + columns
    flat[places] = weights * weights
    flat[places] = weights / np.repeat(np.sqrt(matrix.sum(axis=1)), sizes)
    return matrix


def unit(matrix: Floats) -> Floats:
    """Rows scaled to length 1; a zero row stays zero."""
    length = np.sqrt((matrix * matrix).sum(axis=1, keepdims=True))
    length[length == 0] = 1.0
    return matrix / length


def cosines(texts: Sequence[str]) -> Floats:
    """The symmetric matrix of TF-IDF cosines in [0, 1]; the diagonal is 1, blank texts included.

    Rounded to 12 digits, so that the order of the texts cannot move a value over a threshold.
    """
    rows = tfidf(texts)
    likeness = np.minimum(rows @ rows.T, 1.0).round(12)
    np.fill_diagonal(likeness, 1.0)
    return likeness
