"""Requests per second of each user, over all gateway processes: borrows from the shared bucket, spends here.

A request waits for NATS only when this process has nothing of the user's bucket in hand; for a user who
sends steadily, the next slice is fetched before that. A refusal is remembered until there can be a token
again. Nothing here touches a disk.

While NATS cannot be asked, each process goes by its own bucket, which has counted all along: reads go on,
and a user gets at most the limit from each process. `askpanel_limits_alone_total` says so.
"""

import asyncio
import logging
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

from askpanel.gateway.limits import bucket as arithmetic
from askpanel.gateway.limits.bucket import LEASE, Bucket, Rate
from askpanel.gateway.rates import Rates, Taken
from askpanel.runtime import telemetry
from askpanel.runtime.cells import Cells, Overtaken
from askpanel.runtime.errors import LogUnavailable

logger = logging.getLogger(__name__)

ATTEMPTS = 8
"""How often others may be first at a bucket before a request is asked to come again."""

MOST_USERS = 20_000
ASK_AGAIN = 1.0
"""Seconds between attempts to reach NATS while it does not answer."""

STEADY = 4
"""Requests in a lease from which on the next slice is fetched ahead."""


@dataclass(slots=True)
class _User:
    """What this process has in hand of one user's bucket. Times are of the monotonic clock."""

    left: int = 0
    until: float = 0.0
    paused_until: float = 0.0
    waiting: int = 0
    known: Bucket | None = None
    revision: int = 0
    alone_on_it: bool = True
    drawing: asyncio.Task[None] | None = None
    counted_since: float = 0.0
    counted: int = 0
    counted_before: int = 0

    def count(self, now: float) -> None:
        """One more request, in spans of a lease."""
        passed = now - self.counted_since
        if passed >= LEASE:
            self.counted_before = self.counted if passed < 2 * LEASE else 0
            self.counted, self.counted_since = 0, now
        self.counted += 1

    @property
    def soon(self) -> int:
        """Requests to expect in the next lease besides the one at hand."""
        return max(self.counted, self.counted_before) - 1


class RequestLimiter:
    """Counts requests by user. `run` is the task that brings back what was not used."""

    def __init__(self, cells: Cells, rate: Rate) -> None:
        self.rate = rate
        self._cells = cells
        self._own = Rates(per_second=rate.per_second, burst=rate.burst, most_keys=MOST_USERS)
        self._me = secrets.token_hex(4)
        self._users: OrderedDict[UUID, _User] = OrderedDict()
        self._holding: set[UUID] = set()
        self._down = False
        self._asked_at = float("-inf")

    async def take(self, user_id: UUID) -> Taken:
        """Count one request of the user."""
        user = self._user(user_id)
        user.count(time.monotonic())
        by_own_count = self._own.take(user_id, now=time.monotonic())
        while True:
            now = time.monotonic()
            if user.left and now < user.until:
                user.left -= 1
                self._fetch_ahead(user_id, user)
                return Taken(self.left(user_id), 0.0)
            if now < user.paused_until:
                return Taken(0, user.paused_until - now)
            if self._down:
                telemetry.LIMITED_ALONE.labels("requests").inc()
                if now - self._asked_at > ASK_AGAIN:
                    self._asked_at = now
                    self._draw(user_id, user)
                return by_own_count
            user.waiting += 1
            try:
                await asyncio.shield(self._draw(user_id, user))
            finally:
                user.waiting -= 1

    def left(self, user_id: UUID) -> int:
        """How many requests the user may send now, as this process knows it."""
        user = self._users.get(user_id)
        if user is None or user.known is None:
            return self.rate.burst
        return user.left + int(arithmetic.refilled(user.known, self.rate, time.time()).tokens)

    async def run(self) -> None:
        """Bring back slices that lie idle, for ever; end by cancellation."""
        while True:
            await asyncio.sleep(LEASE / 2)
            now = time.monotonic()
            for user_id in list(self._holding):
                user = self._users.get(user_id)
                if user is None or not user.left:
                    self._holding.discard(user_id)
                elif now >= user.until and not self._down:
                    self._draw(user_id, user)

    async def close(self) -> None:
        """Wait for exchanges that are under way."""
        await asyncio.gather(*(user.drawing for user in self._users.values() if user.drawing is not None))

    def _user(self, user_id: UUID) -> _User:
        user = self._users.setdefault(user_id, _User())
        self._users.move_to_end(user_id)
        while len(self._users) > MOST_USERS:
            self._users.popitem(last=False)
        return user

    def _fetch_ahead(self, user_id: UUID, user: _User) -> None:
        plenty = user.known is not None and user.known.tokens >= 2 * arithmetic.SHARE
        if not user.left and plenty and user.soon >= STEADY and not self._down:
            self._draw(user_id, user)

    def _draw(self, user_id: UUID, user: _User) -> asyncio.Task[None]:
        """The one exchange with the shared bucket that is under way for this user."""
        if user.drawing is None or user.drawing.done():
            user.drawing = asyncio.create_task(self._exchange(user_id, user))
        return user.drawing

    async def _exchange(self, user_id: UUID, user: _User) -> None:
        back, user.left = user.left, 0  # not to be spent meanwhile
        try:
            for _ in range(ATTEMPTS):
                if await self._attempt(user_id, user, back):
                    break
            else:
                user.paused_until = time.monotonic() + arithmetic.MOST_PAUSE
        except LogUnavailable as error:
            if not self._down:
                logger.warning("limits: each gateway counts requests by itself: %s", error)
            self._down, self._asked_at, user.known = True, time.monotonic(), None
            return
        if self._down:
            logger.info("limits: requests are counted together again")
        self._down = False

    async def _attempt(self, user_id: UUID, user: _User, back: int) -> bool:
        """Whether the exchange was made: others may have been first. Raises LogUnavailable."""
        known, revision = await self._look(user_id, user)
        began, now = time.monotonic(), time.time()
        soon = user.soon if began - user.counted_since < LEASE else 0
        drawn = arithmetic.draw(
            known, self.rate, self._me, back=back, wanted=user.waiting, soon=soon, now=now
        )
        if drawn.granted or back:
            try:
                revision = await self._cells.write(str(user_id), arithmetic.encode(drawn.bucket), revision)
            except Overtaken:
                user.known, user.alone_on_it = None, False
                return False
        user.known, user.revision = drawn.bucket, revision
        user.left, user.until = drawn.granted, began + LEASE
        if drawn.pause:
            user.paused_until = began + drawn.pause
        if drawn.granted:
            self._holding.add(user_id)
        return True

    async def _look(self, user_id: UUID, user: _User) -> tuple[Bucket, int]:
        """The bucket as it is now; as this process left it, where no other one has been at it lately.

        Unless that is not enough: another may have brought something back since.
        """
        if user.known is not None and user.alone_on_it:
            there = arithmetic.refilled(user.known, self.rate, time.time()).tokens
            if there >= max(user.waiting, 1):
                return user.known, user.revision
        cell = await self._cells.read(str(user_id))
        user.alone_on_it = user.known is not None and cell.revision == user.revision
        try:
            bucket = arithmetic.decode(cell.value) if cell.value is not None else None
        except ValueError:
            logger.warning("limits: a user's bucket cannot be read: begun again")
            bucket = None
        return bucket or arithmetic.full(self.rate, time.time()), cell.revision
