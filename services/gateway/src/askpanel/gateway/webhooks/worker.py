"""Events become orders, orders become requests. Both handlers stand redelivery.

A request is at least once: when the process dies after it and before its order is settled, it is made again
under the same `webhook-id`, by which receivers recognise it.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

import nats.js.errors
from nats.js import JetStreamContext
from pydantic import ValidationError

from askpanel.contracts.envelope import Unreadable, decode
from askpanel.contracts.topology import PANELS
from askpanel.gateway.webhooks import orders
from askpanel.gateway.webhooks.endpoints import Endpoint, Registry
from askpanel.gateway.webhooks.orders import Attempted, Order, State
from askpanel.gateway.webhooks.payload import MEDIA_TYPE, TEST_TYPE, check_body, event_body
from askpanel.gateway.webhooks.room import NO_ROOM, Room
from askpanel.gateway.webhooks.schedule import GIVE_UP, next_wait
from askpanel.gateway.webhooks.sending import Attempt, Sender
from askpanel.gateway.webhooks.signing import signed
from askpanel.runtime import telemetry
from askpanel.runtime.errors import Reject, Retry
from askpanel.runtime.unavailable import unavailable
from askpanel.runtime.worker import Delivery

AT_ONCE = 6
"""Requests of one tenant at a time: its slow receivers must not take all the room."""
BUSY = 2.0
LONGEST_BUSY = 60.0
"""Seconds until an order is looked at again whose tenant has its AT_ONCE in hand: longer, the longer it waits."""
SLOW = "the tenant's receivers are slow"
AGENT = "AskPanel-Webhooks/1"

Wait = Callable[[float, float | None], float | None]


class FanOut:
    """An order for each endpoint of the event's tenant that wants its type."""

    def __init__(self, jetstream: JetStreamContext, registry: Registry) -> None:
        self._jetstream = jetstream
        self._registry = registry

    async def __call__(self, delivery: Delivery) -> None:
        envelope = delivery.decode().envelope
        order = Order(event_id=envelope.id, type=envelope.type, sequence=delivery.sequence)
        for endpoint in await self._registry.of(envelope.panel.tenant_id):
            if endpoint.wants(envelope.type, delivery.stored_at):
                await orders.put(self._jetstream, envelope.panel.tenant_id, endpoint.id, order)


def _wait(age: float, asked: float | None) -> float | None:
    return next_wait(age, asked=asked, unit=random.random())  # noqa: S311  (spread, not a secret)


