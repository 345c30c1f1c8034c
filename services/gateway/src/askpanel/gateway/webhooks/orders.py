"""An order: send this event to that endpoint. References only, so what is erased from the log is sent to nobody.

An order whose attempt failed is settled, and put again with one attempt more: whatever else makes the server hand an
order out once more (a turn of another tenant, a process that ended) counts as none, whichever process sees it.

Attempts of the latest orders are kept in a ring per endpoint, for its owner to look at.
"""

from collections import Counter
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

from nats.js import JetStreamContext
from pydantic import BaseModel, ConfigDict, ValidationError

from askpanel.contracts.topology import WEBHOOK_ATTEMPTS_BUCKET, WEBHOOKS, webhook_subject
from askpanel.runtime import tracing
from askpanel.runtime.buckets import contents
from askpanel.runtime.errors import LogUnavailable
from askpanel.runtime.replies import Replies
from askpanel.runtime.unavailable import unavailable

RING = 200
"""Deliveries of an endpoint that can be looked at: the latest of each place in the ring."""

State = Literal["delivered", "retrying", "given_up"]


class Order(BaseModel):
    """`sequence` is the event's on the log; None for a test. `place` names its place in the ring.

    `attempts` were made; the next is `due`, and the first was due `since` (seconds since the epoch; None: at once,
    and since this order was put).
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    event_id: UUID
    type: str
    sequence: int | None = None
    attempts: int = 0
    since: float | None = None
    due: float | None = None

    @property
    def place(self) -> str:
        """Where its attempts are kept."""
        return "test" if self.sequence is None else str(self.sequence % RING)


class Attempted(BaseModel):
    """What became of an order at its latest attempt. Times in UTC."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    event_id: UUID
    type: str
    sequence: int | None
    state: State
    attempts: int
    status: int | None
    error: str
    took_ms: int
    at: datetime
    next_at: datetime | None = None


async def put(
    jetstream: JetStreamContext,
    tenant_id: UUID,
    endpoint_id: UUID,
    order: Order,
    *,
    again: UUID | None = None,
) -> None:
    """Order a delivery, once: the same order within the deduplication window is the same message.

    `again` names a replay, which is another order of the same event. Raises LogUnavailable.
    """
    identity = f"{endpoint_id}:{order.event_id}" + (f":{again}" if again else "")
    await _publish(jetstream, tenant_id, endpoint_id, order, identity)


async def put_again(
    jetstream: JetStreamContext, tenant_id: UUID, endpoint_id: UUID, order: Order, *, settles: int
) -> None:
    """Order its next attempt, once, in place of the message that is about to be settled. Raises LogUnavailable."""
    await _publish(jetstream, tenant_id, endpoint_id, order, f"after:{settles}")


async def _publish(
    jetstream: JetStreamContext, tenant_id: UUID, endpoint_id: UUID, order: Order, identity: str
) -> None:
    headers = {"Nats-Msg-Id": identity, **tracing.carried()}
    subject, body = webhook_subject(tenant_id, endpoint_id), order.model_dump_json(exclude_none=True).encode()
    with unavailable("the delivery was not ordered"):
        await jetstream.publish(subject, body, headers=headers, timeout=4)


async def waiting(jetstream: JetStreamContext, tenant_id: UUID | None = None) -> Counter[str]:
    """How many orders of each tenant, by its id, or of this one, are not settled. Raises LogUnavailable."""
    subjects = webhook_subject(tenant_id or "*", "*")
    with unavailable("nobody says how many deliveries wait"):
        found = await jetstream.stream_info(WEBHOOKS.name, subjects_filter=subjects)
    counts = Counter[str]()
    for subject, count in (found.state.subjects or {}).items():
        counts[subject.split(".")[2]] += count
    return counts


def a_test(event_type: str) -> Order:
    """An order of no event."""
    return Order(event_id=uuid4(), type=event_type)


async def record(
    jetstream: JetStreamContext, tenant_id: UUID, endpoint_id: UUID, place: str, attempted: Attempted
) -> None:
    """Keep what became of it. Raises LogUnavailable."""
    subject = f"$KV.{WEBHOOK_ATTEMPTS_BUCKET.name}.{tenant_id}.{endpoint_id}.{place}"
    with unavailable("the attempt was not recorded"):
        await jetstream.publish(subject, attempted.model_dump_json().encode(), timeout=4)


async def attempts(replies: Replies, tenant_id: UUID, endpoint_id: UUID) -> list[Attempted]:
    """The latest attempts of an endpoint's orders, newest first. Raises LogUnavailable."""
    there = await contents(replies, WEBHOOK_ATTEMPTS_BUCKET.name, f"{tenant_id}.{endpoint_id}.*")
    try:
        found = [Attempted.model_validate_json(value) for value in there.values.values()]
    except ValidationError as error:
        raise LogUnavailable(f"the deliveries cannot be read: {error!r}") from error
    return sorted(found, key=lambda each: each.at, reverse=True)
