"""Attempts in, usage records and exceeded budgets out.

1. Take an answered or failed attempt. 2. Price it by what its panel was created with. 3. Append its record;
the id is the attempt's, so a redelivery records nothing twice. 4. Count it in the metrics, if the record is news.
5. If it cost something, add up the panel and stop it at its limit.
"""

import asyncio
import time
from collections import OrderedDict
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID
from weakref import WeakValueDictionary

from askpanel.contracts.envelope import Recorded, seal
from askpanel.contracts.events import ExpertFailed, ExpertResponded, PanelCreated, Terms
from askpanel.contracts.subjects import PanelRef
from askpanel.runtime import telemetry
from askpanel.runtime.errors import AlreadyThere, Conflict, Reject
from askpanel.runtime.log import EventLog, is_recent
from askpanel.runtime.worker import Delivery
from askpanel.usage.meter import budget, record, spending

REMEMBERED = 5000
"""Panels whose beginning is kept: a `panel.created` never changes."""


class UsageMeter:
    """Handles one attempt at a time; keeps nothing between them but who asked on which terms."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._asked: OrderedDict[PanelRef, tuple[UUID, Terms]] = OrderedDict()
        self._looking: WeakValueDictionary[PanelRef, asyncio.Lock] = WeakValueDictionary()

    async def __call__(self, delivery: Delivery) -> None:
        attempt = delivery.decode()
        event, cause = attempt.event, attempt.envelope
        if not isinstance(event, ExpertResponded | ExpertFailed):
            raise Reject(f"{cause.type} is not an attempt")
        user_id, terms = await self._terms(cause.panel)
        usage = record(event, user_id, terms.prices)
        recent = is_recent(delivery.stored_at, time.time())
        recorded = seal(usage, cause.panel, time=datetime.now(UTC), cause=cause)
        recorded_at, news = await self._append(recorded, recent=recent)
        if news:
            telemetry.COST.labels(usage.model).inc(float(usage.cost_usd or 0))
        if news and usage.unpriced:
            telemetry.UNPRICED.labels(usage.model).inc()
        if usage.cost_usd:
            await self._check_budget(attempt, recorded_at)

    async def _append(self, recorded: Recorded, *, recent: bool) -> tuple[int, bool]:
        """Where the record stands, and whether it is news: what stood there before was counted as it was appended.

        Nobody counts one whose append was not confirmed in time and that a redelivery finds there.
        """
        if not recent:
            at = await self._log.append_once(recorded, recent=False)
            stands = await self._log.read(recorded.envelope.panel, after=at - 1, until=at)
            ours = recorded.envelope.time
            return at, any(one.sequence == at and one.envelope.time == ours for one in stands)
        try:
            return await self._log.append_news(recorded), True
        except AlreadyThere:
            return await self._log.append_once(recorded, recent=True), False

    async def _terms(self, panel: PanelRef) -> tuple[UUID, Terms]:
        """Who asked, and what was agreed about money then. Raises Reject for a panel that nobody created."""
        async with self._looking.setdefault(
            panel, asyncio.Lock()
        ):  # its attempts end at about the same moment
            if panel not in self._asked:
                self._asked[panel] = await self._look_up(panel)
                while len(self._asked) > REMEMBERED:
                    self._asked.popitem(last=False)
            return self._asked[panel]

    async def _look_up(self, panel: PanelRef) -> tuple[UUID, Terms]:
        found = await self._log.find(panel, PanelCreated.TYPE)
        if found is None:  # an attempt delivered anew long after its panel was archived
            found = next(iter(await self._log.read(panel)), None)
        if found is None or not isinstance(found.event, PanelCreated):
            raise Reject("nobody asked: the panel has no panel.created")
        return found.event.user_id, found.event.terms or Terms()

    async def _check_budget(self, attempt: Recorded, recorded_at: int) -> None:
        """Of two costs that together exceed the budget, the one that stands behind the other sees both.

        The stop expects no more of the panel than that nobody has told it: it must not wait for a busy one to rest.
        """
        panel = attempt.envelope.panel
        exceeded = budget(spending(await self._log.read(panel, until=recorded_at)))
        if exceeded is not None:
            stop = seal(exceeded, panel, time=datetime.now(UTC), cause=attempt.envelope)
            with suppress(AlreadyThere, Conflict):  # told by another attempt meanwhile
                await self._log.append_news(stop, never=exceeded.noun())
