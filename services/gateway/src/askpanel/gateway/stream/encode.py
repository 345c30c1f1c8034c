"""Events as the bytes of `text/event-stream` (WHATWG HTML, section 9.2). Pure.

`data:` is one line of JSON. A heartbeat is a comment and ONE newline: with a blank line after it some
clients deliver an empty event. The first block of a stream begins with RETRY, joined to its event.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import TERMINAL
from askpanel.gateway.stream.payloads import name_of, payload

RETRY = b"retry: 2000\n"
HEARTBEAT = b": hb\n"
LIMITED_RETRY_MS = 30_000
LAST_CHUNK = b"0\r\n\r\n"

_LINE_BREAKS = str.maketrans({"\u0085": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"})
"""Python's and some clients' line splitting honours these; inside JSON strings the escape means the same."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One event block. `sequence` is None for what is not on the log; `last` ends the stream after it.

    `chunk` is the block as it goes over a connection, made once for all subscribers.
    """

    block: bytes
    sequence: int | None = None
    last: bool = False
    chunk: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "chunk", chunk(self.block))


class Delta(BaseModel):
    """Newly typed characters of an answer in the making: lossy, never an event."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    round_number: int = Field(ge=1)
    seat: int = Field(ge=0)
    agent_id: str = Field(max_length=200)
    text: str = Field(max_length=20_000)
    step: str | None = Field(default=None, max_length=100)
    attempt: int | None = None


def event_frame(recorded: Recorded) -> Frame | None:
    """The frame of an event, None when the event is not for the outside."""
    name, fields = name_of(recorded), payload(recorded)
    if name is None or fields is None:
        return None
    return Frame(
        _block(name, fields, recorded.sequence), recorded.sequence, recorded.envelope.type in TERMINAL
    )


def delta_frame(panel_id: UUID | str, delta: Delta, at: datetime) -> Frame:
    """The frame of a delta: without id, so a client never resumes from it."""
    fields = _place(panel_id, at) | delta.model_dump(exclude_none=True)
    return Frame(_block("response_delta", fields))


def reset_frame(panel_id: UUID, at: datetime) -> Frame:
    """Tells a client to forget what it has: the panel follows from its first event."""
    fields = _place(panel_id, at) | {"reason": "the last event id is not on this panel's log"}
    return Frame(_block("stream_reset", fields))


def error_body(problem: Mapping[str, Any], retry_ms: int = LIMITED_RETRY_MS) -> bytes:
    """A whole answer for a client that takes any status but 200 as final: come back later."""
    return b"retry: %d\n" % retry_ms + _block("error", problem)


def chunk(data: bytes) -> bytes:
    """Some of a body of unknown length (RFC 9112, section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def json_line(fields: Mapping[str, Any]) -> str:
    """One line of JSON, whatever characters the texts hold."""
    line = to_json(fields, inf_nan_mode="null").decode()
    return line if line.isascii() else line.translate(_LINE_BREAKS)


def _place(panel_id: UUID | str, at: datetime) -> dict[str, Any]:
    return {"panel_id": str(panel_id), "sequence": None, "at": at.isoformat().replace("+00:00", "Z")}


def _block(name: str, fields: Mapping[str, Any], sequence: int | None = None) -> bytes:
    place = "" if sequence is None else f"id: {sequence}\n"
    return f"{place}event: {name}\ndata: {json_line(fields)}\n\n".encode()
