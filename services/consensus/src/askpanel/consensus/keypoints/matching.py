"""Does this sentence make that point? A small trained matcher over likeness features.

Logistic regression on KPA-2021 train (IBM, CDLA-Sharing-1.0); weights and word counts ship as
`data/kpa_matcher.json`, made by `python -m askpanel.consensus.train`. Scores are comparable inside one
call only: several features compare a sentence with the other sentences and points of the call.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from askpanel.consensus.keypoints.embeddings import Embedding, MiniLM
from askpanel.consensus.keypoints.lexicon import EMPTY
from askpanel.consensus.keypoints.normalise import normalise
from askpanel.consensus.keypoints.vectors import tfidf, unit
from askpanel.consensus.keypoints.words import stem

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

ARTEFACT = Path(__file__).parent.parent / "data" / "kpa_matcher.json"
LEXICAL = ("char_cosine", "covered_point", "covered_point_local", "covered_sentence_local")
SEMANTIC = ("cosine", "cosine_without_topic", "cosine_centred", "tokens_of_point", "tokens_of_sentence")
VIEWS = ("", "-row_mean", "-best_other", "-column_mean", "-standardised")
LENGTHS = ("sentence_length", "point_length")

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_SENTENCE = re.compile(r"\s(?:(?<=[.!?;]\s)\s*|(?<=\n)\n*)")
"""White space after an end mark, or line breaks. It begins with white space, which a search skips to."""


@dataclass(frozen=True, slots=True)
class Weights:
    """One logistic regression over standardised features, with its two thresholds on the score.

    `threshold` has the best F1 on dev; from `precise` on, dev precision is at least .90.
    """

    features: tuple[str, ...]
    mean: Floats
    scale: Floats
    weight: Floats
    bias: float
    threshold: float
    precise: float


@dataclass(frozen=True, slots=True)
class Matcher:
    """Word counts of the training texts and the weights of both backends."""

    documents: int
    frequency: Mapping[str, int]
    lexical: Weights
    semantic: Weights

    def weights(self, embeds: bool) -> Weights:
        return self.semantic if embeds else self.lexical


@lru_cache(maxsize=1)
def shipped() -> Matcher:
    """The matcher in this package."""
    return from_json(json.loads(ARTEFACT.read_text(encoding="utf-8")))


def from_json(data: dict[str, Any]) -> Matcher:
    """Reads what `train` wrote; KeyError or TypeError on anything else."""
    words_seen = data["words"]
    return Matcher(
        documents=int(words_seen["documents"]),
        frequency=dict(words_seen["frequency"]),
        lexical=_weights(data["lexical"]),
        semantic=_weights(data["semantic"]),
    )


def _weights(row: dict[str, Any]) -> Weights:
    return Weights(
        features=tuple(row["features"]),
        mean=np.array(row["mean"], dtype=np.float64),
        scale=np.array(row["scale"], dtype=np.float64),
        weight=np.array(row["weight"], dtype=np.float64),
        bias=float(row["bias"]),
        threshold=float(row["threshold"]),
        precise=float(row["precise"]),
    )


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a prose text, verbatim slices without outer white space, blank ones dropped."""
    return tuple(part.strip() for part in _SENTENCE.split(text) if normalise(part))


def match(
    said: Sequence[str],
    points: Sequence[str],
    topic: str = "",
    model: MiniLM | None = None,
    matcher: Matcher | None = None,
) -> Floats:
    """Probability that sentence i makes point j, shape (sentences, points), rounded to 9 digits."""
    if not said or not points:
        return np.zeros((len(said), len(points)))
    matcher = matcher or shipped()
    weights = matcher.weights(model is not None)
    names, table = features(said, points, topic, model, matcher.documents, matcher.frequency)
    if names != weights.features:
        raise ValueError("the matcher's weights were trained for other features: run the training again")
    logit = (table - weights.mean) / weights.scale @ weights.weight + weights.bias
    scores = 1 / (1 + np.exp(-logit.clip(-40, 40)))
    return scores.round(9).reshape(len(said), len(points))


def features(
    said: Sequence[str],
    points: Sequence[str],
    topic: str,
    model: MiniLM | None,
    documents: int,
    frequency: Mapping[str, int],
) -> tuple[tuple[str, ...], Floats]:
    """Names and table, shape (sentences x points, features); rows run over points fastest."""
    matrices = lexical(said, points, documents, frequency)
    if model is not None:
        matrices |= semantic(
            model.embed(said), model.embed(points), model.embed([topic or " ".join(points)])[0]
        )
    columns = {
        f"{name}{view}": values for name, one in matrices.items() for view, values in views(one).items()
    }
    lengths = [np.log1p([sum(words(text).values()) for text in group]) for group in (said, points)]
    columns["sentence_length"] = np.repeat(lengths[0][:, None], len(points), axis=1)
    columns["point_length"] = np.repeat(lengths[1][None, :], len(said), axis=0)
    return tuple(columns), np.stack([values.ravel() for values in columns.values()], axis=1)


