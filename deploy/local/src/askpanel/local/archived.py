"""What the archive holds of a tenant or a panel: to count, and to take away for good."""

from collections.abc import Mapping
from itertools import groupby
from uuid import UUID

import nats.js.errors
from nats.aio.client import Client

from askpanel.contracts.archive import Entry, page_key
from askpanel.contracts.topology import ARCHIVE
from askpanel.runtime.archive_index import Index
from askpanel.runtime.log import EventLog
from askpanel.runtime.unavailable import GONE


async def find(client: Client, tenant_id: UUID, panel_id: UUID | None) -> Mapping[UUID, set[int]]:
    """Messages of ARCHIVE by panel, also copies that the index does not name yet, or not any more.

    A panel that is only named and has no message has an empty set: an erasure was cut off there.
    """
    archive = EventLog(client).archive
    found: dict[UUID, set[int]] = {}
    after = 0
    if panel_id is not None:
        entry = await archive.find(panel_id)
        if entry is not None:
            found[panel_id] = set()
            for part in entry.parts:
                if await _is_there(client, part):
                    found[panel_id].add(part)
        after = (await archive.progress()).swept  # what is before is named, or not there
    async for copied, message in archive.copies(tenant_id, after=after):
        if panel_id in (None, copied):
            found.setdefault(copied, set()).add(message[3])
    return found


async def forget(client: Client, tenant_id: UUID, panel_id: UUID | None) -> int:
    """Delete what there is; how many panels that were.

    First the messages, overwritten on disk, then the names: cut off between the two, the same erasure
    finds the names and goes on.
    """
    found = await find(client, tenant_id, panel_id)
    jetstream = client.jetstream()
    for part in (part for parts in found.values() for part in parts):
        try:
            await jetstream.delete_msg(ARCHIVE.name, part)
        except nats.js.errors.APIError as error:
            if error.err_code not in GONE:
                raise
    archive = EventLog(client).archive
    index = Index(client, archive)
    for key, ids in groupby(sorted(found, key=lambda one: one.hex), page_key):
        named: dict[UUID, tuple[Entry | None, Entry | None]] = {}
        for one in ids:
            named[one] = (await archive.find(one), None)
        await index.change(key, named)
    return len(found)


async def tenant_of(client: Client, panel_id: UUID) -> UUID | None:
    """Whose archived panel this is; None when it is not archived."""
    archive = EventLog(client).archive
    entry = await archive.find(panel_id)
    messages = await archive.load(entry) if entry is not None else []
    return UUID(messages[0].subject.split(".")[2]) if messages else None


async def _is_there(client: Client, part: int) -> bool:
    try:
        await client.jetstream().get_msg(ARCHIVE.name, seq=part)
    except nats.js.errors.NotFoundError:
        return False
    return True
