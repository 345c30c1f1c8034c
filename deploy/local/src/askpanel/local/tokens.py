"""Tokens of the local users, signed as Supabase signs them (legacy HS256), with this stack's own secret."""

import time
from uuid import UUID

import jwt

LIFETIME = 7 * 86_400
"""Seconds."""


def issuer(port: int) -> str:
    """`iss` of the stack's tokens."""
    return f"http://127.0.0.1:{port}/auth/v1"


def sign(secret: str, *, issuer: str, user_id: UUID, email: str, lifetime: int = LIFETIME) -> str:
    """A token for a user, valid for `lifetime` seconds."""
    now = int(time.time())
    claims = {
        "iss": issuer,
        "aud": "authenticated",
        "role": "authenticated",
        "sub": str(user_id),
        "email": email,
        "iat": now,
        "exp": now + lifetime,
    }
    return jwt.encode(claims, secret, algorithm="HS256")
