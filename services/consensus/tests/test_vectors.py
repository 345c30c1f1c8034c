"""Character n-grams and their TF-IDF vectors, against their definitions."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askpanel.consensus.keypoints.normalise import normalise
from askpanel.consensus.keypoints.vectors import PRIME, char_ngrams, tfidf

words = st.text(alphabet="ab cdé 语😀", max_size=30).map(normalise)


def hashed(gram: str) -> int:
    value = len(gram)
    for character in gram:
        value = (value * int(PRIME) + ord(character)) % 2**64
    return value


def grams(text: str) -> Counter[int]:
    padded = [f" {word} " for word in text.split()]
    return Counter(
        hashed(word[place : place + n])
        for word in padded
        for n in (3, 4, 5)
        for place in range(len(word) - n + 1)
    )


@given(words)
@settings(max_examples=100, deadline=None)
def test_n_grams_are_those_of_each_padded_word(text: str) -> None:
    ids, weights = char_ngrams(text)
    expected = grams(text)
    assert ids.tolist() == sorted(expected)
    assert weights.tolist() == pytest.approx([1 + math.log(expected[gram]) for gram in sorted(expected)])


@given(st.lists(words, min_size=1, max_size=6))
@settings(max_examples=50, deadline=None)
def test_vectors_are_unit_rows_of_frequency_times_rarity(texts: list[str]) -> None:
    counted = [grams(text) for text in texts]
    known = sorted({gram for counts in counted for gram in counts})
    rarity = {
        gram: math.log((1 + len(texts)) / (1 + sum(gram in counts for counts in counted))) + 1
        for gram in known
    }
    rows = [[(1 + math.log(c[gram])) * rarity[gram] if gram in c else 0.0 for gram in known] for c in counted]
    lengths = [math.hypot(*row) or 1.0 for row in rows]
    expected = [[value / length for value in row] for row, length in zip(rows, lengths, strict=True)]
    assert np.allclose(tfidf(texts), expected if known else 0.0, rtol=1e-12, atol=0)
