"""`POST /panels`: the one place where a panel begins.

1. Who asks, and may they. 2. The event, complete and checked, under what the tenant has left; what it may spend is
reserved. 3. Append as the panel's first; only what the log has confirmed is answered with 201.

An Idempotency-Key that was used is answered as it was then. The log refuses a second first event, so a new key
waits for one look only: whether its panel has left the log for the archive.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Header, Response

from askpanel.contracts import ids
from askpanel.contracts.configuration import read
from askpanel.contracts.envelope import Envelope, Recorded, seal
from askpanel.contracts.events import ModelPrice, PanelCreated, Parent, Terms
from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.admission import Limits, Refusal, Standing, barred, exhausted
from askpanel.gateway.api.access import Caller, Gateway, Member, Parts, experts_known, limits_in
from askpanel.gateway.api.answers import Created
from askpanel.gateway.api.documents import header, problems
from askpanel.gateway.api.problems import Limit, Problem, invalid, limited, unavailable
from askpanel.gateway.auth.membership import NotAMember, claims_of
from askpanel.gateway.bodies import NewPanel
from askpanel.gateway.creation import Allowance, create, request_hash
from askpanel.gateway.estimating import Estimate, estimate, planned_calls
from askpanel.gateway.history import read_history
from askpanel.gateway.readmodel.queries import ReadModelUnavailable
from askpanel.gateway.readmodel.views import QuotaView
from askpanel.gateway.stream.payloads import seats
from askpanel.gateway.together import Contended

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
    responses=problems(402, 408, 409, 413, 415, 422)
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
    asked_at = datetime.now(UTC)  # before the look at the archive
    panel = PanelRef(member.tenant_id, ids.panel_id(member.tenant_id, idempotency_key or str(uuid4())))
    if idempotency_key is not None and await parts.log.archive.find(panel.panel_id) is not None:
        first = await _first(panel, parts)
        if first is not None:
            return _replay(first, body, member, response)
    try:
        event = await _admitted(body, panel, parts, member)
    except (Problem, ReadModelUnavailable):
        # A request that is repeated is not refused for what its first time used up, or for what changed since.
        first = None if idempotency_key is None else await _first(panel, parts)
        if first is None:
            raise
        return _replay(first, body, member, response)
    ours = seal(event, panel, time=asked_at, user_id=member.user_id)
    return await _append(ours, body, parts, member, response)


async def _first(panel: PanelRef, parts: Gateway) -> Recorded | None:
    """The panel's first event, on the log or in the archive; None when there is no such panel."""
    history = await read_history(parts.log, panel)
    return history.events[0] if history.events else None


async def _admitted(body: NewPanel, panel: PanelRef, parts: Gateway, member: Caller) -> PanelCreated:
    """The event as it will stand on the log, let in under the tenant's limits. Raises Problem.

    It is entered in the ledger on the revision it was decided on, so two gateways never let in more together
    than one alone would.
    """
    await experts_known(parts)
    parent = await _parent(body.parent_panel_id, parts, member)
    if parts.settings.limits == "off":
        standing = Standing(member.membership.tenant.quota)
        return _event(body, parts, member, standing, Limits(0, 0), parent)
    limits = limits_in(parts, member.membership.tenant.settings)

    def decide(standing: Standing) -> PanelCreated:
        event = _event(body, parts, member, standing, limits, parent)
        _refuse(exhausted(standing, limits, _needed(event, body)))
        return event

    used = partial(_used, parts, member)
    try:
        return await parts.admissions.let_in(member.tenant_id, panel.panel_id, decide, used)
    except Contended:
        raise unavailable("Many panels of this tenant are being asked at once.", 1) from None


def _event(
    body: NewPanel, parts: Gateway, member: Caller, standing: Standing, limits: Limits, parent: Parent | None
) -> PanelCreated:
    settings = member.membership.tenant.settings
    prices = (
        ModelPrice(model=model, input_usd=price.input_usd, output_usd=price.output_usd)
        for model, price in settings.prices.items()
    )
    event = create(
        body,
        user_id=member.user_id,
        catalogue=parts.catalogue.of(member.tenant_id),
        own=parts.catalogue.own(member.tenant_id),
        allowance=Allowance(
            settings.max_experts_per_panel,
            settings.enable_consensus,
            standing.left(limits),
            limits.panel_usd,
            tuple(prices),
        ),
        parent=parent,
    )
    if isinstance(event, tuple):
        raise invalid(*event)
    expected = estimate_of(event, standing.quota)
    terms = Terms(estimate_usd=expected.cost_usd, prices=event.terms.prices if event.terms else ())
    return event.model_copy(update={"terms": terms})


def estimate_of(event: PanelCreated, quota: QuotaView) -> Estimate:
    """What this panel will about cost."""
    configuration = read(event.panel_type, event.configuration)
    seats = sum(seat.role == "expert" for seat in event.agents)
    calls = planned_calls(event.panel_type, seats, configuration.max_rounds, chair=configuration.chair)
    return estimate(event.panel_type, calls, quota)


def _needed(event: PanelCreated, body: NewPanel) -> Decimal:
    """What must be left for a panel: what it will about cost, or the limit its asker wants it to stop at."""
    expected = (event.terms and event.terms.estimate_usd) or Decimal(0)
    wished = body.configuration.get("max_cost_usd")
    return expected if wished is None else min(expected, Decimal(wished))


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
    stored = await parts.log.append_first(ours)
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
            "estimate_usd": event.terms.estimate_usd if event.terms else None,
            "max_cost_usd": event.configuration.get("max_cost_usd"),
        }
    )


async def _used(parts: Gateway, member: Caller, panels: Sequence[UUID]) -> QuotaView:
    """What the tenant has used, and which of these panels are counted in it.

    In an outage of the database it is what was read with the membership, at most a minute before: until then
    panels are let in against what the tables showed then and what the ledger holds beyond that.
    """
    try:
        async with parts.model.session(claims_of(member.user_id), member.tenant_id) as session:
            used = await session.quota(panels)
            if session.role is None:  # no member any more, who sees nothing used: that would let everybody in
                raise NotAMember
            return used
    except ReadModelUnavailable:
        return member.membership.tenant.quota


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
    left = 0 if refusal.limit is None or refusal.used is None else max(refusal.limit - refusal.used, 0)
    met = Limit(refusal.name, refusal.limit, left, refusal.resets_at)
    retry = RUNNING_RETRY if refusal.kind == "running" else None
    raise limited(_STATUS[refusal.kind], f"limit-{refusal.kind}", refusal.detail, met, retry=retry)
