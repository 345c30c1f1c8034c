"""A tenant's webhooks: made, changed, tried, looked at and replayed by its owners and admins.

The secret is in two answers only: of the creation, and of a rotation. These routes are there only where the
installation has a secret that theirs follow from.
"""

from collections.abc import Callable, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field

from askpanel.contracts.subjects import parse, tenant_filter
from askpanel.gateway.api.access import Caller, Gateway, Member, Parts
from askpanel.gateway.api.documents import problems
from askpanel.gateway.api.problems import Problem, invalid, not_found
from askpanel.gateway.bodies import Body, Text
from askpanel.gateway.webhooks import orders
from askpanel.gateway.webhooks.addresses import Forbidden, target
from askpanel.gateway.webhooks.endpoints import MOST_ENDPOINTS, PUBLIC_TYPES, Endpoint, EndpointsChanged
from askpanel.gateway.webhooks.orders import Attempted, Order
from askpanel.gateway.webhooks.payload import TEST_TYPE
from askpanel.gateway.webhooks.signing import secret

router = APIRouter(tags=["webhooks"])

MOST_REPLAYED = 1000
"""Events one replay orders; `next_after` of its answer goes on."""
LOOKED_AFTER = 100
"""Orders of a replay after which it is looked again how many of the tenant wait: another replay may run beside it."""


