"""Character n-gram TF-IDF vectors, fitted on the texts at hand, and their cosines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ids, Counts = NDArray[np.uint64], NDArray[np.intp]

SHORTEST, LONGEST = 3, 5
PRIME = np.uint64(0x9E3779B97F4A7C15)
"""Multiplier of the n-grams' hash: 2^64 over the golden ratio, odd (Knuth, TAOCP 3, 6.4)."""


@lru_cache(maxsize=4096)
def char_ngrams(text: str) -> tuple[Ids, Counts]:
    """Ids and counts of the distinct 3-5-grams inside each word, the word padded with one space either side.

    A padded word shorter than n counts once as a whole, which is its longest n-gram. Ids ascend; they are
    64-bit hashes (polynomial, the same in every process), so n-grams of one panel do not share one.
    """
    padded = f" {' '.join(text.split())} "
    codes = np.frombuffer(padded.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    spaces = np.concatenate(([0], np.cumsum(codes == ord(" "))))
    found: list[Ids] = []
    for n in range(SHORTEST, LONGEST + 1):
        starts = np.arange(max(len(codes) - n + 1, 0))
        starts = starts[spaces[starts + n - 1] == spaces[starts + 1]]  # no space but at either end
        grams = np.full(len(starts), n, dtype=np.uint64)
        for offset in range(n):
            grams = grams * PRIME + codes[starts + offset]
        found.append(grams)
    return np.unique(np.concatenate(found), return_counts=True)


def tfidf(texts: Sequence[str]) -> Floats:
    """Unit rows, one per normalised text: (1 + ln tf) x (ln((1 + n) / (1 + df)) + 1).

    Shape (texts, distinct n-grams). A blank text is a zero row. Columns are sorted, so the order
    of texts only permutes rows.
    """
    counted = [char_ngrams(text) for text in texts]
    if not counted:
        return np.zeros((0, 1))
    known, places, frequency = np.unique(
        np.concatenate([ids for ids, _ in counted]), return_inverse=True, return_counts=True
    )
    matrix = np.zeros((len(texts), max(len(known), 1)))
    rows = np.repeat(np.arange(len(texts)), [len(ids) for ids, _ in counted])
    matrix[rows, places] = 1 + np.log(np.concatenate([times for _, times in counted]))
    matrix[:, : len(known)] *= np.log((1 + len(texts)) / (1 + frequency)) + 1
    return unit(matrix)


def unit(matrix: Floats) -> Floats:
    """Rows scaled to length 1; a zero row stays zero."""
    length = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.divide(matrix, length, out=np.zeros_like(matrix), where=length > 0)


def cosines(texts: Sequence[str]) -> Floats:
    """The symmetric matrix of TF-IDF cosines in [0, 1]; the diagonal is 1, blank texts included.

    Rounded to 12 digits, so that the order of the texts cannot move a value over a threshold.
    """
    rows = tfidf(texts)
    likeness = np.round(np.clip(rows @ rows.T, 0.0, 1.0), 12)
    np.fill_diagonal(likeness, 1.0)
    return likeness
