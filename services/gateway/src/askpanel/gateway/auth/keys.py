"""Where token keys come from: a secret, a JWKS file, or a JWKS address asked now and then.

Keys from an address are trusted for `max_age` seconds. They are fetched again at half that age, and once
when a token names an unknown key, but never more often than every REFETCH_EVERY seconds: neither forged
key ids nor an authority that is down make this a flood.
"""

import asyncio
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx

from askpanel.gateway.auth.token import (
    Identity,
    Keys,
    TokenPolicy,
    UnknownKey,
    usable_keys,
    verify,
)
from askpanel.gateway.settings import GatewaySettings

logger = logging.getLogger(__name__)

REFETCH_EVERY = 10.0
LARGEST_JWKS = 262_144
PROVED = 4096
"""Tokens whose proof is remembered: a client sends the same one with every request."""


class KeysUnavailable(Exception):
    """No trusted keys can be had now: nobody can be recognised (503)."""


class TokenVerifier:
    """Verifies tokens with keys that are kept current. `clock` is the wall clock, in seconds."""

    def __init__(
        self,
        policy: TokenPolicy,
        keys: Keys,
        *,
        jwks_url: str | None = None,
        max_age: float = 600.0,
        http: httpx.AsyncClient | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._policy = policy
        self._keys = keys
        self._url = jwks_url
        self._max_age = max_age
        self._http = http
        self._clock = clock
        self._fetched_at: float | None = None
        self._asked_at: float | None = None
        self._fetching = asyncio.Lock()
        self._refresh: asyncio.Task[bool] | None = None
        self._proved: OrderedDict[str, tuple[Identity, Keys]] = OrderedDict()

    async def verify(self, token: str) -> Identity:
        """The user a token proves. Raises TokenRefused, or KeysUnavailable."""
        if self._age() > self._max_age / 2 and (self._refresh is None or self._refresh.done()):
            self._refresh = asyncio.create_task(self._refetch())
        try:
            return self._prove(token)
        except UnknownKey:
            if not await self._refetch():
                self._require_keys()
                raise
            return self._prove(token)

    async def aclose(self) -> None:
        """End a fetch that is under way."""
        if self._refresh is not None:
            self._refresh.cancel()
            await asyncio.gather(self._refresh, return_exceptions=True)

    def _prove(self, token: str) -> Identity:
        """Verify, or remember a proof with the keys of today; only time can undo it."""
        keys, now = self._current(), self._clock()
        identity, by = self._proved.get(token, (None, None))
        if identity is None or by is not keys or identity.expires_at <= now - self._policy.leeway:
            identity = verify(token, keys, self._policy, now=now)
            self._proved[token] = identity, keys
            if len(self._proved) > PROVED:
                self._proved.popitem(last=False)
        return identity

    def _age(self) -> float:
        if self._url is None:
            return 0.0
        return time.monotonic() - self._fetched_at if self._fetched_at is not None else float("inf")

    def _current(self) -> Keys:
        return self._keys if self._age() <= self._max_age else Keys(secret=self._keys.secret)

    def _require_keys(self) -> None:
        if self._age() > self._max_age:
            raise KeysUnavailable("the keys of the sign-in service cannot be fetched")

    async def _refetch(self) -> bool:
        """Fetch the keys, unless that was tried a moment ago; whether there are new ones since then."""
        if self._url is None or self._http is None:
            return False
        asked_before = time.monotonic() - REFETCH_EVERY
        async with self._fetching:
            if self._asked_at is not None and self._asked_at > asked_before:
                return self._fetched_at is not None and self._fetched_at > asked_before
            self._asked_at = time.monotonic()
            try:
                answer = await self._http.get(self._url, follow_redirects=False, timeout=3.0)
                answer.raise_for_status()
                if len(answer.content) > LARGEST_JWKS:
                    raise ValueError(f"{len(answer.content)} bytes")
                by_id = usable_keys(json.loads(answer.content))
            except (httpx.HTTPError, ValueError) as error:
                logger.warning("JWKS not fetched: %s", str(error) or type(error).__name__)
                return False
            self._keys = Keys(self._keys.secret, by_id)
            self._fetched_at = time.monotonic()
            return True


def read_jwks(path: Path) -> Keys:
    """Keys of a JWKS file. Raises OSError or ValueError."""
    return Keys(by_id=usable_keys(json.loads(path.read_text(encoding="utf-8"))))


def verifier(settings: GatewaySettings, http: httpx.AsyncClient | None) -> TokenVerifier:
    """The verifier the settings ask for. Raises OSError or ValueError for an unusable JWKS file."""
    keys = read_jwks(settings.jwks_file) if settings.jwks_file else Keys()
    secret = settings.jwt_secret.get_secret_value() if settings.jwt_secret else None
    policy = TokenPolicy(
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        roles=frozenset(settings.jwt_roles),
        leeway=settings.jwt_leeway,
    )
    return TokenVerifier(
        policy,
        replace(keys, secret=secret),
        jwks_url=settings.jwks_url,
        max_age=settings.jwks_seconds,
        http=http,
    )
