"""A long log quickly: copies of one finished panel, each under ids of its own, published without waiting for each.

All of a panel is what a client would write for it, cut at the ids; a copy joins the pieces with other ids. They are
replaced in the events too, so that the copies make rows of their own in the tables.
"""

import asyncio
import os
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from askpanel.contracts.envelope import MESSAGE_ID, Recorded, encode
from askpanel.local.demo import TENANTS

EVERY = 50
"""At most twice as many panels wait to be stored."""
USER = TENANTS[0].user("member").id
TENANT = TENANTS[0].id
_STORED = "filling.stored"
_HELLO = b'CONNECT {"verbose":false,"pedantic":false,"headers":true}\r\nSUB %s 1\r\n' % _STORED.encode()
_ID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Template:
    """A panel to copy: its `pieces` between ids, which of the copy's ids follows each, and how many are its own."""

    pieces: tuple[bytes, ...]
    ids: tuple[int, ...]
    own: int
    kept: tuple[bytes, ...]

    def copy(self, panel_id: bytes) -> bytes:
        """What a client writes to publish the panel once more; the last event asks to be told that it is stored."""
        drawn = os.urandom(16 * self.own).hex()
        fresh = [_spelled(drawn[32 * number : 32 * number + 32]) for number in range(self.own)]
        ids = [*self.kept, panel_id, *fresh]
        parts = [b""] * (len(self.pieces) + len(self.ids))
        parts[::2] = self.pieces
        parts[1::2] = [ids[number] for number in self.ids]
        return b"".join(parts)


def template(events: Sequence[Recorded]) -> Template:
    """The panel as something to copy, for a user and a tenant of the demo."""
    first = events[0].envelope
    wire = b"".join(_published(event, last=event is events[-1]) for event in events)
    kept = {str(first.panel.tenant_id): str(TENANT), str(first.user_id): str(USER)}
    numbers = {old.encode(): number for number, old in enumerate([*kept, str(first.panel.panel_id)])}
    ids = tuple(numbers.setdefault(found.group(), len(numbers)) for found in _ID.finditer(wire))
    return Template(
        tuple(_ID.split(wire)),
        ids,
        len(numbers) - len(kept) - 1,
        tuple(new.encode() for new in kept.values()),
    )


async def fill(url: str, panel: Template, count: int) -> list[UUID]:
    """Publish `count` copies to the NATS at `url`; their panels' ids, in order."""
    address = urlsplit(url)
    assert address.hostname is not None
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(_HELLO)
    begun = time.monotonic()
    made: list[UUID] = []
    waiting = 0
    for number in range(1, count + 1):
        panel_id = UUID(bytes=os.urandom(16), version=4)
        made.append(panel_id)
        writer.write(panel.copy(str(panel_id).encode()))
        waiting += 1
        if waiting == 2 * EVERY:
            await _stored(reader, writer, EVERY)
            waiting -= EVERY
        if number % 1000 == 0 and sys.stderr.isatty():
            rate = number / (time.monotonic() - begun)
            print(f"\r  filling: {number:,} of {count:,}, {rate:,.0f} panels/s ", end="", file=sys.stderr)
    await _stored(reader, writer, waiting)
    writer.close()
    await writer.wait_closed()
    return made


async def _stored(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, count: int) -> None:
    """Wait until the server has said of `count` panels that their last event is stored."""
    while count:
        match (await reader.readline()).split():
            case [b"MSG", *_, size]:
                answer = await reader.readexactly(int(size) + 2)
                if b'"error"' in answer:
                    raise RuntimeError(answer.decode())
                count -= 1
            case [b"PING"]:
                writer.write(b"PONG\r\n")
            case [b"-ERR", *reason]:
                raise RuntimeError(b" ".join(reason).decode())
            case []:
                raise RuntimeError("the server went away")
            case _:
                pass


def _published(recorded: Recorded, *, last: bool) -> bytes:
    """One event as NATS's protocol has it (HPUB)."""
    subject, headers, body = encode(recorded)
    del headers[MESSAGE_ID]  # the server need not remember ids that are unique as they are
    head = "NATS/1.0\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
    reply = f" {_STORED}" if last else ""
    sizes = f"{len(head.encode())} {len(head.encode()) + len(body)}"
    return f"HPUB {subject}{reply} {sizes}\r\n{head}".encode() + body + b"\r\n"


def _spelled(drawn: str) -> bytes:
    """32 hexadecimal digits as a random UUID."""
    version, variant = "4", "a"
    return (
        f"{drawn[:8]}-{drawn[8:12]}-{version}{drawn[13:16]}-{variant}{drawn[17:20]}-{drawn[20:]}"
    ).encode()
