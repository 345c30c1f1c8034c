"""Open streams of each user, over all gateway processes.

Under a user's key each process writes how many streams it has for that user; under its own key, every few
seconds, until when it is to be taken for alive. So a stream costs two small writes while it lasts, and what
a killed process had comes back: whoever would refuse a stream first leaves out the processes that are gone.

While NATS cannot be asked a process goes by its own count and writes it later. When the counts are lost
(NATS began anew) every process writes its own again.
"""

import asyncio
import logging
import secrets
import time
from collections import Counter
from collections.abc import Collection
from uuid import UUID
from weakref import WeakValueDictionary

from askpanel.gateway.limits.holdings import Holdings, decode, elsewhere, encode, with_mine, without
from askpanel.runtime import telemetry
from askpanel.runtime.cells import Cell, Cells, Overtaken
from askpanel.runtime.errors import LogUnavailable

logger = logging.getLogger(__name__)

ALIVE = 15.0
"""Seconds for which a process that said nothing more is still taken for alive; it says so four times in these."""

ATTEMPTS = 20

STARTING = 5.0
"""Seconds in which a new process may still be on its way to NATS without a word in the log."""


class StreamSlots:
    """Counts open streams by user; `most` is None where limits are off. `run` is the task that writes late."""

    def __init__(self, cells: Cells, most: int | None, *, alive: float = ALIVE) -> None:
        self.most = most
        self._alive = alive
        self._cells = cells
        self._me = secrets.token_hex(4)
        self._open: Counter[UUID] = Counter()
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._unwritten: set[UUID] = set()
        self._something = asyncio.Event()
        self._sign = Cell(None, 0)
        self._signing = asyncio.Lock()

    async def take(self, user_id: UUID) -> bool:
        """Count one more, if the user may have it."""
        async with self._lock(user_id):
            allowed = self.most is None or await self._allowed(user_id, self.most)
            if allowed:
                self._open[user_id] += 1
            return allowed

    def give_back(self, user_id: UUID) -> None:
        """Count one less."""
        self._open[user_id] -= 1
        if self._open[user_id] <= 0:
            del self._open[user_id]
        if self.most is not None:
            self._write_later(user_id)

    async def left(self, user_id: UUID) -> int | None:
        """How many more the user may open now; None where there is no limit."""
        if self.most is None:
            return None
        try:
            others = elsewhere(decode((await self._cells.read(_key(user_id))).value), self._me)
        except LogUnavailable:
            others = 0
        return max(self.most - self._open[user_id] - others, 0)

    async def run(self) -> None:
        """Give signs of life and write what has changed, for ever; end by cancellation."""
        signed_at, down, begun = float("-inf"), False, time.monotonic()
        while True:
            try:
                if time.monotonic() - signed_at >= self._alive / 4:
                    await self._sign_of_life()
                    signed_at = time.monotonic()
                for user_id in list(self._unwritten):
                    await self._write_count(user_id)
            except LogUnavailable as error:
                if not down and time.monotonic() - begun > STARTING:
                    logger.warning("limits: each gateway counts streams by itself: %s", error)
                    down = True
                await asyncio.sleep(1.0)
                continue
            if down:
                logger.info("limits: streams are counted together again")
                down = False
            self._something.clear()
            if not self._unwritten:
                await self._until_something(signed_at + self._alive / 4 - time.monotonic())

    async def close(self) -> None:
        """Say that this process goes: its streams have ended."""
        if self.most is None:
            return
        try:
            await self._cells.write(f"gateway.{self._me}", b"0", self._sign.revision)
        except (LogUnavailable, Overtaken) as error:
            logger.info("limits: this process's streams count until its last sign is old: %r", error)

    def _lock(self, user_id: UUID) -> asyncio.Lock:
        return self._locks.setdefault(user_id, asyncio.Lock())

    async def _allowed(self, user_id: UUID, most: int) -> bool:
        """Whether one more is within the limit, once it is written that there is one more."""
        count = self._open[user_id] + 1
        try:
            if self._sign.value is None:
                await self._sign_of_life()  # without one the others would take this process for gone
            for _ in range(ATTEMPTS):
                cell = await self._cells.read(_key(user_id))
                holdings = decode(cell.value)
                if elsewhere(holdings, self._me) + count > most:
                    holdings = without(holdings, await self._gone(holdings))
                if elsewhere(holdings, self._me) + count > most:
                    return False
                try:
                    await self._write(user_id, holdings, count, cell.revision)
                except Overtaken:
                    continue
                return True
            raise LogUnavailable("others are always first")
        except LogUnavailable:
            telemetry.LIMITED_ALONE.labels("streams").inc()
            self._write_later(user_id)
            return count <= most

    async def _gone(self, holdings: Holdings) -> Collection[str]:
        """Processes that give no sign of life. Raises LogUnavailable."""
        signs = {who: await self._cells.read(f"gateway.{who}") for who in holdings if who != self._me}
        return [who for who, sign in signs.items() if float(sign.value or 0) < time.time()]

    async def _sign_of_life(self) -> None:
        key = f"gateway.{self._me}"
        async with self._signing:
            value = str(time.time() + self._alive).encode()
            try:
                self._sign = Cell(value, await self._cells.write(key, value, self._sign.revision))
            except Overtaken:
                # Nobody else writes this key: either NATS began anew, or an earlier sign came without an answer.
                self._sign = await self._cells.read(key)
                if self._sign.value is None:
                    self._unwritten |= set(self._open)
                try:
                    self._sign = Cell(value, await self._cells.write(key, value, self._sign.revision))
                except Overtaken:
                    raise LogUnavailable("a replica that is behind told an old sign of life") from None

    async def _write_count(self, user_id: UUID) -> None:
        """Write how many streams the user has here. Raises LogUnavailable."""
        async with self._lock(user_id):
            self._unwritten.discard(user_id)  # first: a stream that ends from here on is written after
            try:
                for _ in range(ATTEMPTS):
                    cell = await self._cells.read(_key(user_id))
                    try:
                        await self._write(user_id, decode(cell.value), self._open[user_id], cell.revision)
                    except Overtaken:
                        continue
                    return
                raise LogUnavailable("others are always first")
            except LogUnavailable:
                self._unwritten.add(user_id)
                raise

    async def _write(self, user_id: UUID, holdings: Holdings, count: int, revision: int) -> None:
        changed = with_mine(holdings, self._me, count)
        if changed != holdings:
            await self._cells.write(_key(user_id), encode(changed), revision)

    def _write_later(self, user_id: UUID) -> None:
        self._unwritten.add(user_id)
        self._something.set()

    async def _until_something(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(seconds, 0.0)):
                await self._something.wait()
        except TimeoutError:
            return


def _key(user_id: UUID) -> str:
    return f"user.{user_id}"
