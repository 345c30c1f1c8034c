"""`POST /panels`: the one place where a panel begins.

1. Who asks, and may they. 2. An Idempotency-Key that was used is answered as it was then. 3. What the
tenant has left. 4. The event, complete and checked. 5. Append as the panel's first; only what the log has
confirmed is answered with 201.
"""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Header, Response

from askpanel.contracts import ids
from askpanel.contracts.envelope import Envelope, Recorded, seal
from askpanel.contracts.events import PanelCreated, Parent
from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.admission import Refusal, barred, exhausted
from askpanel.gateway.api.access import Caller, Gateway, Member, Parts, experts_known, limit_headers
from askpanel.gateway.api.answers import Created
from askpanel.gateway.api.documents import header, problems
from askpanel.gateway.api.problems import Problem, invalid
from askpanel.gateway.auth.membership import claims_of
from askpanel.gateway.bodies import NewPanel
from askpanel.gateway.creation import Allowance, create, request_hash
from askpanel.gateway.history import read_history
from askpanel.gateway.readmodel.queries import ReadModelUnavailable
from askpanel.gateway.readmodel.views import QuotaView
from askpanel.gateway.stream.payloads import seats

router = APIRouter(tags=["panels"])

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Repeat a request with the same key and body: there is never a second panel.",
    ),
]

_STATUS = {"status": 403, "feature": 403, "month": 429, "running": 429, "budget": 402}
RUNNING_RETRY = 10
"""Seconds to wait where a running panel has to end first."""


