"""Seats of one model that gave one answer, word for word: a copy of an answer is no second voice.

A model without randomness that holds three seats would else outvote two experts with one answer. Different
answers of one model count each; what they share shows in `n_eff`. The result names the merged seats, and who
would lead if each counted. Ratings and forecasts are never merged: the experts are shown figures over all
seats, and a result with other figures would contradict them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from askpanel.consensus.ballots import Ballot, Ballots, Point
from askpanel.consensus.keypoints.normalise import normalise


def merge_clones(voters: Sequence[Ballot]) -> tuple[Ballot, ...]:
    """Same model, same vote, same normalised position and points: one ballot.

    It keeps the largest weight and the lowest confidence and lists every seat. Humans and seats of
    an unknown model are never merged.
    """
    merged: dict[object, Ballot] = {}
    for ballot in sorted(voters, key=lambda one: one.agent_id):
        key = _key(ballot)
        known = merged.get(key)
        merged[key] = ballot if known is None else _together(known, ballot)
    return tuple(sorted(merged.values(), key=lambda one: one.agent_id))


def named(ballots: Ballots) -> str:
    """Which seats count as one voter, in words; "" where there are none."""
    groups = [ballot.members for ballot in ballots.voters if len(ballot.members) > 1]
    return "; ".join(
        f"{_listed([member.agent_name for member in members])} gave the same answer and count as one voter"
        for members in groups
    )


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _together(known: Ballot, clone: Ballot) -> Ballot:
    stated = [c for c in (known.confidence, clone.confidence) if c is not None]
    return replace(
        known,
        members=known.members + clone.members,
        points=_joined(known.points, clone.points),
        conditions=_joined(known.conditions, clone.conditions),
        weight=max(known.weight, clone.weight),
        confidence=min(stated, default=None),
        citations=known.citations | clone.citations,
    )


def _joined(known: tuple[Point, ...], clone: tuple[Point, ...]) -> tuple[Point, ...]:
    """The same points (their normalised texts are equal) with the speakers of both."""
    others = {normalise(point.text): point.said for point in clone}
    return tuple(replace(point, said=point.said + others[normalise(point.text)]) for point in known)


def _key(ballot: Ballot) -> object:
    if ballot.role == "human" or ballot.model is None:
        return ballot.agent_id
    return (
        ballot.model,
        ballot.vote,
        ballot.ranking,
        normalise(ballot.position),
        tuple(sorted({normalise(point.text) for point in ballot.points})),
        tuple(sorted({normalise(condition.text) for condition in ballot.conditions})),
    )
