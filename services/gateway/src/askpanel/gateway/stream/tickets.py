"""Stream tickets: for browsers, whose EventSource cannot send a header. One panel, one use, 60 seconds.

A ticket is signed, so any replica with the same secret reads it. That it is used once is not seen from the
ticket: see `limits.tickets`.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import jwt
from jwt.exceptions import PyJWTError

from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.auth.token import Identity

LIFETIME = 60
AUDIENCE = "askpanel:stream"


class TicketRefused(Exception):
    """The ticket is forged, too old, used, or for another panel."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """Whom a ticket lets in: the user it was issued to, on one panel. `number` is the ticket's own."""

    identity: Identity
    panel: PanelRef
    number: str


class Tickets:
    """Issues and reads tickets. `secret` has at least 32 bytes; `clock` is in seconds since the epoch."""

    def __init__(self, secret: str | None, *, clock: Callable[[], float] = time.time) -> None:
        self._secret = secret or secrets.token_urlsafe(48)
        self._clock = clock

    def issue(self, identity: Identity, panel: PanelRef) -> str:
        """A ticket for one stream of this panel."""
        claims = {
            "aud": AUDIENCE,
            "jti": secrets.token_urlsafe(12),
            "exp": int(self._clock()) + LIFETIME,
            "sub": str(identity.user_id),
            "role": identity.role,
            "until": identity.expires_at,
            "tenant": str(panel.tenant_id),
            "panel": str(panel.panel_id),
        }
        return jwt.encode(claims, self._secret, algorithm="HS256")

    def read(self, ticket: str, panel_id: UUID) -> Admitted:
        """Whom the ticket lets in, if it was not used yet. Raises TicketRefused."""
        now = self._clock()
        claims = self._claims(ticket)
        if claims["exp"] <= now:
            raise TicketRefused("the ticket has expired")
        if claims["panel"] != str(panel_id):
            raise TicketRefused("the ticket is for another panel")
        identity = Identity(UUID(claims["sub"]), claims["role"], claims["until"])
        return Admitted(identity, PanelRef(UUID(claims["tenant"]), panel_id), claims["jti"])

    def _claims(self, ticket: str) -> dict[str, Any]:
        try:
            return jwt.decode(
                ticket,
                self._secret,
                algorithms=["HS256"],
                audience=AUDIENCE,
                options={"verify_exp": False, "require": ["exp", "jti", "sub", "panel", "tenant", "until"]},
            )
        except PyJWTError:
            raise TicketRefused("the ticket is not valid") from None
