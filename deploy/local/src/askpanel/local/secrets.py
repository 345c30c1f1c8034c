"""Secrets of one local stack: made on the first start, kept in its data folder, readable by its owner only."""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from askpanel.contracts.permissions import SERVICES


@dataclass(frozen=True, slots=True)
class Secrets:
    """`nats` holds a password per user; `jwt` signs the local users' tokens, `tickets` stream tickets."""

    nats: dict[str, str]
    jwt: str
    tickets: str


def load_or_make(data: Path) -> Secrets:
    """The stack's secrets; new ones when there are none."""
    file = data / "secrets.json"
    if file.exists():
        return Secrets(**json.loads(file.read_text()))
    made = Secrets(
        nats={user: secrets.token_urlsafe(24) for user in (*SERVICES, "admin")},
        jwt=secrets.token_urlsafe(48),
        tickets=secrets.token_urlsafe(48),
    )
    draft = file.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(asdict(made)))
    draft.rename(file)
    return made
