"""Who signs in, stays and leaves: accounts, attempts, sessions and tokens, without HTTP."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import jwt

from askpanel.gateway.auth.token import Keys, TokenPolicy, TokenRefused, verify
from askpanel.gateway.rates import Rate, Rates
from askpanel.local import tokens
from askpanel.local.sign_in.protocol import Refused, session_body, too_fast, user_body, wrong_credentials
from askpanel.local.sign_in.sessions import Opened, Scope, Sessions, TokenReused, UnknownSession

LIFETIME = 3600
"""Seconds an access token lasts, as on the platform."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can sign in."""

    user_id: UUID
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class Present:
    """Who a token proves. `session_id` is None for a token that was not made by signing in."""

    account: Account
    session_id: UUID | None
    signed_in_at: float | None


class Desk:
    """Signs users in and out. `clock` is the wall clock, in seconds. Every method may raise Refused."""

    def __init__(
        self,
        accounts: tuple[Account, ...],
        sessions: Sessions,
        *,
        issuer: str,
        secret: str,
        clock: Callable[[], float],
    ) -> None:
        self._by_email: Mapping[str, Account] = {account.email: account for account in accounts}
        self._by_id = {account.user_id: account for account in accounts}
        self._sessions = sessions
        self._issuer = issuer
        self._secret = secret
        self._clock = clock
        self._attempts = Rates(Rate(per_second=0.2, burst=10))
        self._requests = Rates(Rate(per_second=50, burst=200))

    def within_rate(self) -> None:
        """Count one request of anybody."""
        self._take(self._requests, "all")

    def sign_in(self, email: str, password: str) -> dict[str, Any]:
        """A new session, by email (case does not matter) and password."""
        wanted = email.strip().lower()
        self._take(self._attempts, wanted)
        account = self._by_email.get(wanted)
        expected = account.password if account is not None else ""
        right = hmac.compare_digest(password.encode(), expected.encode())
        if account is None or not right:
            raise wrong_credentials()
        return self._session(account, self._sessions.open(account.user_id))

    def refresh(self, token: str) -> dict[str, Any]:
        """The session with new tokens."""
        try:
            opened = self._sessions.refresh(token)
        except TokenReused:
            raise Refused(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used") from None
        except UnknownSession:
            raise Refused(
                400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found"
            ) from None
        return self._session(self._by_id[opened.user_id], opened)

    def present(self, token: str) -> Present:
        """Who this access token proves, while its session is open."""
        policy = TokenPolicy(issuer=self._issuer, leeway=0.0)
        try:
            identity = verify(token, Keys(secret=self._secret), policy, now=self._clock())
        except TokenRefused as error:
            raise Refused(403, "bad_jwt", f"invalid JWT: {error}") from None
        account = self._by_id.get(identity.user_id)
        if account is None:
            raise Refused(403, "user_not_found", "User from sub claim in JWT does not exist")
        named = jwt.decode(token, options={"verify_signature": False}).get("session_id")
        if named is None:
            return Present(account, None, None)
        signed_in_at = self._sessions.opened_at(UUID(str(named)))
        if signed_in_at is None:
            raise Refused(403, "session_not_found", "Session from session_id claim in JWT does not exist")
        return Present(account, UUID(str(named)), signed_in_at)

    def user(self, token: str) -> dict[str, Any]:
        """The user of an access token."""
        who = self.present(token)
        return user_body(who.account.user_id, who.account.email, who.signed_in_at)

    def sign_out(self, token: str, scope: Scope) -> None:
        """Close sessions. Their access tokens hold until they expire, as on the platform."""
        who = self.present(token)
        if who.session_id is not None:
            self._sessions.sign_out(who.session_id, who.account.user_id, scope)

    def _session(self, account: Account, opened: Opened) -> dict[str, Any]:
        access = tokens.sign(
            self._secret,
            issuer=self._issuer,
            user_id=account.user_id,
            email=account.email,
            lifetime=LIFETIME,
            session_id=opened.id,
        )
        user = user_body(account.user_id, account.email, opened.opened_at)
        return session_body(access, opened.refresh_token, lifetime=LIFETIME, now=self._clock(), user=user)

    def _take(self, rates: Rates, key: str) -> None:
        taken = rates.take(key, now=self._clock())
        if taken.wait:
            raise too_fast(taken.wait)
