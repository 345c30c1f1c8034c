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

OVERLAP_SHORTER, OVERLAP_LONGER = 0.8, 0.7
"""Least share of content words that the other text must hold, of the shorter and of the longer text.

Looser, the guard parts more paraphrases ("lack credibility", "are less credible") than contradictions
among texts that people wrote freely; tighter, it misses reworded contradictions. Chosen on the train
split of Perspectrum, see docs/adr/0003-consensus-quality.md.
"""

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Cue:
    """A word that can turn the meaning: its places on the axes, and whether it negates by itself.

    `governs` is the stem that a negating word stands before ("" at the end of a text).
    """

    word: str
    places: tuple[tuple[int, int], ...]
    negates: bool
    governs: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as the guard sees it: cues, stems of all other words, figures, and the words in order."""

    cues: tuple[Cue, ...]
    content: frozenset[str]
    numbers: frozenset[str]
    order: tuple[str, ...]


def contradicts(first: str, second: str) -> bool:
    """True when one text says the opposite of the other about the same thing. Symmetric; pure."""
    if first == second:
        return False
    one, two = (read(text) for text in sorted((first, second)))
    if not same_subject(one, two):
        return False
    if one.numbers - two.numbers and two.numbers - one.numbers:
        return True
    return (cue_flips(one, two) + prefix_flips(one, two) + swapped(one, two)) % 2 == 1


def same_subject(one: Reading, two: Reading) -> bool:
    """Each text's content words are mostly in the other one (negative prefixes set aside)."""
    shorter, longer = sorted((one, two), key=lambda reading: len(reading.content))
    if not shorter.content:
        return not longer.content
    if len(shorter.content) < OVERLAP_LONGER * len(longer.content):  # all of it shared would not be enough
        return False
    known = longer.content | {bare(word) for word in longer.content}
    shared = sum(word in known or bare(word) in known for word in shorter.content)
    return shared >= OVERLAP_SHORTER * len(shorter.content) and shared >= OVERLAP_LONGER * len(longer.content)


def cue_flips(one: Reading, two: Reading) -> int:
    """Opposites that face each other count one flip; each negating cue left over counts one too.

    Words on one axis with equal signs cancel. An odd number of negations left over counts only if the
    other text speaks of what one of them governs; else the two may say one thing in other words (not old
    enough, too young).
    """
    left, right = _without_shared(one.cues, two.cues), _without_shared(two.cues, one.cues)
    flips = 0
    for cue in tuple(left):
        kin = next((other for other in right if _faces(cue, other, 1)), None)
        match = next((other for other in right if _faces(cue, other, -1)), None)
        partner = kin or match
        if partner is not None:
            flips += kin is None
            left.remove(cue)
            right.remove(partner)
    here = [cue for cue in left if cue.negates]
    there = [cue for cue in right if cue.negates]
    known = any(_speaks_of(two, cue.governs) for cue in here) or any(
        _speaks_of(one, cue.governs) for cue in there
    )
    return flips + (len(here) + len(there) if known else 0)


def _without_shared(cues: tuple[Cue, ...], others: tuple[Cue, ...]) -> list[Cue]:
    """The cues whose word the other text does not use (as often)."""
    budget = Counter(cue.word for cue in others)
    left: list[Cue] = []
    for cue in cues:
        if budget[cue.word]:
            budget[cue.word] -= 1
        else:
            left.append(cue)
    return left


def _speaks_of(reading: Reading, word: str) -> bool:
    if not word:
        return True
    if word in reading.content or bare(word) in reading.content or word in reading.order:
        return True
    places = AXES.get(word, ())
    return any(axis == known for axis, _ in places for cue in reading.cues for known, _ in cue.places)


def _faces(cue: Cue, other: Cue, sign: int) -> bool:
    """On one axis, with opposite (-1) or equal (1) signs."""
    there = dict(other.places)
    return any(axis in there and there[axis] * here == sign for axis, here in cue.places)


def _opposite_places(word: str) -> tuple[tuple[int, int], ...]:
    """The places of a negative form (illegal) are those of its bare form, turned round."""
    plain = bare(word)
    return () if plain == word else tuple((axis, -sign) for axis, sign in AXES.get(plain, ()))


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
    for kind in sorted(_kinds(one) & _kinds(two)):
        left, right = _sides(one.order, kind)
        left_there, right_there = _sides(two.order, kind)
        if left & right_there and right & left_there and not right & right_there:
            return 1
    return 0


def _kinds(reading: Reading) -> set[str]:
    return {SWAP_WORDS[word] for word in reading.order if word in SWAP_WORDS}


def _sides(order: tuple[str, ...], kind: str) -> tuple[frozenset[str], frozenset[str]]:
    place = next(number for number, word in enumerate(order) if SWAP_WORDS.get(word) == kind)
    left, right = frozenset(order[:place]), frozenset(order[place + 1 :])
    return left - right, right - left


def _governed(rest: list[str]) -> str:
    """The stem of the first word with content."""
    return next((stem(word) for word in rest if word not in EMPTY), "")


@lru_cache(maxsize=8192)
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
        places = AXES.get(word) or AXES.get(root) or _opposite_places(root)
        negates = word in NEGATORS or root in REFUSALS or _denies_itself(root, places)
        order.append(word if word in SWAP_WORDS else root)
        if word == "nor" and "neither" in words[:place]:
            continue
        if negates or places:
            cues.append(Cue(root, places, negates, _governed(words[place + 1 :]) if negates else ""))
        elif word in NUMBERS or word[0].isdigit():
            numbers.add(NUMBERS.get(word, word.replace(",", "").rstrip(".")))
        elif word not in EMPTY:
            content.add(root)
    return Reading(
        tuple(cues),
        frozenset(content),
        frozenset(numbers),
        tuple(word for word in order if word not in EMPTY or word in SWAP_WORDS),
    )
