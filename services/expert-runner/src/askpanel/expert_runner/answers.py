"""From a model's text to a typed answer, or to the reason why it is none. Pure.

Strict where it counts (types, enums, ranges, sizes, ratings and rankings) and lenient where nothing is
decided: a code fence around the object, an unknown extra field, a confidence outside [0, 1] (dropped, never
clamped), a list that is absent (empty) or longer than asked for (its first entries: not every provider
enforces `maxItems`).
`ContentStream` is the lenient twin for live display: it reads `content` out of an unfinished object.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from pydantic_core import from_json

from askpanel.contracts.answer import Answer, Forecast, Judgement, KeyPoint, Stance
from askpanel.expert_runner.shape import CITATIONS, CONDITIONS, POINTS, QUESTIONS, VOTES, Shape

MAX_OUTPUT = 64_000
"""Characters a model may send for one answer; the caller stops reading there."""

MAX_CONTENT, MAX_LINE = 12_000, 1_200
"""Characters of `content` and of every other text of an answer."""

_FENCED = re.compile(r"\A\s*```(?:json)?\s*(\{.*\})\s*```\s*\Z", re.DOTALL)
_NOTHING = re.compile(
    r"\W*(?:none|nothing|null|n/?a|no (?:\w+ ){0,2}conditions?(?: \w+){0,2}"
    r"|keine?|nichts|aucune?|rien|ningun[oa]|ninguna?|nada|nessun[oa]?|niente|nenhuma?|geen|无|無し?|なし)?\W*",
    re.IGNORECASE,
)
"""Ways of models to say that a list is empty, in the languages they write most."""

_UNSEEN = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\u202a-\\u202e\\u2066-\\u2069\\ufeff]"
)
"""Controls but line break and tab (Cc), surrogates (Cs), and what turns the direction of writing."""


T = TypeVar("T")


class BadOutput(Exception):
    """The model's text is not the answer that was asked for; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """The prose and the typed part of an answer."""

    content: str
    answer: Answer


def parse(text: str, shape: Shape) -> Parsed:
    """Read an answer of `shape` from a model's text; raises BadOutput."""
    data = _object(text)
    content = _text(data, "content", limit=MAX_CONTENT, lines=True)
    stance, option = _vote(data, shape)
    answer = Answer(
        position=_text(data, "position") if shape.position else "",
        stance=stance,
        option=option,
        ratings=_ratings(data, shape) if shape.items else None,
        ranking=_ranking(data, shape) if shape.rank else None,
        changed=_boolean(data, "changed") if shape.change else None,
        cause=_optional(data, "cause") if shape.change else None,
        key_points=_points(data, shape) if shape.points else (),
        conditions=_conditions(data) if shape.conditions else (),
        confidence=_confidence(data.get("confidence")) if shape.confidence else None,
        citations=_citations(data, shape) if shape.evidence else (),
        questions=_questions(data, shape) if shape.questions else (),
        forecast=_forecast(data, shape) if shape.quantity else None,
        judgement=_judgement(data) if shape.judgement else None,
    )
    return Parsed(content, answer)


class ContentStream:
    """What can be shown of an answer still being written: the characters of `content`, as they come.

    Feed it the raw text in pieces; each call returns the newly readable part of `content`, cleaned,
    often empty. Nothing of it is kept or counted: the finished text is parsed strictly.
    """

    def __init__(self, every: int = 16) -> None:
        self._raw = ""
        self._every = every
        self._parsed_at = 0
        self._shown = 0
        self._done = False

    def feed(self, piece: str) -> str:
        """Add a piece of the model's text and return what became readable."""
        if self._done:
            return ""
        self._raw += piece
        if len(self._raw) - self._parsed_at < self._every and "}" not in piece and '"' not in piece:
            return ""
        self._parsed_at = len(self._raw)
        content, closed = _partial_content(self._raw)
        self._done = closed or len(self._raw) > MAX_CONTENT
        if len(content) <= self._shown:
            return ""
        new = content[self._shown :]
        self._shown = len(content)
        return clean(new, lines=True, strip=False)


def clean(text: str, *, lines: bool, strip: bool = True) -> str:
    """Without control, bidirectional-override and surrogate characters; one line unless `lines`."""
    if not lines:
        text = " ".join(text.split())
    kept = _UNSEEN.sub("", text)
    return kept.strip() if strip else kept


def _partial_content(raw: str) -> tuple[str, bool]:
    """`content` so far, and whether a later field has begun. Empty while the text is no object."""
    start = raw.find("{")
    if start < 0:
        return "", False
    try:
        partial = from_json(raw[start:], allow_partial="trailing-strings")
    except ValueError:
        return "", False
    if not isinstance(partial, dict):
        return "", False
    fields = cast("dict[str, Any]", partial)
    content = fields.get("content")
    return (content, len(fields) > 1) if isinstance(content, str) else ("", False)


def _object(text: str) -> Mapping[str, Any]:
    if len(text) > MAX_OUTPUT:
        raise BadOutput(f"more than {MAX_OUTPUT} characters")
    if fenced := _FENCED.match(text):
        text = fenced.group(1)
    try:
        data = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadOutput(f"not JSON: {error}") from error
    if not isinstance(data, dict):
        raise BadOutput("not a JSON object")
    return cast("Mapping[str, Any]", data)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _cleaned(value: object, name: str, limit: int = MAX_LINE, *, lines: bool = False) -> str:
    if not isinstance(value, str):
        raise BadOutput(f"{name}: not a text")
    if len(value) > limit:
        raise BadOutput(f"{name}: longer than {limit} characters")
    return clean(value, lines=lines)


