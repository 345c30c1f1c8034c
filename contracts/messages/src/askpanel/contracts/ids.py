"""Deterministic ids: the same fact always gets the same id, so writing it twice is writing it once.

UUIDv5 (RFC 9562, section 5.5) of the panel and of what identifies the fact within it. The event type is
part of every event id because JetStream deduplicates ids over the whole stream, not per subject.
"""

from uuid import UUID, uuid5

NAMESPACE = UUID("6f0f3f0e-6c2b-5b0a-9d7e-a5c0de9a7e11")


def panel_id(tenant_id: UUID, idempotency_key: str) -> UUID:
    """The id of the panel a client created under this key: a retry cannot make a second panel."""
    return uuid5(NAMESPACE, f"panel:{tenant_id}:{idempotency_key}")


def event_id(panel: UUID, event_type: str, *identity: object) -> UUID:
    """The id of an event: its panel, its type, and what tells it from others of that type there."""
    return uuid5(panel, ":".join([event_type, *(str(part) for part in identity)]))


def row_id(panel: UUID, table: str, *identity: object) -> UUID:
    """The id of a projected row (`panel_responses`, `panel_consensus`, `agent_usage`)."""
    return uuid5(panel, ":".join(["row", table, *(str(part) for part in identity)]))
