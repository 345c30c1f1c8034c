"""What one answer must hold: the fields, what each means, and the JSON schema a server can enforce.

A `Shape` follows from role, purpose and blocks alone. The same table of fields gives the schema and the
explanation in the prompt, because servers constrain tokens by the schema but never show it to the model.

Schema rules: flat; every field required (an optional one may be null); lists have `maxItems`; no
`maxLength`, which cuts mid-word and lets the text run on in the next field; no number to compute.
`content` comes first, so that it can be shown while it is written.

What a field means is told in words of our own: names, units and texts of the asker's stand in the quoted
blocks only, and as values that the schema allows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from askpanel.contracts.blocks import (
    Block,
    EvidenceBlock,
    ItemBlock,
    OwnAnswerBlock,
    Purpose,
    QuantityBlock,
    QuestionBlock,
    Role,
)

VOTES = ("support", "conditional", "oppose", "abstain")
POINTS, CONDITIONS, QUESTIONS, CITATIONS = 4, 3, 3, 6
"""How many entries of a list are asked for; what an answer has beyond them is left out."""

NOT_A_BALLOT: frozenset[Purpose] = frozenset({"question", "rebuttal", "judgement", "synthesis"})


@dataclass(frozen=True, slots=True)
class Shape:
    """Which fields are asked for. `items` and `quantity` exclude each other and an option or stance."""

    points: bool = False
    position: bool = False
    vote: bool = False
    options: tuple[str, ...] = ()
    rank: bool = False
    dimensions: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    quantity: bool = False
    minimum: float | None = None
    maximum: float | None = None
    conditions: bool = False
    change: bool = False
    confidence: bool = False
    evidence: tuple[str, ...] = ()
    questions: bool = False
    needs_questions: bool = False
    judgement: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the answer: its name, what the prompt says of it, its JSON schema."""

    name: str
    meaning: str
    schema: Mapping[str, Any]


def shape_of(role: Role, purpose: Purpose, blocks: Sequence[Block]) -> Shape:
    """The shape of the answer to this request."""
    if purpose == "judgement":
        return Shape(judgement=True)
    if purpose == "synthesis" or role == "chair":
        return Shape()
    if purpose == "question" or role == "moderator":
        return Shape(questions=True, needs_questions=True)
    if purpose == "rebuttal" or (role in ("pro", "con", "neutral") and purpose in ("opening", "view")):
        return Shape(points=True)
    question = next((block for block in blocks if isinstance(block, QuestionBlock)), None)
    items = tuple(block.id for block in blocks if isinstance(block, ItemBlock))
    quantity = next((block for block in blocks if isinstance(block, QuantityBlock)), None)
    options = tuple(option.id for option in question.options) if question else ()
    plain = not items and quantity is None
    return Shape(
        points=True,
        position=True,
        vote=plain,
        options=options if plain else (),
        rank=bool(plain and options and question and question.rank_options),
        dimensions=question.dimensions if question else (),
        items=items,
        quantity=quantity is not None and not items,
        minimum=quantity.minimum if quantity and not items else None,
        maximum=quantity.maximum if quantity and not items else None,
        conditions=True,
        change=any(isinstance(block, OwnAnswerBlock) for block in blocks),
        confidence=True,
        evidence=tuple(block.id for block in blocks if isinstance(block, EvidenceBlock)),
        questions=bool(question and question.ask_human) and purpose == "opening",
    )


@lru_cache(maxsize=512)
def fields(shape: Shape, words: int = 120) -> tuple[Field, ...]:
    """The fields of a shape in the order they are to be written; `words` is the length asked of `content`."""
    return tuple(_fields(shape, words))


@lru_cache(maxsize=512)
def json_schema(shape: Shape) -> Mapping[str, Any]:
    """The JSON schema of the answer. Treat as read-only: it is shared."""
    table = fields(shape)
    return MappingProxyType(
        {
            "type": "object",
            "properties": {field.name: dict(field.schema) for field in table},
            "required": [field.name for field in table],
            "additionalProperties": False,
        }
    )