def _known(types: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [each for each in types if each not in PUBLIC_TYPES]
    if unknown:
        raise ValueError(f"no such event type: {', '.join(unknown)}; there are {', '.join(PUBLIC_TYPES)}")
    return tuple(dict.fromkeys(types))


class WebhookGiven(Body):
    """Where to send what. No types: every public event."""

    url: Annotated[str, Field(max_length=2000)]
    description: Annotated[Text, Field(max_length=200)] = ""
    types: Annotated[tuple[str, ...], Field(max_length=40), AfterValidator(_known)] = ()
    enabled: bool = True


class WebhookAnswer(BaseModel):
    """A webhook without its secret."""

    id: UUID
    url: str
    description: str
    types: tuple[str, ...]
    enabled: bool
    created_at: datetime
    previous_secret_valid_until: datetime | None


class WebhookSecret(WebhookAnswer):
    """With its secret, shown this once. Standard Webhooks: `whsec_` and base64."""

    secret: str


class WebhookList(BaseModel):
    """The tenant's webhooks, and the types there are."""

    webhooks: list[WebhookAnswer]
    types: tuple[str, ...] = PUBLIC_TYPES


class Deliveries(BaseModel):
    """What became of the latest deliveries, newest first."""

    deliveries: list[Attempted]


class Ordered(BaseModel):
    """A delivery that was ordered; what becomes of it is among the deliveries."""

    event_id: UUID


class ReplayGiven(Body):
    """Send again what is on the log after this sequence."""

    after: Annotated[int, Field(ge=0)]


class Replayed(BaseModel):
    """How many events were ordered; `next_after` is null when that was all."""

    ordered: int
    next_after: int | None


@router.post("/webhooks", status_code=201, responses=problems(408, 409, 413, 415, 422))
async def create_webhook(body: WebhookGiven, parts: Parts, member: Member) -> WebhookSecret:
    """Send events of this tenant's panels, from now on, to an address. The secret is shown this once."""
    master = _allowed(parts, member)
    _check_address(parts, body.url)
    now = datetime.now(UTC)
    made = Endpoint(id=uuid4(), created_at=now, created_by=member.user_id, **body.model_dump())
    endpoints, revision = await parts.webhooks.read(member.tenant_id)
    if len(endpoints) >= MOST_ENDPOINTS:
        raise Problem(409, "conflict", f"A tenant has at most {MOST_ENDPOINTS} webhooks.")
    await _store(parts, member, (*endpoints, made), revision)
    return _with_secret(made, master)


@router.get("/webhooks", responses=problems())
async def list_webhooks(parts: Parts, member: Member) -> WebhookList:
    """All of them, in order of creation."""
    _allowed(parts, member)
    return WebhookList(webhooks=[_shown(each) for each in await parts.webhooks.of(member.tenant_id)])


@router.get("/webhooks/{webhook_id}", responses=problems(404))
async def show_webhook(webhook_id: UUID, parts: Parts, member: Member) -> WebhookAnswer:
    """One of them."""
    return _shown(await _found(webhook_id, parts, member))


@router.put("/webhooks/{webhook_id}", responses=problems(404, 408, 409, 413, 415, 422))
async def change_webhook(webhook_id: UUID, body: WebhookGiven, parts: Parts, member: Member) -> WebhookAnswer:
    """Another address, other types, on or off. What is ordered already goes to the new address."""
    _allowed(parts, member)
    _check_address(parts, body.url)
    return _shown(
        await _change(webhook_id, parts, member, lambda old: old.model_copy(update=body.model_dump()))
    )


@router.delete("/webhooks/{webhook_id}", status_code=204, responses=problems(404, 409))
async def delete_webhook(webhook_id: UUID, parts: Parts, member: Member) -> None:
    """Send nothing there any more, not even what waits for its next attempt."""
    _allowed(parts, member)
    endpoints, revision = await parts.webhooks.read(member.tenant_id)
    left = [each for each in endpoints if each.id != webhook_id]
    if len(left) == len(endpoints):
        raise not_found("webhook")
    await _store(parts, member, left, revision)


@router.post("/webhooks/{webhook_id}/rotate-secret", responses=problems(404, 409))
async def rotate_secret(webhook_id: UUID, parts: Parts, member: Member) -> WebhookSecret:
    """A new secret, shown this once. For 24 hours requests are signed with both."""
    master = _allowed(parts, member)
    now = datetime.now(UTC)
    return _with_secret(await _change(webhook_id, parts, member, lambda old: old.rotated(now)), master)


@router.post("/webhooks/{webhook_id}/test", status_code=202, responses=problems(404))
async def test_webhook(webhook_id: UUID, parts: Parts, member: Member) -> Ordered:
    """Send a `webhook.test` event, once, also where the webhook is switched off."""
    endpoint = await _found(webhook_id, parts, member)
    order = orders.a_test(TEST_TYPE)
    await orders.put(parts.log.jetstream, member.tenant_id, endpoint.id, order)
    return Ordered(event_id=order.event_id)


@router.get("/webhooks/{webhook_id}/deliveries", responses=problems(404))
async def list_deliveries(webhook_id: UUID, parts: Parts, member: Member) -> Deliveries:
    """The latest deliveries of the last seven days: what was answered, and when the next attempt is due."""
    endpoint = await _found(webhook_id, parts, member)
    found = await orders.attempts(parts.reading.replies, member.tenant_id, endpoint.id)
    return Deliveries(deliveries=found)


@router.post(
    "/webhooks/{webhook_id}/replay", status_code=202, responses=problems(404, 408, 409, 413, 415, 422)
)
async def replay_webhook(webhook_id: UUID, body: ReplayGiven, parts: Parts, member: Member) -> Replayed:
    """Send events of this tenant again under their old ids, also from before the webhook was made.

    It orders no more while as many deliveries of the tenant wait as may: it ends early, or is refused (409).
    """
    endpoint = await _found(webhook_id, parts, member)
    replay, ordered, granted = uuid4(), 0, 0
    source = parts.reading.read_raw(tenant_filter(member.tenant_id), after=body.after)
    async with aclosing(source) as messages:
        async for subject, headers, _, sequence in messages:
            order = _order(subject, headers, sequence)
            if order is None or order.type not in (endpoint.types or PUBLIC_TYPES):
                continue
            granted = granted or await _granted(parts, member, ordered)
            if not granted:
                return Replayed(ordered=ordered, next_after=sequence - 1)
            await orders.put(parts.log.jetstream, member.tenant_id, endpoint.id, order, again=replay)
            ordered, granted = ordered + 1, granted - 1
    return Replayed(ordered=ordered, next_after=None)


async def _granted(parts: Gateway, member: Caller, ordered: int) -> int:
    """How many orders a replay with so many may go on with. Raises Problem (409) where it may not even begin."""
    most = parts.settings.webhook_waiting
    waiting = (await orders.waiting(parts.log.jetstream, member.tenant_id)).total()
    if waiting >= most and not ordered:
        detail = f"{waiting} deliveries of this tenant wait: a replay orders more when fewer than {most} do."
        raise Problem(409, "conflict", detail)
    return max(min(most - waiting, MOST_REPLAYED - ordered, LOOKED_AFTER), 0)


def _order(subject: str, headers: Mapping[str, str], sequence: int) -> Order | None:
    """None for what is no event: it has its dead letter."""
    try:
        return Order(event_id=UUID(headers.get("ce-id", "")), type=parse(subject)[0], sequence=sequence)
    except ValueError:
        return None


def _allowed(parts: Gateway, member: Caller) -> str:
    """What secrets follow from. Raises Problem (403) unless the caller's role allows to manage them."""
    member.require("manage_webhooks")
    assert parts.settings.webhook_secret is not None
    return parts.settings.webhook_secret.get_secret_value()


def _check_address(parts: Gateway, url: str) -> None:
    """What a URL tells without asking anybody; its name is resolved at each attempt."""
    try:
        target(url, private=parts.settings.local)
    except Forbidden as error:
        raise invalid(("/url", str(error))) from None


async def _found(webhook_id: UUID, parts: Gateway, member: Caller) -> Endpoint:
    _allowed(parts, member)
    endpoint = await parts.webhooks.find(member.tenant_id, webhook_id)
    if endpoint is None:
        raise not_found("webhook")
    return endpoint


async def _change(
    webhook_id: UUID, parts: Gateway, member: Caller, change: Callable[[Endpoint], Endpoint]
) -> Endpoint:
    endpoints, revision = await parts.webhooks.read(member.tenant_id)
    changed = [change(each) if each.id == webhook_id else each for each in endpoints]
    after = next((each for each in changed if each.id == webhook_id), None)
    if after is None:
        raise not_found("webhook")
    await _store(parts, member, changed, revision)
    return after


async def _store(
    parts: Gateway, member: Caller, endpoints: list[Endpoint] | tuple[Endpoint, ...], revision: int
) -> None:
    try:
        await parts.webhooks.write(member.tenant_id, endpoints, revision=revision, user_id=member.user_id)
    except EndpointsChanged:
        raise Problem(
            409, "conflict", "Somebody changed the webhooks meanwhile: read them again, then repeat."
        ) from None


def _shown(endpoint: Endpoint) -> WebhookAnswer:
    fields = endpoint.model_dump(include={"id", "url", "description", "types", "enabled", "created_at"})
    return WebhookAnswer(**fields, previous_secret_valid_until=endpoint.previous_valid_until)


def _with_secret(endpoint: Endpoint, master: str) -> WebhookSecret:
    made = secret(master, endpoint.id, endpoint.secret_version)
    return WebhookSecret(**_shown(endpoint).model_dump(), secret=made)
