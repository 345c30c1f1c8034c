"""Texts made comparable. The normalised form is compared, never shown."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LIST_MARK = re.compile(r"^(?:[-*•–—·▪◦]+|\(?(?:\d{1,2}|[a-z])[.)])\s+")
_SPACE = re.compile(r"\s+")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‑": "-"})
_END = " .,;:!?\"'"


@lru_cache(maxsize=8192)
def normalise(text: str) -> str:
    """NFKC, case folded, one space between words, list marks and end marks gone.

    Negations and numbers stay; no stop words, no stemming. Idempotent; "" for a blank text.
    """
    flat = _SPACE.sub(" ", unicodedata.normalize("NFKC", text).translate(_QUOTES).casefold()).strip()
    before = None
    while before != flat:
        before = flat
        flat = _LIST_MARK.sub("", flat).strip(_END)
    return flat