def _fields(shape: Shape, words: int) -> Iterator[Field]:
    yield Field(
        "content",
        f"your answer and reasons in plain prose, at most {words} words; do not repeat the question",
        _text(),
    )
    if shape.judgement:
        yield from _judgement()
    if shape.points:
        yield _points(shape)
    if shape.items:
        yield _ratings(shape)
    if shape.quantity:
        yield from _forecast(shape)
    if shape.position:
        yield Field("position", "one full sentence that says what should be done and why", _text())
    if shape.vote:
        yield from _vote(shape)
    if shape.conditions:
        meaning = (
            f"up to {CONDITIONS} short phrases: what must be true or would change your mind; [] if nothing"
        )
        yield Field("conditions", meaning, _list(CONDITIONS))
    if shape.questions:
        who = "your questions" if shape.needs_questions else "questions for the human who will decide"
        least = 1 if shape.needs_questions else 0
        span = "2 to 3" if shape.needs_questions else "up to 3"
        yield Field("questions", f"{who}, {span}, one sentence each", _list(QUESTIONS, least))
    if shape.change:
        yield Field(
            "changed", "true if your position differs from your earlier answer, else false", _of("boolean")
        )
        yield Field(
            "cause", "which argument changed it, quoted with its label; null if unchanged", _nullable(_text())
        )
    if shape.confidence:
        yield Field("confidence", "how sure you are, from 0 to 1, or null", _nullable(_of("number")))
    if shape.evidence:
        meaning = "ids of the evidence you rely on, [] if none"
        yield Field("citations", meaning, _list(CITATIONS, of={"type": "string", "enum": [*shape.evidence]}))


def _judgement() -> Iterator[Field]:
    yield Field("strongest_pro", "the strongest argument for, quoted with its label", _text())
    yield Field("strongest_con", "the strongest argument against, quoted with its label", _text())
    yield Field("unresolved", f"issues the debate left open, up to {POINTS}", _list(POINTS))


def _points(shape: Shape) -> Field:
    meaning = f"2 to {POINTS} different key points, one short sentence each"
    if not shape.dimensions:
        return Field("key_points", meaning, _list(POINTS, 1))
    point = {
        "type": "object",
        "properties": {"text": _text(), "dimension": {"type": "string", "enum": [*shape.dimensions]}},
        "required": ["text", "dimension"],
        "additionalProperties": False,
    }
    meaning += ", each with one of the question's dimensions"
    return Field("key_points", meaning, _list(POINTS, 1, of=point))


def _ratings(shape: Shape) -> Field:
    count = len(shape.items)
    meaning = (
        f"{count} whole numbers from 1 (strongly against) to 9 (strongly for), one per item in the order "
        "of the items; null where you have no view"
    )
    rating = _nullable({"type": "integer", "enum": [1, 2, 3, 4, 5, 6, 7, 8, 9]})
    return Field("ratings", meaning, _list(count, count, of=rating))


def _forecast(shape: Shape) -> Iterator[Field]:
    number = {"type": "number"}
    bounds = [
        f"at {word} {bound:g}"
        for word, bound in (("least", shape.minimum), ("most", shape.maximum))
        if bound is not None
    ]
    estimate = "your best estimate as a number, in the unit of the number to estimate"
    yield Field("value", ", ".join([estimate, *bounds]), number)
    yield Field("low", "the low end of the plausible range", number)
    yield Field("high", "the high end of the plausible range", number)


def _vote(shape: Shape) -> Iterator[Field]:
    if shape.options:
        listed = ", ".join(shape.options)
        choice = _nullable({"type": "string", "enum": [*shape.options]})
        yield Field("option", f"the id of the option you choose ({listed}), null to abstain", choice)
        if shape.rank:
            order = _list(len(shape.options), of={"type": "string", "enum": [*shape.options]})
            yield Field("ranking", "all option ids, best first", order)
        return
    meaning = (
        "support (yes), conditional (only if), oppose (no) or abstain (cannot say), as your content says"
    )
    yield Field("stance", meaning, {"type": "string", "enum": [*VOTES]})


def _of(kind: str) -> dict[str, Any]:
    return {"type": kind}


def _text() -> dict[str, Any]:
    return _of("string")


def _nullable(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [dict(schema), _of("null")]}


def _list(most: int, least: int = 0, *, of: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "array", "items": dict(of or _text()), "minItems": least, "maxItems": most}
