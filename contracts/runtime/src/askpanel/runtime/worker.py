"""The worker loop: one durable pull consumer, explicit settlement, on FastStream.

For each message exactly one of these happens:

| the handler | the message |
|---|---|
| returns | is acknowledged |
| raises Retry | comes again after its delay |
| raises Reject, or the message is unreadable | dead letter, then terminated |
| raises LogUnavailable | comes again after a growing delay: nothing is wrong with the message |
| raises anything else (a bug) | comes again after a growing delay; at the POISON_AFTER-th delivery a dead letter |

The dead letter is written before the message is terminated. While a handler works, the message is kept
alive at a third of its `ack_wait`, so slow work is never done twice by a healthy process.
"""

import asyncio
import base64
import json
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from askpanel.contracts.envelope import Recorded, Unreadable, decode
from askpanel.contracts.topology import Durable, dead_letter_subject
from askpanel.runtime import telemetry
from askpanel.runtime.errors import LogUnavailable, Reject, Retry
from askpanel.runtime.log import EventLog

logger = logging.getLogger(__name__)

POISON_AFTER = 5
DELAYS = (0.2, 1.0, 3.0, 10.0, 30.0)


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a message came: times in seconds since the epoch by the server's clock."""

    subject: str
    headers: dict[str, str]
    body: bytes
    sequence: int
    consumer_sequence: int
    attempt: int
    stored_at: float

    @property
    def redelivered(self) -> bool:
        """Somebody may have worked on it before."""
        return self.attempt > 1

    def decode(self) -> Recorded:
        """The event in this message. Raises Unreadable."""
        return decode(self.subject, self.headers, self.body, self.sequence)


Handler = Callable[[Delivery], Awaitable[None]]


class Worker:
    """Feeds a handler from a durable. `parallel` messages are handled at once.

    With `windowed`, up to `parallel` messages are fetched together and the next fetch waits for all of
    them: right for quick handlers. Otherwise each free slot takes the next message: right for slow ones.
    """

    def __init__(self, durable: Durable, handler: Handler, *, parallel: int, windowed: bool = False) -> None:
        self.durable = durable
        self._handler = handler
        self._parallel = parallel
        self._windowed = windowed
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._draining = False
        self._log: EventLog | None = None

    def subscribe(self, broker: NatsBroker) -> None:
        """Register with the broker; consumption begins when the broker starts."""
        slots: dict[str, Any] = (
            {"pull_sub": PullSub(batch_size=self._parallel)}
            if self._windowed
            else {"pull_sub": PullSub(batch_size=1), "max_workers": self._parallel}
        )
        subscribe: Any = broker.subscriber  # its overloads do not know a computed set of arguments
        subscriber = subscribe(
            "",
            durable=self.durable.name,
            stream=JStream(self.durable.stream, declare=False),
            ack_policy=AckPolicy.MANUAL,
            **slots,
        )

        async def receive(message: NatsMessage) -> None:
            await self._receive(message.raw_message)

        subscriber(receive)

    def bind(self, log: EventLog) -> None:
        """The log whose connection dead letters go through."""
        self._log = log

    async def drain(self, timeout: float) -> None:
        """Take nothing new and wait for the work in flight; what remains is redelivered elsewhere."""
        self._draining = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), timeout)

    async def _receive(self, raw: Msg) -> None:
        if self._draining:
            await self._settle(raw.nak(delay=0.1), "handed back")
            return
        self._in_flight += 1
        self._idle.clear()
        started = time.perf_counter()
        heartbeat = asyncio.get_running_loop().call_later(self.durable.ack_wait / 3, self._keep_alive, raw)
        try:
            outcome = await self._handle(raw)
        finally:
            heartbeat.cancel()
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()
        telemetry.HANDLED.labels(self.durable.name, outcome).inc()
        telemetry.HANDLING.labels(self.durable.name).observe(time.perf_counter() - started)

    def _keep_alive(self, raw: Msg) -> None:
        """Tell the server that the message is being worked on, again and again until it is settled."""
        if raw._ackd:  # nats-py has no public word for it
            return
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._settle(raw.in_progress(), "in progress"))
        task.add_done_callback(lambda _: loop.call_later(self.durable.ack_wait / 3, self._keep_alive, raw))

    async def _handle(self, raw: Msg) -> str:
        try:
            delivery = _delivery(raw)
            await self._handler(delivery)
        except Retry as retry:
            await self._settle(raw.nak(delay=retry.after), "retry")
            return "retried"
        except (Reject, Unreadable) as error:
            return await self._bury(raw, type(error).__name__, str(error))
        except LogUnavailable as error:
            logger.warning("%s: %s", self.durable.name, error)
            await self._settle(raw.nak(delay=self._delay(raw)), "retry")
            return "retried"
        except asyncio.CancelledError:
            raise
        except Exception as error:
            if raw.metadata.num_delivered >= POISON_AFTER:
                return await self._bury(raw, "poison", f"{type(error).__name__}: {error}")
            logger.exception("%s failed on %s", self.durable.name, raw.subject)
            await self._settle(raw.nak(delay=self._delay(raw)), "retry")
            return "failed"
        await self._settle(raw.ack(), "acknowledge")
        return "done"

    def _delay(self, raw: Msg) -> float:
        return DELAYS[min(raw.metadata.num_delivered, len(DELAYS)) - 1]

    async def _bury(self, raw: Msg, reason: str, error: str) -> str:
        assert self._log is not None
        letter = dead_letter(raw, self.durable, reason, error)
        identity = f"{self.durable.stream}:{raw.metadata.sequence.stream}:{self.durable.name}"
        try:
            await self._log.jetstream.publish(
                dead_letter_subject(self.durable.service), letter, headers={"Nats-Msg-Id": identity}
            )
        except (NatsError, TimeoutError, OSError) as failure:
            logger.warning("dead letter not confirmed: %r", failure)
            await self._settle(raw.nak(delay=self._delay(raw)), "retry")
            return "retried"
        telemetry.DEAD_LETTERS.labels(self.durable.service).inc()
        logger.error(
            "dead letter: %s: %s", reason, error, extra={"subject": raw.subject, "durable": self.durable.name}
        )
        await self._settle(raw.term(), "terminate")
        return "dead"

    async def _settle(self, settlement: Awaitable[None], what: str) -> None:
        """A lost settlement means a redelivery, which every handler must stand anyway."""
        try:
            await settlement
        except (NatsError, OSError) as error:
            logger.warning("could not %s a message of %s: %r", what, self.durable.name, error)


def dead_letter(raw: Msg, durable: Durable, reason: str, error: str) -> bytes:
    """The JSON of a dead letter: reason, error, deliveries, original subject, headers and body (base64)."""
    return json.dumps(
        {
            "reason": reason,
            "error": error[:2000],
            "durable": durable.name,
            "stream": durable.stream,
            "sequence": raw.metadata.sequence.stream,
            "deliveries": raw.metadata.num_delivered,
            "subject": raw.subject,
            "headers": raw.headers or {},
            "body": base64.b64encode(raw.data[:500_000]).decode(),
        }
    ).encode()


def _delivery(raw: Msg) -> Delivery:
    metadata = raw.metadata
    return Delivery(
        subject=raw.subject,
        headers=dict(raw.headers or {}),
        body=raw.data,
        sequence=metadata.sequence.stream,
        consumer_sequence=metadata.sequence.consumer,
        attempt=metadata.num_delivered,
        stored_at=metadata.timestamp.timestamp(),
    )
