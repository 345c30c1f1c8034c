"""How alike two texts are, and from which likeness on they count as one point, per backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from askpanel.consensus.keypoints.clustering import Likeness
from askpanel.consensus.keypoints.normalise import normalise
from askpanel.consensus.keypoints.vectors import cosines

Floats = NDArray[np.float64]

Embed = Callable[[Sequence[str]], Floats]
"""Texts -> unit rows, shape (texts, dimensions). One text's row must not depend on the others."""

TFIDF, MINILM = "tfidf", "tfidf+minilm"

CUT_INSIDE = {TFIDF: 0.175, MINILM: 0.45}
CUT_ACROSS = {TFIDF: 0.225, MINILM: 0.45}
"""Least mean likeness inside a cluster: where both points are on one known side, and where not.
Chosen on Perspectrum's dev split; see docs/adr/0003-consensus-quality.md."""


def likeness(texts: Sequence[str], embed: Embed | None = None) -> Likeness:
    """Likeness of every pair: char TF-IDF cosine, or its mean with the embeddings' cosine."""
    backend = TFIDF if embed is None else MINILM
    values = cosines([normalise(text) for text in texts])
    if embed is not None and texts:
        rows = embed(texts)
        values = (values + np.round(np.clip(rows @ rows.T, 0.0, 1.0), 6)) / 2
        np.fill_diagonal(values, 1.0)
    return Likeness(values, CUT_INSIDE[backend], CUT_ACROSS[backend], backend)
