"""`reliability`: votes weighted by how often an expert was right in the tenant's past panels."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from askpanel.consensus.ballots import Ballots, Context, PastVote, Verdict
from askpanel.consensus.methods.majority import by_weight, majority

MIN_PANELS = 30
SMOOTHING = 0.01
ROUNDS = 100
CONVERGED = 1e-7
HIGHEST_WEIGHT = 3.0

Votes = Mapping[str, Mapping[str, str]]
"""Panel -> agent -> vote."""


def reliability(ballots: Ballots, context: Context) -> Verdict:
    """w_i = ln(p/(1 - p)) + ln(k - 1), clipped to [0, 3]; p the expert's accuracy by Dawid-Skene.

    Needs 30 past panels per expert in this vote space, else `majority`, said in `method`. "Truth"
    there is latent agreement of the experts, unless outcomes were recorded as votes. Weights from log
    odds: Nitzan and Paroush, Int. Econ. Rev. 1982.
    """
    past = in_space(context.history, ballots.positions)
    panels = Counter(agent for votes in past.values() for agent in votes)
    short = [b.agent_id for b in ballots.voters if panels[b.agent_id] < MIN_PANELS]
    if short or not ballots.voters or ballots.space in ("points", "ratings", "forecast"):
        note = f"reliability needs {MIN_PANELS} past panels of every expert: majority"
        return replace(majority(ballots, context), notes=(note,))
    accuracy = dawid_skene(past, ballots.positions)
    weights = [log_odds(accuracy[b.agent_id], len(ballots.positions)) for b in ballots.voters]
    if not any(weights):
        note = "no expert was better than chance: majority"
        return replace(majority(ballots, context), notes=(note,))
    measured = {b.agent_id: accuracy[b.agent_id] for b in ballots.voters}
    return by_weight("reliability", ballots, weights, extra={"accuracy": measured})


def in_space(history: Sequence[PastVote], positions: Sequence[str]) -> Votes:
    """Past votes of panels whose every vote is one of these positions, with two or more voters."""
    panels: dict[str, dict[str, str]] = {}
    for past in history:
        panels.setdefault(past.panel_id, {})[past.agent_id] = past.vote
    allowed = set(positions)
    return {
        panel: votes
        for panel, votes in sorted(panels.items())
        if len(votes) > 1 and set(votes.values()) <= allowed
    }


def log_odds(accuracy: float, k: int) -> float:
    """ln(p/(1 - p)) + ln(k - 1) with p in [.01, .99], clipped to [0, 3]; k < 2 counts as 2."""
    p = min(0.99, max(0.01, accuracy))
    return min(HIGHEST_WEIGHT, max(0.0, math.log(p / (1 - p)) + math.log(max(1, k - 1))))


def dawid_skene(past: Votes, positions: Sequence[str]) -> dict[str, float]:
    """Accuracy per agent by EM over confusion matrices, started at the majority's shares.

    E: P(truth = t) of a panel is proportional to prior(t) x product over voters of confusion[t][vote].
    M: confusion rows and prior from these, + .01 smoothing. Accuracy = sum over t of prior(t) x
    confusion[t][t]. Stops when no posterior moves by 1e-7, at most 100 rounds. Dawid and Skene,
    JRSS-C 1979.
    """
    agents = sorted({agent for votes in past.values() for agent in votes})
    truth = {panel: _vote_shares(votes, positions) for panel, votes in past.items()}
    prior, confusion = _maximise(past, truth, agents, positions)
    for _ in range(ROUNDS):
        updated = {panel: _posterior(votes, prior, confusion, positions) for panel, votes in past.items()}
        moved = max(abs(updated[panel][t] - truth[panel][t]) for panel in past for t in positions)
        truth = updated
        prior, confusion = _maximise(past, truth, agents, positions)
        if moved < CONVERGED:
            break
    return {agent: sum(prior[t] * confusion[agent][t][t] for t in positions) for agent in agents}


def _vote_shares(votes: Mapping[str, str], positions: Sequence[str]) -> dict[str, float]:
    counts = Counter(votes.values())
    return {position: counts[position] / len(votes) for position in positions}


def _maximise(
    past: Votes,
    truth: Mapping[str, Mapping[str, float]],
    agents: Sequence[str],
    positions: Sequence[str],
) -> tuple[dict[str, float], dict[str, dict[str, dict[str, float]]]]:
    prior = {t: SMOOTHING + sum(shares[t] for shares in truth.values()) for t in positions}
    scale = sum(prior.values())
    seen = {agent: {t: dict.fromkeys(positions, SMOOTHING) for t in positions} for agent in agents}
    for panel, votes in past.items():
        for agent, vote in votes.items():
            for t in positions:
                seen[agent][t][vote] += truth[panel][t]
    confusion = {agent: {t: _scaled(row) for t, row in rows.items()} for agent, rows in seen.items()}
    return {t: value / scale for t, value in prior.items()}, confusion


def _scaled(row: Mapping[str, float]) -> dict[str, float]:
    total = sum(row.values())
    return {key: value / total for key, value in row.items()}


def _posterior(
    votes: Mapping[str, str],
    prior: Mapping[str, float],
    confusion: Mapping[str, Mapping[str, Mapping[str, float]]],
    positions: Sequence[str],
) -> dict[str, float]:
    """In logarithms, so that many voters do not underflow."""
    logs = {
        t: math.log(prior[t])
        + sum(math.log(confusion[agent][t][vote]) for agent, vote in sorted(votes.items()))
        for t in positions
    }
    top = max(logs.values())
    return _scaled({t: math.exp(value - top) for t, value in logs.items()})
