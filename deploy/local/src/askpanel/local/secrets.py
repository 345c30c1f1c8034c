"""Secrets of one local stack: made on the first start, kept in its data folder, readable by its owner only."""

import json
import secrets
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from askpanel.contracts.permissions import SERVICES
from askpanel.local.demo import TENANTS


@dataclass(frozen=True, slots=True)
class Secrets:
    """`nats` holds a password per user, `passwords` one per demo user's email.

    `jwt` signs the local users' tokens, `tickets` stream tickets, `refresh` their refresh tokens.
    """

    nats: dict[str, str]
    jwt: str
    tickets: str
    refresh: str
    passwords: dict[str, str]


def load_or_make(data: Path) -> Secrets:
    """The stack's secrets; new ones for what has none, as in a folder of an older version."""
    file = data / "secrets.json"
    kept: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    if kept.keys() >= {field.name for field in fields(Secrets)}:
        return Secrets(**kept)
    made = asdict(_new()) | kept
    draft = file.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(made))
    draft.rename(file)
    return Secrets(**made)


def _new() -> Secrets:
    return Secrets(
        nats={user: secrets.token_urlsafe(24) for user in (*SERVICES, "admin")},
        jwt=secrets.token_urlsafe(48),
        tickets=secrets.token_urlsafe(48),
        refresh=secrets.token_urlsafe(48),
        passwords={user.email: secrets.token_urlsafe(12) for tenant in TENANTS for user in tenant.users},
    )
