"""From prose to points: sentences of an answer that make a point which its author did not list."""

from __future__ import annotations

from dataclasses import replace

from askpanel.consensus.ballots import Ballots, Said
from askpanel.consensus.keypoints.embeddings import MiniLM
from askpanel.consensus.keypoints.likeness import Embed
from askpanel.consensus.keypoints.matching import match, sentences, shipped
from askpanel.consensus.keypoints.negation import contradicts
from askpanel.consensus.keypoints.normalise import normalise
from askpanel.consensus.points import Themes, side_of

MOST_SENTENCES = 200
"""Sentences of one panel that are read, in agent order; the time of matching grows with them."""


def with_prose(ballots: Ballots, found: Themes, topic: str, embed: Embed | None) -> Themes:
    """The themes with the sentences that make their points, at the matcher's precise threshold.

    A sentence counts for its best point only, only where its author's side made it, never where the author
    listed the point, never against the negation guard. Prose never makes or moves a vote.
    """
    spoken = _spoken(ballots)
    if not spoken or not found.clusters:
        return found
    model = embed if isinstance(embed, MiniLM) else None
    points = [found.text_of(one) for one in found.clusters]
    scores = match([said.text for _, said in spoken], points, topic, model)
    least = shipped().weights(model is not None).precise
    prose: dict[int, list[tuple[int, Said]]] = {}
    bests, highest = scores.argmax(axis=1).tolist(), scores.max(axis=1).tolist()
    for (ballot, said), best, score in zip(spoken, bests, highest, strict=True):
        if score >= least and _may_stand_behind(ballots, found, best, ballot, said.text):
            prose.setdefault(best, []).append((ballot, said))
    return replace(found, prose={place: tuple(entries) for place, entries in sorted(prose.items())})


def _spoken(ballots: Ballots) -> list[tuple[int, Said]]:
    """Each sentence with its ballot and author; sentences that repeat a listed point are left out."""
    spoken: list[tuple[int, Said]] = []
    for number, ballot in enumerate(ballots.voters):
        listed = {normalise(point.text) for point in ballot.points}
        for member in ballot.members:
            spoken += [
                (number, Said(member.agent_id, member.response_id, text))
                for text in sentences(member.content)
                if normalise(text) not in listed
            ]
    return spoken[:MOST_SENTENCES]


def _may_stand_behind(ballots: Ballots, found: Themes, place: int, ballot: int, text: str) -> bool:
    one = found.clusters[place]
    sides = {found.items[row].side for row in one.rows}
    return (
        ballot not in found.ballots_of(one)
        and side_of(ballots, ballots.voters[ballot]) in sides
        and (None not in sides or len(sides) == 1)
        and not any(contradicts(text, found.items[row].text) for row in one.rows)
    )