def _text(data: Mapping[str, Any], name: str, *, limit: int = MAX_LINE, lines: bool = False) -> str:
    if name not in data:
        raise BadOutput(f"{name}: missing")
    text = _cleaned(data[name], name, limit, lines=lines)
    if not text:
        raise BadOutput(f"{name}: empty")
    return text


def _optional(data: Mapping[str, Any], name: str) -> str | None:
    value = data.get(name)
    return None if value is None else (_cleaned(value, name) or None)


def _boolean(data: Mapping[str, Any], name: str) -> bool:
    value = data.get(name)
    if not isinstance(value, bool):
        raise BadOutput(f"{name}: not true or false")
    return value


def _entries(data: Mapping[str, Any], name: str) -> Sequence[object]:
    value = data.get(name)
    if not isinstance(value, list):
        raise BadOutput(f"{name}: missing or not a list")
    return cast("list[object]", value)


def _some(data: Mapping[str, Any], name: str) -> Sequence[object]:
    """The entries of a list that may be absent."""
    return () if data.get(name) is None else _entries(data, name)


def _texts(data: Mapping[str, Any], name: str, most: int) -> tuple[str, ...]:
    """The first `most`, cleaned, without empty and repeated entries."""
    return _distinct([_cleaned(entry, name) for entry in _some(data, name)], lambda text: text)[:most]


def _distinct(entries: Sequence[T], key: Callable[[T], str]) -> tuple[T, ...]:
    seen: dict[str, T] = {}
    for entry in entries:
        if key(entry):
            seen.setdefault(key(entry).casefold(), entry)
    return tuple(seen.values())


def _points(data: Mapping[str, Any], shape: Shape) -> tuple[str | KeyPoint, ...]:
    if not shape.dimensions:
        points: tuple[str | KeyPoint, ...] = _texts(data, "key_points", POINTS)
    else:
        tagged = [_key_point(entry, shape) for entry in _some(data, "key_points")]
        points = _distinct(tagged, lambda point: point.text)[:POINTS]
    if not points:
        raise BadOutput("key_points: empty")
    return points


def _conditions(data: Mapping[str, Any]) -> tuple[str, ...]:
    stated = _texts(data, "conditions", CONDITIONS)
    return tuple(text for text in stated if not _NOTHING.fullmatch(text))


def _key_point(entry: object, shape: Shape) -> KeyPoint:
    if not isinstance(entry, dict):
        raise BadOutput("key_points: an entry is not an object")
    fields = cast("dict[str, object]", entry)
    dimension = fields.get("dimension")
    if not isinstance(dimension, str) or dimension not in shape.dimensions:
        raise BadOutput("key_points: unknown dimension")
    return KeyPoint(text=_cleaned(fields.get("text"), "key_points"), dimension=dimension)


def _vote(data: Mapping[str, Any], shape: Shape) -> tuple[Stance, str | None]:
    """Stance and option. What was not asked, or comes as ratings, is an abstention from the stance."""
    if not shape.vote:
        return "abstain", None
    if shape.options:
        if "option" not in data:
            raise BadOutput("option: missing")
        option = data["option"]
        if option is None:
            return "abstain", None
        if not isinstance(option, str) or option not in shape.options:
            raise BadOutput("option: not one of the question's options")
        return "support", option
    stance = data.get("stance")
    if not isinstance(stance, str) or stance not in VOTES:
        raise BadOutput(f"stance: not one of {', '.join(VOTES)}")
    return cast("Stance", stance), None


def _ratings(data: Mapping[str, Any], shape: Shape) -> tuple[int | None, ...]:
    values = _entries(data, "ratings")
    if len(values) != len(shape.items):
        raise BadOutput(f"ratings: {len(values)} for {len(shape.items)} items")
    return tuple(_rating(value) for value in values)


def _rating(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 9:
        raise BadOutput("ratings: not a whole number from 1 to 9")
    return value


def _ranking(data: Mapping[str, Any], shape: Shape) -> tuple[str, ...]:
    ids = _distinct([_cleaned(entry, "ranking") for entry in _entries(data, "ranking")], lambda name: name)
    if unknown := [name for name in ids if name not in shape.options]:
        raise BadOutput(f"ranking: unknown option {unknown[0]!r}")
    return ids


def _citations(data: Mapping[str, Any], shape: Shape) -> tuple[str, ...]:
    known = frozenset(shape.evidence)
    return tuple(name for name in _texts(data, "citations", CITATIONS) if name in known)


def _confidence(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return None
    return float(value)


def _questions(data: Mapping[str, Any], shape: Shape) -> tuple[str, ...]:
    questions = _texts(data, "questions", QUESTIONS)
    if shape.needs_questions and not questions:
        raise BadOutput("questions: empty")
    return questions


def _forecast(data: Mapping[str, Any], shape: Shape) -> Forecast:
    value, low, high = (_number(data, name) for name in ("value", "low", "high"))
    if not low <= value <= high:
        raise BadOutput("forecast: value outside its own range")
    if (shape.minimum is not None and value < shape.minimum) or (
        shape.maximum is not None and value > shape.maximum
    ):
        raise BadOutput("forecast: value outside the question's bounds")
    return Forecast(value=value, low=low, high=high)


def _number(data: Mapping[str, Any], name: str) -> float:
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e300:
        raise BadOutput(f"{name}: not a number")
    return float(value)


def _judgement(data: Mapping[str, Any]) -> Judgement:
    return Judgement(
        strongest_pro=_text(data, "strongest_pro"),
        strongest_con=_text(data, "strongest_con"),
        unresolved=_texts(data, "unresolved", POINTS),
    )
