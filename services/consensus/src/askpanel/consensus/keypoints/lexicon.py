"""The English cue lists of the negation guard. Data, written for this project."""

from __future__ import annotations

import re

from askpanel.consensus.keypoints.opposites import OPPOSITES
from askpanel.consensus.keypoints.words import stem

Rewrite = tuple[re.Pattern[str], str]


def _rewrites(*pairs: tuple[str, str]) -> tuple[Rewrite, ...]:
    return tuple((re.compile(pattern), plain) for pattern, plain in pairs)


REWRITES = _rewrites(
    # Contractions.
    (r"\bcan't\b|\bcannot\b", "can not"),
    (r"\bwon't\b", "will not"),
    (r"\bshan't\b", "shall not"),
    (r"\bain't\b", "is not"),
    (r"n't\b", " not"),
    (r"\b(do|does|did|is|are|was|were|has|have|had|would|could|should|must|need)nt\b", r"\1 not"),
    (r"'(?:s|re|ve|ll|d|m)\b|'(?=\s|$)", ""),
    # Words that look like a negation and turn nothing.
    (r"\b(?:with or without|whether or not|or not)\b", ""),
    (r"\bnot (?:only|just|merely|simply|solely)\b", ""),
    (r"\b(?:there (?:is|can be) )?(?:no|little) (?:doubt|question)\b(?: that\b)?", ""),
    (
        r"\b(?:without|beyond) (?:a |any )?(?:doubt|question|exception|fail)\b|\bundoubtedly\b|\bdoubtless\b",
        "",
    ),
    (r"\bneedless to say\b|\bno matter\b|\bnot to mention\b|\blast but not least\b|\bno wonder\b", ""),
    (r"\bnothing (?:but|less than)\b|\bnone other than\b", ""),
    (r"\bwhy (?:do not (?:we|you|they)|not)\b", ""),
    (r"\bnon-?inferior", "noninferior"),
    (r"\b(?:no|not) (?:less|fewer|lower) than\b|\bnot below\b|\bat (?:the )?least\b", "atleast"),
    (r"\b(?:no|not) (?:more|greater|higher) than\b|\bnot above\b|\bat (?:the )?most\b|\bup to\b", "atmost"),
    (r"\b(?:a|quite a) few\b|\ba little\b", "some"),
    (r"\beven (?:if|though)\b|\balthough\b", "though"),
    # Phrases that turn the meaning as a whole.
    (r"\bno one\b|\bnobody\b", "none"),
    (
        r"\b(?:no|any) longer\b|\bfar from\b|\banything but\b|\bby no means\b|\bunder no circumstances\b",
        "not",
    ),
    (r"\bnot (?:a single|any)\b", "not"),
    (r"\b(?:instead of|rather than|in place of)\b", "insteadof"),
    (r"\bnot ([^.;]{0,60}?)\b(?:until|till)\b", r"\1 after"),
    (r"\bonly (?:if|when|where)\b|\bprovided (?:that\b)?|\bas long as\b", "onlyif"),
    (r"\bonly (?:after|once)\b|\bonce\b", "after"),
    (r"\bprior to\b|\bahead of\b", "before"),
    (r"\b(option|plan|arm|group|site|model|version|variant|phase|vendor|team) ([a-z])\b", r"\1\2"),
    (r"\b(non|un|dis|anti)-(?=[a-z])", r"\1"),
    # The hyphen last: everything above wanted it.
    (r"(?<=\w)-(?=\w)", " "),
)
"""Applied in order to normalised text."""

NEGATORS = frozenset(
    [
        "not",
        "never",
        "no",
        "none",
        "neither",
        "nor",
        "without",
        "nothing",
        "nowhere",
        "hardly",
        "scarcely",
        "barely",
        "seldom",
        "rarely",
        "unless",
    ]
)
"""Words that turn their clause."""

REFUSALS = frozenset(
    stem(word)
    for word in [
        "fail",
        "avoid",
        "lack",
        "refuse",
        "reject",
        "decline",
        "doubt",
        "deny",
        "prevent",
        "oppose",
        "against",
        "ban",
        "prohibit",
        "forbid",
        "absent",
        "absence",
        "stop",
        "cease",
        "halt",
        "abandon",
        "abolish",
        "cancel",
        "drop",
        "omit",
        "skip",
        "neglect",
        "dismiss",
        "discontinue",
        "withhold",
        "missing",
        "devoid",
        "exclude",
        "disagree",
    ]
)
"""Stems that negate what they govern."""

NEGATIVE_PREFIXES = ("non", "un", "in", "im", "ir", "il", "dis", "mis")

NUMBERS = {
    **{
        word: str(value)
        for value, word in enumerate(
            ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], start=2
        )
    },
    "fifteen": "15", "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60",
    "ninety": "90", "zero": "0", "half": "50", "hundred": "100", "thousand": "1000", "million": "1000000",
    "twice": "2", "double": "2", "triple": "3", "quarterly": "#quarter", "monthly": "#month",
    "weekly": "#week", "daily": "#day", "yearly": "#year", "annually": "#year", "annual": "#year",
    "second": "2", "third": "3", "fourth": "4", "fifth": "5",
    **{
        name: f"#{name}"
        for name in ["january", "february", "march", "april", "june", "july", "august", "september", "october", "november", "december", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    },
}  # fmt: skip
"""Words that exclude each other as figures do. `one` and `may` are left out: they mean other things as often."""

SWAP_WORDS = {
    **dict.fromkeys(("than", "insteadof", "over", "beat", "outperform"), "preference"),
    **dict.fromkeys(("before", "after"), "time"),
    **dict.fromkeys(("above", "below"), "height"),
}
"""Words whose two sides cannot be exchanged -> their kind; opposites of one kind are on AXES."""


def _axes() -> dict[str, tuple[tuple[int, int], ...]]:
    axes: dict[str, list[tuple[int, int]]] = {}
    for axis, line in enumerate(OPPOSITES.strip().splitlines()):
        for sign, side in zip((1, -1), line.split("/"), strict=True):
            for word in side.split():
                for form in {word, stem(word)}:
                    axes.setdefault(form, []).append((axis, sign))
    return {word: tuple(places) for word, places in axes.items()}


AXES = _axes()
"""Word or stem -> its places (axis, sign). The two sides of one axis are opposites."""

EMPTY = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "to",
        "in",
        "on",
        "at",
        "by",
        "and",
        "or",
        "but",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "am",
        "it",
        "its",
        "this",
        "that",
        "these",
        "those",
        "there",
        "here",
        "we",
        "our",
        "us",
        "you",
        "your",
        "they",
        "their",
        "them",
        "he",
        "she",
        "his",
        "her",
        "i",
        "my",
        "me",
        "as",
        "so",
        "do",
        "does",
        "did",
        "will",
        "would",
        "shall",
        "should",
        "can",
        "could",
        "may",
        "might",
        "must",
        "has",
        "have",
        "had",
        "from",
        "into",
        "than",
        "then",
        "also",
        "some",
        "any",
        "such",
        "which",
        "who",
        "whom",
        "what",
        "s",
        "t",
        "about",
        "very",
        "just",
        "too",
        "only",
        "though",
        "let",
        "get",
        "make",
        "one",
    ]
)
"""Words without content of their own."""
