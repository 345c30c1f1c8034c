"""What a route gets: the gateway's parts, and who is calling as a member of which tenant."""

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Header, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.admission import Limits, limits_of
from askpanel.gateway.api.documents import TENANT
from askpanel.gateway.api.problems import Limit, Problem, limited, unavailable
from askpanel.gateway.auth.keys import TokenVerifier
from askpanel.gateway.auth.membership import Membership, Memberships, NotAMember, claims_of
from askpanel.gateway.auth.token import Identity
from askpanel.gateway.catalogue import Catalogue
from askpanel.gateway.limits.shared import Shared
from askpanel.gateway.permissions import Action, may
from askpanel.gateway.publishing import Publisher
from askpanel.gateway.readmodel.queries import ReadModel, TenantReads
from askpanel.gateway.readmodel.views import TenantSettings
from askpanel.gateway.settings import GatewaySettings
from askpanel.gateway.stream.deliver import Room
from askpanel.gateway.stream.hub import Hub
from askpanel.gateway.stream.replay import Replays
from askpanel.gateway.stream.tickets import Tickets
from askpanel.gateway.together import Admissions
from askpanel.gateway.webhooks.endpoints import Registry
from askpanel.runtime.log import EventLog

CATALOGUE_PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class Gateway:
    """The running parts. `log` appends with long patience, `reading` reads with little."""

    settings: GatewaySettings
    log: EventLog
    reading: EventLog
    hub: Hub
    replays: Replays
    room: Room
    model: ReadModel
    verifier: TokenVerifier
    members: Memberships
    catalogue: Catalogue
    publisher: Publisher
    limits: Shared
    tickets: Tickets
    admissions: Admissions
    webhooks: Registry


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified user as an active member of a tenant."""

    identity: Identity
    tenant_id: UUID
    membership: Membership

    @property
    def user_id(self) -> UUID:
        """The user's id."""
        return self.identity.user_id

    def panel(self, panel_id: UUID) -> PanelRef:
        """A panel of the caller's tenant, whether it exists or not."""
        return PanelRef(self.tenant_id, panel_id)

    def require(self, action: Action) -> None:
        """Raise Problem (403) unless the caller's role allows the action."""
        if not may(self.membership.role, action):
            raise Problem(403, "role", f"Your role ({self.membership.role}) does not allow this.")


def limits_in(parts: Gateway, settings: TenantSettings) -> Limits:
    """What a tenant with these settings may have in this installation."""
    return limits_of(
        settings, running=parts.settings.running_panels, month_usd=parts.settings.monthly_budget_usd
    )


async def gateway(request: Request) -> Gateway:
    """The parts of this process. Raises Problem (503) until they are there."""
    parts = getattr(request.app.state, "gateway", None)
    if parts is None:
        raise unavailable("The gateway is starting.", 1)
    return cast("Gateway", parts)


Parts = Annotated[Gateway, Depends(gateway)]
Bearer = Annotated[
    HTTPAuthorizationCredentials | None,
    Depends(HTTPBearer(auto_error=False, bearerFormat="JWT", description="A Supabase access token.")),
]
TenantHeader = Annotated[
    str | None, Header(alias=TENANT, description="The tenant's id (uuid) in which you act.")
]


async def caller(parts: Parts, bearer: Bearer, tenant: TenantHeader = None) -> Caller:
    """The caller, by Authorization and X-Tenant-ID. 401, 403, 429 or 503 otherwise."""
    if bearer is None:
        raise Problem(
            401,
            "unauthenticated",
            "Send Authorization: Bearer <access token>.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    identity = await parts.verifier.verify(bearer.credentials)
    return await admitted(parts, identity, _tenant_id(tenant))


async def admitted(parts: Gateway, identity: Identity, tenant_id: UUID) -> Caller:
    """A verified user in a tenant, once rate and membership are checked."""
    await _within_rate(parts, identity)
    return Caller(identity, tenant_id, await parts.members.find(identity.user_id, tenant_id))


def _tenant_id(header: str | None) -> UUID:
    try:
        return UUID(header or "")
    except ValueError:
        why = "must be the id (uuid) of a tenant"
        raise Problem(400, "tenant", "Name your tenant.", errors=[("header/X-Tenant-ID", why)]) from None


async def _within_rate(parts: Gateway, identity: Identity) -> None:
    requests = parts.limits.requests
    if requests is None:
        return
    taken = await requests.take(identity.user_id)
    if not taken.wait:
        return
    rate = requests.rate
    met = Limit(
        "requests_per_second",
        rate.per_second,
        taken.left,
        datetime.now(UTC) + timedelta(seconds=taken.wait),
    )
    retry = max(1, math.ceil(taken.wait))
    raise limited(429, "rate", "You send requests too fast.", met, quota=rate.burst, retry=retry)


Member = Annotated[Caller, Depends(caller)]


MinSequence = Annotated[
    int | None,
    Header(
        alias="X-Min-Sequence",
        ge=0,
        le=2**62,
        description="Wait up to 2 s until the tables show the log up to here. "
        "X-Min-Sequence-Reached in the answer says whether they do.",
    ),
]


class Reading:
    """Reads of one request: opened when the tables are as far as the client asked, or say that they are not."""

    def __init__(self, parts: Gateway, member: Caller, reached: bool | None) -> None:
        self._parts = parts
        self._member = member
        self.reached = reached

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[TenantReads]:
        """One consistent view of the tables as the user. Raises NotAMember, ReadModelUnavailable."""
        claims = claims_of(self._member.user_id)
        async with self._parts.model.session(claims, self._member.tenant_id) as session:
            try:
                yield session
            except Problem:
                if session.role is None:  # what was not found is not this user's to look for any more
                    raise NotAMember from None
                raise
            if session.role is None:
                raise NotAMember

    def missing(self, what: str = "panel") -> Problem:
        """404; or 503 while the tables are known to be behind what the client has seen."""
        if self.reached is False:
            return unavailable("The tables are behind the log: the panel may not be there yet.", 1)
        return Problem(404, "not-found", f"There is no such {what}.")


async def reading(parts: Parts, member: Member, response: Response, minimum: MinSequence = None) -> Reading:
    """The read model, after waiting for X-Min-Sequence where given."""
    if minimum is None:
        return Reading(parts, member, None)
    reached = await parts.model.wait_for_sequence(minimum, parts.settings.read_your_write_seconds)
    response.headers["X-Min-Sequence-Reached"] = "true" if reached else "false"
    return Reading(parts, member, reached)


Reads = Annotated[Reading, Depends(reading)]


async def experts_known(parts: Gateway) -> None:
    """Wait until the catalogue was read once. Raises Problem (503)."""
    try:
        async with asyncio.timeout(CATALOGUE_PATIENCE):
            await parts.catalogue.loaded.wait()
    except TimeoutError:
        raise unavailable("The expert catalogue is not loaded yet.") from None
