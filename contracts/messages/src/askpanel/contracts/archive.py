"""The form of an archived panel, and of the index that finds it. Pure.

A panel that ended long ago leaves the log whole: its messages become one text, a JSON object a line in the
order of the log, compressed with gzip, in one or more messages of stream ARCHIVE on `archive.<tenant_id>`.

    {"sequence": 4711, "stored_at": "2026-01-02T03:04:05.123456789Z", "subject": "panel.created.…",
     "headers": {"ce-id": "…", …}, "body": "{…}"}

`sequence` and `stored_at` are what the log gave the message. A body that is no UTF-8 is `body_base64` instead.
The index is a page per three hexadecimal digits of the panel's id (4,096 of them) in bucket `archive`: a JSON
object with, by panel, `[first sequence, last sequence, sequence in ARCHIVE, …]`. What no page names is no
archived panel, whatever stands in ARCHIVE.
"""

import base64
import gzip
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from askpanel.contracts.subjects import PanelRef
from askpanel.contracts.topology import ARCHIVE_BUCKET

PAGES = 4096
PAGE_DIGITS = 3
PART = 512 * 1024
"""Most bytes in one message of ARCHIVE: with headers, and in base64, below a server's usual payload limit."""
PANEL, PART_NUMBER, DIGEST = "Askpanel-Panel", "Askpanel-Part", "Askpanel-Sha256"
"""Headers of a message of ARCHIVE; the digest is of the uncompressed text."""
PROGRESS = "progress"
STORED_AT = "Nats-Time-Stamp"
_GIVEN = frozenset({"Nats-Stream", "Nats-Subject", "Nats-Sequence", "Nats-Num-Pending", "Nats-Last-Sequence"})
"""What the server adds when it hands a message out."""


class Damaged(ValueError):
    """What the archive holds is not what was put there."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the log as it stood there. Its headers include when it was stored (`STORED_AT`)."""

    subject: str
    headers: Mapping[str, str]
    body: bytes
    sequence: int

    @property
    def stored_at(self) -> str:
        """By the server's clock, RFC 3339 in UTC."""
        return self.headers.get(STORED_AT, "")


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a panel is: its first and last sequence on the log, its parts in ARCHIVE in order."""

    panel_id: UUID
    first: int
    last: int
    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far archiving is. `purged`: no sequence above it was ever archived.

    Before `swept` in ARCHIVE, and before `audited` in AUDIT, nothing is left to finish or to undo.
    """

    purged: int = 0
    swept: int = 0
    audited: int = 0

    def dump(self) -> bytes:
        """As stored."""
        return json.dumps({"purged": self.purged, "swept": self.swept, "audited": self.audited}).encode()

    @classmethod
    def load(cls, value: bytes | None) -> "Progress":
        """Read back; of nothing at all, the beginning."""
        found: dict[str, int] = json.loads(value) if value else {}
        return cls(found.get("purged", 0), found.get("swept", 0), found.get("audited", 0))


def archive_subject(tenant_id: UUID) -> str:
    """Where a tenant's archived panels are put: one subject, so that panels cost no memory of the server."""
    return f"archive.{tenant_id}"


def page_key(panel_id: UUID) -> str:
    """The page of the index that names this panel, if any does."""
    return f"page.{panel_id.hex[:PAGE_DIGITS]}"


def bucket_subject(key: str) -> str:
    """A key of the archive's bucket as a subject of its stream."""
    return f"$KV.{ARCHIVE_BUCKET.name}.{key}"


def projected_key(projection: str) -> str:
    """Where a projection says how far it is."""
    return f"projected.{projection}"


def dump_page(entries: Mapping[UUID, Entry]) -> bytes:
    """A page as stored; the same entries give the same bytes."""
    ordered = sorted(entries.values(), key=lambda entry: entry.panel_id)
    page = {entry.panel_id.hex: [entry.first, entry.last, *entry.parts] for entry in ordered}
    return json.dumps(page, separators=(",", ":")).encode()


def load_page(value: bytes | None) -> dict[UUID, Entry]:
    """The entries of a page."""
    page: dict[str, list[int]] = json.loads(value) if value else {}
    return {
        (panel_id := UUID(name)): Entry(panel_id, first, last, tuple(parts))
        for name, (first, last, *parts) in page.items()
    }


def digest(text: bytes) -> str:
    """SHA-256 of the uncompressed text, in hexadecimal."""
    return hashlib.sha256(text).hexdigest()


def dump_panel(messages: Sequence[Message]) -> bytes:
    """The text of a panel; the same messages give the same bytes."""
    return b"".join(_line(message) for message in messages)


def load_panel(text: bytes) -> list[Message]:
    """The messages of a text. Raises Damaged."""
    try:
        return [_message(json.loads(line)) for line in text.splitlines()]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Damaged(f"a line of an archived panel cannot be read: {error!r}") from None


def compress(text: bytes) -> list[bytes]:
    """The bodies of the messages that hold this text, in order."""
    packed = gzip.compress(text, compresslevel=6, mtime=0)
    return [packed[start : start + PART] for start in range(0, len(packed), PART)]


def expand(parts: Sequence[bytes], expected: str) -> bytes:
    """The text again. Raises Damaged unless it has the expected digest."""
    try:
        text = gzip.decompress(b"".join(parts))
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise Damaged(f"an archived panel cannot be unpacked: {error}") from None
    if digest(text) != expected:
        raise Damaged("an archived panel is not what was archived: its digest differs")
    return text


def part_headers(panel: PanelRef, number: int, text_digest: str) -> dict[str, str]:
    """Headers of part `number`, from 0. The id lets the server recognise a part it has already."""
    return {
        "Nats-Msg-Id": f"{panel.panel_id}:{text_digest}:{number}",
        PANEL: str(panel.panel_id),
        PART_NUMBER: str(number),
        DIGEST: text_digest,
    }


def merged(archived: Sequence[Message], on_log: Sequence[Message]) -> list[Message]:
    """What a panel has in both places, in the order of the log; archiving leaves sequences as they are."""
    both = {message.sequence: message for message in (*archived, *on_log)}
    return [both[sequence] for sequence in sorted(both)]


def _line(message: Message) -> bytes:
    headers = {name: value for name, value in message.headers.items() if name not in _GIVEN}
    stored_at = headers.pop(STORED_AT, "")
    line: dict[str, Any] = {
        "sequence": message.sequence,
        "stored_at": stored_at,
        "subject": message.subject,
        "headers": headers,
    }
    try:
        line["body"] = message.body.decode()
    except UnicodeDecodeError:
        line["body_base64"] = base64.b64encode(message.body).decode()
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _message(line: dict[str, Any]) -> Message:
    body = line["body"].encode() if "body" in line else base64.b64decode(line["body_base64"])
    headers = {**line["headers"], STORED_AT: line["stored_at"]}
    return Message(line["subject"], headers, body, line["sequence"])
