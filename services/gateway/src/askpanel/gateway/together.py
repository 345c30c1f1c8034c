"""Admissions of a tenant, several at once: who asks while one is under way goes with the next.

An admission reads the tables and the ledger and writes the ledger. One after the other, fifty askers would wait
for fifty of them; together they need one look and one write, and are still decided in the order they came, each
with those before it in view. Gateways race one another by the ledger's revision, as one admission alone would.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID
from weakref import WeakValueDictionary

from askpanel.contracts.events import PanelCreated
from askpanel.gateway.admission import Admitted, Standing
from askpanel.gateway.ledger import Ledger
from askpanel.gateway.readmodel.views import QuotaView
from askpanel.runtime.errors import LogUnavailable

MOST_RACES = 50
"""Admissions of one tenant by other gateways that one may lose to before it gives up."""

Decide = Callable[[Standing], PanelCreated]
"""The event of a panel that is let in; raises the refusal of one that is not."""
Used = Callable[[Sequence[UUID]], Awaitable[QuotaView]]
"""What the tenant has used; its `shown` says which of these panels are counted in it."""


class Contended(Exception):
    """Other gateways were first every time."""


@dataclass(eq=False, slots=True)
class _Asking:
    panel_id: UUID
    decide: Decide
    outcome: PanelCreated | Exception | None = None


@dataclass(eq=False, slots=True, weakref_slot=True)
class _Queue:
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    asking: list[_Asking] = field(default_factory=list[_Asking])


class Admissions:
    """Lets panels in, in the order in which they are asked."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._queues: WeakValueDictionary[UUID, _Queue] = WeakValueDictionary()

    async def let_in(self, tenant_id: UUID, panel_id: UUID, decide: Decide, used: Used) -> PanelCreated:
        """The event that `decide` made of what is left; it is in the ledger then.

        Raises what `decide` or `used` raises, Contended, and LogUnavailable when NATS does not answer.
        """
        queue = self._queues.setdefault(tenant_id, _Queue())
        own = _Asking(panel_id, decide)
        queue.asking.append(own)
        try:
            async with queue.turn:
                if own.outcome is None:
                    await self._decide(tenant_id, own, list(queue.asking), used)
        finally:
            queue.asking.remove(own)
        if isinstance(own.outcome, PanelCreated):
            return own.outcome
        assert own.outcome is not None
        raise own.outcome

    async def _decide(self, tenant_id: UUID, own: _Asking, group: Sequence[_Asking], used: Used) -> None:
        """Give everyone in the group an outcome. If this is cancelled nobody has one, and the next in turn decides.

        What goes wrong while the tables are read for one of them is that one's alone: it may not be a member any more.
        """
        waiting = [one for one in group if one.outcome is None]
        try:
            outcomes = await self._outcomes(tenant_id, waiting, used)
        except (LogUnavailable, Contended) as error:
            outcomes = [error] * len(waiting)
        except Exception as error:  # noqa: BLE001  (raised again where it was asked)
            own.outcome = error
            return
        for one, outcome in zip(waiting, outcomes, strict=True):
            one.outcome = outcome

    async def _outcomes(
        self, tenant_id: UUID, group: Sequence[_Asking], used: Used
    ) -> Sequence[PanelCreated | Exception]:
        ours = {one.panel_id for one in group}
        for _ in range(MOST_RACES):
            entered, revision = await self._ledger.read(tenant_id)
            others = [one for one in entered if one.panel_id not in ours]
            quota = await used([one.panel_id for one in others])
            kept = await self._ledger.kept(tenant_id, others, quota.shown)
            outcomes, admitted = _in_order(group, quota, kept)
            if not any(isinstance(outcome, PanelCreated) for outcome in outcomes):
                return outcomes
            if await self._ledger.write(tenant_id, admitted, revision):
                return outcomes
        raise Contended


def _in_order(
    group: Sequence[_Asking], quota: QuotaView, kept: Sequence[Admitted]
) -> tuple[list[PanelCreated | Exception], list[Admitted]]:
    """What comes of each, and the ledger with those that are let in. A panel asked for twice counts once, and one
    that the quota counts is not counted here."""
    shown = [one for one in kept if one.panel_id in quota.shown]
    admitted = {one.panel_id: one for one in kept if one.panel_id not in quota.shown}
    outcomes: list[PanelCreated | Exception] = []
    for one in group:
        before = [other for other in admitted.values() if other.panel_id != one.panel_id]
        try:
            event = one.decide(Standing(quota, before))
        except Exception as refusal:  # noqa: BLE001  (raised again where it was asked)
            outcomes.append(refusal)
        else:
            cap = Decimal(event.configuration["max_cost_usd"])
            admitted[one.panel_id] = Admitted(one.panel_id, cap, time.time())
            outcomes.append(event)
    return outcomes, [*shown, *admitted.values()]
