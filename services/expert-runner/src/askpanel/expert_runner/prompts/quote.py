"""Quoting: text of other people enters a prompt as data that cannot end its own block.

Three layers, each enough for the attacks we know: the text is JSON-encoded (so quotes and line breaks
cannot end the string); `<`, `>` and bracketed upper-case tags are escaped (so neither our delimiters nor
a chat template's control tokens can be spelled); the delimiters carry a fingerprint of the content (so
a text would have to contain its own hash). Deterministic: the same data give the same bytes.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

_UNSAFE = re.compile(
    r"[<>\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    r"\u3164\ud800-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffd\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0000-\U0010ffff]|\[(?=/?[A-Z_]{3,}\])"
)
"""Angle brackets, what cannot be seen (control, format, filler, variation, surrogate, private use), and the
bracket of upper-case tags such as [INST], which some chat templates read as control tokens; our [cut] is
lower case."""


def quoted(kind: str, payload: Mapping[str, Any]) -> str:
    """One data block of three lines: opening fence, one line of JSON, closing fence."""
    line = encoded(payload)
    mark = fingerprint(f"{kind}\n{line}")
    return f"<data {kind} {mark}>\n{line}\n</data {mark}>"


def encoded(payload: Mapping[str, Any]) -> str:
    """JSON on one line, still the same data, that holds no angle bracket and nothing invisible."""
    text = json.dumps(payload, ensure_ascii=False, separators=(", ", ": "))
    return _UNSAFE.sub(_escape, text)


def fingerprint(text: str) -> str:
    """Eight hexadecimal digits of the text's SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _escape(match: re.Match[str]) -> str:
    """The character as JSON escapes, in UTF-16 where it needs two."""
    units = match.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))
