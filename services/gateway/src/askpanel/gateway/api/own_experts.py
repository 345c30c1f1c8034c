"""A tenant's own experts: create, revise, retire. Owners and admins only."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from askpanel.contracts.catalogue import BUILT_IN, AgentId, Expert, Temperament
from askpanel.gateway.api.access import Caller, Member, Parts, experts_known
from askpanel.gateway.api.answers import ExpertAnswer
from askpanel.gateway.api.documents import problems
from askpanel.gateway.api.experts import shown
from askpanel.gateway.api.problems import Problem, invalid, not_found, unavailable
from askpanel.gateway.bodies import Body, Text
from askpanel.gateway.publishing import ExpertChanged, ExpertExists, NoSuchExpert
from askpanel.runtime.errors import LogUnavailable

router = APIRouter(tags=["experts"])

RETRY_SECONDS = 2
TagText = Annotated[Text, Field(min_length=2, max_length=40)]


class ExpertGiven(Body):
    """What an expert is: shown to users, but for the instructions, which only the model and admins see."""

    name: Annotated[Text, Field(min_length=2, max_length=80)]
    title: Annotated[Text, Field(min_length=2, max_length=120)]
    domain: Annotated[Text, Field(min_length=2, max_length=40)]
    tags: Annotated[tuple[TagText, ...], Field(max_length=40)] = ()
    summary: Annotated[Text, Field(min_length=10, max_length=400)]
    instructions: Annotated[Text, Field(min_length=20, max_length=4000)]
    temperament: Temperament = "balanced"

    def expert(self, agent_id: str, version: int = 1) -> Expert:
        """As published, in its first version unless said otherwise."""
        return Expert(agent_id=agent_id, version=version, **self.model_dump(exclude={"agent_id"}))


class NewExpert(ExpertGiven):
    """An expert with the id it will have in panels."""

    agent_id: AgentId


AgentIdInPath = Annotated[AgentId, Path()]


@router.post("/agents", status_code=201, responses=problems(408, 409, 413, 415, 422, 503))
async def create_expert(body: NewExpert, parts: Parts, member: Member) -> ExpertAnswer:
    """Publish an expert of this tenant. An id of the global catalogue is taken over for this tenant only.

    Its versions then go on from the shared one's: running panels name an expert by id and version, and keep theirs.
    """
    _may_manage(member)
    if body.agent_id in BUILT_IN:
        raise invalid(
            ("/agent_id", "is one of the roles that every panel has: " + ", ".join(sorted(BUILT_IN)))
        )
    await experts_known(parts)
    shared = parts.catalogue.shared(body.agent_id)
    version = shared.version + 1 if shared is not None else 1
    try:
        expert = await parts.publisher.create(
            member.tenant_id, body.expert(body.agent_id, version), member.user_id
        )
    except ExpertExists:
        raise Problem(
            409, "conflict", "This tenant has an expert of this id already: revise it with PUT."
        ) from None
    except LogUnavailable:
        raise unavailable("The catalogue did not take the expert.", RETRY_SECONDS) from None
    return shown(expert, own=True)


@router.put("/agents/{agent_id}", responses=problems(404, 408, 409, 413, 415, 422, 503))
async def revise_expert(
    agent_id: AgentIdInPath, body: ExpertGiven, parts: Parts, member: Member
) -> ExpertAnswer:
    """Publish the next version; running and ended panels keep the one they were created with."""
    _may_manage(member)
    try:
        expert = await parts.publisher.revise(member.tenant_id, body.expert(agent_id), member.user_id)
    except NoSuchExpert:
        raise not_found("expert of this tenant") from None
    except ExpertChanged:
        raise _changed() from None
    except LogUnavailable:
        raise unavailable("The catalogue did not take the expert.", RETRY_SECONDS) from None
    return shown(expert, own=True)


@router.delete("/agents/{agent_id}", responses=problems(404, 409, 422, 503))
async def retire_expert(agent_id: AgentIdInPath, parts: Parts, member: Member) -> ExpertAnswer:
    """Take an expert out of new panels; those that have it keep it.

    The answer is the shared expert of the same id, which new panels seat again, or else the one taken out.
    """
    _may_manage(member)
    await experts_known(parts)
    try:
        expert = await parts.publisher.retire(member.tenant_id, agent_id, member.user_id)
    except NoSuchExpert:
        raise not_found("expert of this tenant") from None
    except ExpertChanged:
        raise _changed() from None
    except LogUnavailable:
        raise unavailable("The catalogue did not take the change.", RETRY_SECONDS) from None
    shared = parts.catalogue.shared(agent_id)
    if shared is not None and not shared.retired:
        return shown(shared, own=False)
    return shown(expert, own=True)


def _may_manage(member: Caller) -> None:
    member.require("manage_experts")


def _changed() -> Problem:
    return Problem(409, "conflict", "Somebody changed this expert meanwhile: read it again, then repeat.")
