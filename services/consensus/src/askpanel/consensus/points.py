"""What the key points of the ballots add up to: where voters agree, and what they contest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from askpanel.consensus.ballots import Ballot, Ballots, Said, Verdict
from askpanel.consensus.keypoints.clustering import Cluster, Item, Likeness, cluster, joined
from askpanel.consensus.keypoints.likeness import Embed, likeness
from askpanel.consensus.keypoints.negation import contradicts
from askpanel.consensus.keypoints.normalise import normalise
from askpanel.consensus.result import AgreementPoint, DisagreementPoint, Quote, Side
from askpanel.consensus.votes import TIE

Contests = tuple[tuple[int, int], ...]
"""Pairs of places in `Themes.clusters`, the lower first."""

MOST_CONTESTED = 50
"""Contested points of one result; the matrix shows whatever was said. Twelve experts who each name four figures
contest a thousand pairs: in sentences of 200 characters more than the 1 MB that the log takes."""


@dataclass(frozen=True, slots=True)
class Themes:
    """The points of all voters, clustered; clusters index into `items`.

    `prose` maps the place of a cluster to (ballot, who said it) of sentences that make its point.
    """

    items: tuple[Item, ...]
    clusters: tuple[Cluster, ...]
    likeness: Likeness
    prose: Mapping[int, tuple[tuple[int, Said], ...]] = field(
        default_factory=dict[int, tuple[tuple[int, Said], ...]]
    )

    def ballots_of(self, one: Cluster) -> tuple[int, ...]:
        """The ballots behind a cluster, each once, in order."""
        return tuple(sorted({self.items[row].ballot for row in one.rows}))

    def text_of(self, one: Cluster) -> str:
        return self.items[one.medoid].text

    @property
    def by_likeness(self) -> bool:
        """Whether texts of different words count as one point."""
        words = ({normalise(self.items[row].text) for row in one.rows} for one in self.clusters)
        return bool(self.prose) or any(len(texts) > 1 for texts in words)


def themes(ballots: Ballots, embed: Embed | None = None) -> Themes:
    """Cluster every voter's key points. Points of two sides share a cluster by the same words only."""
    items = tuple(
        sorted(
            (
                Item(point.text, number, side_of(ballots, ballot), point.dimension, point.said)
                for number, ballot in enumerate(ballots.voters)
                for point in ballot.points
            ),
            key=lambda item: (item.text, item.ballot),
        )
    )
    alike = likeness([item.text for item in items], embed)
    return Themes(items, joined(cluster(items, alike), items, alike), alike)


def side_of(ballots: Ballots, ballot: Ballot) -> str | None:
    """support (with conditional) or oppose, the option, the first choice; None where no side is known."""
    if ballots.space == "stance":
        return {"support": "support", "conditional": "support", "oppose": "oppose"}.get(ballot.vote)
    if ballots.space in ("option", "ranking"):
        return ballot.vote
    return None


def with_clusters(ballots: Ballots, found: Themes) -> Ballots:
    """The ballots of an open panel with the clusters each holds: its vote space.

    Cluster ids are their places in `found.clusters`, best supported first.
    """
    held: list[set[str]] = [set() for _ in ballots.voters]
    for number, one in enumerate(found.clusters):
        for ballot in found.ballots_of(one):
            held[ballot].add(cluster_id(number))
    return replace(
        ballots,
        positions=tuple(cluster_id(number) for number in range(len(found.clusters))),
        clusters=tuple(frozenset(clusters) for clusters in held),
    )


def cluster_id(number: int) -> str:
    return f"theme-{number + 1:03d}"


def agreement_points(ballots: Ballots, found: Themes, least_share: float) -> tuple[AgreementPoint, ...]:
    """Points held by at least two voters and by `least_share` of them, best supported first.

    Typed points alone decide what is agreed. Who makes the same point in prose only is then listed as
    a supporter too, with the sentence as the quote.
    """
    return tuple(
        _agreement(ballots, found, place, one)
        for place, one in enumerate(found.clusters)
        if agreed(ballots, found, one, least_share)
    )


def undisputed(
    points: Sequence[AgreementPoint], verdict: Verdict, text_of: Mapping[str, str]
) -> tuple[AgreementPoint, ...]:
    """Without those that hold, word for word, an item whose ratings disagree: the ratings are the vote."""
    disputed = {normalise(text_of.get(item.item, item.item)) for item in verdict.items if item.disagreement}
    return tuple(
        point for point in points if disputed.isdisjoint(normalise(quote.text) for quote in point.quotes)
    )


def _agreement(ballots: Ballots, found: Themes, place: int, one: Cluster) -> AgreementPoint:
    prose = found.prose.get(place, ())
    behind = sorted({*found.ballots_of(one), *(ballot for ballot, _ in prose)})
    sentences = {Quote(said.agent_id, said.response_id, said.text) for _, said in prose}
    return AgreementPoint(
        text=found.text_of(one),
        supporters=agents(ballots, behind),
        quotes=tuple(
            sorted({*quotes(found, one), *sentences}, key=lambda q: (q.agent_id, q.text, q.response_id))
        ),
        n=len(behind),
        dimension=common_dimension(found, one),
    )


def agreed(ballots: Ballots, found: Themes, one: Cluster, least_share: float) -> bool:
    behind = len(found.ballots_of(one))
    return behind >= 2 and behind >= least_share * len(ballots) - TIE


def quotes(found: Themes, one: Cluster) -> tuple[Quote, ...]:
    """Every text of the cluster with each seat that said it, sorted by agent and text."""
    said = {
        Quote(said.agent_id, said.response_id, said.text)
        for row in one.rows
        for said in found.items[row].said
    }
    return tuple(sorted(said, key=lambda quote: (quote.agent_id, quote.text, quote.response_id)))


