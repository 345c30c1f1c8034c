"""What a computation returns, and its JSON form (`consensus.calculated`).

Arrays are never null and never keyed by theme; numbers leave with 4 decimals. Every text, quote,
opinion and reasoning is made of the experts' words; only the template's frame words are ours.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, cast

from askpanel.consensus.ballots import Abstention, ItemResult
from askpanel.consensus.metrics import Flag

Band = Literal["unanimous", "strong", "moderate", "weak", "split", "none"]
View = Literal["support", "oppose", "qualified", "neutral"]


@dataclass(frozen=True, slots=True)
class Quote:
    """A text as an agent wrote it, and where."""

    agent_id: str
    response_id: str
    text: str


@dataclass(frozen=True, slots=True)
class AgreementPoint:
    """A point that voters share. `n` counts distinct ballots; `supporters` lists every seat."""

    text: str
    supporters: tuple[str, ...]
    quotes: tuple[Quote, ...]
    n: int
    dimension: str | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a disagreement: its position (a vote, or its own text), words and agents."""

    position: str
    text: str
    agents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DisagreementPoint:
    """What voters contest, with the words of each side. `is_vote`: the vote itself (or a delphi item in
    disagreement); it has no quotes, since its words are the positions."""

    text: str
    sides: tuple[Side, ...]
    is_vote: bool = False
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class Dissent:
    """A voter incompatible with the leading position, in the voter's own words."""

    agent_id: str
    agent_name: str
    opinion: str
    reasoning: str
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another position than the leading one, with the confidence behind it."""

    position: str
    text: str
    supporters: tuple[str, ...]
    conditions: tuple[str, ...]
    confidence: float
    confidence_stated: bool


@dataclass(frozen=True, slots=True)
class PositionWeight:
    """One position with its share L of the method's weight and the seats that voted for it."""

    position: str
    text: str
    share: float
    voters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A seat whose vote differs from its vote in round 1."""

    agent_id: str
    before: str
    now: str
    cause: str | None


@dataclass(frozen=True, slots=True)
class Shift:
    """Round 1 against now, over the seats with both ballots. `distance` = 1/2 sum |p - q|."""

    distance: float
    level_before: float
    level_now: float
    changed: tuple[Change, ...]
    to_earlier_majority: int


@dataclass(frozen=True, slots=True)
class Metrics:
    """What stands beside the level; formulas are at the functions of `metrics.py` and the methods."""

    voters: int
    percent_agreement: float
    entropy: float
    n_eff: float
    level_interval: tuple[float, float]
    majority_confidence: float | None
    distinct_sources: int | None
    flags: tuple[Flag, ...]
    shift: Shift | None
    novelty: float | None
    positions: tuple[PositionWeight, ...]
    items: tuple[ItemResult, ...]
    abstained: tuple[Abstention, ...]
    unknown_citations: int
    carried: tuple[str, ...]
    backend: str
    method: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Quorum:
    """Enough seats, and more than one model where there is more than one. `reason` says what is missing."""

    needed: int
    answered: int
    seats: int
    models: int
    met: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """What one expert says on one aspect; neutral without quotes means: said nothing on it."""

    agent_id: str
    agent_name: str
    view: View
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Aspect:
    """One row of the comparison matrix."""

    text: str
    kind: Literal["vote", "option", "item", "point"]
    dimension: str | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """One consensus. `degraded` holds the reasons; empty means that nothing was missing."""

    method: str
    consensus_level: float
    band: Band
    agreement_points: tuple[AgreementPoint, ...]
    disagreement_points: tuple[DisagreementPoint, ...]
    dissenting_opinions: tuple[Dissent, ...]
    recommendation: str
    alternatives: tuple[Alternative, ...]
    metrics: Metrics
    degraded: tuple[str, ...]
    quorum: Quorum
    matrix: tuple[Aspect, ...]


def as_data(result: Result) -> dict[str, Any]:
    """JSON-ready `data` of `consensus.calculated`; equal results give equal bytes.

    `disagreement_points[].sides` is {position: [agent_id]}; `metrics.changed` and the other parts of
    `Shift` stand in `metrics` itself; the method's own numbers are `metrics.method`. A forecast's figures
    leave with 12 significant digits.
    """
    data = cast(dict[str, Any], _plain(result))
    data["disagreement_points"] = [
        {
            "text": point.text,
            "is_vote": point.is_vote,
            "sides": {side.position: list(side.agents) for side in point.sides},
            "texts": {side.position: side.text for side in point.sides},
            "quotes": plain["quotes"],
        }
        for point, plain in zip(result.disagreement_points, data["disagreement_points"], strict=True)
    ]
    metrics = data["metrics"]
    for item, plain in zip(result.metrics.items, metrics["items"], strict=True):
        if item.unit is not None:
            plain |= {name: _significant(getattr(item, name)) for name in IN_UNIT}
    metrics["changed"] = [
        {"agent_id": change.agent_id, "from": change.before, "to": change.now, "cause": change.cause}
        for change in (result.metrics.shift.changed if result.metrics.shift else ())
    ]
    if metrics["shift"] is not None:
        del metrics["shift"]["changed"]
    return data


def agreement_line(point: AgreementPoint) -> str:
    """One string for readers that know only arrays of strings: the point and how many hold it."""
    return f"{point.text} ({point.n} {'voter' if point.n == 1 else 'voters'})"


def disagreement_line(point: DisagreementPoint) -> str:
    """One string: the point, then each side with the number of its agents."""
    sides = "; ".join(f"{side.position}: {len(side.agents)}" for side in point.sides)
    return f"{point.text} ({sides})"


IN_UNIT = ("median", "quartiles", "range", "point")
"""Figures of a forecast: 4 decimals may be all of them in one unit and nothing in another."""


def _significant(value: float | tuple[float, ...] | None) -> float | list[float] | None:
    """Numbers with 12 significant digits."""
    if value is None:
        return None
    if isinstance(value, tuple):
        return [float(f"{one:.12g}") for one in value]
    return float(f"{value:.12g}")


def _plain(value: object) -> object:
    """Dataclasses to objects, sequences to arrays, numbers to 4 decimals."""
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ArithmeticError("a result holds a number that is not finite")
        return round(value, 4) + 0.0
    if isinstance(value, tuple | list):
        return [_plain(one) for one in cast(Sequence[object], value)]
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in cast(Mapping[object, object], value).items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(getattr(value, name)) for name in _fields(type(value))}
    return value


@lru_cache
def _fields(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in dataclasses.fields(kind))
