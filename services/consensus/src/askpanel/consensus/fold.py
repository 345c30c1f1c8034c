"""Answers into ballots: who votes, with what, who abstains and why."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from askpanel.consensus.ballots import (
    STANCES,
    VOTING_ROLES,
    Abstention,
    Answer,
    Ballot,
    Ballots,
    Member,
    Option,
    Point,
    Quantity,
    Said,
    Space,
)
from askpanel.consensus.clones import merge_clones
from askpanel.consensus.forecasts import CAMPS, in_camps, read_value
from askpanel.consensus.keypoints.normalise import normalise


@dataclass(frozen=True, slots=True)
class Rules:
    """How this panel's answers are read. `evidence_ids` None: the list of evidence is not known.

    `quantity` is what is forecast, with its point; set for the space `forecast` only.
    """

    space: Space
    options: tuple[Option, ...] = ()
    items: tuple[Option, ...] = ()
    evidence_ids: frozenset[str] | None = None
    quantity: Quantity | None = None

    @property
    def numeric(self) -> bool:
        """Whether numbers are the vote: ratings or a forecast."""
        return self.space in ("ratings", "forecast")

    @property
    def positions(self) -> tuple[str, ...]:
        if self.space == "ratings":
            return tuple(sorted(item.id for item in self.items))
        if self.space in ("option", "ranking"):
            return tuple(sorted(option.id for option in self.options))
        if self.space == "forecast":
            return CAMPS
        return () if self.space == "points" else STANCES


def fold(answers: Iterable[Answer], rules: Rules, *, merge: bool = True) -> Ballots:
    """One ballot per voting seat (its last answer), sorted by agent_id; clones are one (see `clones.py`).

    Without `merge` every seat counts, as it always does where numbers are the vote. Moderators, judges,
    chairs and observers are dropped. What cannot be read abstains. The vote of a forecast is where it
    stands among those that count.
    """
    voters: list[Ballot] = []
    abstained: list[Abstention] = []
    unknown = 0
    for answer in last_by_seat(answers):
        if rules.evidence_ids is not None:
            unknown += len(set(answer.citations) - rules.evidence_ids)
        read = _read(answer, rules)
        if isinstance(read, Ballot):
            voters.append(read)
        else:
            abstained.append(Abstention(answer.agent_id, answer.agent_name, read))
    return in_camps(
        Ballots(
            voters=merge_clones(voters) if merge and not rules.numeric else tuple(voters),
            space=rules.space,
            positions=rules.positions,
            abstained=tuple(sorted(abstained, key=lambda one: one.agent_id)),
            unknown_citations=unknown,
            quantity=rules.quantity,
        )
    )


def last_by_seat(answers: Iterable[Answer]) -> tuple[Answer, ...]:
    """The voting answers, the last one of each agent by sequence, sorted by agent_id."""
    last: dict[str, Answer] = {}
    for answer in answers:
        if answer.role not in VOTING_ROLES:
            continue
        known = last.get(answer.agent_id)
        if known is None or (known.sequence, known.response_id) < (answer.sequence, answer.response_id):
            last[answer.agent_id] = answer
    return tuple(last[agent_id] for agent_id in sorted(last))


def all_rounds(earlier: Iterable[Answer], now: Iterable[Answer]) -> tuple[Answer, ...]:
    """Open panels: each seat's last answer with the points of all its answers, each under its response.

    A seat that answered only earlier keeps its points.
    """
    answers = [answer for answer in (*earlier, *now) if answer.role in VOTING_ROLES]
    merged: list[Answer] = []
    for last in last_by_seat(answers):
        own = sorted(
            (one for one in answers if one.agent_id == last.agent_id),
            key=lambda one: (one.sequence, one.response_id),
        )
        points = tuple(point for one in own for point in _points(one, one.key_points))
        merged.append(replace(last, key_points=points))
    return tuple(merged)


def _read(answer: Answer, rules: Rules) -> Ballot | str:
    """The ballot, or the reason why the answer abstains."""
    if answer.unreadable is not None:
        return f"unreadable: {answer.unreadable}"
    if not math.isfinite(answer.weight) or answer.weight <= 0:
        return f"weight {answer.weight:g} is not a number above 0"
    ranking, complete = _ranking(answer, rules)
    ratings = _ratings(answer, rules)
    points = _points(answer, answer.key_points)
    vote = _vote(answer, rules, ranking, ratings, points)
    if isinstance(vote, _Abstains):
        return vote.reason
    value = read_value(answer.forecast, rules.quantity) if rules.quantity else None
    if isinstance(value, str):
        return value
    known = rules.evidence_ids
    return Ballot(
        members=(
            Member(answer.agent_id, answer.agent_name, answer.response_id, answer.seat, answer.content),
        ),
        vote=vote,
        role=answer.role,
        model=answer.model,
        weight=float(answer.weight),
        position=answer.position,
        stance=answer.stance if answer.stance in STANCES else None,
        points=points,
        conditions=_points(answer, answer.conditions),
        ratings=ratings,
        ranking=ranking,
        confidence=_confidence(answer.confidence),
        citations=frozenset(answer.citations) if known is None else known & set(answer.citations),
        complete=complete,
        forecast=value,
    )


@dataclass(frozen=True, slots=True)
class _Abstains:
    reason: str


def _vote(
    answer: Answer,
    rules: Rules,
    ranking: tuple[tuple[str, ...], ...],
    ratings: tuple[int | None, ...],
    points: tuple[Point, ...],
) -> str | _Abstains:
    """The vote in this panel's space. `abstain` is a stance: it takes back no option, rating or point."""
    if rules.space == "stance":
        if answer.stance in STANCES:
            return str(answer.stance)
        reasons = {"abstain": "abstained", None: "no stance"}
        return _Abstains(reasons.get(answer.stance, "unknown stance"))
    if rules.space == "option":
        if answer.option in rules.positions:
            return str(answer.option)
        return _Abstains("no option chosen" if answer.option is None else "unknown option")
    if rules.space == "forecast":
        return ""
    if rules.space == "ranking":
        return "=".join(ranking[0]) if len(ranking) > 1 else _Abstains("no order in the ranking")
    if rules.space == "ratings":
        return "" if any(rating is not None for rating in ratings) else _Abstains("no rating")
    return "" if points else _Abstains("no key point")


