"""What Supabase Auth says over HTTP, as `@supabase/supabase-js` reads it: bodies and errors. Pure.

Shapes and codes follow the published server (github.com/supabase/auth, API version 2024-01-01).

    Refused     an answer that is an error: status, code and message as that server gives them
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

API_VERSION_HEADER = "x-supabase-api-version"
API_VERSION = "2024-01-01"
"""From this version on, an error's code is in `code`; before, in `error_code`."""

SINCE = "2026-01-01T00:00:00Z"
"""When the demo users signed up; nobody recorded it."""


class Refused(Exception):
    """An error answer."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


def wrong_credentials() -> Refused:
    """The same for an unknown email and for a wrong password."""
    return Refused(400, "invalid_credentials", "Invalid login credentials")


def too_fast(seconds: float) -> Refused:
    """Too many attempts."""
    wait = {"Retry-After": str(max(1, round(seconds + 0.5)))}
    return Refused(429, "over_request_rate_limit", "Request rate limit reached", wait)


def invalid(message: str) -> Refused:
    """A request that cannot be understood."""
    return Refused(400, "validation_failed", message)


def error_body(refused: Refused, version: str | None) -> dict[str, Any]:
    """The body of an error, as the client's API version wants it."""
    if version is not None and version >= API_VERSION:
        return {"code": refused.code, "message": refused.message}
    return {"code": refused.status, "error_code": refused.code, "msg": refused.message}


def user_body(user_id: UUID, email: str, signed_in_at: float | None) -> dict[str, Any]:
    """A user; `signed_in_at` in seconds since the epoch."""
    moment = SINCE if signed_in_at is None else _time(signed_in_at)
    return {
        "id": str(user_id),
        "aud": "authenticated",
        "role": "authenticated",
        "email": email,
        "email_confirmed_at": SINCE,
        "phone": "",
        "confirmed_at": SINCE,
        "last_sign_in_at": moment,
        "app_metadata": {"provider": "email", "providers": ["email"]},
        "user_metadata": {},
        "identities": [],
        "created_at": SINCE,
        "updated_at": moment,
        "is_anonymous": False,
    }


def session_body(
    access_token: str, refresh_token: str, *, lifetime: int, now: float, user: Mapping[str, Any]
) -> dict[str, Any]:
    """A session; `lifetime` of the access token in seconds, from `now`."""
    return {
        "access_token": access_token,
        "token_type": "bearer",
        "expires_in": lifetime,
        "expires_at": int(now) + lifetime,
        "refresh_token": refresh_token,
        "user": dict(user),
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
