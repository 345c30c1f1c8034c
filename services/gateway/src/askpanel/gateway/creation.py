"""From a request to `panel.created`: seats, effective configuration, options and evidence. Pure."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from askpanel.contracts.blocks import Option
from askpanel.contracts.catalogue import Expert
from askpanel.contracts.configuration import default_experts, effective
from askpanel.contracts.events import Evidence, ModelPrice, PanelCreated, Parent, Seat, Terms
from askpanel.gateway.bodies import EvidenceGiven, NewPanel, OptionGiven
from askpanel.gateway.selection import SelectionError, propose

Invalid = tuple[str, str]
"""A pointer into the request, and what is wrong there."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the tenant's settings and purse allow. `budget_left` is for this panel, in USD; None: no limit.

    `panel_usd` is the most that one panel may be given, whatever is left. `prices` are the tenant's own.
    """

    most_experts: int
    consensus: bool
    budget_left: Decimal | None = None
    panel_usd: Decimal | None = None
    prices: tuple[ModelPrice, ...] = ()


def request_hash(request: NewPanel, user_id: UUID) -> str:
    """Tells one request of one user from another: what an Idempotency-Key stands for."""
    canonical = json.dumps(
        request.model_dump(mode="json") | {"user_id": str(user_id)}, sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def create(
    request: NewPanel,
    *,
    user_id: UUID,
    catalogue: Mapping[str, Expert],
    own: Collection[str] = (),
    allowance: Allowance,
    parent: Parent | None = None,
) -> PanelCreated | tuple[Invalid, ...]:
    """The event that begins the panel, or every reason to refuse the request.

    `own`: the ids of the catalogue under which the tenant has an expert of its own.
    """
    experts, problems = _experts(request, catalogue, allowance)
    options, option_problems = _options(request.options)
    evidence, evidence_problems = _evidence(request.evidence)
    configuration = effective(
        request.panel_type,
        request.configuration,
        [seat.agent_id for seat in experts],
        options=len(options),
        most_experts=allowance.most_experts,
        consensus=allowance.consensus,
        budget_left=min(
            (amount for amount in (allowance.budget_left, allowance.panel_usd) if amount is not None),
            default=None,
        ),
    )
    problems += option_problems + evidence_problems
    if not isinstance(configuration, dict):
        problems += [(problem.pointer, problem.detail) for problem in configuration]
        return tuple(problems)
    moderator, moderator_problems = _moderator(request, configuration.get("moderator_agent"), catalogue)
    problems += moderator_problems
    problems += _above(request.configuration, allowance.panel_usd)
    if problems:
        return tuple(problems)
    return PanelCreated(
        query=request.query,
        panel_type=request.panel_type,
        agents=tuple(
            seat.model_copy(update={"shared": seat.agent_id not in own}) for seat in (*experts, *moderator)
        ),
        configuration=configuration,
        options=options,
        evidence=evidence,
        parent=parent,
        terms=Terms(prices=allowance.prices),
        user_id=user_id,
        request_hash=request_hash(request, user_id),
    )


def _above(configuration: Mapping[str, Any], panel_usd: Decimal | None) -> list[Invalid]:
    """A default above the tenant's limit for one panel is lowered; a wish above it is refused."""
    wished = configuration.get("max_cost_usd")
    if panel_usd is None or wished is None or Decimal(wished) <= panel_usd:
        return []
    return [("/configuration/max_cost_usd", f"this tenant's panels may cost USD {panel_usd:f} at most")]


def _experts(
    request: NewPanel, catalogue: Mapping[str, Expert], allowance: Allowance
) -> tuple[tuple[Seat, ...], list[Invalid]]:
    """The voting seats: those named, or those the system proposes with its reasons."""
    if request.agents is None:
        size = default_experts(request.panel_type, allowance.most_experts)
        try:
            proposals = propose(request.query, request.panel_type, size, catalogue.values())
        except SelectionError as error:
            return (), [("/agents", str(error))]
        return tuple(_seat(catalogue[chosen.agent_id], reason=chosen.reason) for chosen in proposals), []
    unknown = [
        (f"/agents/{place}", f"{agent} is not an expert of this tenant")
        for place, agent in enumerate(request.agents)
        if agent not in catalogue
    ]
    return tuple(
        _seat(catalogue[agent]) if agent in catalogue else Seat(agent_id=agent, name=agent)
        for agent in request.agents
    ), unknown


def _seat(expert: Expert, *, reason: str | None = None) -> Seat:
    return Seat(agent_id=expert.agent_id, name=expert.name, version=expert.version, reason=reason)


def _moderator(
    request: NewPanel, agent: object, catalogue: Mapping[str, Expert]
) -> tuple[tuple[Seat, ...], list[Invalid]]:
    """One more seat that never votes: the moderator of a socratic panel, the judge of an adversarial one."""
    if agent is None:
        return (), []
    expert = catalogue.get(str(agent))
    if expert is None:
        return (), [("/configuration/moderator_agent", f"{agent} is not an expert of this tenant")]
    role = "judge" if request.panel_type == "adversarial" else "moderator"
    return (_seat(expert).model_copy(update={"role": role}),), []


def _options(given: Sequence[OptionGiven]) -> tuple[tuple[Option, ...], list[Invalid]]:
    options = tuple(
        Option(id=option.id or f"option-{number}", text=option.text) for number, option in enumerate(given, 1)
    )
    problems = [
        *_repeated("/options", "id", (option.id for option in options)),
        *_repeated("/options", "text", (option.text.casefold() for option in options)),
    ]
    if len(options) == 1:
        problems.append(("/options", "a choice needs at least two options"))
    return options, problems


def _evidence(given: Sequence[EvidenceGiven]) -> tuple[tuple[Evidence, ...], list[Invalid]]:
    evidence = tuple(
        Evidence(id=item.id or f"E{number}", title=item.title, text=item.text)
        for number, item in enumerate(given, 1)
    )
    return evidence, _repeated("/evidence", "id", (item.id for item in evidence))


def _repeated(where: str, field: str, values: Iterable[str]) -> list[Invalid]:
    seen: set[str] = set()
    problems: list[Invalid] = []
    for place, value in enumerate(values):
        if value in seen:
            problems.append((f"{where}/{place}/{field}", "is there already"))
        seen.add(value)
    return problems