@router.post(
    "/panels",
    status_code=201,
    responses=problems(402, 409, 413, 422)
    | {201: {"headers": {
        "Location": header("The panel."),
        "X-Min-Sequence": header("Send it with a GET to read your own write."),
        "Idempotent-Replayed": header("true: this key was used before; the panel is that one."),
    }}},
)  # fmt: skip
async def ask(
    body: NewPanel,
    parts: Parts,
    member: Member,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> Created:
    """Ask a panel of experts a question."""
    member.require("create")
    _refuse(barred(member.membership.tenant, body.panel_type))
    asked_at = datetime.now(UTC)  # before the look at the log
    panel = PanelRef(member.tenant_id, ids.panel_id(member.tenant_id, idempotency_key or str(uuid4())))
    if idempotency_key is not None:
        history = await read_history(parts.log, panel)
        if history.events:
            return _replay(history.events[0], body, member, response)
    event = await _event(body, parts, member)
    ours = seal(event, panel, time=asked_at, user_id=member.user_id)
    return await _append(ours, body, parts, member, response)


async def _event(body: NewPanel, parts: Gateway, member: Caller) -> PanelCreated:
    """The event as it will stand on the log. Raises Problem."""
    await experts_known(parts)
    used = await _used(parts, member)
    budget = parts.settings.monthly_budget_usd
    event = create(
        body,
        user_id=member.user_id,
        catalogue=parts.catalogue.of(member.tenant_id),
        allowance=_allowance(member, used.quota, budget),
        parent=await _parent(body.parent_panel_id, parts, member),
    )
    if isinstance(event, tuple):
        raise invalid(*event)
    if parts.settings.limits == "on":
        _refuse(
            exhausted(
                used.quota,
                pending=parts.pending.beyond(member.tenant_id, used.projected),
                per_month=member.membership.tenant.settings.max_panels_per_month,
                running=parts.settings.running_panels,
                budget=budget,
            )
        )
    return event


async def _append(
    ours: Recorded,
    body: NewPanel,
    parts: Gateway,
    member: Caller,
    response: Response,
) -> Created:
    """Append as the panel's first event, and answer what the log then holds.

    The id of the event follows from the key: another request with this key, at the same moment, makes an
    event with the same id, and the log keeps the first of them.
    """
    with parts.pending.reserved(ours.envelope.panel) as reservation:
        stored = await parts.log.append_first(ours)
        reservation.sequence = stored.sequence
    if stored.event != ours.event or _untraced(stored.envelope) != _untraced(ours.envelope):
        return _replay(stored, body, member, response)
    return _created(stored, response)


def _untraced(envelope: Envelope) -> Envelope:
    """Without its place in a trace, which it gets when it is written."""
    return replace(envelope, traceparent=None, tracestate=None)


def _replay(stored: Recorded, body: NewPanel, member: Caller, response: Response) -> Created:
    """The answer of then to the same request; 422 when the key was used for another."""
    created = stored.event
    if not isinstance(created, PanelCreated) or created.request_hash != request_hash(body, member.user_id):
        raise invalid(("header/Idempotency-Key", "was used for another request"))
    response.headers["Idempotent-Replayed"] = "true"
    return _created(stored, response)


def _created(recorded: Recorded, response: Response) -> Created:
    event = recorded.event
    assert isinstance(event, PanelCreated)
    panel_id = recorded.envelope.panel.panel_id
    response.headers["Location"] = f"/api/v1/panels/{panel_id}"
    response.headers["X-Min-Sequence"] = str(recorded.sequence)
    return Created.model_validate(
        {
            "id": panel_id,
            "agents": [seat.agent_id for seat in event.agents if seat.role == "expert"],
            "seats": seats(event.agents),
            "sequence": recorded.sequence,
        }
    )


@dataclass(frozen=True, slots=True)
class _Used:
    """What the tenant has used, as tables tell that show the log at least up to `projected`."""

    quota: QuotaView
    projected: int


async def _used(parts: Gateway, member: Caller) -> _Used:
    """What the tenant has used now; in an outage of the database, as read with the membership."""
    if parts.settings.limits == "off":
        return _Used(member.membership.tenant.quota, 0)
    try:
        projected = await parts.model.checkpoint()
        async with parts.model.session(claims_of(member.user_id), member.tenant_id) as session:
            return _Used(await session.quota(), projected)
    except ReadModelUnavailable:
        return _Used(member.membership.tenant.quota, 0)


def _allowance(member: Caller, quota: QuotaView, budget: Decimal | None) -> Allowance:
    settings = member.membership.tenant.settings
    left = None if budget is None else max(budget - quota.spent_usd_this_month, Decimal(0))
    return Allowance(settings.max_experts_per_panel, settings.enable_consensus, left)


async def _parent(panel_id: UUID | None, parts: Gateway, member: Caller) -> Parent | None:
    """The panel to follow up, as it stands. Raises Problem (422) when this tenant has no such panel."""
    if panel_id is None:
        return None
    async with parts.model.session(claims_of(member.user_id), member.tenant_id) as session:
        found = await session.panel(panel_id)
    if found is None:
        raise invalid(("/parent_panel_id", "is not a panel of this tenant"))
    consensus = found.consensus
    return Parent(
        panel_id=panel_id,
        query=found.query,
        recommendation=found.recommendation or (consensus.recommendation if consensus else ""),
        dissent=tuple(f"{one.agent_name}: {one.opinion}" for one in consensus.dissenting_opinions)
        if consensus
        else (),
    )


def _refuse(refusal: Refusal | None) -> None:
    if refusal is None:
        return
    headers: dict[str, str] = {}
    if refusal.kind in ("month", "running"):
        limit, used = int(refusal.limit or 0), int(refusal.used or 0)
        seconds = RUNNING_RETRY
        if refusal.resets_at is not None:
            seconds = max(1, math.ceil((refusal.resets_at - datetime.now(UTC)).total_seconds()))
        headers = limit_headers(refusal.kind, limit, limit - used, seconds)
    left = None if refusal.limit is None or refusal.used is None else max(refusal.limit - refusal.used, 0)
    told = {
        "name": refusal.kind,
        "limit": refusal.limit,
        "remaining": left,
        "resets_at": refusal.resets_at,
    }
    raise Problem(
        _STATUS[refusal.kind],
        f"limit-{refusal.kind}",
        refusal.detail,
        headers=headers,
        more={} if refusal.limit is None else {"limit": told},
    )
