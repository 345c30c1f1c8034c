"""Where the negation guard cannot read the points, the result says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from askpanel.consensus.ballots import Ballots, Verdict
from askpanel.consensus.keypoints.language import is_english
from askpanel.consensus.points import Themes

NOT_ENGLISH = "the answers are not in English, so points that contradict each other may count as one"


def guarded(ballots: Ballots, found: Themes, verdict: Verdict) -> Verdict:
    """The verdict, with a note where points of different words count as one and are not in English.

    Stances, options and numbers are counted in any language. Where themes are the vote, what looks
    unanimous may be a contradiction: the band is at most `weak`.
    """
    if not found.by_likeness or is_english(_written(ballots)):
        return verdict
    return replace(
        verdict,
        capped=verdict.capped or ballots.space == "points",
        notes=(*verdict.notes, NOT_ENGLISH),
    )


def _written(ballots: Ballots) -> Iterator[str]:
    """Every text of the answers that count."""
    for ballot in ballots.voters:
        yield ballot.position
        yield from (point.text for point in (*ballot.points, *ballot.conditions))
        yield from (member.content for member in ballot.members)
