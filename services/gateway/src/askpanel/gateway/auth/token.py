"""Verifies one access token against given keys: pure, no network and no clock of its own.

    TokenRefused          the caller is not known (401); the text says why and is safe to show
    └── UnknownKey        no key with this `kid`: fetching the JWKS again may help

The algorithm follows from the key, never from the token: HS256 verifies with the configured secret
alone, ES256 and RS256 with a JWKS key of that very type alone, anything else is refused. Keys that a
token brings along (`jwk`, `jku`, `x5u`, `x5c`) are never looked at.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

import jwt
from jwt.exceptions import InvalidSignatureError, PyJWTError

LONGEST_TOKEN = 8192
JWKS_ALGORITHMS = frozenset({"ES256", "RS256"})


class TokenRefused(Exception):
    """The caller is not known."""


class UnknownKey(TokenRefused):
    """No key with this id."""


@dataclass(frozen=True, slots=True)
class TokenPolicy:
    """What a token must say. `leeway` in seconds covers differing clocks."""

    issuer: str
    audience: str = "authenticated"
    roles: frozenset[str] = frozenset({"authenticated"})
    leeway: float = 30.0


@dataclass(frozen=True, slots=True)
class Keys:
    """What tokens may be signed with: the legacy secret, and JWKS keys by `kid`."""

    secret: str | None = None
    by_id: Mapping[str, jwt.PyJWK] = field(default_factory=dict[str, jwt.PyJWK])


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified user. `expires_at` in seconds since the epoch."""

    user_id: UUID
    role: str
    expires_at: float


def usable_keys(document: object) -> Mapping[str, jwt.PyJWK]:
    """The signature keys of a JWKS by `kid`; other keys are left out. ValueError when it is no JWKS."""
    entries = cast("dict[str, Any]", document).get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("a JWKS is an object with a list `keys`")
    found: dict[str, jwt.PyJWK] = {}
    for entry in cast("list[Any]", entries):
        if not isinstance(entry, dict):
            continue
        fields = cast("dict[str, Any]", entry)
        if fields.get("use", "sig") != "sig" or not fields.get("kid"):
            continue
        try:
            key = jwt.PyJWK(fields)
        except PyJWTError:
            continue
        if key.algorithm_name in JWKS_ALGORITHMS:
            found[str(fields["kid"])] = key
    return found


def verify(token: str, keys: Keys, policy: TokenPolicy, *, now: float) -> Identity:
    """The user this token proves at time `now`. Raises TokenRefused or UnknownKey."""
    key, algorithm = _key(_header(token), keys)
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            options={"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False},
        )
    except InvalidSignatureError:
        raise TokenRefused("the token's signature is wrong") from None
    except PyJWTError:
        raise TokenRefused("the token cannot be read") from None
    return _identity(claims, policy, now)


def _header(token: str) -> Mapping[str, Any]:
    """The token's header. Its content is not to be trusted: it only picks among our own keys."""
    if len(token) > LONGEST_TOKEN or token.count(".") != 2:
        raise TokenRefused("the token is no JWT")
    encoded = token.partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        raise TokenRefused("the token is no JWT") from None
    if not isinstance(header, dict):
        raise TokenRefused("the token is no JWT")
    fields = cast("Mapping[str, Any]", header)
    if fields.get("crit"):
        raise TokenRefused("the token demands an extension that is not known")
    return fields


def _key(header: Mapping[str, Any], keys: Keys) -> tuple[Any, str]:
    algorithm = header.get("alg")
    if algorithm == "HS256" and keys.secret is not None:
        return keys.secret, "HS256"
    if not isinstance(algorithm, str) or algorithm not in JWKS_ALGORITHMS:
        raise TokenRefused("the token's algorithm is not allowed")
    key = keys.by_id.get(str(header.get("kid")))
    if key is None:
        raise UnknownKey("the token's key is not known")
    if key.algorithm_name != algorithm:
        raise TokenRefused("the token's algorithm does not fit its key")
    return key.key, algorithm


def _identity(claims: Mapping[str, Any], policy: TokenPolicy, now: float) -> Identity:
    expires_at = _time(claims, "exp")
    not_before = _time(claims, "nbf") if "nbf" in claims else None
    audience = claims.get("aud")
    audiences = cast("list[object]", audience) if isinstance(audience, list) else [audience]
    if expires_at <= now - policy.leeway:
        raise TokenRefused("the token has expired")
    if not_before is not None and not_before > now + policy.leeway:
        raise TokenRefused("the token is not valid yet")
    if claims.get("iss") != policy.issuer:
        raise TokenRefused("the token's issuer is not ours")
    if policy.audience not in audiences:
        raise TokenRefused("the token is for another audience")
    role = claims.get("role")
    if not isinstance(role, str) or role not in policy.roles:
        raise TokenRefused("the token's role is not allowed")
    try:
        user_id = UUID(str(claims.get("sub")))
    except ValueError:
        raise TokenRefused("the token's subject is no user id") from None
    return Identity(user_id, role, expires_at)


def _time(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        raise TokenRefused(f"the token has no usable {name}")
    return float(value)
