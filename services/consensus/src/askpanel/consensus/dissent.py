"""Who does not go along with the leading position, in their own words, and what else was proposed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from statistics import median

from askpanel.consensus.ballots import Ballot, Ballots, Member, Point, Verdict
from askpanel.consensus.forecasts import amount
from askpanel.consensus.methods.ranked import midranks
from askpanel.consensus.points import Themes, cluster_id, contested
from askpanel.consensus.positions import Texts, agents_of, conditions_of, voters_of
from askpanel.consensus.result import AgreementPoint, Alternative, Dissent
from askpanel.consensus.spread import FAR, within
from askpanel.consensus.votes import kernel


def dissenting_opinions(
    ballots: Ballots, verdict: Verdict, found: Themes, agreed: tuple[AgreementPoint, ...]
) -> tuple[Dissent, ...]:
    """One entry per dissenting seat, sorted by agent_id.

    opinion = the position (else the first key point, else the vote); reasoning = the voter's points
    outside the agreement they are behind, one after the other. Low confidence or unusual words are no dissent.
    """
    shared = {(quote.agent_id, quote.text) for point in agreed for quote in point.quotes}
    entries = [
        Dissent(
            agent_id=member.agent_id,
            agent_name=member.agent_name,
            opinion=ballot.position.strip() or next((point.text for point in ballot.points), _vote(ballot)),
            reasoning=in_a_row(
                [point.text for point in ballot.points if not _is_shared(point, member, shared)]
            ),
            confidence=ballot.confidence,
        )
        for number, ballot in enumerate(ballots.voters)
        if dissents(ballots, verdict, found, number)
        for member in ballot.members
    ]
    return tuple(sorted(entries, key=lambda entry: entry.agent_id))


def _is_shared(point: Point, member: Member, shared: Collection[tuple[str, str]]) -> bool:
    """Whether the agreement quotes this seat for this point."""
    return any(
        said.agent_id == member.agent_id and (said.agent_id, said.text) in shared for said in point.said
    )


def in_a_row(points: Sequence[str]) -> str:
    """Points as they were written, with a semicolon only after one that does not end as a sentence does."""
    ends = (text if text.endswith((".", "!", "?", "…")) else f"{text};" for text in points[:-1])
    return " ".join((*ends, *points[-1:]))


def _vote(ballot: Ballot) -> str:
    return ballot.vote if ballot.forecast is None else amount(ballot.forecast)


def dissents(ballots: Ballots, verdict: Verdict, found: Themes, number: int) -> bool:
    """Is voter `number` incompatible with every leading position? `neutral` never is.

    Delphi: some rating, or the forecast, more than 2 points from the final median. Ranked: the leader in the lower half
    of the ballot. Open: behind a point that contradicts the leading one, and not behind the leader.
    """
    ballot = ballots.voters[number]
    if ballots.space == "ratings":
        return _far_from_median(ballots, verdict, ballot)
    if ballots.space == "forecast":
        return is_far_forecast(verdict, ballot)
    if ballots.space == "ranking":
        return bool(verdict.leaders) and all(_lower_half(ballot, leader) for leader in verdict.leaders)
    if ballots.space == "points":
        return _behind_a_contrary_point(ballots, verdict, found, number)
    if ballots.space == "stance" and ballot.vote == "neutral":
        return False
    return bool(verdict.leaders) and all(
        kernel(ballots, ballot.vote, leader) == 0 for leader in verdict.leaders
    )


def _far_from_median(ballots: Ballots, verdict: Verdict, ballot: Ballot) -> bool:
    for item in verdict.items:
        rating = ballot.ratings[ballots.positions.index(item.item)]
        if rating is not None and item.median is not None and abs(rating - item.median) > FAR:
            return True
    return False


def is_far_forecast(verdict: Verdict, ballot: Ballot) -> bool:
    """Whether a forecast is more than two points of its scale from the median."""
    return ballot.forecast is not None and any(
        item.median is not None and not within(ballot.forecast - item.median, FAR * item.point)
        for item in verdict.items
    )


def _lower_half(ballot: Ballot, leader: str) -> bool:
    """The leader's mid-rank is worse than the middle."""
    ranks = midranks(ballot.ranking)
    return ranks[leader] > (len(ranks) + 1) / 2


def _behind_a_contrary_point(ballots: Ballots, verdict: Verdict, found: Themes, number: int) -> bool:
    held = ballots.clusters[number]
    groups = {cluster_id(place): one for place, one in enumerate(found.clusters)}
    return not held & set(verdict.leaders) and any(
        contested(found, groups[leader], groups[own]) for leader in verdict.leaders for own in held
    )


def alternatives(ballots: Ballots, verdict: Verdict, text_of: Texts) -> tuple[Alternative, ...]:
    """Every position but the leader, best first; after a split, the leading ones too.

    confidence = sum of w c over its voters / sum of w over all (w the expert weight); a missing c is
    the panel's median, else .5 with `confidence_stated` False.
    """
    stated = [ballot.confidence for ballot in ballots.voters if ballot.confidence is not None]
    middle = median(stated) if stated else 0.5
    total = sum(ballot.weight for ballot in ballots.voters)
    found: list[Alternative] = []
    for position in verdict.shares:
        voters = voters_of(ballots, position)
        if len(verdict.leaders) == 1 and position in verdict.leaders:
            continue
        backed = sum(b.weight * (middle if b.confidence is None else b.confidence) for b in voters)
        found.append(
            Alternative(
                position=position,
                text=text_of.get(position, position),
                supporters=agents_of(voters),
                conditions=conditions_of(voters),
                confidence=backed / total,
                confidence_stated=bool(voters) and all(b.confidence is not None for b in voters),
            )
        )
    return tuple(
        sorted(
            found, key=lambda one: (-round(one.confidence, 9), -len(one.supporters), one.text, one.position)
        )
    )
