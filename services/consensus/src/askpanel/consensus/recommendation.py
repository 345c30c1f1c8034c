"""The recommendation: a fixed template around the experts' own words."""

from __future__ import annotations

from collections.abc import Sequence

from askpanel.consensus.ballots import Ballots, Verdict
from askpanel.consensus.forecasts import NEAR, amount
from askpanel.consensus.metrics import leading_side
from askpanel.consensus.positions import Texts, conditions_of, position_weights, voters_of
from askpanel.consensus.result import Band, Dissent, Quorum

MOST_THEMES = 8


def recommend(
    ballots: Ballots,
    verdict: Verdict,
    band: Band,
    quorum: Quorum,
    degraded: Sequence[str],
    text_of: Texts,
    dissent: Sequence[Dissent],
) -> str:
    """Degraded and quorum notes, band with counts, leading position quoted, conditions, dissenters.

    A split names both positions and no winner. Without quorum: why there is no recommendation.
    """
    notes = [f"Degraded: {'; '.join(note.rstrip('.') for note in degraded)}."] if degraded else []
    if band == "none":
        return " ".join([*notes, f"No recommendation: {quorum.reason or 'nobody voted'}."])
    if band == "split":
        body = _split(ballots, verdict, text_of)
    elif ballots.space == "points":
        body = _themes(ballots, verdict, band, text_of)
    elif ballots.space == "forecast":
        body = _forecast(ballots, verdict, band)
    else:
        body = _leading(ballots, verdict, band, text_of)
    if dissent:
        body.append(f"Dissent: {', '.join(sorted({one.agent_name for one in dissent}))}.")
    if ballots.abstained:
        body.append(f"Abstained: {', '.join(sorted({one.agent_name for one in ballots.abstained}))}.")
    return " ".join([*notes, *body])


def _leading(ballots: Ballots, verdict: Verdict, band: Band, text_of: Texts) -> list[str]:
    leader = verdict.leaders[0]
    text = text_of.get(leader, leader)
    counts = _counts(ballots, verdict)
    label = f" ({leader})" if ballots.space == "stance" and text != leader else ""
    if ballots.space == "ratings":
        body = [f"{_headline(band)} ({counts})."]
        body += [f"{item.verdict.capitalize()}: {quote(text_of.get(item.item, item.item))} (median {item.median:g})."
                 for item in verdict.items if item.median is not None]  # fmt: skip
        return body
    body = [f"{_headline(band)} ({counts}): {quote(text)}{label}."]
    conditions = conditions_of(leading_side(ballots, verdict))
    if conditions:
        body.append(f"Conditions: {'; '.join(quote(condition) for condition in conditions)}.")
    return body


def _forecast(ballots: Ballots, verdict: Verdict, band: Band) -> list[str]:
    """Median, quartiles and range in the unit, and how many stand within a point of the median."""
    (item,) = verdict.items
    unit, n = item.unit or "", len(ballots)
    if item.median is None or item.quartiles is None or item.range is None:
        return [f"{_headline(band)}."]
    near = len(voters_of(ballots, NEAR))
    reach = f"within {amount(item.point, unit)} of" if item.point else "equal to"
    figures = [
        f"median {amount(item.median, unit)}",
        f"quartiles {amount(item.quartiles[0])} and {amount(item.quartiles[1], unit)}",
        f"range {amount(item.range[0])} to {amount(item.range[1], unit)}",
    ]
    counts = f"{near} of {n} {'forecast' if n == 1 else 'forecasts'} {reach} the median"
    return [f"{_headline(band)} ({counts}): {', '.join(figures)}."]


def _counts(ballots: Ballots, verdict: Verdict) -> str:
    n = len(ballots)
    if ballots.space == "ratings":
        rated = sum(item.n > 0 for item in verdict.items)
        return f"{n} {_voters(n)}, {rated} {'item' if rated == 1 else 'items'} rated"
    if ballots.space == "ranking":
        return f"first choice of {len(voters_of(ballots, verdict.leaders[0]))} of {n} {_voters(n)}"
    exact = len(voters_of(ballots, verdict.leaders[0]))
    side = leading_side(ballots, verdict)
    partly = len(side) - exact
    told = f"{exact} of {n} {_voters(n)}" + (f", {partly} more in part" if partly else "")
    if len({round(weight, 9) for weight in verdict.weights}) < 2:
        return told
    weighed = zip(ballots.voters, verdict.weights, strict=True)
    held = sum(weight for ballot, weight in weighed if ballot in side) / sum(verdict.weights)
    return f"{told}, with {held:.0%} of the weight"


def _voters(n: int) -> str:
    return "voter" if n == 1 else "voters"


def _headline(band: Band) -> str:
    return "Unanimous" if band == "unanimous" else f"{band.capitalize()} consensus"


def _split(ballots: Ballots, verdict: Verdict, text_of: Texts) -> list[str]:
    sides = [
        f"{quote(text_of.get(leader, leader))} ({len(voters_of(ballots, leader))} of {len(ballots)} {_voters(len(ballots))})"
        for leader in verdict.leaders
    ]
    return [f"No majority: {' and '.join(sides)} lead with equal share."]


def _themes(ballots: Ballots, verdict: Verdict, band: Band, text_of: Texts) -> list[str]:
    """The ranked list of themes, at most eight."""
    ranked = position_weights(ballots, verdict, text_of)[:MOST_THEMES]
    listed = "; ".join(f"{quote(one.text)} ({len(one.voters)})" for one in ranked)
    return [f"{_headline(band)} on themes ({len(ballots)} {_voters(len(ballots))}): {listed}."]


def quote(text: str) -> str:
    """A text between quotation marks, verbatim but for outer white space."""
    return f"“{text.strip()}”"
