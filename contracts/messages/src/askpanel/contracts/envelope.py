"""The envelope: CloudEvents 1.0 in binary mode. Attributes are `ce-` headers, the body is the data.

Unreadable                the message cannot be an event of ours; it goes to the dead letters
├── Malformed             headers, subject or body do not parse, or contradict one another
└── UnknownEvent          a type or version this build does not know
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from askpanel.contracts.events import EVENTS, Event
from askpanel.contracts.ids import event_id
from askpanel.contracts.subjects import BadSubject, PanelRef, parse
from askpanel.contracts.upcast import UPCASTS, CannotLift, upcast

SPECVERSION = "1.0"
MESSAGE_ID = "Nats-Msg-Id"


class Unreadable(ValueError):
    """A message that is no event we can read. The text is the reason."""


class Malformed(Unreadable):
    """Headers, subject or body do not parse, or contradict one another."""


class UnknownEvent(Unreadable):
    """A type or version this build does not know."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who said what when, and why. `time` is the writer's clock in UTC.

    `traceparent` and `tracestate` are W3C trace context: where in the panel's trace this was written.
    """

    id: UUID
    type: str
    version: int
    source: str
    panel: PanelRef
    time: datetime
    user_id: UUID | None = None
    causation_id: UUID | None = None
    correlation_id: UUID | None = None
    traceparent: str | None = None
    tracestate: str | None = None

    def headers(self) -> dict[str, str]:
        """A fresh dict each time: the NATS client writes into what it is given."""
        own, (tenant, _, panel) = str(self.id), self.panel.address.partition(".")
        headers = {
            MESSAGE_ID: own,
            "content-type": "application/json",
            "ce-specversion": SPECVERSION,
            "ce-id": own,
            "ce-source": self.source,
            "ce-type": self.type,
            "ce-subject": panel,
            "ce-time": self.time.isoformat().replace("+00:00", "Z"),
            "ce-dataschema": schema_urn(self.type, self.version),
            "ce-tenantid": tenant,
            "ce-panelid": panel,
        }
        optional = {
            "ce-userid": self.user_id,
            "ce-causationid": self.causation_id,
            "ce-correlationid": self.correlation_id,
            "traceparent": self.traceparent,
            "tracestate": self.tracestate,
        }
        return headers | {name: str(value) for name, value in optional.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it stands on the log: `sequence` is the stream's, unique and increasing."""

    event: Event
    envelope: Envelope
    sequence: int

    def at(self, sequence: int) -> "Recorded":
        """The same event at the place the log gave it."""
        return replace(self, sequence=sequence)


def schema_urn(event_type: str, version: int) -> str:
    """`ce-dataschema`: names type and version, independent of any file or host."""
    return f"urn:askpanel:schema:{event_type}:{version}"


def seal(
    event: Event,
    panel: PanelRef,
    *,
    time: datetime,
    cause: Envelope | None = None,
    user_id: UUID | None = None,
    traceparent: str | None = None,
    tracestate: str | None = None,
) -> Recorded:
    """Put an event into its envelope; its sequence is 0 until the log gives it one.

    Correlation, user and trace are taken over from `cause`, the event that led to this one.
    """
    envelope = Envelope(
        id=event_id(panel.panel_id, event.TYPE, *event.identity()),
        type=event.TYPE,
        version=event.VERSION,
        source=f"/askpanel/{event.OWNER}",
        panel=panel,
        time=time.astimezone(UTC),
        user_id=user_id or (cause.user_id if cause else None),
        causation_id=cause.id if cause else None,
        correlation_id=(cause.correlation_id if cause else None) or panel.panel_id,
        traceparent=traceparent or (cause.traceparent if cause else None),
        tracestate=tracestate if traceparent else (cause.tracestate if cause else None),
    )
    return Recorded(event, envelope, 0)


def encode(recorded: Recorded) -> tuple[str, dict[str, str], bytes]:
    """Subject, headers and body of the message."""
    envelope = recorded.envelope
    body = recorded.event.model_dump_json(exclude_none=True).encode()
    return envelope.panel.subject(envelope.type), envelope.headers(), body


def decode(subject: str, headers: Mapping[str, str] | None, body: bytes, sequence: int) -> Recorded:
    """Read a message back; older versions are upcast. Raises Malformed or UnknownEvent."""
    try:
        event_type, panel = parse(subject)
    except BadSubject as error:
        raise UnknownEvent(f"subject {error} is no event of ours") from None
    envelope = _envelope(event_type, panel, headers or {})
    known = EVENTS[event_type]
    if not 1 <= envelope.version <= known.VERSION:
        raise UnknownEvent(f"{event_type} version {envelope.version}; this build reads 1 to {known.VERSION}")
    try:
        if envelope.version < known.VERSION:
            event = upcast(known, envelope.version, body, UPCASTS)
        else:
            event = known.model_validate_json(body)
    except ValidationError as error:
        raise Malformed(_first(error.errors(include_url=False, include_input=False))) from None
    except CannotLift as error:
        raise Malformed(f"body /: {error}") from None
    return Recorded(event, envelope, sequence)


def _envelope(event_type: str, panel: PanelRef, headers: Mapping[str, str]) -> Envelope:
    if headers.get("ce-type") != event_type:
        raise Malformed(f"ce-type {headers.get('ce-type')!r} on subject of {event_type}")
    try:
        envelope = Envelope(
            id=UUID(headers["ce-id"]),
            type=event_type,
            version=_version(event_type, headers.get("ce-dataschema", "")),
            source=headers.get("ce-source", ""),
            panel=panel,
            time=datetime.fromisoformat(headers["ce-time"]),
            user_id=_uuid(headers, "ce-userid"),
            causation_id=_uuid(headers, "ce-causationid"),
            correlation_id=_uuid(headers, "ce-correlationid"),
            traceparent=headers.get("traceparent"),
            tracestate=headers.get("tracestate"),
        )
    except (KeyError, ValueError) as error:
        raise Malformed(f"envelope: {error}") from None
    if envelope.time.tzinfo is None:
        raise Malformed("ce-time has no time zone")
    return envelope


@lru_cache
def _version(event_type: str, dataschema: str) -> int:
    """The version a schema's name ends in. Raises ValueError when it is no schema of this event."""
    urn, _, version = dataschema.rpartition(":")
    if not version.lstrip("-").isdecimal() or urn != schema_urn(event_type, 0).rpartition(":")[0]:
        raise ValueError(f"ce-dataschema {dataschema!r} is not of {event_type}")
    return int(version)


def _uuid(headers: Mapping[str, str], name: str) -> UUID | None:
    value = headers.get(name)
    return _known(value) if value is not None else None


@lru_cache(maxsize=8192)
def _known(value: str) -> UUID:
    """Who asked and what led to an event: the same few ids again and again. Raises ValueError."""
    return UUID(value)


def _first(errors: Any) -> str:
    first = errors[0]
    place = "/".join(str(part) for part in first["loc"])
    return f"body /{place}: {first['msg']}" + (f" (and {len(errors) - 1} more)" if len(errors) > 1 else "")