def views(values: Floats) -> dict[str, Floats]:
    """A likeness matrix as it is, and set against its row, its best rival point, its column, the whole."""
    rows, columns = values.shape
    ordered = np.sort(values, axis=1)
    best = ordered[:, -1:]
    second = ordered[:, -2:-1] if columns > 1 else np.zeros((rows, 1))
    centred = values - values.sum() / values.size
    deviation = math.sqrt((centred * centred).sum() / values.size)
    return dict(
        zip(
            VIEWS,
            (
                values,
                values - values.sum(axis=1, keepdims=True) / columns,
                values - np.where(values >= best, second, best),
                values - values.sum(axis=0, keepdims=True) / rows,
                centred / (deviation + 1e-6),
            ),
            strict=True,
        )
    )


def lexical(
    said: Sequence[str], points: Sequence[str], documents: int, frequency: Mapping[str, int]
) -> dict[str, Floats]:
    """Char TF-IDF cosine, and shares of one text's word weight that the other holds.

    `local` weights also fall with how often a word occurs in this call: words of the topic say little.
    """
    here, there = [words(text) for text in said], [words(text) for text in points]
    local_counts = Counter(chain.from_iterable(here + there))
    place = {word: number for number, word in enumerate(sorted(local_counts))}
    table = held(here + there, place)
    sentence, point = table[: len(said)], table[len(said) :]
    general = inverse(documents, [frequency.get(word, 0) for word in place])
    local = general * inverse(len(here) + len(there), [local_counts[word] for word in place])
    rows = tfidf([normalise(text) for text in (*said, *points)])
    return dict(
        zip(
            LEXICAL,
            (
                rows[: len(said)] @ rows[len(said) :].T,
                covered(sentence, point, general),
                covered(sentence, point, local),
                covered(point, sentence, local).T,
            ),
            strict=True,
        )
    )


def inverse(documents: int, frequency: Sequence[int]) -> Floats:
    """Smoothed inverse document frequency, ln((1 + n) / (1 + df)) + 1."""
    return np.log((1 + documents) / (1 + np.array(frequency, dtype=np.float64))) + 1


def held(texts: Sequence[Counter[str]], place: Mapping[str, int]) -> Floats:
    """Which words each text holds, 1 or 0, shape (texts, words)."""
    table = np.zeros((len(texts), len(place)))
    rows = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    table[rows, [place[word] for text in texts for word in text]] = 1.0
    return table


def covered(holders: Floats, texts: Floats, weight: Floats) -> Floats:
    """Share of each text's word weight that each holder holds, shape (holders, texts)."""
    weighed = texts * weight
    total = weighed.sum(axis=1)
    return holders @ weighed.T / np.where(total > 0, total, 1.0)


def semantic(said: Sequence[Embedding], points: Sequence[Embedding], topic: Embedding) -> dict[str, Floats]:
    """Cosines of means (plain, without the topic's direction, centred) and of the best-fitting tokens."""
    here, there = np.stack([one.mean for one in said]), np.stack([one.mean for one in points])
    centre = np.vstack([here, there]).mean(axis=0)
    flat = [unit(rows - np.outer(rows @ topic.mean, topic.mean)) for rows in (here, there)]
    moved = [unit(rows - centre) for rows in (here, there)]
    of_point, of_sentence = token_fit([one.tokens for one in said], [one.tokens for one in points])
    values = (here @ there.T, flat[0] @ flat[1].T, moved[0] @ moved[1].T, of_point, of_sentence)
    return dict(zip(SEMANTIC, values, strict=True))


def token_fit(said: Sequence[Singles], points: Sequence[Singles]) -> tuple[Floats, Floats]:
    """Mean over one text's tokens of the best cosine in the other text (Khattab and Zaharia, SIGIR 2020)."""
    every = np.vstack(said)
    starts = np.cumsum([0, *(len(tokens) for tokens in said[:-1])])
    sizes = np.array([len(tokens) for tokens in said])
    of_point, of_sentence = np.zeros((len(said), len(points))), np.zeros((len(said), len(points)))
    for column, tokens in enumerate(points):
        cosine = tokens @ every.T
        of_point[:, column] = np.maximum.reduceat(cosine, starts, axis=1).mean(axis=0)
        of_sentence[:, column] = np.add.reduceat(cosine.max(axis=0), starts) / sizes
    return of_point, of_sentence


@lru_cache(maxsize=16384)
def words(text: str) -> Counter[str]:
    """Stems of the words with content; treat as read-only."""
    return Counter([stem(word) for word in _WORD.findall(normalise(text)) if word not in EMPTY])
