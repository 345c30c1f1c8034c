"""Requests per second of each user, over all gateway processes: one number a user, moved on by compare-and-set.

What the number means is in `gateway.rates`. An exchange with NATS takes what all requests need that wait by then,
and a few ahead for a user who sends no more than the limit. A request that may not go costs none: a number once read
refuses by itself. Nothing here touches a disk.

While NATS cannot be asked, each process goes on from the number it knows: reads go on, and a user gets at most the
limit from each process. `askpanel_limits_alone_total` says so.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from askpanel.gateway import rates
from askpanel.gateway.rates import Rate, Taken
from askpanel.runtime import telemetry
from askpanel.runtime.cells import Cells, Overtaken
from askpanel.runtime.errors import LogUnavailable

logger = logging.getLogger(__name__)

ATTEMPTS = 20
"""How often other processes may be first at a number before a request is asked to come again."""
CONTENDED = Taken(0, 0.025)

MOST_USERS = 20_000
ASK_AGAIN = 1.0
"""Seconds between attempts to reach NATS while it does not answer."""


@dataclass(eq=False, slots=True)
class _Asking:
    taken: Taken | None = None


@dataclass(eq=False, slots=True)
class _User:
    """A user's number as this process left or read it, and the requests that wait for an exchange."""

    full_at: int = 0
    ahead: int = 0
    """Requests taken that have not come yet; `full_at` is the number after them."""
    revision: int = -1
    shared: bool = True
    """Whether another process has written since this one did: then the number is read before it is moved on."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    asking: list[_Asking] = field(default_factory=list[_Asking])


class RequestLimiter:
    """Counts requests by user. `run` is the task that finds NATS again."""

    def __init__(self, cells: Cells, rate: Rate) -> None:
        self.rate = rate
        self._cells = cells
        self._users: OrderedDict[UUID, _User] = OrderedDict()
        self._down = False

    async def take(self, user_id: UUID) -> Taken:
        """Count one request of the user."""
        user = self._user(user_id)
        if (taken := self._at_once(user)) is not None:
            return taken
        own = _Asking()
        user.asking.append(own)
        try:
            async with user.turn:
                if own.taken is None:
                    own.taken = self._at_once(user)
                if own.taken is None:
                    # If this is cancelled nobody has an answer, and the next in turn asks.
                    group = [one for one in user.asking if one.taken is None]
                    answers = await self._exchange(f"user.{user_id}", user, len(group))
                    for one, taken in zip(group, answers, strict=True):
                        one.taken = taken
        finally:
            user.asking.remove(own)
        assert own.taken is not None
        return own.taken

    def left(self, user_id: UUID) -> int:
        """How many requests the user may send now, as this process knows it."""
        user, now = self._users.get(user_id) or _User(), time.time_ns()
        return rates.left(self.rate, user.full_at, now) + rates.kept(self.rate, user.full_at, now, user.ahead)

    async def run(self) -> None:
        """While NATS is away, look whether it answers again, for ever; end by cancellation."""
        while True:
            await asyncio.sleep(ASK_AGAIN)
            if not self._down:
                continue
            try:
                await self._cells.write("back", b"", 0)  # not a read: a bucket without a leader answers those
            except LogUnavailable:
                continue
            except Overtaken:
                pass  # it was written before
            self._down = False
            logger.info("limits: requests are counted together again")

    def _user(self, user_id: UUID) -> _User:
        user = self._users.setdefault(user_id, _User())
        self._users.move_to_end(user_id)
        while len(self._users) > MOST_USERS:
            self._users.popitem(last=False)
        return user

    def _at_once(self, user: _User) -> Taken | None:
        """The answer to one request, where that takes no exchange."""
        now = time.time_ns()
        user.full_at = rates.believed(self.rate, user.full_at, now)
        user.ahead = rates.kept(self.rate, user.full_at, now, user.ahead)
        if user.ahead:
            user.ahead -= 1
            return Taken(rates.left(self.rate, user.full_at, now) + user.ahead, 0.0)
        if self._down:
            return self._alone(user, 1)[0]
        pause = rates.wait(self.rate, user.full_at, now)
        return Taken(0, pause) if pause else None

    def _alone(self, user: _User, count: int) -> Sequence[Taken]:
        telemetry.LIMITED_ALONE.labels("requests").inc(count)
        user.full_at, answers = self._counted(user.full_at, count, time.time_ns())
        return answers

    async def _exchange(self, key: str, user: _User, count: int) -> Sequence[Taken]:
        """The answers to so many requests that wait, in their order."""
        try:
            for _ in range(ATTEMPTS):
                if user.shared:
                    await self._read(key, user)
                now = time.time_ns()
                full_at, answers = self._counted(user.full_at, count, now)
                if full_at == user.full_at:
                    return answers
                ahead = rates.ahead(self.rate, full_at, now)
                full_at = rates.after(self.rate, full_at, now, ahead)
                try:
                    user.revision = await self._cells.write(key, str(full_at).encode(), user.revision)
                except Overtaken:
                    user.shared = True
                    continue
                user.full_at, user.ahead = full_at, ahead
                return answers
        except LogUnavailable as error:
            if not self._down:
                logger.warning("limits: each gateway counts requests by itself: %s", error)
            self._down = True
            return self._alone(user, count)
        return [CONTENDED] * count

    def _counted(self, full_at: int, count: int, now: int) -> tuple[int, Sequence[Taken]]:
        """The number after as many of these requests as may go, and the answer to each."""
        going = min(count, rates.left(self.rate, full_at, now))
        full_at = rates.after(self.rate, full_at, now, going)
        goes = Taken(rates.left(self.rate, full_at, now), 0.0)
        waits = Taken(0, rates.wait(self.rate, full_at, now))
        return full_at, [goes] * going + [waits] * (count - going)

    async def _read(self, key: str, user: _User) -> None:
        """Read the number. What is known stays where it is later: it went on alone, or NATS has forgotten."""
        cell = await self._cells.read(key)
        user.shared = cell.revision != user.revision
        user.revision = cell.revision
        try:
            full_at = int(cell.value or 0)
        except ValueError:
            logger.warning("limits: a user's number cannot be read: begun again")
            return
        user.full_at = max(user.full_at, rates.believed(self.rate, full_at, time.time_ns()))
