"""A long log quickly: copies of one finished panel, each under ids of its own, published without waiting for each.

The ids in the events are replaced too, so that the copies make rows of their own in the tables.
"""

import asyncio
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4, uuid5

from nats.aio.client import Client

from askpanel.contracts.envelope import MESSAGE_ID, Recorded, encode
from askpanel.local.demo import TENANTS

EVERY = 50
"""Panels after which the server is waited for."""
USER = TENANTS[0].user("member").id
TENANT = TENANTS[0].id
_ID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Template:
    """One message of the panel that is copied: what is kept, cut at the ids."""

    kind: str
    headers: dict[str, str]
    pieces: tuple[bytes, ...]
    ids: tuple[UUID, ...]


def templates(events: Sequence[Recorded]) -> list[Template]:
    """The panel as something to copy."""
    return [_template(event) for event in events]


async def fill(client: Client, panel: Sequence[Template], count: int, *, tenant: UUID = TENANT) -> list[UUID]:
    """Publish `count` copies for one tenant; their panels' ids, in order."""
    jetstream = client.jetstream(timeout=60)
    begun = time.monotonic()
    made: list[UUID] = []
    for number in range(count):
        panel_id = uuid4()
        made.append(panel_id)
        fresh: dict[UUID, bytes] = {USER: str(USER).encode()}
        for place, template in enumerate(panel, 1):
            subject = f"{template.kind}.{tenant}.{panel_id}"
            headers = template.headers | {
                "ce-id": str(uuid4()),
                "ce-subject": str(panel_id),
                "ce-panelid": str(panel_id),
                "ce-tenantid": str(tenant),
            }
            body = _body(template, panel_id, fresh)
            if place == len(panel) and (number % EVERY == EVERY - 1 or number == count - 1):
                await jetstream.publish(subject, body, headers=headers)
                await asyncio.sleep(0)
            else:
                await client.publish(subject, body, headers=headers)
        if number % 1000 == 999 and sys.stderr.isatty():
            rate = (number + 1) / (time.monotonic() - begun)
            print(f"\r  filling: {number + 1:,} of {count:,}, {rate:,.0f} panels/s ", end="", file=sys.stderr)
    return made


def _template(recorded: Recorded) -> Template:
    subject, headers, body = encode(recorded)
    del headers[MESSAGE_ID]  # the server need not remember ids that are unique as they are
    headers["ce-userid"] = str(USER)
    found = [match.group() for match in _ID.finditer(body)]
    user = str(recorded.envelope.user_id).encode()
    ids = tuple(USER if one == user else UUID(one.decode()) for one in found)
    kind = ".".join(subject.split(".")[:2])
    return Template(kind, headers, tuple(_ID.split(body)), ids)


def _body(template: Template, panel_id: UUID, fresh: dict[UUID, bytes]) -> bytes:
    parts = [template.pieces[0]]
    for old, piece in zip(template.ids, template.pieces[1:], strict=True):
        new = fresh.get(old)
        if new is None:
            new = fresh[old] = str(uuid5(panel_id, str(old))).encode()
        parts += (new, piece)
    return b"".join(parts)
