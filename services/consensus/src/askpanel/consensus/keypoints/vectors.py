"""Character n-gram TF-IDF vectors, fitted on the texts at hand, and their cosines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SHORTEST, LONGEST = 3, 5


@lru_cache(maxsize=4096)
def char_ngrams(text: str) -> Counter[str]:
    """Counts (read-only) of the 3-5-grams inside each word, the word padded with one space on either side.

    A padded word shorter than n counts once as a whole.
    """
    grams: list[str] = []
    for word in text.split():
        padded = f" {word} "
        for n in range(SHORTEST, LONGEST + 1):
            if len(padded) <= n:
                grams.append(padded)
                break
            grams += [padded[start : start + n] for start in range(len(padded) - n + 1)]
    return Counter(grams)


def tfidf(texts: Sequence[str]) -> Floats:
    """Unit rows, one per normalised text: (1 + ln tf) x (ln((1 + n) / (1 + df)) + 1).

    Shape (texts, distinct n-grams). A blank text is a zero row. Columns are sorted, so the order
    of texts only permutes rows.
    """
    counted = [char_ngrams(text) for text in texts]
    frequency = Counter(chain.from_iterable(counted))
    column = {gram: number for number, gram in enumerate(sorted(frequency))}
    matrix = np.zeros((len(texts), max(len(column), 1)))
    rows = np.repeat(np.arange(len(texts)), [len(counts) for counts in counted])
    places = [column[gram] for counts in counted for gram in counts]
    matrix[rows, places] = 1 + np.log([times for counts in counted for times in counts.values()])
    known = np.array([frequency[gram] for gram in column] or [0], dtype=np.float64)
    matrix *= np.log((1 + len(texts)) / (1 + known)) + 1
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
