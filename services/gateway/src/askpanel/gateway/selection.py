"""Which experts should sit on a panel: a pure function of question, panel type, size and catalogue.

Seats are filled from the most relevant expert down, under two rules: no domain holds more than two seats
in five, and each further seat must add something the chosen do not have. What relevance leaves open is
filled for breadth. The same catalogue and question give the same seats, each with its reason.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from askpanel.contracts.catalogue import Expert
from askpanel.contracts.configuration import PROTOCOLS
from askpanel.contracts.events import PanelType
from askpanel.gateway.relevance import Asked, Index, Profile, cosine, index, shared_words, spoken_tags

DOMAIN_SHARE = 0.4
"""The most seats one domain may hold, as a share of all."""

USUAL_VIEW: Mapping[PanelType, tuple[str, ...]] = MappingProxyType(
    {
        "structured": ("strategy", "finance", "ethics", "operations"),
        "open": ("product", "strategy", "design", "people"),
        "socratic": ("ethics", "statistics", "strategy", "law"),
        "adversarial": ("strategy", "finance", "law", "ethics"),
        "delphi": ("statistics", "finance", "strategy", "operations"),
        "hybrid": ("ethics", "law", "operations", "finance"),
    }
)
"""Domains that fill seats for breadth, by what a protocol is for (delphi: people used to numbers)."""

_RELEVANT = 0.06
"""Share of the best score below which an expert counts as unrelated."""

_ALIKE = 0.35
"""How much of a candidate's score its likeness to the chosen takes away."""


class SelectionError(ValueError):
    """No panel can be proposed; the message says what is asked for and what there is."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposed seat and why, in a sentence or two for people."""

    agent_id: str
    agent_name: str
    reason: str


def propose(
    question: str, panel_type: PanelType, size: int | None, catalogue: Iterable[Expert]
) -> tuple[Proposal, ...]:
    """Propose `size` seats (None: the protocol's usual number), most relevant first.

    Raises SelectionError for a size the protocol does not allow, or a catalogue that is too small.
    Retired and bench experts are never proposed.
    """
    limits = PROTOCOLS[panel_type]
    least, most = limits.fewest_experts, limits.most_experts
    wanted = limits.experts if size is None else size
    if not least <= wanted <= most:
        raise SelectionError(f"{panel_type} takes {least} to {most} experts, not {wanted}")
    known = index(expert for expert in catalogue if not expert.bench and not expert.retired)
    if len(known.profiles) < wanted:
        raise SelectionError(f"{panel_type} needs {wanted} experts, the catalogue has {len(known.profiles)}")
    asked = known.asked(question)
    scores = {profile.expert.agent_id: known.score(profile, asked) for profile in known.profiles}
    chosen = _relevant(known, scores, wanted)
    breadth = _for_breadth(known, scores, chosen, wanted, panel_type)
    seats = [_seat(profile, _why(profile, asked)) for profile in chosen]
    return (*seats, *(_seat(profile, f"For breadth: {profile.expert.summary}") for profile in breadth))


def _relevant(known: Index, scores: Mapping[str, float], wanted: int) -> list[Profile]:
    """The most relevant experts, each next one discounted by its likeness to those before."""
    floor = _RELEVANT * max(scores.values())
    pool = [profile for profile in known.profiles if scores[profile.expert.agent_id] > floor]
    chosen = list[Profile]()
    while len(chosen) < wanted:
        gains = [
            (scores[profile.expert.agent_id] * (1 - _ALIKE * _likeness(profile, chosen)), -place)
            for place, profile in enumerate(pool)
            if _has_room(profile, chosen, wanted)
        ]
        if not gains:
            break
        chosen.append(pool.pop(-max(gains)[1]))
    return chosen


def _likeness(profile: Profile, chosen: Sequence[Profile]) -> float:
    return max((cosine(profile.words, other.words) for other in chosen), default=0.0)


def _has_room(profile: Profile, chosen: Sequence[Profile], wanted: int) -> bool:
    held = sum(other.expert.domain == profile.expert.domain for other in chosen)
    return held < max(1, math.floor(DOMAIN_SHARE * wanted))


def _for_breadth(
    known: Index, scores: Mapping[str, float], chosen: Sequence[Profile], wanted: int, panel_type: PanelType
) -> list[Profile]:
    """Fill the open seats: the domain held least, the protocol's usual views first."""
    order = {domain: place for place, domain in enumerate(USUAL_VIEW[panel_type])}
    held = Counter(profile.expert.domain for profile in chosen)
    taken = {profile.expert.agent_id for profile in chosen}
    added = list[Profile]()
    while len(chosen) + len(added) < wanted:
        best = min(
            (profile for profile in known.profiles if profile.expert.agent_id not in taken),
            key=lambda profile: (
                held[profile.expert.domain],
                order.get(profile.expert.domain, len(order)),
                -scores[profile.expert.agent_id],
            ),
        )
        added.append(best)
        taken.add(best.expert.agent_id)
        held[best.expert.domain] += 1
    return added


def _seat(profile: Profile, reason: str) -> Proposal:
    return Proposal(profile.expert.agent_id, profile.expert.name, reason)


def _why(profile: Profile, asked: Asked) -> str:
    """Names up to three of the expert's tags, or words, that the question touches."""
    named = (spoken_tags(profile, asked) or shared_words(profile, asked))[:3]
    return (
        f"Your question touches {', '.join(named)}. {profile.expert.summary}"
        if named
        else profile.expert.summary
    )
