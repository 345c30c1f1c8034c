"""A tenant's own experts: created, revised and retired in the catalogue bucket.

The bucket is a stream: every revision is a message that stays, with who made it and when in its headers,
and a write expects the revision it was made on, so of two people who edit at once one is told. A retired
expert stays for the panels that name its version.
"""

from datetime import UTC, datetime
from uuid import UUID

from nats.aio.client import Client

from askpanel.contracts.catalogue import Expert, catalogue_key, decode_expert, encode_expert
from askpanel.contracts.topology import EXPERTS_BUCKET
from askpanel.runtime.cells import Cells, Overtaken


class ExpertExists(Exception):
    """This tenant has an expert of this id already."""


class NoSuchExpert(Exception):
    """This tenant has no expert of its own with this id."""


class ExpertChanged(Exception):
    """Somebody else changed the expert meanwhile."""


class Publisher:
    """Writes to the catalogue for one tenant at a time. Raises LogUnavailable when NATS does not confirm."""

    def __init__(self, client: Client) -> None:
        self._cells = Cells(client, EXPERTS_BUCKET)

    async def create(self, tenant_id: UUID, expert: Expert, user_id: UUID) -> Expert:
        """Publish its first version. Raises ExpertExists."""
        try:
            await self._write(tenant_id, expert, 0, user_id)
        except ExpertChanged:
            raise ExpertExists(expert.agent_id) from None
        return expert

    async def revise(self, tenant_id: UUID, expert: Expert, user_id: UUID) -> Expert:
        """Publish the next version of an expert. Raises NoSuchExpert or ExpertChanged."""
        current, revision = await self._current(tenant_id, expert.agent_id)
        revised = expert.model_copy(update={"version": current.version + 1})
        await self._write(tenant_id, revised, revision, user_id)
        return revised

    async def retire(self, tenant_id: UUID, agent_id: str, user_id: UUID) -> Expert:
        """Take an expert out of new panels; repeating it changes nothing. Raises NoSuchExpert or ExpertChanged."""
        current, revision = await self._current(tenant_id, agent_id)
        if current.retired:
            return current
        retired = current.model_copy(update={"retired": True})
        await self._write(tenant_id, retired, revision, user_id)
        return retired

    async def _current(self, tenant_id: UUID, agent_id: str) -> tuple[Expert, int]:
        cell = await self._cells.read(catalogue_key(agent_id, str(tenant_id)))
        if cell.value is None:
            raise NoSuchExpert(agent_id)
        return decode_expert(cell.value), cell.revision

    async def _write(self, tenant_id: UUID, expert: Expert, revision: int, user_id: UUID) -> None:
        headers = {
            "ce-type": "expert.retired" if expert.retired else "expert.published",
            "ce-time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "ce-tenantid": str(tenant_id),
            "ce-userid": str(user_id),
        }
        key = catalogue_key(expert.agent_id, str(tenant_id))
        try:
            await self._cells.write(key, encode_expert(expert), revision, headers=headers)
        except Overtaken:
            raise ExpertChanged(expert.agent_id) from None
