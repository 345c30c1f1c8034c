"""Attempts in, usage records and exceeded budgets out.

1. Take an answered or failed attempt. 2. Price it. 3. Append its record; the id is the attempt's, so a
redelivery records nothing twice. 4. If it cost something, add up the panel and stop it at its limit.
"""

import time
from datetime import UTC, datetime

from askpanel.contracts.envelope import Recorded, seal
from askpanel.contracts.events import ExpertFailed, ExpertResponded
from askpanel.runtime import telemetry
from askpanel.runtime.errors import Reject
from askpanel.runtime.log import EventLog, is_recent
from askpanel.runtime.worker import Delivery
from askpanel.usage.meter import budget, record, spending


class UsageMeter:
    """Handles one attempt at a time; keeps nothing between them."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    async def __call__(self, delivery: Delivery) -> None:
        attempt = delivery.decode()
        event, cause = attempt.event, attempt.envelope
        if not isinstance(event, ExpertResponded | ExpertFailed):
            raise Reject(f"{cause.type} is not an attempt")
        user_id = cause.user_id or spending(await self._log.read(cause.panel)).user_id
        if user_id is None:
            raise Reject("nobody asked: the panel has no panel.created")
        usage = record(event, user_id)
        recent = is_recent(delivery.stored_at, time.time())
        await self._log.append_once(
            seal(usage, cause.panel, time=datetime.now(UTC), cause=cause), recent=recent
        )
        telemetry.COST.labels(usage.model).inc(float(usage.cost_usd or 0))
        if usage.unpriced:
            telemetry.UNPRICED.labels(usage.model).inc()
        if usage.cost_usd:
            await self._check_budget(attempt)

    async def _check_budget(self, attempt: Recorded) -> None:
        panel = attempt.envelope.panel
        exceeded = budget(spending(await self._log.read(panel)))
        if exceeded is not None:
            stop = seal(exceeded, panel, time=datetime.now(UTC), cause=attempt.envelope)
            await self._log.append_once(stop, recent=False)
