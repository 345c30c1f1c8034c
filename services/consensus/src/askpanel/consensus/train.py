"""Train the key point matcher: `python -m askpanel.consensus.train DATA_DIR [--out FILE]`.

DATA_DIR holds KPA-2021's `train/` and `dev/`. Weights are learned on train only; dev fixes the two
thresholds. Undecided pairs count as .4 of a match with half weight. Deterministic; a minute, most of
it for the embeddings. Both backends are trained, so the embeddings extra must be installed.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from askpanel.consensus.bench.datasets import KpaGroup, kpa_groups, kpa_labels
from askpanel.consensus.keypoints.embeddings import MiniLM, load
from askpanel.consensus.keypoints.matching import ARTEFACT, features, words

Floats = NDArray[np.float64]

UNDECIDED_TARGET, UNDECIDED_WEIGHT = 0.4, 0.5
RIDGE = 100.0
PRECISE = 0.90
RAREST = 2
"""Words in fewer training texts count as unseen."""

CARD = {
    "what": "Logistic regression: does a sentence make a point? See docs/adr/0003-consensus-quality.md.",
    "data": "KPA-2021 / ArgKP v1, train split; thresholds from the dev split",
    "attribution": "R. Bar-Haim et al., ACL 2020; R. Friedman et al., ArgMining 2021. (c) IBM 2020",
    "licence": "Results of computational use of data under CDLA-Sharing-1.0 (sections 1.11, 3.5)",
    "limits": "English; crowd-written arguments on 24 public controversies; scores compare inside one call",
    "made_by": "python -m askpanel.consensus.train",
}


@dataclass(frozen=True, slots=True)
class Examples:
    """Features of every candidate pair; y is 1, 0 or -1 (undecided)."""

    names: tuple[str, ...]
    x: Floats
    y: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fit:
    """Standardisation and weights of one logistic regression."""

    mean: Floats
    scale: Floats
    weight: Floats
    bias: float

    def scores(self, x: Floats) -> Floats:
        return 1 / (1 + np.exp(-((x - self.mean) / self.scale @ self.weight + self.bias)))


def word_counts(groups: Sequence[KpaGroup]) -> tuple[int, dict[str, int]]:
    """Number of texts, and in how many of them each frequent enough stem occurs."""
    texts = [text for group in groups for _, text in (*group.arguments, *group.points)]
    counts = Counter(word for text in texts for word in words(text))
    return len(texts), {word: count for word, count in sorted(counts.items()) if count >= RAREST}


def examples(
    groups: Sequence[KpaGroup],
    labels: Mapping[tuple[str, str], int],
    documents: int,
    frequency: Mapping[str, int],
    model: MiniLM | None,
) -> Examples:
    """Every candidate pair of the groups."""
    names: tuple[str, ...] = ()
    tables: list[Floats] = []
    targets: list[int] = []
    for group in groups:
        said, points = [text for _, text in group.arguments], [text for _, text in group.points]
        names, table = features(said, points, group.topic, model, documents, frequency)
        tables.append(table)
        targets += [labels.get((arg, kp), -1) for arg, _ in group.arguments for kp, _ in group.points]
    return Examples(names, np.vstack(tables), np.array(targets))


def fit(data: Examples, ridge: float = RIDGE) -> Fit:
    """Ridge-penalised logistic regression by Newton's method on standardised features."""
    undecided = data.y < 0
    y = np.where(undecided, UNDECIDED_TARGET, data.y)
    importance = np.where(undecided, UNDECIDED_WEIGHT, 1.0)
    mean, scale = data.x.mean(axis=0), data.x.std(axis=0) + 1e-9
    z = np.column_stack([(data.x - mean) / scale, np.ones(len(data.x))])
    penalty = np.append(np.full(z.shape[1] - 1, ridge), 1e-6)
    beta = np.zeros(z.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-z @ beta))
        gradient = z.T @ (importance * (p - y)) + penalty * beta
        curvature = (z * (importance * p * (1 - p))[:, None]).T @ z + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        beta -= step
        if np.abs(step).max() < 1e-9:
            break
    return Fit(mean, scale, beta[:-1], float(beta[-1]))


def thresholds(scores: Floats, y: NDArray[np.int64]) -> tuple[float, float]:
    """The score with the best F1, and the lowest from which on precision is at least .90."""
    known = y >= 0
    order = np.argsort(-scores[known], kind="stable")
    ranked, hits = scores[known][order], np.cumsum(y[known][order])
    place = np.arange(1, len(hits) + 1)
    best = int(np.argmax(2 * hits / (place + hits[-1])))
    precise = np.flatnonzero(hits / place >= PRECISE)
    return float(ranked[best]), float(ranked[precise[-1]]) if len(precise) else 1.0


def logit(p: float) -> float:
    """ln(p / (1 - p)). The bias is moved by it, so that the best threshold reads .5."""
    p = min(1 - 1e-9, max(1e-9, p))
    return math.log(p / (1 - p))


def train(folder: Path, model: MiniLM) -> dict[str, object]:
    """The artefact, JSON-ready."""
    groups, labels = kpa_groups(folder / "train"), kpa_labels(folder / "train")
    dev, dev_labels = kpa_groups(folder / "dev"), kpa_labels(folder / "dev")
    documents, frequency = word_counts(groups)
    artefact: dict[str, object] = {"version": 1, "card": CARD}
    for name, backend in (("lexical", None), ("semantic", model)):
        learned = examples(groups, labels, documents, frequency, backend)
        weights = fit(learned)
        held = examples(dev, dev_labels, documents, frequency, backend)
        threshold, precise = thresholds(weights.scores(held.x), held.y)
        artefact[name] = {
            "features": learned.names,
            "mean": np.round(weights.mean, 8).tolist(),
            "scale": np.round(weights.scale, 8).tolist(),
            "weight": np.round(weights.weight, 8).tolist(),
            "bias": round(weights.bias - logit(threshold), 8),
            "threshold": 0.5,
            "precise": round(1 / (1 + math.exp(logit(threshold) - logit(precise))), 6),
        }
    artefact["words"] = {"documents": documents, "frequency": frequency}
    return artefact


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("data_dir", type=Path, help="the kpa_2021 folder with train/ and dev/")
    parser.add_argument("--out", type=Path, default=ARTEFACT)
    args = parser.parse_args()
    artefact = train(args.data_dir, load())
    args.out.write_text(json.dumps(artefact, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"wrote {args.out} ({args.out.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
