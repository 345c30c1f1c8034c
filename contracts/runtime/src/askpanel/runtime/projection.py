"""The projection loop: the log in order, in batches, from the checkpoint on.

    loop:  read the checkpoint → follow the log after it → collect a batch → apply it with the new
           checkpoint in one transaction → go on

There is nothing to acknowledge: the position lives with the rows, so a batch is applied once however
often the process dies. A batch that fails is tried again as it is; when it keeps failing on its content,
its events are applied one by one, and the one that fails is written to the dead letters before the
checkpoint passes it, so it neither blocks the panels behind it nor disappears.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Literal, Protocol, TypeVar

from askpanel.contracts.envelope import Recorded, Unreadable, decode
from askpanel.contracts.topology import PANELS
from askpanel.runtime import telemetry, tracing
from askpanel.runtime.burying import GivenUp, bury
from askpanel.runtime.ending import end
from askpanel.runtime.errors import LogUnavailable
from askpanel.runtime.everything import everything
from askpanel.runtime.log import EventLog, Position
from askpanel.runtime.tail import RawEvent, check_same

logger = logging.getLogger(__name__)

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
"""Seconds between attempts while the store or the log is away."""


class StoreUnavailable(Exception):
    """The store cannot be reached or is busy: try the same batch again."""


class StandsBy(StoreUnavailable):
    """Another projector fills the store: it is up to that one, until it goes away."""


class Poison(Exception):
    """The store refuses this content; trying again cannot help. The text is the reason."""


class CheckpointMoved(Exception):
    """Another projector applied meanwhile: read the checkpoint again."""


class Store(Protocol):
    """Where events are projected to. Every call is one transaction."""

    async def checkpoint(self) -> Position | None:
        """Where the projection stands; None before the first event. Raises StoreUnavailable or StandsBy."""
        ...

    async def apply(self, events: Sequence[Recorded], *, previous: int, position: Position) -> None:
        """Write the rows of the events and move the checkpoint from `previous` to `position`.

        Raises StoreUnavailable, Poison or CheckpointMoved; then nothing was written.
        """
        ...

    def holds(self) -> bool:
        """Whether what was applied is still there for certain: the store has not gone away since."""
        ...


Reason = Literal["unreadable", "poison"]


class DeadLetters(Protocol):
    """Where an event goes that cannot be projected. Returns when it is stored; raises LogUnavailable."""

    async def __call__(self, raw: RawEvent, reason: Reason, error: str) -> None: ...


Result = TypeVar("Result")
Arrived = asyncio.Queue[RawEvent | Exception | None]
"""What the tail gave, at last what ended it."""


LONGEST_LINGER = 0.1
"""Seconds a batch is collected at the most, however long the one before took to apply."""


class Projection:
    """One projection of the log. `batch` bounds events a transaction, `linger` the seconds one is collected.

    Where applying takes longer than `linger`, as on a busy machine, the next batch is collected for as long: so
    transactions become fewer and larger just where each of them costs most.
    """

    def __init__(
        self,
        name: str,
        log: EventLog,
        store: Store,
        bury: DeadLetters,
        *,
        batch: int = 200,
        linger: float = 0.04,
    ) -> None:
        self._name = name
        self._log = log
        self._store = store
        self._bury = bury
        self._batch = batch
        self._linger = linger
        self._took = 0.0
        self._waits_since: float | None = None
        self._current: float | None = time.time()
        self.position = 0
        self.epoch = ""
        self.following = False
        """Whether the checkpoint was found to be of this log, and the log is being followed."""

    @property
    def unheard(self) -> float:
        """Seconds of waiting in which nothing came from the log, not even that there is no more."""
        return 0.0 if self._waits_since is None else time.monotonic() - self._waits_since

    @property
    def age(self) -> float:
        """Seconds since the store was last known to hold all of the log; 0 while another projector fills it.

        Whatever keeps the projection from going on lets it grow. Up to a heartbeat's distance while nothing happens.
        """
        return 0.0 if self._current is None else max(time.time() - self._current, 0.0)

    async def run(self, *, until: int | None = None) -> None:
        """Project for ever, or until sequence `until` is done. Raises LogReplaced."""
        telemetry.PROJECTION_AGE.labels(self._name).set_function(lambda: self.age)
        while True:
            epoch = self.epoch = await self._resume()
            self.following = True
            try:
                await self._follow(epoch, until)
            except CheckpointMoved as error:
                logger.info("projection %s: %s; reading it again", self._name, error)
            except LogUnavailable as error:
                logger.warning("projection %s waits: %s", self._name, error)
                await asyncio.sleep(LONGEST_PAUSE)
            else:
                return
            finally:
                self.following = False

    async def _resume(self) -> str:
        """Take the position from the checkpoint, if it is of this log. Returns the log's epoch."""
        checkpoint = await self._patiently(self._store.checkpoint)
        end = await self._patiently(self._log.position)
        if checkpoint is not None:
            check_same(checkpoint, end)
        self.position = checkpoint.sequence if checkpoint else 0
        return end.epoch

    async def _follow(self, epoch: str, until: int | None) -> None:
        arrived: Arrived = asyncio.Queue(maxsize=self._batch * 2)
        tail = everything(self._log, after=self.position, epoch=epoch)
        pump = asyncio.create_task(_pump(tail, arrived))
        try:
            while until is None or self.position < until:
                batch, failure = await self._collect(arrived, until)
                if batch:
                    began = time.monotonic()
                    with tracing.processing_batch(PANELS, self._name, [raw.headers for raw in batch]):
                        await self._apply(batch, epoch)
                    self._took = time.monotonic() - began
                elif not self._store.holds():
                    raise CheckpointMoved("the store went away, perhaps with the last of it")
                if batch or failure is None:
                    self._measure(batch)
                if failure is not None:
                    raise failure
        finally:
            await end(pump)

    async def _collect(self, arrived: Arrived, until: int | None) -> tuple[list[RawEvent], Exception | None]:
        """A batch, and what ended the tail after it. Empty now and then while there is nothing.

        A batch closes when full, when `until` is in it, or some time after its first event: see the class.
        """
        batch: list[RawEvent] = []
        item = await self._hear(arrived)
        closes = time.monotonic() + max(self._linger, min(self._took, LONGEST_LINGER))
        while True:
            if isinstance(item, Exception):
                return batch, item
            if item is not None:
                batch.append(item)
            if (
                not batch
                or len(batch) == self._batch
                or (batch[-1].sequence == until and not batch[-1].archived)
            ):
                return batch, None
            try:
                item = await _next(arrived, max(closes - time.monotonic(), 0))
            except TimeoutError:
                return batch, None

    async def _hear(self, arrived: Arrived) -> RawEvent | Exception | None:
        """What comes next, however long that takes: see `unheard`."""
        if self._waits_since is None:
            self._waits_since = time.monotonic()
        item = await arrived.get()
        if not isinstance(item, LogUnavailable):
            self._waits_since = None
        return item

    async def _apply(self, batch: Sequence[RawEvent], epoch: str) -> None:
        """Apply a batch as one, or else event by event."""
        events = [await self._readable(raw) for raw in batch]
        readable = [event for event in events if event is not None]
        try:
            await self._advance(readable, self._reached(batch, epoch))
        except Poison as error:
            if len(batch) == 1:
                await self._give_up(batch[0], str(error), self._reached(batch, epoch))
                return
            logger.warning("a batch of %d is refused (%s): applying one by one", len(batch), error)
            for raw, event in zip(batch, events, strict=True):
                await self._apply_one(raw, event, self._reached([raw], epoch))

    def _reached(self, batch: Sequence[RawEvent], epoch: str) -> Position:
        """Where the log is after a batch; what comes from the archive moves nothing, and may come again."""
        on_log = [raw.sequence for raw in batch if not raw.archived]
        return Position(on_log[-1] if on_log else self.position, epoch)

    async def _apply_one(self, raw: RawEvent, event: Recorded | None, position: Position) -> None:
        try:
            await self._advance([event] if event else [], position)
        except Poison as error:
            await self._give_up(raw, str(error), position)

    async def _give_up(self, raw: RawEvent, reason: str, position: Position) -> None:
        """A dead letter, and only then past it."""
        await self._patiently(lambda: self._bury(raw, "poison", reason))
        await self._advance([], position)

    async def _readable(self, raw: RawEvent) -> Recorded | None:
        try:
            return decode(*raw.message)
        except Unreadable as error:
            reason = str(error)
            await self._patiently(lambda: self._bury(raw, "unreadable", reason))
            return None

    async def _advance(self, events: Sequence[Recorded], position: Position) -> None:
        """Apply, waiting for the store for as long as it takes; only content, or another projector, ends the wait."""
        await self._patiently(lambda: self._store.apply(events, previous=self.position, position=position))
        self.position = position.sequence

    async def _patiently(self, act: Callable[[], Awaitable[Result]]) -> Result:
        """Do it, again and again while the store or the log is away, or it is another projector's turn."""
        pause = FIRST_PAUSE
        while True:
            try:
                result = await act()
            except (StoreUnavailable, LogUnavailable) as error:
                logger.warning("projection %s waits: %s", self._name, error)
                self._stand_by(isinstance(error, StandsBy))
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                self._stand_by(False)
                return result

    def _stand_by(self, standing: bool) -> None:
        """Whose turn it is. Who stands by answers for nothing, and knows of nothing that is missing."""
        if standing:
            self._current = None
            telemetry.PROJECTION_LAG.labels(self._name).set(0)
        elif self._current is None:
            self._current = time.time()

    def _measure(self, batch: Sequence[RawEvent]) -> None:
        """Where it is after a batch, or after the log said that there is no more."""
        self._current = batch[-1].stored_at if batch else time.time()
        telemetry.PROJECTION_SEQUENCE.labels(self._name).set(self.position)
        telemetry.PROJECTION_LAG.labels(self._name).set(batch[-1].pending if batch else 0)


def dead_letters(log: EventLog, service: str) -> DeadLetters:
    """Dead letters on the log's connection, in the form the worker loop uses. One event has one letter."""

    async def write(raw: RawEvent, reason: Reason, error: str) -> None:
        given_up = GivenUp(
            service=service,
            durable=service,
            stream=PANELS.name,
            sequence=raw.sequence,
            deliveries=1,
            subject=raw.subject,
            headers=raw.headers,
            body=raw.body,
        )
        await bury(log.jetstream, given_up, reason, error)

    return write


async def _next(arrived: Arrived, seconds: float) -> RawEvent | Exception | None:
    """The next item. Raises TimeoutError where none comes in so many seconds."""
    if not arrived.empty():
        return arrived.get_nowait()
    async with asyncio.timeout(seconds):
        return await arrived.get()


async def _pump(tail: AsyncGenerator[RawEvent | None], arrived: Arrived) -> None:
    """Move the tail into the queue; what ends the tail becomes its last item."""
    try:
        async with aclosing(tail):
            async for event in tail:
                await arrived.put(event)
    except Exception as error:  # noqa: BLE001  (raised again by whoever reads the queue)
        await arrived.put(error)
