"""The live tail: every event of the log, in order, from a sequence on.

One per process, whatever the number of listeners. It rests on an ephemeral push consumer with flow control
and a heartbeat of half a second. When a number is missing, or the heartbeat stops (the server restarted,
the connection broke), a new consumer continues after the last event handed out, one to two seconds later.

Not the client's own ordered consumer: that one starts again at the first event of the log when it is reset
before any event arrived, and stays silent for good when its watching task meets an error (nats-py 2.16).
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext, api

from askpanel.contracts.topology import PANELS
from askpanel.runtime.connection import receive
from askpanel.runtime.errors import LogMisconfigured, Raw
from askpanel.runtime.log import Position
from askpanel.runtime.unavailable import CLIENT_ERRORS

logger = logging.getLogger(__name__)

HEARTBEAT = 0.5
SILENCE = 3 * HEARTBEAT
"""Seconds without message or heartbeat after which the consumer counts as lost."""


GO_ON = (
    "or go on with this one: `delete from askpanel.projection_checkpoint` as the tables' owner, and the projector "
    "writes the tables from it (docs/operating.md, The log was replaced)"
)
"""For an operator: nobody else decides that what is on neither log nor copy is lost."""


class LogReplaced(LogMisconfigured):
    """Another log, or an older copy of it, stands where the log was."""


@dataclass(frozen=True, slots=True)
class RawEvent:
    """A message of the log before it is read. `stored_at` is the server's clock, in seconds.

    `pending` events came after this one when the server sent it. `archived`: it is not on the log any more.
    """

    subject: str
    headers: dict[str, str]
    body: bytes
    sequence: int
    stored_at: float
    pending: int = 0
    archived: bool = False

    @property
    def message(self) -> Raw:
        """It as other reads of the log give it."""
        return self.subject, self.headers, self.body, self.sequence


async def follow(
    jetstream: JetStreamContext, *, after: int, epoch: str | None = None
) -> AsyncGenerator[RawEvent | None]:
    """Messages after sequence `after`, in order, without gap or repetition; None when the server says that is all.

    Waits out every outage in silence: whoever hears nothing for longer than SILENCE knows nothing of the log.
    With `epoch`, each new consumer first checks that the log is the one of that epoch and not shorter than what
    was handed out; else raises LogReplaced. Ends only so, by cancellation, or with
    nats.errors.ConnectionClosedError when the connection is closed for good.
    """
    position = after
    pause = 0.1
    while True:
        try:
            if epoch is not None:
                await _check(jetstream, Position(position, epoch))
            async with aclosing(_attached(jetstream, position)) as events:
                async for event in events:
                    pause = 0.1
                    if event is not None:
                        position = event.sequence
                    yield event
        except nats.errors.ConnectionClosedError:
            raise
        except CLIENT_ERRORS as error:
            logger.warning("tail: %r; following again from %d", error, position)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 1.0)


def check_same(reached: Position, end: Position) -> None:
    """Raise LogReplaced unless `reached` lies on the log that ends at `end`."""
    if reached.epoch != end.epoch:
        raise LogReplaced(
            f"sequence {reached.sequence} was reached on the log created {reached.epoch}; this one was created "
            f"{end.epoch}: restore the right log, {GO_ON}"
        )
    if end.sequence < reached.sequence:
        raise LogReplaced(
            f"the log ends at {end.sequence}, but {reached.sequence} was reached before: it is an older copy; "
            f"restore a newer one, {GO_ON}"
        )


async def _check(jetstream: JetStreamContext, reached: Position) -> None:
    info = await jetstream.stream_info(PANELS.name)
    check_same(reached, Position(info.state.last_seq, str(info.created or "")))


async def _attached(jetstream: JetStreamContext, after: int) -> AsyncGenerator[RawEvent | None]:
    """One consumer's messages, until it is lost; then it just ends."""
    client: Client = jetstream._nc  # nats-py has no public word for it
    arrived: asyncio.Queue[Msg] = asyncio.Queue()
    inbox = client.new_inbox()
    subscription = await receive(client, inbox, arrived.put_nowait)
    try:
        await jetstream.add_consumer(PANELS.name, config=_consumer(inbox, after))
        delivered = 0
        while True:
            try:
                # Not `wait_for`: in Python 3.11 it may lose the cancellation that ends us.
                if arrived.empty():
                    async with asyncio.timeout(SILENCE):
                        message = await arrived.get()
                else:
                    message = arrived.get_nowait()
            except TimeoutError:
                logger.info("tail: silent for %.1f s; following again from %d", SILENCE, after)
                return
            if (message.headers or {}).get("Status"):
                wanted = _wanted(message)
                if wanted:
                    await client.publish(wanted)
                if _missed(message, delivered):
                    return
                if not wanted:
                    yield None
                continue
            metadata = message.metadata
            if metadata.sequence.consumer != delivered + 1:
                return
            delivered += 1
            after = metadata.sequence.stream
            yield RawEvent(
                message.subject,
                dict(message.headers or {}),
                message.data,
                after,
                metadata.timestamp.timestamp(),
                metadata.num_pending,
            )
    finally:
        if not client.is_closed:
            await subscription.unsubscribe()


def _wanted(control: Msg) -> str | None:
    """Where the server wants a sign before it sends more; None: it has nothing to send."""
    return control.reply or (control.headers or {}).get("Nats-Consumer-Stalled")


def _missed(control: Msg, delivered: int) -> bool:
    """Whether a heartbeat knows of messages that never came."""
    last = (control.headers or {}).get("Nats-Last-Consumer")
    return last is not None and int(last) != delivered


def _consumer(inbox: str, after: int) -> api.ConsumerConfig:
    """Without a filter, since all of the stream is wanted: listing its subjects made it six times slower."""
    return api.ConsumerConfig(
        name=inbox.rpartition(".")[2],
        deliver_subject=inbox,
        deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=after + 1,
        ack_policy=api.AckPolicy.NONE,
        max_deliver=1,
        flow_control=True,
        idle_heartbeat=HEARTBEAT,
        mem_storage=True,
        num_replicas=1,
        inactive_threshold=5.0,
    )
