"""The worker loop: one durable pull consumer, explicit settlement.

For each message exactly one of these happens:

| the handler | the message |
|---|---|
| returns | is acknowledged |
| raises Retry | comes again after its delay |
| raises Reject, or the message is unreadable | dead letter, then terminated |
| raises LogUnavailable | comes again after a growing delay; from the KEPT_FROM-th delivery on it is kept and handled again |
| runs out of memory | comes again after `ack_wait`: the process ends at once |
| raises anything else (a bug) | comes again after a growing delay; at the POISON_AFTER-th delivery a dead letter |
| raises Retry at its last delivery | dead letter `exhausted`, then terminated |

The dead letter is written before the message is terminated; while that cannot be, it is as if the handler had
raised LogUnavailable. Then nothing is wrong with the message, and the server, which counts deliveries and drops a
message in silence after the last, must not be asked for more of them. While a handler works, the message is kept
alive at a third of its `ack_wait`, so slow work is never done twice by a healthy process.
"""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from askpanel.contracts.envelope import Recorded, Unreadable, decode
from askpanel.contracts.topology import Durable
from askpanel.runtime import telemetry, tracing
from askpanel.runtime.burying import GivenUp, bury
from askpanel.runtime.ending import end
from askpanel.runtime.errors import LogUnavailable, Reject, Retry
from askpanel.runtime.log import EventLog
from askpanel.runtime.pull import Pull

logger = logging.getLogger(__name__)

POISON_AFTER = 5
KEPT_FROM = 10
"""Half of what the server grants: what is left is for processes that die with the message in hand."""
DELAYS = (0.2, 1.0, 3.0, 10.0, 30.0)
OUT_OF_MEMORY = 70
"""Exit code of a process without memory."""
KEPT = "kept in hand"
HAND_BACK = 1.0
"""Seconds after which a message comes again that a draining process gives back."""


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


class Stopped(Exception):
    """A worker takes messages, or keeps them in hand, no longer: its process must be replaced. The log says why."""


@dataclass(slots=True)
class Lease:
    """A message in hand. `raw` is its latest delivery, which is the one to settle."""

    raw: Msg


