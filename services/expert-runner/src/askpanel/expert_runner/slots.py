"""So many calls of a model at once, dealt fairly between tenants: one that asks for many does not hold up the others."""

import asyncio
from collections import Counter, deque
from uuid import UUID


class Slots:
    """A freed slot goes to the waiting tenant that holds the fewest; of several, to the one that came or was
    served longest ago.

    So tenants that wait come to hold as many slots as one another, however long their calls take. Within a tenant it
    is first come, first served: where time is too short for all of its panels, some get all their answers instead of
    each a few.
    """

    def __init__(self, number: int) -> None:
        self._free = number
        self._held = Counter[UUID]()
        self._waiting = dict[UUID, deque[asyncio.Event]]()
        """By tenant, the one that came or was served longest ago first. Nobody waits while a slot is free."""

    async def take(self, tenant_id: UUID) -> None:
        """A slot, as soon as it is this tenant's turn; `give_back` it."""
        turn = asyncio.Event()
        self._waiting.setdefault(tenant_id, deque()).append(turn)
        self._deal()
        try:
            await turn.wait()
        except asyncio.CancelledError:
            if turn.is_set():
                self.give_back(tenant_id)
            else:
                self._leave(tenant_id, turn)
            raise

    def give_back(self, tenant_id: UUID) -> None:
        """What `take` gave."""
        self._held[tenant_id] -= 1
        if not self._held[tenant_id]:
            del self._held[tenant_id]
        self._free += 1
        self._deal()

    def _deal(self) -> None:
        if self._free and self._waiting:
            tenant_id = min(self._waiting, key=lambda waiting: self._held[waiting])
            turns = self._waiting.pop(tenant_id)
            turns.popleft().set()
            if turns:
                self._waiting[tenant_id] = turns
            self._free -= 1
            self._held[tenant_id] += 1

    def _leave(self, tenant_id: UUID, turn: asyncio.Event) -> None:
        turns = self._waiting[tenant_id]
        turns.remove(turn)
        if not turns:
            del self._waiting[tenant_id]
