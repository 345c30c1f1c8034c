"""May a chair's text stand beside the computed result? It may phrase it; it may not add to it.

A chair model writes prose after the consensus. Here its text is checked against the record: the
computed recommendation, points, quotes, positions, names. Any sentence with a number, a name or a
claim that the record does not hold makes the whole text unusable; the computed text is the fallback.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from askpanel.consensus.keypoints.lexicon import EMPTY
from askpanel.consensus.keypoints.matching import sentences
from askpanel.consensus.keypoints.negation import contradicts, read, same_subject
from askpanel.consensus.keypoints.normalise import normalise
from askpanel.consensus.keypoints.words import stem
from askpanel.consensus.result import Result

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(r"(?<=[\w,;:’')] )(?:[A-Z][\w’'-]+)")

FRAME = frozenset(
    stem(word)
    for word in [
        "panel",
        "expert",
        "experts",
        "voter",
        "voters",
        "majority",
        "minority",
        "unanimous",
        "split",
        "consensus",
        "strong",
        "moderate",
        "weak",
        "agree",
        "agreed",
        "agreement",
        "disagree",
        "disagreement",
        "dissent",
        "dissents",
        "dissenting",
        "recommend",
        "recommends",
        "recommendation",
        "support",
        "supports",
        "supported",
        "oppose",
        "opposes",
        "opposed",
        "conditional",
        "condition",
        "conditions",
        "position",
        "view",
        "point",
        "points",
        "argue",
        "argues",
        "argued",
        "say",
        "says",
        "said",
        "hold",
        "holds",
        "held",
        "state",
        "states",
        "stated",
        "overall",
        "summary",
        "conclude",
        "concludes",
        "concluded",
        "find",
        "finds",
        "found",
        "however",
        "while",
        "but",
        "though",
        "both",
        "other",
        "others",
        "remaining",
        "rest",
        "no",
        "most",
        "all",
        "only",
        "one",
        "answer",
        "answers",
        "vote",
        "votes",
        "voted",
        "level",
        "round",
        "alternative",
        "because",
        "since",
        "therefore",
        "thus",
        "also",
        "still",
        "further",
        "note",
        "notes",
        "noted",
        "main",
        "leading",
        "against",
        "favour",
        "not",
    ]
)
"""Words a chair may use of its own: they frame the record and claim nothing."""

_TURNING = frozenset({"not", "no", "most", "all", "both"})
"""Frame words that the negation guard must still see."""

_POSITIONS = {"support": 1, "oppos": -1, "dissent": -1, "favour": 1, "favor": 1, "against": -1}


@dataclass(frozen=True, slots=True)
class ChairCheck:
    """`text` is the chair's when `problems` is empty, else the computed recommendation."""

    text: str
    accepted: bool
    problems: tuple[str, ...]


def check_chair(text: str, result: Result, names: Iterable[str] = ()) -> ChairCheck:
    """Accept the chair's text only if every sentence is carried by the record. `names`: the seats' names.

    Checked per sentence: figures and names occur in the record; every word with content does, or is a
    frame word; the sentence does not contradict a record line it resembles; nobody is given the other
    side. A blank text is refused. Deliberately strict: a refused summary costs little.
    """
    record = tuple(_record(result))
    known = {stem(word) for line in (*record, *names) for word in _WORD.findall(normalise(line))} | FRAME
    figures = {figure for line in record for figure in _NUMBER.findall(line)} | _figures(result)
    seats = tuple(sorted({*names, *(one.agent_name for one in result.dissenting_opinions)}))
    problems: list[str] = [] if normalise(text) else ["the text is blank"]
    for sentence in sentences(text):
        problems += _problems(sentence, record, known, figures)
        problems += _wrong_side(sentence, result, seats)
    if problems:
        return ChairCheck(result.recommendation, False, tuple(problems))
    return ChairCheck(text, True, ())


def _record(result: Result) -> Iterable[str]:
    yield result.recommendation
    for point in result.agreement_points:
        yield point.text
        yield from (quote.text for quote in point.quotes)
    for contest in result.disagreement_points:
        yield contest.text
        yield from (side.text for side in contest.sides)
    for dissent in result.dissenting_opinions:
        yield from (dissent.agent_name, dissent.opinion, dissent.reasoning)
    for other in result.alternatives:
        yield from (other.text, *other.conditions)
    yield from (position.text for position in result.metrics.positions)


def _figures(result: Result) -> set[str]:
    """Counts and the level as a chair may write them: 3, 5, 0.6, 60."""
    counts = {result.metrics.voters, result.quorum.seats, result.quorum.answered}
    counts |= {len(position.voters) for position in result.metrics.positions}
    counts |= {point.n for point in result.agreement_points}
    level = result.consensus_level
    return {str(count) for count in counts} | {f"{level:.2f}", f"{level:.1f}", str(round(level * 100))}


def _problems(sentence: str, record: tuple[str, ...], known: set[str], figures: set[str]) -> list[str]:
    found = [f"number {figure!r}" for figure in _NUMBER.findall(sentence) if figure not in figures]
    found += [f"name {name!r}" for name in _NAME.findall(sentence) if stem(normalise(name)) not in known]
    added = sorted(
        {
            word
            for word in _WORD.findall(normalise(sentence))
            if not word[0].isdigit() and word not in EMPTY and stem(word) not in known
        }
    )
    found += [f"claim with {', '.join(added)!r}"] if added else []
    claim = _claim(sentence)
    turned = [line for line in record if contradicts(claim, line)]
    if turned and not any(_says(claim, line) for line in record):
        found.append(f"contradicts {turned[0]!r}")
    return [f"{one} in {sentence!r} is not in the record" for one in found]


def _claim(sentence: str) -> str:
    """The sentence without frame words; words that turn a meaning stay."""
    kept = [word for word in _WORD.findall(normalise(sentence)) if stem(word) not in FRAME - _TURNING]
    return " ".join(kept)


def _says(claim: str, line: str) -> bool:
    """The line speaks of the same thing and is not the claim's opposite."""
    return same_subject(read(claim), read(line)) and not contradicts(claim, line)


def _wrong_side(sentence: str, result: Result, seats: tuple[str, ...]) -> list[str]:
    """A dissenter said to support, or a voter without dissent said to oppose, in a one-person sentence."""
    named = [name for name in seats if name.casefold() in sentence.casefold()]
    words = {stem(word) for word in _WORD.findall(normalise(sentence))}
    signs = {sign for word, sign in _POSITIONS.items() if word in words}
    if len(named) != 1 or len(signs) != 1:
        return []
    dissenters = {one.agent_name for one in result.dissenting_opinions}
    expected = -1 if named[0] in dissenters else 1
    if result.band in ("split", "none") or signs == {expected}:
        return []
    return [f"{named[0]} is given the other side in {sentence!r}"]
