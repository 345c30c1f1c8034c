"""The positions of a panel in words: what stands for a vote, who is behind it, on what conditions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from askpanel.consensus.ballots import Ballot, Ballots, Option, Verdict
from askpanel.consensus.forecasts import camp_texts
from askpanel.consensus.keypoints.clustering import Item, medoid
from askpanel.consensus.keypoints.likeness import likeness
from askpanel.consensus.keypoints.normalise import normalise
from askpanel.consensus.points import Themes, cluster_id
from askpanel.consensus.result import PositionWeight

RATED_HIGH = 7

Texts = dict[str, str]
"""Position -> the words that stand for it."""


def texts(ballots: Ballots, options: Sequence[Option], found: Themes) -> Texts:
    """Options and items by their own text, clusters by their medoid, stances by a voter's position,
    forecasts by their figures.

    A stance's text is the medoid of its voters' positions, verbatim, of experts' where there are any: a
    person is advised, not quoted to themselves. The stance's name where all are blank.
    """
    if ballots.space == "points":
        return {cluster_id(number): found.text_of(one) for number, one in enumerate(found.clusters)}
    if ballots.space in ("option", "ratings", "ranking"):
        return {option.id: option.text or option.id for option in options}
    if ballots.space == "forecast":
        return camp_texts(ballots)
    voted = {ballot.vote for ballot in ballots.voters}
    return {vote: _representative(ballots, vote) for vote in sorted(voted)}


def _representative(ballots: Ballots, vote: str) -> str:
    behind = [b for b in ballots.voters if b.vote == vote and normalise(b.position)]
    said = sorted({b.position for b in behind if b.role != "human"} or {b.position for b in behind})
    if not said:
        return vote
    if len(said) < 3:  # nobody's words are more alike to the others: see `medoid`
        return min(said, key=lambda text: (len(text), text))
    items = [Item(text, number) for number, text in enumerate(said)]
    return said[medoid(range(len(said)), items, likeness(said).values)]


def voters_of(ballots: Ballots, position: str) -> tuple[Ballot, ...]:
    """The ballots for a position. Delphi: those rating the item 7 or more; ranked: first choice, ties too."""
    return tuple(
        ballot for number, ballot in enumerate(ballots.voters) if _behind(ballots, number, ballot)(position)
    )


def _behind(ballots: Ballots, number: int, ballot: Ballot) -> Callable[[str], bool]:
    if ballots.space == "points":
        return lambda position: position in ballots.clusters[number]
    if ballots.space == "ratings":
        given = dict(zip(ballots.positions, ballot.ratings, strict=True))
        return lambda position: (given.get(position) or 0) >= RATED_HIGH
    if ballots.space == "ranking":
        return lambda position: position in ballot.ranking[0]
    return lambda position: ballot.vote == position


def agents_of(voters: Sequence[Ballot]) -> tuple[str, ...]:
    """agent_ids behind ballots, clones included, sorted."""
    return tuple(sorted(agent_id for ballot in voters for agent_id in ballot.agent_ids))


def conditions_of(voters: Sequence[Ballot]) -> tuple[str, ...]:
    """Their conditions, verbatim, each once, alphabetical."""
    first: dict[str, str] = {}
    for text in sorted(condition.text for ballot in voters for condition in ballot.conditions):
        first.setdefault(normalise(text), text)
    return tuple(first.values())


def position_weights(ballots: Ballots, verdict: Verdict, text_of: Texts) -> tuple[PositionWeight, ...]:
    """Every position that anyone voted for, the largest share first: minorities keep their weight."""
    ordered = sorted(
        verdict.shares.items(), key=lambda one: (-round(one[1], 9), text_of.get(one[0], one[0]), one[0])
    )
    return tuple(
        PositionWeight(
            position, text_of.get(position, position), share, agents_of(voters_of(ballots, position))
        )
        for position, share in ordered
    )
