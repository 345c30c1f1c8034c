"""The negation guard: "do" and "do not do" never share a cluster.

Two texts that speak of the same thing are set side by side. Every cue on one side that turns the
meaning (not, without, fail to, un-, an antonym, fewer for more, before for after) is one flip; cues
that both sides share cancel. An odd number of flips means that the texts contradict each other, and
so do differing figures. Texts that speak of different things are not judged: they are not alike, so
nothing would merge them.

The cue lists are English and were written for this project; see `lexicon.py`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from askpanel.consensus.keypoints.lexicon import (
    AXES,
    EMPTY,
    NEGATIVE_PREFIXES,
    NEGATORS,
    NUMBERS,
    REFUSALS,
    REWRITES,
    SWAP_WORDS,
)
from askpanel.consensus.keypoints.normalise import normalise
from askpanel.consensus.keypoints.words import stem

OVERLAP = 0.5
"""Least share of the shorter text's content words that the longer one must hold to be judged."""

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Cue:
    """A word that can turn the meaning: its places on the axes, and whether it negates by itself."""

    word: str
    places: tuple[tuple[int, int], ...]
    negates: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as the guard sees it: cues, stems of all other words, figures, and the words in order."""

    cues: tuple[Cue, ...]
    content: frozenset[str]
    numbers: frozenset[str]
    order: tuple[str, ...]


def contradicts(first: str, second: str) -> bool:
    """True when one text says the opposite of the other about the same thing. Symmetric; pure."""
    one, two = read(first), read(second)
    if not same_subject(one, two):
        return False
    if one.numbers - two.numbers and two.numbers - one.numbers:
        return True
    return (cue_flips(one, two) + prefix_flips(one, two) + swapped(one, two)) % 2 == 1


def same_subject(one: Reading, two: Reading) -> bool:
    """The shorter text's content words are mostly in the longer one (negative prefixes set aside)."""
    shorter, longer = sorted((one, two), key=lambda reading: len(reading.content))
    if not shorter.content:
        return not longer.content
    known = longer.content | {bare(word) for word in longer.content}
    shared = sum(word in known or bare(word) in known for word in shorter.content)
    return shared >= OVERLAP * len(shorter.content)


def cue_flips(one: Reading, two: Reading) -> int:
    """Opposites that face each other count one flip; each negating cue left over counts one too."""
    left = sorted((Counter(one.cues) - Counter(two.cues)).elements(), key=lambda cue: cue.word)
    right = sorted((Counter(two.cues) - Counter(one.cues)).elements(), key=lambda cue: cue.word)
    flips = 0
    for cue in tuple(left):
        match = next((other for other in right if _faces(cue, other, -1)), None)
        kin = next((other for other in right if _faces(cue, other, 1)), None)
        if match is not None and kin is None:
            flips += 1
            left.remove(cue)
            right.remove(match)
        elif kin is not None:
            left.remove(cue)
            right.remove(kin)
    return flips + sum(cue.negates for cue in left + right)


def _faces(cue: Cue, other: Cue, sign: int) -> bool:
    """On one axis, with opposite (-1) or equal (1) signs."""
    there = dict(other.places)
    return any(axis in there and there[axis] * here == sign for axis, here in cue.places)


def _denies_itself(word: str, places: tuple[tuple[int, int], ...]) -> bool:
    """A negative adjective such as `impossible`: its bare form is its own opposite."""
    return bare(word) != word and any((axis, -sign) in AXES.get(bare(word), ()) for axis, sign in places)


def prefix_flips(one: Reading, two: Reading) -> int:
    """Words that differ by a negative prefix only: acceptable, unacceptable."""
    return sum(
        word not in there and bare(word) != word and bare(word) in there
        for here, there in ((one.content, two.content), (two.content, one.content))
        for word in here
    )


def swapped(one: Reading, two: Reading) -> int:
    """1 when what stands left and right of a word such as `than` or `before` has changed places."""
    for word in sorted(SWAP_WORDS & set(one.order) & set(two.order)):
        left, right = _sides(one.order, word)
        left_there, right_there = _sides(two.order, word)
        if left & right_there and right & left_there and not right & right_there:
            return 1
    return 0


def _sides(order: tuple[str, ...], word: str) -> tuple[frozenset[str], frozenset[str]]:
    place = order.index(word)
    left, right = frozenset(order[:place]), frozenset(order[place + 1 :])
    return left - right, right - left


def bare(word: str) -> str:
    """A stem without its negative prefix, where at least four letters stay."""
    for prefix in NEGATIVE_PREFIXES:
        if word.startswith(prefix) and len(word) - len(prefix) >= 4:
            return word[len(prefix) :]
    return word


@lru_cache(maxsize=8192)
def read(text: str) -> Reading:
    """Cues, content, figures and word order of one text."""
    flat = normalise(text)
    for pattern, plain in REWRITES:
        flat = pattern.sub(plain, flat)
    cues: list[Cue] = []
    content: set[str] = set()
    numbers: set[str] = set()
    order: list[str] = []
    words = _WORD.findall(flat)
    for place, word in enumerate(words):
        root = stem(word)
        places = AXES.get(word) or AXES.get(root, ())
        negates = word in NEGATORS or root in REFUSALS or _denies_itself(root, places)
        order.append(word if word in SWAP_WORDS else root)
        if word == "nor" and "neither" in words[:place]:
            continue
        if negates or places:
            cues.append(Cue(root, places, negates))
        elif word in NUMBERS or word[0].isdigit():
            numbers.add(NUMBERS.get(word, word.replace(",", "").rstrip(".")))
        elif word not in EMPTY:
            content.add(root)
    return Reading(
        tuple(cues), frozenset(content), frozenset(numbers), tuple(w for w in order if w not in EMPTY)
    )
