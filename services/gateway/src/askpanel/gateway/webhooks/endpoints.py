"""A tenant's endpoints: what one is, and the bucket that keeps them under the tenant's id.

EndpointsChanged     somebody else wrote meanwhile: read again, decide again
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from nats.aio.client import Client
from pydantic import BaseModel, ConfigDict, Field

from askpanel.contracts.events import EVENTS
from askpanel.contracts.topology import WEBHOOKS_BUCKET
from askpanel.gateway.webhooks.signing import secret
from askpanel.runtime.cells import Cells, Overtaken

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

    def __init__(self, client: Client) -> None:
        self._cells = Cells(client, WEBHOOKS_BUCKET)

    async def of(self, tenant_id: UUID) -> tuple[Endpoint, ...]:
        """The tenant's endpoints in order of creation."""
        return (await self.read(tenant_id))[0]

    async def find(self, tenant_id: UUID, endpoint_id: UUID) -> Endpoint | None:
        """One of them."""
        return next((each for each in await self.of(tenant_id) if each.id == endpoint_id), None)

    async def read(self, tenant_id: UUID) -> tuple[tuple[Endpoint, ...], int]:
        """The tenant's endpoints, and the revision to write on."""
        cell = await self._cells.read(str(tenant_id))
        if cell.value is None:
            return (), cell.revision
        return Endpoints.model_validate_json(cell.value).endpoints, cell.revision

    async def write(
        self, tenant_id: UUID, endpoints: Sequence[Endpoint], *, revision: int, user_id: UUID
    ) -> None:
        """Replace them, if they are as they were read. Raises EndpointsChanged."""
        headers = {
            "ce-time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "ce-userid": str(user_id),
        }
        body = Endpoints(endpoints=tuple(endpoints)).model_dump_json().encode()
        try:
            await self._cells.write(str(tenant_id), body, revision, headers=headers)
        except Overtaken:
            raise EndpointsChanged from None
