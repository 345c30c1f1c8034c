"""The comparison matrix: aspects x experts, what each says on each, in their own words."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from askpanel.consensus.ballots import Ballot, Ballots
from askpanel.consensus.forecasts import NEAR
from askpanel.consensus.keypoints.clustering import Cluster
from askpanel.consensus.points import Contests, Themes, common_dimension, quotes
from askpanel.consensus.positions import RATED_HIGH, Texts
from askpanel.consensus.result import Aspect, Cell, Quote, View

RATED_LOW = 3


def matrix(ballots: Ballots, found: Themes, pairs: Contests, text_of: Texts) -> tuple[Aspect, ...]:
    """The vote's rows first, then one row per point, best supported first; cells in agent order.

    A row of a point is `support` for those who make it, `oppose` for those who make a point that
    contests it, `qualified` for supporters with conditions, `neutral` for those who say nothing on it.
    A contesting point has no row of its own.
    """
    rows = list(_vote_rows(ballots, text_of))
    shown: set[int] = set()
    for number, one in enumerate(found.clusters):
        if number in shown:
            continue
        against = [place for first, place in pairs if first == number and place not in shown]
        shown.update(against)
        rows.append(_point_row(ballots, found, one, [found.clusters[place] for place in against]))
    return tuple(rows)


def _vote_rows(ballots: Ballots, text_of: Texts) -> list[Aspect]:
    """Stances: one row, the vote; a forecast too. Options, rankings, items: one row each. Open: none."""
    if ballots.space == "points" or not ballots.voters:
        return []
    if ballots.space == "stance":
        return [Aspect("vote", "vote", None, _cells(ballots, lambda ballot: _stance_view(ballot.vote)))]
    if ballots.space == "forecast":
        cells = _cells(ballots, lambda ballot: "support" if ballot.vote == NEAR else "oppose")
        return [Aspect(text_of[NEAR], "vote", None, cells)]
    kind = "item" if ballots.space == "ratings" else "option"
    return [
        Aspect(
            text_of.get(position, position),
            kind,
            None,
            _cells(ballots, lambda ballot, position=position: _view_of(ballots, ballot, position)),
        )
        for position in ballots.positions
    ]


def _stance_view(vote: str) -> View:
    views: dict[str, View] = {"support": "support", "oppose": "oppose", "conditional": "qualified"}
    return views.get(vote, "neutral")


def _view_of(ballots: Ballots, ballot: Ballot, position: str) -> View:
    """Item: 7-9 support, 1-3 oppose, else neutral. Option: the choice (or first place) is support."""
    if ballots.space == "ratings":
        rating = ballot.ratings[ballots.positions.index(position)]
        if rating is None or RATED_LOW < rating < RATED_HIGH:
            return "neutral"
        return "support" if rating >= RATED_HIGH else "oppose"
    chosen = position in ballot.ranking[0] if ballot.ranking else position == ballot.vote
    if not chosen:
        return "neutral"
    return "qualified" if ballot.conditions else "support"


def _cells(ballots: Ballots, view: Callable[[Ballot], View]) -> tuple[Cell, ...]:
    """One cell per seat with its position as the quote."""
    cells = [
        Cell(
            member.agent_id,
            member.agent_name,
            view(ballot),
            (Quote(member.agent_id, member.response_id, ballot.position),) if ballot.position.strip() else (),
        )
        for ballot in ballots.voters
        for member in ballot.members
    ]
    return tuple(sorted(cells, key=lambda cell: cell.agent_id))


def _point_row(ballots: Ballots, found: Themes, one: Cluster, against: list[Cluster]) -> Aspect:
    pro = _by_agent(quotes(found, one))
    con = _by_agent(quote for two in against for quote in quotes(found, two))
    cells: list[Cell] = []
    for ballot in ballots.voters:
        for member in ballot.members:
            mine, other = pro.get(member.agent_id, ()), con.get(member.agent_id, ())
            cells.append(
                Cell(member.agent_id, member.agent_name, _point_view(ballot, mine, other), mine + other)
            )
    cells.sort(key=lambda cell: cell.agent_id)
    return Aspect(found.text_of(one), "point", common_dimension(found, one), tuple(cells))


def _by_agent(said: Iterable[Quote]) -> dict[str, tuple[Quote, ...]]:
    found: dict[str, tuple[Quote, ...]] = {}
    for quote in said:
        found[quote.agent_id] = (*found.get(quote.agent_id, ()), quote)
    return found


def _point_view(ballot: Ballot, mine: tuple[Quote, ...], other: tuple[Quote, ...]) -> View:
    """Both sides at once, or support under conditions: qualified."""
    if mine and (other or ballot.conditions):
        return "qualified"
    if mine:
        return "support"
    return "oppose" if other else "neutral"
