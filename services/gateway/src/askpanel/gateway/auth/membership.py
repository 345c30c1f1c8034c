"""Active memberships, as the database tells them, remembered briefly.

A membership is taken as read for `fresh` seconds. While the database cannot be asked, one that was read
at most `stale` seconds ago still counts, so open streams and running panels outlive an outage; then
nobody's membership is known (503, never a guess).
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from askpanel.gateway.permissions import Role
from askpanel.gateway.readmodel.queries import ReadModel, ReadModelUnavailable
from askpanel.gateway.readmodel.views import TenantView

MOST_REMEMBERED = 10_000
RETRY_AFTER_FAILURE = 1.0
"""Seconds in which a database that just failed is not asked again, so an outage costs no request 2 s."""


class NotAMember(Exception):
    """The user has no active membership in the tenant."""


class MembershipUnknown(Exception):
    """The database cannot be asked, and nothing recent is remembered."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A user's place in a tenant, with the tenant as it was then."""

    role: Role
    tenant: TenantView


@dataclass(frozen=True, slots=True)
class _Remembered:
    membership: Membership
    read_at: float


def claims_of(user_id: UUID) -> Mapping[str, str]:
    """What the database is told about a verified user, for row-level security."""
    return {"sub": str(user_id), "role": "authenticated"}


class Memberships:
    """Looks up memberships; many askers of one membership share one look."""

    def __init__(self, model: ReadModel, *, fresh: float, stale: float) -> None:
        self._model = model
        self._fresh = fresh
        self._stale = stale
        self._remembered: dict[tuple[UUID, UUID], _Remembered] = {}
        self._looking: dict[tuple[UUID, UUID], asyncio.Task[Membership]] = {}
        self._failed_at = float("-inf")

    async def find(self, user_id: UUID, tenant_id: UUID) -> Membership:
        """The user's active membership. Raises NotAMember or MembershipUnknown."""
        key = (user_id, tenant_id)
        known = self._remembered.get(key)
        age = time.monotonic() - known.read_at if known else float("inf")
        if known and age <= self._fresh:
            return known.membership
        try:
            return await self._look(key)
        except ReadModelUnavailable as error:
            if known and age <= self._stale:
                return known.membership
            raise MembershipUnknown(str(error)) from None

    async def may_stream(self, user_id: UUID, tenant_id: UUID) -> bool:
        """Whether an open stream may go on. While nobody can tell, it does."""
        try:
            found = await self.find(user_id, tenant_id)
        except NotAMember:
            return False
        except MembershipUnknown:
            return True
        return found.tenant.settings.enable_streaming

    async def _look(self, key: tuple[UUID, UUID]) -> Membership:
        if time.monotonic() - self._failed_at < RETRY_AFTER_FAILURE:
            raise ReadModelUnavailable("the database could not be asked a moment ago")
        task = self._looking.get(key)
        if task is None:
            task = asyncio.create_task(self._read(*key))
            self._looking[key] = task
            task.add_done_callback(lambda done: self._looked(key, done))
        return await asyncio.shield(task)

    def _looked(self, key: tuple[UUID, UUID], task: asyncio.Task[Membership]) -> None:
        self._looking.pop(key, None)
        if task.cancelled():
            return
        error = task.exception()  # also marks it as seen, should every asker have left
        if isinstance(error, ReadModelUnavailable):
            self._failed_at = time.monotonic()
            return
        self._remembered.pop(key, None)
        if error is None:
            self._remembered[key] = _Remembered(task.result(), time.monotonic())
            while len(self._remembered) > MOST_REMEMBERED:
                self._remembered.pop(next(iter(self._remembered)))

    async def _read(self, user_id: UUID, tenant_id: UUID) -> Membership:
        async with self._model.session(claims_of(user_id), tenant_id) as session:
            tenant = await session.tenant()
            role = session.role
        if role is None or tenant is None:
            raise NotAMember
        return Membership(role, tenant)
