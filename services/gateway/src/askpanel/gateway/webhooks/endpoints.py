"""A tenant's endpoints: what one is, and the bucket that keeps them under the tenant's id.

EndpointsChanged     somebody else wrote meanwhile: read again, decide again
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import nats.errors
import nats.js.errors
from nats.js import JetStreamContext
from nats.js.kv import KeyValue
from pydantic import BaseModel, ConfigDict, Field

from askpanel.contracts.events import EVENTS
from askpanel.contracts.topology import WEBHOOKS_BUCKET
from askpanel.gateway.webhooks.signing import secret
from askpanel.runtime.errors import LogUnavailable
from askpanel.runtime.publishing import WRONG_LAST_SEQUENCE

MOST_ENDPOINTS = 10
OVERLAP = timedelta(hours=24)
"""How long a secret that was rotated is still signed with."""
PUBLIC_TYPES = tuple(event.TYPE for event in EVENTS.values() if event.SSE)
"""What may leave the house: the events of the public stream."""


class EndpointsChanged(Exception):
    """Somebody else changed this tenant's endpoints meanwhile."""


class Endpoint(BaseModel):
    """Where and what to send. `types` empty: every public type. Events before `created_at` are not sent."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: UUID
    url: str
    description: str = ""
    types: tuple[str, ...] = ()
    enabled: bool = True
    created_at: datetime
    created_by: UUID
    secret_version: Annotated[int, Field(ge=1)] = 1
    previous_valid_until: datetime | None = None

    def wants(self, event_type: str, stored_at: float) -> bool:
        """Whether an event of this type, on the log since then (Unix seconds), is to be sent here."""
        return (
            self.enabled
            and (not self.types or event_type in self.types)
            and stored_at >= self.created_at.timestamp()
        )

    def rotated(self, now: datetime) -> "Endpoint":
        """With the next secret; the one of today stays valid for OVERLAP."""
        changes = {"secret_version": self.secret_version + 1, "previous_valid_until": now + OVERLAP}
        return self.model_copy(update=changes)

    def secrets(self, master: str, now: datetime) -> list[str]:
        """What to sign with now, the newest first."""
        versions = [self.secret_version]
        if self.previous_valid_until is not None and now < self.previous_valid_until:
            versions.append(self.secret_version - 1)
        return [secret(master, self.id, version) for version in versions]


class Endpoints(BaseModel):
    """What stands under a tenant's key."""

    endpoints: tuple[Endpoint, ...] = ()


class Registry:
    """Reads and writes endpoints. Raises LogUnavailable when NATS does not answer."""

    def __init__(self, jetstream: JetStreamContext) -> None:
        self._jetstream = jetstream
        self._bucket: KeyValue | None = None

    async def of(self, tenant_id: UUID) -> tuple[Endpoint, ...]:
        """The tenant's endpoints in order of creation."""
        return (await self.read(tenant_id))[0]

    async def find(self, tenant_id: UUID, endpoint_id: UUID) -> Endpoint | None:
        """One of them."""
        return next((each for each in await self.of(tenant_id) if each.id == endpoint_id), None)

    async def read(self, tenant_id: UUID) -> tuple[tuple[Endpoint, ...], int]:
        """The tenant's endpoints, and the revision to write on."""
        try:
            if self._bucket is None:
                self._bucket = await self._jetstream.key_value(WEBHOOKS_BUCKET.name)
            entry = await self._bucket.get(str(tenant_id))
        except nats.js.errors.KeyNotFoundError:
            return (), 0
        except (nats.errors.Error, nats.js.errors.Error, TimeoutError) as error:
            raise LogUnavailable(f"the webhooks cannot be read: {error!r}") from error
        return Endpoints.model_validate_json(entry.value or b"").endpoints, entry.revision or 0

    async def write(
        self, tenant_id: UUID, endpoints: Sequence[Endpoint], *, revision: int, user_id: UUID
    ) -> None:
        """Replace them, if they are as they were read. Raises EndpointsChanged."""
        headers = {
            "Nats-Expected-Last-Subject-Sequence": str(revision),
            "ce-time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "ce-userid": str(user_id),
        }
        body = Endpoints(endpoints=tuple(endpoints)).model_dump_json().encode()
        subject = f"$KV.{WEBHOOKS_BUCKET.name}.{tenant_id}"
        try:
            await self._jetstream.publish(subject, body, headers=headers, timeout=4)
        except nats.js.errors.APIError as error:
            if error.err_code == WRONG_LAST_SEQUENCE:
                raise EndpointsChanged from None
            raise LogUnavailable(f"the webhooks were not stored: {error.description}") from error
        except (nats.errors.Error, nats.js.errors.Error, TimeoutError) as error:
            raise LogUnavailable(f"the webhooks were not stored: {error!r}") from error
