"""The values that consensus is computed from: answers as recorded, ballots as counted.

An `Answer` is what one seat said in one round, field by field as it stands in the log. `fold` (see
`fold.py`) reads answers into `Ballots`: who votes, with what, and who abstained and why. Methods see
only `Ballots` and `Context` and return a `Verdict`; none of these values knows a clock, an event or a
random number.

    ConsensusError
    ├── UnknownMethod      the method's name is not in METHODS
    └── InvalidRequest     a request that contradicts itself (threshold outside 0-1, one id twice …)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Stance = Literal["support", "oppose", "conditional", "neutral", "abstain"]
Space = Literal["stance", "option", "ranking", "ratings", "forecast", "points"]

STANCES = ("support", "oppose", "conditional", "neutral")
"""The positions of a panel without options; `abstain` is not a position."""

VOTING_ROLES = frozenset({"expert", "human"})


class ConsensusError(ValueError):
    """The request cannot be computed."""


class UnknownMethod(ConsensusError):
    """The method's name is not in METHODS."""


class InvalidRequest(ConsensusError):
    """A request that contradicts itself."""


@dataclass(frozen=True, slots=True)
class Said:
    """Who said a text, in which response, in exactly which words."""

    agent_id: str
    response_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Point:
    """One key point, verbatim, with the dimension its author chose for it.

    `said` is filled by `fold`: the seats behind it (several after clones are merged).
    """

    text: str
    dimension: str | None = None
    said: tuple[Said, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """One of the panel's options (or, in delphi, one item to rate)."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """A numeric estimate in the question's unit, with the range its author finds plausible."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a panel forecasts: its unit and, where known, the bounds a forecast must lie in.

    `point` is one point of a nine-point scale in this unit; `reading_rules` fills it.
    """

    unit: str
    minimum: float | None = None
    maximum: float | None = None
    point: float = 0.0


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat planned at the start. `model` is None while unknown."""

    seat: int
    agent_id: str
    agent_name: str
    role: str = "expert"
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What one seat said in one round. Nothing here is trusted yet: `fold` decides what counts.

    `sequence` orders several answers of one seat: the highest counts. `ratings` follow the items'
    order. `ranking` is best first; every inner tuple is one place, more than one id in it a tie.
    `carried`: the ballot of an earlier round, standing in for a seat that failed later.
    `unreadable` says why a ballot could not be read at all; it then abstains.
    """

    response_id: str
    seat: int
    agent_id: str
    agent_name: str
    role: str = "expert"
    model: str | None = None
    weight: float = 1.0
    sequence: int = 0
    position: str = ""
    content: str = ""
    stance: str | None = None
    option: str | None = None
    key_points: tuple[Point, ...] = ()
    conditions: tuple[Point, ...] = ()
    ratings: tuple[int | None, ...] = ()
    ranking: tuple[tuple[str, ...], ...] = ()
    forecast: Forecast | None = None
    confidence: float | None = None
    citations: tuple[str, ...] = ()
    changed: bool | None = None
    cause: str | None = None
    carried: bool = False
    unreadable: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """One seat behind a ballot, with the prose of its answer; clones share a ballot."""

    agent_id: str
    agent_name: str
    response_id: str
    seat: int
    content: str = ""


@dataclass(frozen=True, slots=True)
class Ballot:
    """One counted vote. `vote` is a position of the panel's vote space; `members` are its seats.

    `vote` is the option's id, the stance, the first choice of a ranking, where a forecast stands (see
    `forecasts.py`), or "" where ratings or points are the vote. `ranking`, `ratings` and `forecast` are
    cleaned: known ids once, ratings 1-9 or None, a finite number within the bounds.
    `complete`: the ranking places every option of the panel (one left over is last).
    """

    members: tuple[Member, ...]
    vote: str
    role: str
    model: str | None
    weight: float
    position: str
    stance: str | None
    points: tuple[Point, ...]
    conditions: tuple[Point, ...]
    ratings: tuple[int | None, ...]
    ranking: tuple[tuple[str, ...], ...]
    confidence: float | None
    citations: frozenset[str]
    complete: bool = True
    forecast: float | None = None

    @property
    def agent_id(self) -> str:
        return self.members[0].agent_id

    @property
    def agent_name(self) -> str:
        return self.members[0].agent_name

    @property
    def response_id(self) -> str:
        return self.members[0].response_id

    @property
    def agent_ids(self) -> tuple[str, ...]:
        return tuple(member.agent_id for member in self.members)


@dataclass(frozen=True, slots=True)
class Abstention:
    """A seat that answered and does not count, with the reason."""

    agent_id: str
    agent_name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Ballots:
    """The counted ballots, sorted by agent_id, and everyone who does not count.

    `positions` are the possible positions of the vote space: k of every formula.
    `clusters` is filled for the space `points` only: for each ballot the clusters it holds.
    `quantity` is set for the space `forecast` only.
    """

    voters: tuple[Ballot, ...]
    space: Space
    positions: tuple[str, ...]
    abstained: tuple[Abstention, ...] = ()
    unknown_citations: int = 0
    clusters: tuple[frozenset[str], ...] = ()
    quantity: Quantity | None = None

    def __len__(self) -> int:
        return len(self.voters)


@dataclass(frozen=True, slots=True)
class PastVote:
    """One vote of an earlier panel of the same tenant, for `reliability`."""

    panel_id: str
    agent_id: str
    vote: str


@dataclass(frozen=True, slots=True)
class Context:
    """All a method may know beside the ballots.

    `cosine[i][j]` is the likeness of the positions' texts of voters i and j (quantum only).
    `previous` are the ballots of the round before (delphi's stability).
    """

    threshold: float
    options: tuple[Option, ...] = ()
    items: tuple[Option, ...] = ()
    previous: Ballots | None = None
    history: tuple[PastVote, ...] = ()
    dimensions: tuple[str, ...] = ()
    cosine: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class ItemResult:
    """One delphi item after rating, or the forecast (`item` is "forecast", `unit` its unit).

    Percentiles interpolate linearly at (n - 1) p. `point` is one point of the scale in the unit; IPR
    and IPRAS are for ratings only. A forecast is `converged` or `undecided`, an item one of the others.
    """

    item: str
    n: int
    level: float
    median: float | None
    quartiles: tuple[float, float] | None
    ipr: float | None
    ipras: float | None
    disagreement: bool
    verdict: Literal["accepted", "rejected", "converged", "undecided"]
    stable: bool | None
    moved: float | None
    range: tuple[float, float] | None = None
    unit: str | None = None
    point: float = 1.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a method decides: its level, who leads, with what weights. All else is shared code.

    `leaders` holds more than one position only when incompatible positions lead with equal share
    (a split), none when nobody voted. `shares` maps every position with a vote to its share L.
    `weights` follow `Ballots.voters`. `capped`: the band is at most `weak` (numbers in disagreement,
    themes that nobody could check). `method` is the one that ran; `notes` say why it is not the one wished
    for, and what else to know.
    """

    method: str
    level: float
    leaders: tuple[str, ...]
    shares: Mapping[str, float]
    weights: tuple[float, ...]
    unanimous: bool
    capped: bool = False
    items: tuple[ItemResult, ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict[str, object])
    notes: tuple[str, ...] = ()
