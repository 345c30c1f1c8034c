"""Subjects: `<noun>.<past-tense verb>.<tenant_id>.<panel_id>`.

The subject of an event and the filter of its panel are made here, side by side: JetStream does not check
that a message matches the filter of its own expected sequence, so a wrong pair would protect nothing.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal
from uuid import UUID

from askpanel.contracts.events import EVENTS


class BadSubject(ValueError):
    """The subject is not `<noun>.<verb>.<tenant uuid>.<panel uuid>` of a known event."""


@dataclass(frozen=True, slots=True)
class PanelRef:
    """A panel's address: tenant and panel."""

    tenant_id: UUID
    panel_id: UUID
    address: str = field(init=False, compare=False, repr=False)
    """`<tenant_id>.<panel_id>`, how its subjects end: written once, since every message needs it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "address", f"{self.tenant_id}.{self.panel_id}")

    @classmethod
    def of(cls, tenant_id: str, panel_id: str) -> "PanelRef":
        """From text; ValueError when either is no UUID."""
        return cls(UUID(tenant_id), UUID(panel_id))

    @property
    def filter(self) -> str:
        """Every event of this panel."""
        return f"*.*.{self.address}"

    def filter_of(self, noun: str) -> str:
        """Every event of this panel whose type begins with this noun."""
        return f"{noun}.*.{self.address}"

    def subject(self, event_type: str) -> str:
        """Where an event of this type of this panel is published."""
        return f"{event_type}.{self.address}"

    def deltas(self) -> str:
        """Core NATS subject of the panel's token deltas: lossy by design, never an event."""
        return f"live.delta.{self.address}"

    def timer(self, purpose: str, state: Literal["scheduled", "fired"]) -> str:
        """Where a durable timer of this panel waits, and where it goes off."""
        return f"timer.{state}.{self.address}.{purpose}"

    def timers(self) -> str:
        """Every timer of this panel, waiting or fired."""
        return f"timer.*.{self.address}.>"


def panel_of(subject_filter: str) -> PanelRef | None:
    """The panel whose `filter` this is; None for any other filter."""
    match subject_filter.split("."):
        case ["*", "*", tenant_id, panel_id]:
            pass
        case _:
            return None
    try:
        return PanelRef.of(tenant_id, panel_id)
    except ValueError:
        return None


def tenant_filter(tenant_id: UUID) -> str:
    """Every event of a tenant (for erasure)."""
    return f"*.*.{tenant_id}.>"


def all_of(event_type: str) -> str:
    """Every event of one type, of all tenants."""
    return f"{event_type}.>"


def type_of(subject: str) -> str:
    """What the subject says of its event's type, known or not."""
    return ".".join(subject.split(".", 2)[:2])


def parse(subject: str) -> tuple[str, PanelRef]:
    """Event type and panel of a subject; BadSubject when it is none of ours."""
    parts, event_type = subject.split("."), type_of(subject)
    if len(parts) != 4 or event_type not in EVENTS:
        raise BadSubject(subject)
    try:
        return event_type, _panel(parts[2], parts[3])
    except ValueError:
        raise BadSubject(subject) from None


@lru_cache(maxsize=8192)
def _panel(tenant_id: str, panel_id: str) -> PanelRef:
    """The same value for every event of a panel that comes along, instead of two ids read anew."""
    return PanelRef(UUID(tenant_id), UUID(panel_id))
