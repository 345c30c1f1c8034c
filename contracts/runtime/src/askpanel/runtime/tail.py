"""The live tail: every event of the log, in order, from a sequence on, through an ordered consumer.

One per process, whatever the number of listeners. The consumer is ephemeral and recreated by the client
after a gap or a lost connection; with a heartbeat of half a second that takes one to two seconds.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import nats.errors
from nats.js import JetStreamContext, api

from askpanel.contracts.topology import PANELS

HEARTBEAT = 0.5


@dataclass(frozen=True, slots=True)
class RawEvent:
    """A message of the log before it is read. `stored_at` is the server's clock, in seconds."""

    subject: str
    headers: dict[str, str]
    body: bytes
    sequence: int
    stored_at: float


async def follow(jetstream: JetStreamContext, *, after: int) -> AsyncGenerator[RawEvent | None]:
    """Messages after sequence `after`, in order, without gap or repetition; None when none came for a while.

    Ends only by cancellation or when the connection is closed for good.
    """
    subscription = await jetstream.subscribe(
        "",
        stream=PANELS.name,
        ordered_consumer=True,
        idle_heartbeat=HEARTBEAT,
        config=api.ConsumerConfig(
            deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=after + 1,
            filter_subjects=list(PANELS.subjects),
        ),
    )
    position = after
    try:
        while True:
            try:
                message = await subscription.next_msg(timeout=1.0)
            except nats.errors.TimeoutError:
                yield None
                continue
            metadata = message.metadata
            if metadata.sequence.stream <= position:
                continue
            position = metadata.sequence.stream
            yield RawEvent(
                message.subject,
                dict(message.headers or {}),
                message.data,
                position,
                metadata.timestamp.timestamp(),
            )
    finally:
        await subscription.unsubscribe()
