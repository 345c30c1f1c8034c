"""Signatures as in Standard Webhooks 1.0: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`. Pure.

No secret is stored: each follows from the installation's own, the endpoint and a version, so rotating one is
counting up. https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from uuid import UUID

PREFIX = "whsec_"


def secret(master: str, endpoint_id: UUID, version: int) -> str:
    """An endpoint's secret as its owner is shown it: 32 bytes."""
    key = hmac.digest(master.encode(), f"webhook:{endpoint_id}:{version}".encode(), hashlib.sha256)
    return PREFIX + base64.b64encode(key).decode()


def signed(secrets: Iterable[str], message_id: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """The three headers; a signature per secret, so that receivers can change over. Time in Unix seconds."""
    content = f"{message_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{_signature(one, content)}" for one in secrets),
    }


def _signature(one: str, content: bytes) -> str:
    key = base64.b64decode(one.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
