"""Events become orders, orders become requests. Both handlers stand redelivery.

A request is at least once: when the process dies after it and before its order is settled, it is made again
under the same `webhook-id`, by which receivers recognise it.
"""

import random
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
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
from askpanel.gateway.webhooks.schedule import next_wait
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
MOST_TURNED_AWAY = 50_000
"""Orders of which it is known how often they were turned away; as many as may wait."""
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
        self._turned_away: OrderedDict[int, int] = OrderedDict()

    async def __call__(self, delivery: Delivery) -> None:
        tenant_id, endpoint_id, order = _order(delivery)
        with self._one_of(tenant_id, delivery):
            endpoint = await self._registry.find(tenant_id, endpoint_id)
            if endpoint is None or not (endpoint.enabled or order.type == TEST_TYPE):
                return  # removed or switched off since
            body = await self._body(tenant_id, endpoint_id, order)
            if body is None:
                return  # erased since
            attempt = await self._request(endpoint, order, body)
        await self._settle(delivery, tenant_id, endpoint_id, order, attempt)

    @contextmanager
    def _one_of(self, tenant_id: UUID, delivery: Delivery) -> Generator[None]:
        """One of the tenant's requests that may be in hand. Raises Retry when there are enough."""
        if self._in_hand[tenant_id] >= AT_ONCE:
            self._turn_away(delivery.sequence)
            age = time.time() - delivery.stored_at
            raise Retry(min(max(BUSY, age / 4), LONGEST_BUSY), "the tenant's receivers are slow")
        self._in_hand[tenant_id] += 1
        try:
            yield
        finally:
            self._in_hand[tenant_id] -= 1
            if not self._in_hand[tenant_id]:
                del self._in_hand[tenant_id]

    def _turn_away(self, sequence: int) -> None:
        self._turned_away[sequence] = self._turned_away.pop(sequence, 0) + 1
        if len(self._turned_away) > MOST_TURNED_AWAY:
            self._turned_away.popitem(last=False)

    async def _request(self, endpoint: Endpoint, order: Order, body: bytes) -> Attempt:
        now = datetime.now(UTC)
        secrets = endpoint.secrets(self._master, now)
        headers = signed(secrets, str(order.event_id), int(now.timestamp()), body)
        usual = {"content-type": MEDIA_TYPE, "user-agent": AGENT, "accept": "*/*"}
        return await self._sender.post(endpoint.url, {**usual, **headers}, body)

    async def _settle(
        self, delivery: Delivery, tenant_id: UUID, endpoint_id: UUID, order: Order, attempt: Attempt
    ) -> None:
        wait = None
        # The server counts deliveries, also those without a request; how many those were, only this process knows.
        made = max(delivery.attempt - self._turned_away.get(delivery.sequence, 0), 1)
        if not attempt.delivered and not attempt.final and order.type != TEST_TYPE:
            wait = self._wait(time.time() - delivery.stored_at, attempt.retry_after)
            if not self._room.allows(made):
                wait, attempt = None, replace(attempt, error=attempt.error + NO_ROOM)
        state: State = "delivered" if attempt.delivered else "given_up" if wait is None else "retrying"
        telemetry.WEBHOOK_ATTEMPTS.labels(state).inc()
        now = datetime.now(UTC)
        attempted = Attempted(
            event_id=order.event_id,
            type=order.type,
            sequence=order.sequence,
            state=state,
            attempts=made,
            status=attempt.status,
            error=attempt.error,
            took_ms=attempt.took_ms,
            at=now,
            next_at=None if wait is None else now + timedelta(seconds=wait),
        )
        await orders.record(self._jetstream, tenant_id, endpoint_id, order.place, attempted)
        if wait is not None:
            raise Retry(wait, attempt.error)
        self._turned_away.pop(delivery.sequence, None)

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


def _order(delivery: Delivery) -> tuple[UUID, UUID, Order]:
    """Tenant, endpoint and order. Raises Reject."""
    try:
        _, _, tenant_id, endpoint_id = delivery.subject.split(".")
        return UUID(tenant_id), UUID(endpoint_id), Order.model_validate_json(delivery.body)
    except (ValueError, ValidationError) as error:
        raise Reject(f"no order of a delivery: {type(error).__name__}") from None