def common_dimension(found: Themes, one: Cluster) -> str | None:
    """The dimension when all who chose one for this point chose the same; else None."""
    chosen = {found.items[row].dimension for row in one.rows} - {None}
    return chosen.pop() if len(chosen) == 1 else None


def contests(found: Themes) -> Contests:
    """Pairs of clusters that speak of one thing and stand against each other, by their places, lower first.

    They are alike (mean likeness at the cut for unknown sides) and either held by two sides or kept
    apart by the negation guard.
    """
    return tuple(
        (one, two)
        for one, two in combinations(range(len(found.clusters)), 2)
        if contested(found, found.clusters[one], found.clusters[two])
    )


def contested_points(ballots: Ballots, found: Themes, pairs: Contests) -> tuple[DisagreementPoint, ...]:
    """What each contest is about, most voters first, at most MOST_CONTESTED."""
    points = [_contest(ballots, found, found.clusters[one], found.clusters[two]) for one, two in pairs]
    return tuple(
        sorted(points, key=lambda point: (-sum(len(side.agents) for side in point.sides), point.text))
    )[:MOST_CONTESTED]


def contested(found: Themes, one: Cluster, two: Cluster) -> bool:
    """Alike on the whole, and opposed in their texts or in their sides."""
    values = found.likeness.values
    alike = [values.item(i, j) for i in one.rows for j in two.rows]
    if sum(alike) / len(alike) < found.likeness.across:
        return False
    return _two_sides(found, one, two) or any(
        contradicts(found.items[i].text, found.items[j].text) for i in one.rows for j in two.rows
    )


def _two_sides(found: Themes, one: Cluster, two: Cluster) -> bool:
    here = {found.items[row].side for row in one.rows} - {None}
    there = {found.items[row].side for row in two.rows} - {None}
    return bool(here and there and not here & there)


def _contest(ballots: Ballots, found: Themes, one: Cluster, two: Cluster) -> DisagreementPoint:
    """The better supported text names the point; the sides are named by their votes, else by their texts."""
    names = [_votes_behind(ballots, found, group) for group in (one, two)]
    distinct = names[0] != names[1] and all(names)
    texts = _texts(found, one, two)
    return DisagreementPoint(
        text=found.text_of(one),
        sides=tuple(
            Side(
                position=name if distinct else text,
                text=text,
                agents=agents(ballots, found.ballots_of(group)),
            )
            for name, text, group in zip(names, texts, (one, two), strict=True)
        ),
        quotes=quotes(found, one) + quotes(found, two),
    )


def _texts(found: Themes, one: Cluster, two: Cluster) -> tuple[str, str]:
    """What each side says: the texts that stand for them; where these are the same words, a pair that contradicts."""
    texts = found.text_of(one), found.text_of(two)
    if normalise(texts[0]) != normalise(texts[1]):
        return texts
    pairs = ((found.items[i].text, found.items[j].text) for i in one.rows for j in two.rows)
    return next((pair for pair in pairs if contradicts(*pair)), texts)


def _votes_behind(ballots: Ballots, found: Themes, group: Cluster) -> str:
    if ballots.space not in ("stance", "option", "ranking"):
        return ""
    votes = {ballots.voters[number].vote for number in found.ballots_of(group)}
    return votes.pop() if len(votes) == 1 else ""


def vote_disagreement(
    ballots: Ballots, verdict: Verdict, text_of: dict[str, str]
) -> tuple[DisagreementPoint, ...]:
    """The vote itself, first among the disagreements unless unanimous.

    `text_of` maps a position to the words that stand for it. Open panels have no vote. Delphi: each
    item in disagreement, its raters in three groups (1-3, 4-6, 7-9); a forecast in disagreement, who is
    near the median, above and below.
    """
    if verdict.unanimous or ballots.space == "points" or not ballots.voters:
        return ()
    if ballots.space == "forecast" and not any(item.disagreement for item in verdict.items):
        return ()
    if ballots.space == "ratings":
        return tuple(
            _rating_sides(ballots, item.item, text_of) for item in verdict.items if item.disagreement
        )
    voted = sorted(
        {ballot.vote for ballot in ballots.voters}, key=lambda vote: (-verdict.shares.get(vote, 0.0), vote)
    )
    if len(voted) < 2:
        return ()
    leading = verdict.leaders[0] if verdict.leaders else voted[0]
    return (
        DisagreementPoint(
            text=text_of.get(leading, leading),
            sides=tuple(
                Side(
                    position=vote,
                    text=text_of.get(vote, vote),
                    agents=_agents(ballot for ballot in ballots.voters if ballot.vote == vote),
                )
                for vote in voted
            ),
            is_vote=True,
        ),
    )


def _rating_sides(ballots: Ballots, item: str, text_of: dict[str, str]) -> DisagreementPoint:
    place = ballots.positions.index(item)
    bands = (("7-9", 7, 9), ("4-6", 4, 6), ("1-3", 1, 3))
    sides = [
        Side(
            name,
            text_of.get(item, item),
            _agents(b for b in ballots.voters if low <= (b.ratings[place] or 0) <= high),
        )
        for name, low, high in bands
    ]
    return DisagreementPoint(
        text=text_of.get(item, item), sides=tuple(side for side in sides if side.agents), is_vote=True
    )


def agents(ballots: Ballots, numbers: Sequence[int]) -> tuple[str, ...]:
    """agent_ids behind these ballots, clones included, sorted."""
    return _agents(ballots.voters[number] for number in numbers)


def _agents(voters: Iterable[Ballot]) -> tuple[str, ...]:
    return tuple(sorted(agent_id for ballot in voters for agent_id in ballot.agent_ids))
