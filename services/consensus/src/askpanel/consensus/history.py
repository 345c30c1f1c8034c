"""How the tenant's experts voted before: what `reliability` measures them by. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from askpanel.consensus.ballots import STANCES, PastVote
from askpanel.contracts.blocks import Purpose
from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import ExpertResponded

VOTING: frozenset[Purpose] = frozenset({"opening", "view", "answer", "ballot"})
"""Purposes whose answer is a vote. A rating is on a scale of its own; a rebuttal is for a given side."""


def past_votes(events: Iterable[Recorded], running: UUID) -> tuple[PastVote, ...]:
    """The vote of each expert's last ballot in each panel but the running one, by panel and agent.

    The vote is the option where one was chosen, else the stance. A last ballot that abstains is no vote.
    Moderators, judges, chairs and speakers for a given side do not count. An answer that came too late
    for its round does: it tells as much about its author.
    """
    last: dict[tuple[str, str], tuple[int, str | None]] = {}
    for recorded in events:
        event, panel = recorded.event, recorded.envelope.panel.panel_id
        if not isinstance(event, ExpertResponded) or panel == running:
            continue
        if event.role != "expert" or event.purpose not in VOTING:
            continue
        key = (str(panel), event.agent_id)
        if key not in last or last[key][0] < recorded.sequence:
            last[key] = (recorded.sequence, _vote(event))
    return tuple(
        PastVote(panel, agent, vote) for (panel, agent), (_, vote) in sorted(last.items()) if vote is not None
    )


def _vote(event: ExpertResponded) -> str | None:
    if event.answer.option is not None:
        return event.answer.option
    return event.answer.stance if event.answer.stance in STANCES else None
