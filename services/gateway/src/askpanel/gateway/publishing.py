"""A tenant's own experts: created, revised and retired in the catalogue bucket.

The bucket is a stream: every revision is a message that stays, with who made it and when in its headers,
and a write expects the revision it was made on, so of two people who edit at once one is told. A retired
expert stays for the panels that name its version.
"""

from datetime import UTC, datetime
from uuid import UUID

import nats.errors
import nats.js.errors
from nats.js import JetStreamContext
from nats.js.kv import KeyValue

from askpanel.contracts.catalogue import BUCKET, Expert, catalogue_key, decode_expert, encode_expert
from askpanel.runtime.errors import LogUnavailable
from askpanel.runtime.publishing import WRONG_LAST_SEQUENCE


class ExpertExists(Exception):
    """This tenant has an expert of this id already."""


class NoSuchExpert(Exception):
    """This tenant has no expert of its own with this id."""


class ExpertChanged(Exception):
    """Somebody else changed the expert meanwhile."""


class Publisher:
    """Writes to the catalogue for one tenant at a time. Raises LogUnavailable when NATS does not confirm."""

    def __init__(self, jetstream: JetStreamContext) -> None:
        self._jetstream = jetstream

    async def create(self, tenant_id: UUID, expert: Expert, user_id: UUID) -> Expert:
        """Publish version 1. Raises ExpertExists."""
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
        try:
            bucket: KeyValue = await self._jetstream.key_value(BUCKET)
            entry = await bucket.get(catalogue_key(agent_id, str(tenant_id)))
        except nats.js.errors.KeyNotFoundError:
            raise NoSuchExpert(agent_id) from None
        except (nats.errors.Error, nats.js.errors.Error, TimeoutError) as error:
            raise LogUnavailable(f"the catalogue cannot be read: {error!r}") from error
        return decode_expert(entry.value or b""), entry.revision or 0

    async def _write(self, tenant_id: UUID, expert: Expert, revision: int, user_id: UUID) -> None:
        headers = {
            "Nats-Expected-Last-Subject-Sequence": str(revision),
            "ce-type": "expert.retired" if expert.retired else "expert.published",
            "ce-time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "ce-tenantid": str(tenant_id),
            "ce-userid": str(user_id),
        }
        subject = f"$KV.{BUCKET}.{catalogue_key(expert.agent_id, str(tenant_id))}"
        try:
            await self._jetstream.publish(subject, encode_expert(expert), headers=headers, timeout=4)
        except nats.js.errors.APIError as error:
            if error.err_code == WRONG_LAST_SEQUENCE:
                raise ExpertChanged(expert.agent_id) from None
            raise LogUnavailable(str(error.description)) from error
        except (nats.errors.Error, nats.js.errors.Error, TimeoutError) as error:
            raise LogUnavailable(f"the catalogue did not confirm: {error!r}") from error