def _ranking(answer: Answer, rules: Rules) -> tuple[tuple[tuple[str, ...], ...], bool]:
    """Places best first over every option, and whether every option was placed.

    Unranked options share the last place. A ballot with only `option` set ranks that option first.
    Unknown ids are ignored.
    """
    if rules.space != "ranking":
        return (), True
    left = {option.id for option in rules.options}
    given = answer.ranking or (((answer.option,),) if answer.option else ())
    places: list[tuple[str, ...]] = []
    for place in given:
        named = left & set(place)
        left -= named
        if named:
            places.append(tuple(sorted(named)))
    complete = len(left) < 2
    if left:
        places.append(tuple(sorted(left)))
    return tuple(places), complete


def _ratings(answer: Answer, rules: Rules) -> tuple[int | None, ...]:
    """One rating per item, sorted by item id; outside 1-9 or missing: None, no view."""
    if rules.space != "ratings":
        return ()
    given = {
        item.id: rating
        for item, rating in zip(rules.items, answer.ratings, strict=False)
        if rating is not None and 1 <= rating <= 9
    }
    return tuple(given.get(item_id) for item_id in rules.positions)


def _points(answer: Answer, points: Iterable[Point]) -> tuple[Point, ...]:
    """Each point once, blank ones dropped, in an order that does not depend on the author's."""
    first: dict[str, Point] = {}
    for point in sorted(points, key=lambda one: (normalise(one.text), one.text, one.dimension or "")):
        if key := normalise(point.text):
            said = point.said or (Said(answer.agent_id, answer.response_id, point.text),)
            first.setdefault(key, Point(point.text, point.dimension, said))
    return tuple(first.values())


def _confidence(value: float | None) -> float | None:
    """0-1 or None. Outside the range: None, never clamped."""
    if value is None or not math.isfinite(value) or not 0 <= value <= 1:
        return None
    return float(value)
