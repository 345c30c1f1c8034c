"""Before and after: what a discussion did to the votes of round 1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from statistics import fmean

from askpanel.consensus.ballots import Answer, Ballot, Ballots, Context, Verdict
from askpanel.consensus.fold import Rules, fold
from askpanel.consensus.forecasts import amount, camp, values
from askpanel.consensus.methods import Method
from askpanel.consensus.points import Themes
from askpanel.consensus.result import Change, Shift
from askpanel.consensus.spread import percentile


def shift(
    first: Sequence[Answer], now: Sequence[Answer], rules: Rules, method: Method, context: Context
) -> Shift | None:
    """Round 1 against now, over the seats with a readable ballot in both; None without such a seat.

    distance = 1/2 sum over positions of |p - q|, seats unweighted (delphi: the mean over items of the
    distance between their rating distributions; forecasts: positions are where they stand, on one
    scale). Levels are the method's own on those seats.
    Wynn, Satija, Hadfield, arXiv 2509.05396, 2025: count who changed, and towards whom.
    """
    before, after = fold(first, rules), fold(now, rules)
    earlier, later = _by_agent(before), _by_agent(after)
    both = sorted(earlier.keys() & later.keys())
    if not both or rules.space == "points":
        return None
    level_before = _level(first, both, rules, method, context)
    level_now = _level(now, both, rules, method, context)
    causes = {answer.agent_id: answer.cause for answer in now}
    pairs = [(agent, _vote(earlier[agent]), _vote(later[agent])) for agent in both]
    leaders = level_before.leaders if len(level_before.leaders) == 1 else ()
    return Shift(
        distance=_distance([earlier[agent] for agent in both], [later[agent] for agent in both]),
        level_before=level_before.level,
        level_now=level_now.level,
        changed=tuple(Change(agent, old, new, causes.get(agent)) for agent, old, new in pairs if old != new),
        to_earlier_majority=sum(
            earlier[agent].vote not in leaders and _as_seen_from(before, later[agent]) in leaders
            for agent in both
        ),
    )


def _by_agent(ballots: Ballots) -> dict[str, Ballot]:
    return {agent_id: ballot for ballot in ballots.voters for agent_id in ballot.agent_ids}


def _level(
    answers: Sequence[Answer], seats: Sequence[str], rules: Rules, method: Method, context: Context
) -> Verdict:
    chosen = [answer for answer in answers if answer.agent_id in seats]
    return method(fold(chosen, rules), replace(context, cosine=(), previous=None))


def _as_seen_from(before: Ballots, ballot: Ballot) -> str:
    """The vote; of a forecast, where it stands to the earlier median."""
    if before.quantity is None or ballot.forecast is None:
        return ballot.vote
    return camp(ballot.forecast, percentile(values(before), 0.5), before.quantity.point)


def _vote(ballot: Ballot) -> str:
    """The vote in words; ratings as "7 – 3", a ranking as "a > b = c", a forecast as its number."""
    if ballot.forecast is not None:
        return amount(ballot.forecast)
    if ballot.ratings:
        return " ".join("–" if rating is None else str(rating) for rating in ballot.ratings)
    if ballot.ranking:
        return " > ".join(" = ".join(place) for place in ballot.ranking)
    return ballot.vote


def _distance(before: Sequence[Ballot], now: Sequence[Ballot]) -> float:
    if before[0].ratings:
        places = range(len(before[0].ratings))
        return fmean(
            _total_variation([str(b.ratings[i]) for b in before], [str(b.ratings[i]) for b in now])
            for i in places
        )
    return _total_variation([ballot.vote for ballot in before], [ballot.vote for ballot in now])


def _total_variation(before: Sequence[str], now: Sequence[str]) -> float:
    p, q = Counter(before), Counter(now)
    return sum(abs(p[vote] - q[vote]) for vote in p.keys() | q.keys()) / (2 * len(before))


def novelty(found: Themes, before: Collection[str], now: Sequence[Answer]) -> float:
    """Open: clusters that only this round speaks of / clusters this round touches; no points: 0.

    `before` are the responses of earlier rounds: `now` lists those again that count on.
    """
    current = {answer.response_id for answer in now} - set(before)
    touched, new = 0, 0
    for one in found.clusters:
        rounds = {said.response_id in current for row in one.rows for said in found.items[row].said}
        touched += True in rounds
        new += rounds == {True}
    return new / touched if touched else 0.0
