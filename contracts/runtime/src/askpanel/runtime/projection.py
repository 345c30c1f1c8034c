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
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Protocol

from nats.js import JetStreamContext

from askpanel.contracts.envelope import Recorded, Unreadable, decode
from askpanel.runtime import telemetry
from askpanel.runtime.errors import LogMisconfigured
from askpanel.runtime.log import EventLog, Position
from askpanel.runtime.tail import RawEvent, follow

logger = logging.getLogger(__name__)


class StoreUnavailable(Exception):
    """The store cannot be reached or is busy: try the same batch again."""


class Poison(Exception):
    """The store refuses this content; trying again cannot help. The text is the reason."""


class CheckpointMoved(Exception):
    """Another projector applied meanwhile: read the checkpoint again."""


class Store(Protocol):
    """Where events are projected to. Every call is one transaction."""

    async def checkpoint(self) -> Position | None:
        """Where the projection stands; None before the first event. Raises StoreUnavailable."""
        ...

    async def apply(self, events: Sequence[Recorded], *, previous: int, position: Position) -> None:
        """Write the rows of the events and move the checkpoint from `previous` to `position`.

        Raises StoreUnavailable, Poison or CheckpointMoved; then nothing was written.
        """
        ...


class DeadLetters(Protocol):
    """Where an event goes that cannot be projected. Returns when it is stored; raises LogUnavailable."""

    async def __call__(self, raw: RawEvent, reason: str) -> None: ...


class LogBehindCheckpoint(LogMisconfigured):
    """The log is shorter than the checkpoint, or another one: an older backup or a new stream."""


class Projection:
    """One projection of the log. `batch` bounds events a transaction, `linger` how long one is collected."""

    def __init__(
        self,
        name: str,
        log: EventLog,
        store: Store,
        bury: DeadLetters,
        *,
        batch: int = 200,
        linger: float = 0.004,
    ) -> None:
        self._name = name
        self._log = log
        self._jetstream: JetStreamContext = log.jetstream
        self._store = store
        self._bury = bury
        self._batch = batch
        self._linger = linger
        self.position = 0

    async def run(self, *, until: int | None = None) -> None:
        """Project for ever, or until sequence `until` is done. Raises LogBehindCheckpoint."""
        end = await self._log.position()
        checkpoint = await self._patiently_checkpoint()
        if checkpoint is not None:
            _check_epoch(checkpoint, end)
        self.position = checkpoint.sequence if checkpoint else 0
        epoch = end.epoch
        while until is None or self.position < until:
            try:
                await self._follow(epoch, until)
            except CheckpointMoved:
                moved = await self._patiently_checkpoint()
                self.position = moved.sequence if moved else 0

    async def _follow(self, epoch: str, until: int | None) -> None:
        async with aclosing(
            _batches(self._jetstream, self.position, self._batch, self._linger, until)
        ) as batches:
            async for batch in batches:
                if batch:
                    await self._apply(batch, epoch)
                await self._measure(batch[-1] if batch else None)
                if until is not None and self.position >= until:
                    return

    async def _apply(self, batch: Sequence[RawEvent], epoch: str) -> None:
        readable: list[Recorded] = []
        for raw in batch:
            try:
                readable.append(decode(raw.subject, raw.headers, raw.body, raw.sequence))
            except Unreadable as error:
                await self._bury(raw, f"unreadable: {error}")
        position = Position(batch[-1].sequence, epoch)
        try:
            await self._patiently_apply(readable, position)
        except Poison as error:
            if len(batch) == 1:
                await self._bury(batch[0], f"poison: {error}")
                await self._patiently_apply([], position)
                return
            logger.warning("a batch of %d is refused (%s): applying one by one", len(batch), error)
            for raw in batch:
                await self._apply([raw], epoch)

    async def _patiently_apply(self, events: Sequence[Recorded], position: Position) -> None:
        """Apply, waiting for the store for as long as it takes; only content ends the wait."""
        pause = 0.1
        while True:
            try:
                await self._store.apply(events, previous=self.position, position=position)
            except StoreUnavailable as error:
                logger.warning("projection %s waits for its store: %s", self._name, error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
            else:
                self.position = position.sequence
                return

    async def _patiently_checkpoint(self) -> Position | None:
        pause = 0.1
        while True:
            try:
                return await self._store.checkpoint()
            except StoreUnavailable as error:
                logger.warning("projection %s waits for its store: %s", self._name, error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def _measure(self, last: RawEvent | None) -> None:
        telemetry.PROJECTION_SEQUENCE.labels(self._name).set(self.position)
        age = time.time() - last.stored_at if last else 0.0
        telemetry.PROJECTION_AGE.labels(self._name).set(max(age, 0.0))


def _check_epoch(checkpoint: Position, end: Position) -> None:
    if checkpoint.epoch and end.epoch and checkpoint.epoch != end.epoch:
        raise LogBehindCheckpoint(
            f"the checkpoint is of the log created {checkpoint.epoch}, this log was created {end.epoch}: "
            "restore the right log, or rebuild the tables with `askpanel replay`"
        )
    if end.sequence < checkpoint.sequence:
        raise LogBehindCheckpoint(
            f"the log ends at {end.sequence}, the checkpoint is at {checkpoint.sequence}: "
            "restore a newer log, or rebuild the tables with `askpanel replay`"
        )


async def _batches(
    jetstream: JetStreamContext, after: int, size: int, linger: float, until: int | None
) -> AsyncGenerator[list[RawEvent]]:
    """Batches of the log; an empty one now and then while nothing comes.

    A batch closes when full, when `until` is in it, or when nothing more came for `linger` seconds.
    """
    async with aclosing(follow(jetstream, after=after)) as events:
        queue: asyncio.Queue[RawEvent | None] = asyncio.Queue(maxsize=size * 2)

        async def pump() -> None:
            async for event in events:
                await queue.put(event)

        async with asyncio.TaskGroup() as group:
            task = group.create_task(pump())
            try:
                while True:
                    yield await _collect(queue, size, linger, until)
            finally:
                task.cancel()


async def _collect(
    queue: "asyncio.Queue[RawEvent | None]", size: int, linger: float, until: int | None
) -> list[RawEvent]:
    first = await queue.get()
    if first is None:
        return []
    batch = [first]
    while len(batch) < size and (until is None or batch[-1].sequence < until):
        try:
            event = queue.get_nowait() if not queue.empty() else await asyncio.wait_for(queue.get(), linger)
        except TimeoutError:
            break
        if event is not None:
            batch.append(event)
    return batch