class Deliver:
    """Makes the request of an order, and sees to the next attempt. `wait` by age and Retry-After."""

    def __init__(
        self,
        jetstream: JetStreamContext,
        registry: Registry,
        sender: Sender,
        master: str,
        room: Room,
        wait: Wait = _wait,
    ) -> None:
        self._jetstream = jetstream
        self._registry = registry
        self._sender = sender
        self._master = master
        self._room = room
        self._wait = wait
        self._in_hand: Counter[UUID] = Counter()

    async def __call__(self, delivery: Delivery) -> None:
        tenant_id, endpoint_id, order = _order(delivery)
        now = time.time()
        if order.due is not None and now < order.due:
            raise Retry(order.due - now, "its next attempt is not due")
        if self._in_hand[tenant_id] >= AT_ONCE:
            await self._turn_away(tenant_id, endpoint_id, order, now - _since(delivery, order))
            return
        with self._one_of(tenant_id):
            endpoint = await self._registry.find(tenant_id, endpoint_id)
            if endpoint is None or not (endpoint.enabled or order.type == TEST_TYPE):
                return  # removed or switched off since
            body = await self._body(tenant_id, endpoint_id, order)
            if body is None:
                return  # erased since
            attempt = await self._request(endpoint, order, body)
        await self._settle(delivery, tenant_id, endpoint_id, order, attempt)

    @contextmanager
    def _one_of(self, tenant_id: UUID) -> Generator[None]:
        """One of the tenant's requests that may be in hand."""
        self._in_hand[tenant_id] += 1
        try:
            yield
        finally:
            self._in_hand[tenant_id] -= 1
            if not self._in_hand[tenant_id]:
                del self._in_hand[tenant_id]

    async def _turn_away(self, tenant_id: UUID, endpoint_id: UUID, order: Order, age: float) -> None:
        """No request: its tenant has AT_ONCE in hand. Raises Retry while it may wait, else gives it up."""
        allowed = self._room.allows_untried(tenant_id)
        if allowed and age < GIVE_UP:
            raise Retry(min(max(BUSY, age / 4), LONGEST_BUSY), SLOW)
        untried = Attempt(None, SLOW if allowed else SLOW + NO_ROOM)
        await self._record(tenant_id, endpoint_id, order, "given_up", untried)

    async def _request(self, endpoint: Endpoint, order: Order, body: bytes) -> Attempt:
        now = datetime.now(UTC)
        secrets = endpoint.secrets(self._master, now)
        headers = signed(secrets, str(order.event_id), int(now.timestamp()), body)
        usual = {"content-type": MEDIA_TYPE, "user-agent": AGENT, "accept": "*/*"}
        return await self._sender.post(endpoint.url, {**usual, **headers}, body)

    async def _settle(
        self, delivery: Delivery, tenant_id: UUID, endpoint_id: UUID, order: Order, attempt: Attempt
    ) -> None:
        wait, since, now = None, _since(delivery, order), time.time()
        made = order.attempts + 1
        if not attempt.delivered and not attempt.final and order.type != TEST_TYPE:
            wait = self._wait(now - since, attempt.retry_after)
            if not self._room.allows(made):
                wait, attempt = None, replace(attempt, error=attempt.error + NO_ROOM)
        state: State = "delivered" if attempt.delivered else "given_up" if wait is None else "retrying"
        due = None if wait is None else now + wait
        order = order.model_copy(update={"attempts": made, "since": since, "due": due})
        await self._record(tenant_id, endpoint_id, order, state, attempt)
        if due is not None:
            await orders.put_again(self._jetstream, tenant_id, endpoint_id, order, settles=delivery.sequence)

    async def _record(
        self, tenant_id: UUID, endpoint_id: UUID, order: Order, state: State, attempt: Attempt
    ) -> None:
        """What the owner of the endpoint sees. `order` as it is from now on."""
        telemetry.WEBHOOK_ATTEMPTS.labels(state).inc()
        attempted = Attempted(
            event_id=order.event_id,
            type=order.type,
            sequence=order.sequence,
            state=state,
            attempts=order.attempts,
            status=attempt.status,
            error=attempt.error,
            took_ms=attempt.took_ms,
            at=datetime.now(UTC),
            next_at=datetime.fromtimestamp(order.due, UTC) if state == "retrying" and order.due else None,
        )
        await orders.record(self._jetstream, tenant_id, endpoint_id, order.place, attempted)

    async def _body(self, tenant_id: UUID, endpoint_id: UUID, order: Order) -> bytes | None:
        """From the log, as it is now. None when it is not there any more."""
        if order.sequence is None:
            return check_body(str(order.event_id), tenant_id, endpoint_id, datetime.now(UTC))
        with unavailable("the event cannot be read"):
            try:
                stored = await self._jetstream.get_msg(PANELS.name, order.sequence)
            except nats.js.errors.NotFoundError:
                return None
        try:
            headers = cast("dict[str, str]", stored.headers or {})
            recorded = decode(stored.subject or "", headers, stored.data or b"", order.sequence)
        except Unreadable as error:
            raise Reject(f"the ordered event: {error}") from None
        if recorded.envelope.panel.tenant_id != tenant_id:
            raise Reject(f"event {order.sequence} is of another tenant than its order")
        return event_body(recorded)


def _since(delivery: Delivery, order: Order) -> float:
    return delivery.stored_at if order.since is None else order.since


def _order(delivery: Delivery) -> tuple[UUID, UUID, Order]:
    """Tenant, endpoint and order. Raises Reject."""
    try:
        _, _, tenant_id, endpoint_id = delivery.subject.split(".")
        return UUID(tenant_id), UUID(endpoint_id), Order.model_validate_json(delivery.body)
    except (ValueError, ValidationError) as error:
        raise Reject(f"no order of a delivery: {type(error).__name__}") from None
