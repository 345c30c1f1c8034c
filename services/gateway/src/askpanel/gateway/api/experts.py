"""The expert catalogue as the caller's tenant sees it, and proposals from it."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Query

from askpanel.contracts.catalogue import Expert
from askpanel.contracts.configuration import PANEL_TYPES, PROTOCOLS, default_experts, describe
from askpanel.gateway.api.access import Member, Parts, experts_known
from askpanel.gateway.api.answers import (
    EstimateAnswer,
    ExpertAnswer,
    ExpertDetail,
    Experts,
    PanelTypes,
    Proposals,
    Proposed,
)
from askpanel.gateway.api.documents import problems
from askpanel.gateway.api.problems import invalid, not_found
from askpanel.gateway.bodies import Selection
from askpanel.gateway.estimating import estimate, planned_calls
from askpanel.gateway.permissions import may
from askpanel.gateway.selection import SelectionError, propose

router = APIRouter(tags=["experts"])

Words = Annotated[str | None, Query(min_length=1, max_length=100)]


@router.get("/agents", responses=problems(422))
async def list_experts(parts: Parts, member: Member, q: Words = None, domain: Words = None) -> Experts:
    """Experts this tenant may put on a panel, by id; `q` looks in names, titles, tags and summaries."""
    await experts_known(parts)
    own = parts.catalogue.own(member.tenant_id)
    found = [
        shown(expert, own=expert.agent_id in own)
        for expert in parts.catalogue.of(member.tenant_id).values()
        if _matches(expert, q) and (domain is None or expert.domain.casefold() == domain.casefold())
    ]
    return Experts(agents=found, total=len(found))


@router.get("/agents/{agent_id}", responses=problems(404, 422))
async def get_expert(
    parts: Parts, member: Member, agent_id: Annotated[str, Path(max_length=63)]
) -> ExpertDetail:
    """One expert. Owners and admins are also shown the instructions of their tenant's own."""
    await experts_known(parts)
    expert = parts.catalogue.of(member.tenant_id).get(agent_id)
    if expert is None:
        raise not_found("expert")
    own = agent_id in parts.catalogue.own(member.tenant_id)
    editable = own and may(member.membership.role, "manage_experts")
    return ExpertDetail(
        **shown(expert, own=own).model_dump(), instructions=expert.instructions if editable else None
    )


@router.post("/agents/select", responses=problems(408, 413, 415, 422))
async def select_experts(body: Selection, parts: Parts, member: Member) -> Proposals:
    """Experts the system would put on a panel for this question, and why."""
    await experts_known(parts)
    size = body.size or default_experts(
        body.panel_type, member.membership.tenant.settings.max_experts_per_panel
    )
    try:
        chosen = propose(body.query, body.panel_type, size, parts.catalogue.of(member.tenant_id).values())
    except SelectionError as error:
        raise invalid(("/size", str(error))) from None
    rounds = PROTOCOLS[body.panel_type].rounds
    calls = planned_calls(body.panel_type, size, rounds)
    expected = estimate(body.panel_type, calls, member.membership.tenant.quota)
    return Proposals(
        agents=[
            Proposed(agent_id=one.agent_id, agent_name=one.agent_name, reason=one.reason) for one in chosen
        ],
        estimate=EstimateAnswer.model_validate(asdict(expected)),
    )


@router.get("/panel-types", responses=problems(), tags=["panels"])
async def list_panel_types(member: Member) -> PanelTypes:
    """The six protocols with their limits and default configuration, and which this tenant may use."""
    tenant = member.membership.tenant
    return PanelTypes(
        panel_types=[
            describe(panel_type, tenant.settings.max_experts_per_panel)
            | {"available": tenant.features.get(f"{panel_type}_panel", False)}
            for panel_type in PANEL_TYPES
        ]
    )


def _matches(expert: Expert, words: str | None) -> bool:
    if words is None:
        return True
    text = " ".join((expert.agent_id, expert.name, expert.title, expert.summary, *expert.tags)).casefold()
    return all(word in text for word in words.casefold().split())


def shown(expert: Expert, *, own: bool) -> ExpertAnswer:
    """An expert as users see it; its instructions stay inside."""
    return ExpertAnswer(
        id=expert.agent_id,
        name=expert.name,
        title=expert.title,
        domain=expert.domain,
        tags=list(expert.tags),
        summary=expert.summary,
        temperament=expert.temperament,
        version=expert.version,
        bench=expert.bench,
        own=own,
    )