class Worker:
    """Feeds a handler from a durable. `parallel` messages are handled at once, and no more are leased.

    A message that comes again while it is in hand (the server restarted, a lease ran out) is not handled a
    second time: its new delivery takes the place of the old one.
    """

    def __init__(self, durable: Durable, handler: Handler, *, parallel: int) -> None:
        self.durable = durable
        self.handler = handler
        self._parallel = parallel
        self._leases: dict[int, Lease] = {}
        self._work: set[asyncio.Task[None]] = set()
        self._handing_back: set[asyncio.Task[None]] = set()
        self._draining = False
        self._log: EventLog | None = None
        self._pull: Pull | None = None
        self._background: tuple[asyncio.Task[None], ...] = ()
        self._in_flight = telemetry.IN_FLIGHT.labels(durable.name)
        self._handling = telemetry.HANDLING.labels(durable.name)

    async def start(self, client: Client, log: EventLog) -> None:
        """Consume from here on; dead letters go through the log's connection."""
        self._log = log
        keeper = asyncio.create_task(self._keep_alive(), name=f"the keep-alive of {self.durable.name}")
        self._pull = Pull(client, self.durable, take=self._take, room=self._room)
        self._background = (keeper, await self._pull.start())

    async def watch(self) -> None:
        """Of a started worker, until it is drained. Never returns; raises Stopped."""
        ended, _ = await asyncio.wait(self._background, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            error = None if task.cancelled() else task.exception()
            logger.critical("%s ended", task.get_name(), exc_info=error)
        raise Stopped(f"ended, since {' and '.join(task.get_name() for task in ended)} did: see the log")

    async def drain(self, timeout: float) -> None:
        """Take nothing new and wait for the work in flight; what does not end in time is handed back."""
        self._draining = True
        if self._pull is not None:
            await self._pull.stop()
        if self._work:
            _, late = await asyncio.wait(self._work, timeout=timeout)
            await end(*late)
        await asyncio.gather(*self._handing_back)
        for task in self._background:
            task.cancel()

    def _room(self) -> int:
        return 0 if self._draining else self._parallel - len(self._work)

    def _take(self, raw: Msg) -> None:
        """Start the work on a message, in the order of delivery."""
        sequence = raw.metadata.sequence.stream
        if sequence in self._leases:
            self._leases[sequence].raw = raw
        elif self._draining:
            back = asyncio.create_task(self._settle(raw.nak(delay=HAND_BACK), "hand back"))
            self._handing_back.add(back)
            back.add_done_callback(self._handing_back.discard)
        else:
            lease = self._leases[sequence] = Lease(raw)
            task = asyncio.create_task(self._process(sequence, lease))
            self._work.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if self._pull is not None:
            self._pull.freed()

    async def _process(self, sequence: int, lease: Lease) -> None:
        started = time.perf_counter()
        self._in_flight.inc()
        outcome = "handed back"
        try:
            outcome = await self._handle(lease)
        except asyncio.CancelledError:
            await self._settle(lease.raw.nak(delay=HAND_BACK), "hand back")
            raise
        finally:
            del self._leases[sequence]
            self._in_flight.dec()
            telemetry.HANDLED.labels(self.durable.name, outcome).inc()
            self._handling.observe(time.perf_counter() - started)

    async def _keep_alive(self) -> None:
        """Tell the server, thrice a lease, that what is in flight is being worked on."""
        while True:
            await asyncio.sleep(self.durable.ack_wait / 3)
            for lease in list(self._leases.values()):
                await self._settle(lease.raw.in_progress(), "keep alive")

    async def _handle(self, lease: Lease) -> str:
        while True:
            outcome = await self._handle_once(lease)
            if outcome != KEPT:
                return outcome
            await asyncio.sleep(_delay(lease.raw))

    async def _handle_once(self, lease: Lease) -> str:
        try:
            delivery = _delivery(lease.raw)
            with tracing.processing(delivery.subject, delivery.headers, self.durable, delivery.attempt):
                await self.handler(delivery)
        except Retry as retry:
            return await self._again(lease.raw, retry.after, retry, "retried")
        except (Reject, Unreadable) as error:
            return await self._bury(lease.raw, type(error).__name__, str(error))
        except LogUnavailable as error:
            return await self._unavailable(lease.raw, error)
        except MemoryError:
            # Nothing is wrong with the message, and nothing can be trusted here any more: as the kernel would.
            logger.critical("%s is out of memory: leaving at once", self.durable.name)
            os._exit(OUT_OF_MEMORY)
        except Exception as error:
            raw = lease.raw
            if raw.metadata.num_delivered >= POISON_AFTER:
                return await self._bury(raw, "poison", f"{type(error).__name__}: {error}")
            logger.exception("%s failed on %s", self.durable.name, raw.subject)
            return await self._again(raw, _delay(raw), error, "failed")
        await self._settle(lease.raw.ack(), "acknowledge")
        return "done"

    async def _again(self, raw: Msg, after: float, error: Exception, outcome: str) -> str:
        """Ask for a redelivery; the server grants `max_deliver` deliveries and then drops in silence."""
        if raw.metadata.num_delivered >= self.durable.max_deliver:
            return await self._bury(raw, "exhausted", f"{type(error).__name__}: {error}")
        await self._settle(raw.nak(delay=after), "retry")
        return outcome

    async def _unavailable(self, raw: Msg, error: LogUnavailable) -> str:
        """Wait for the log: elsewhere if somebody else may do better, but never until the server gives up."""
        logger.warning("%s: %s", self.durable.name, error)
        delivered = raw.metadata.num_delivered
        if delivered >= KEPT_FROM or delivered == self.durable.max_deliver:
            return KEPT
        await self._settle(raw.nak(delay=_delay(raw)), "retry")
        return "retried"

    async def _bury(self, raw: Msg, reason: str, error: str) -> str:
        assert self._log is not None
        try:
            await bury(self._log.jetstream, _given_up(raw, self.durable), reason, error)
        except LogUnavailable as failure:
            return await self._unavailable(raw, failure)
        await self._settle(raw.term(), "terminate")
        return "dead"

    async def _settle(self, settlement: Awaitable[None], what: str) -> None:
        """A lost settlement means a redelivery, which every handler must stand anyway."""
        try:
            await settlement
        except (NatsError, OSError) as error:
            logger.warning("could not %s a message of %s: %r", what, self.durable.name, error)


def _given_up(raw: Msg, durable: Durable) -> GivenUp:
    return GivenUp(
        service=durable.service,
        durable=durable.name,
        stream=durable.stream,
        sequence=raw.metadata.sequence.stream,
        deliveries=raw.metadata.num_delivered,
        subject=raw.subject,
        headers=raw.headers or {},
        body=raw.data,
    )


def _delay(raw: Msg) -> float:
    return DELAYS[min(raw.metadata.num_delivered, len(DELAYS)) - 1]


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
