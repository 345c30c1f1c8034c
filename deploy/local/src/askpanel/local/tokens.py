"""Tokens of the local users, signed as Supabase signs them (legacy HS256), with this stack's own secret."""

import time
from typing import Any
from uuid import UUID

import jwt

LIFETIME = 7 * 86_400
"""Seconds."""


def issuer(port: int) -> str:
    """`iss` of the stack's tokens."""
    return f"http://127.0.0.1:{port}/auth/v1"


def sign(
    secret: str,
    *,
    issuer: str,
    user_id: UUID,
    email: str,
    lifetime: int = LIFETIME,
    session_id: UUID | None = None,
) -> str:
    """A token for a user, valid for `lifetime` seconds; of a session where somebody signed in."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": "authenticated",
        "role": "authenticated",
        "sub": str(user_id),
        "email": email,
        "iat": now,
        "exp": now + lifetime,
    }
    if session_id is not None:
        claims |= {"session_id": str(session_id), "aal": "aal1", "is_anonymous": False}
    return jwt.encode(claims, secret, algorithm="HS256")


def anon_key(secret: str) -> str:
    """The key `createClient` wants, as projects with a legacy secret have it: a token of role `anon`.

    It is public and opens nothing: the gateway takes no token of this role.
    """
    return jwt.encode({"iss": "supabase", "role": "anon"}, secret, algorithm="HS256")
