"""Reading archived panels: through the index, from the leader, verified by digest.

    bucket `archive`, page of the panel's id  →  parts in stream ARCHIVE  →  messages as they stood on the log

The index is written before anything is taken off the log, so whoever looks at the log first and at the index
afterwards finds a panel whole in one of them, or in both together. And it is taken off no sooner than `IN_BOTH`
after that: whoever does not find a panel in the index has that long to append its first event, which the log
refuses while the panel is there.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import UUID

import nats.js.errors
from nats.js import JetStreamContext

from askpanel.contracts.archive import (
    DIGEST,
    PANEL,
    PROGRESS,
    STORED_AT,
    Damaged,
    Entry,
    Message,
    Progress,
    archive_subject,
    bucket_subject,
    expand,
    load_page,
    load_panel,
    page_key,
)
from askpanel.contracts.events import TERMINAL, PanelCreated
from askpanel.contracts.subjects import PanelRef, type_of
from askpanel.contracts.topology import ARCHIVE, ARCHIVE_BUCKET
from askpanel.runtime.direct import batches
from askpanel.runtime.errors import LogMisconfigured, LogUnavailable, Raw
from askpanel.runtime.latest import Latest
from askpanel.runtime.replies import Replies
from askpanel.runtime.unavailable import CLIENT_ERRORS, NO_SUCH_STREAM

INDEX = f"KV_{ARCHIVE_BUCKET.name}"
YOUNG = timedelta(hours=1)
"""Nothing of a panel is archived before it has been quiet for a day: far longer than clocks differ."""
IN_BOTH = 20.0
"""Seconds, by the archiver's clock, that a panel stays on the log after the index has named it."""
AHEAD = 64
"""Panels fetched before they are handed out."""


class Archive:
    """The archive over one NATS connection. `patience` in seconds bounds every retry."""

    def __init__(
        self, jetstream: JetStreamContext, replies: Replies, latest: Latest, *, patience: float = 12.0
    ) -> None:
        self._replies = replies
        self._jetstream = jetstream
        self._latest = latest
        self._patience = patience

    async def value(self, key: str) -> tuple[bytes | None, int]:
        """A key of the archive's bucket, and its revision (0: there is none). Raises LogUnavailable."""
        found = await self._latest.of(INDEX, bucket_subject(key))
        return (found[2], found[3]) if found is not None else (None, 0)

    async def progress(self) -> Progress:
        """How far archiving is. Raises LogUnavailable."""
        return Progress.load((await self.value(PROGRESS))[0])

    async def find(self, panel_id: UUID) -> Entry | None:
        """Where a panel is, None when it is not archived. Raises LogUnavailable."""
        return load_page((await self.value(page_key(panel_id)))[0]).get(panel_id)

    async def panel(self, panel: PanelRef) -> list[Message]:
        """An archived panel's messages, none when it is not archived. Raises LogUnavailable, Damaged."""
        entry = await self.find(panel.panel_id)
        if entry is None:
            return []
        messages = await self.load(entry)
        own = [
            message
            for message in messages
            if message.subject.endswith(f".{panel.tenant_id}.{panel.panel_id}")
        ]
        if len(own) not in (0, len(messages)):
            raise Damaged(f"archived panel {panel.panel_id} holds another one's messages")
        return own

    async def load(self, entry: Entry) -> list[Message]:
        """What stands at an entry, or at the one that has taken its place; nothing when it was erased."""
        deadline = time.monotonic() + self._patience
        current: Entry | None = entry
        while current is not None:
            try:
                return await self.read(current.parts)
            except nats.js.errors.NotFoundError as error:
                failure: Exception = Damaged(f"panel {entry.panel_id} is in the index and not in the archive")
                if error.err_code == NO_SUCH_STREAM:
                    raise LogMisconfigured("there is no archive: run the bootstrap step") from None
            except CLIENT_ERRORS as error:
                failure = LogUnavailable(repr(error))
            if time.monotonic() > deadline:
                raise failure
            await asyncio.sleep(0.05)
            current = await self.find(entry.panel_id)
        return []

    async def read(self, parts: Sequence[int]) -> list[Message]:
        """The messages in these parts. Raises NotFoundError, Damaged and the client's errors."""
        found = [await self._jetstream.get_msg(ARCHIVE.name, seq=part) for part in parts]
        headers = cast("dict[str, str]", found[0].headers or {})
        wanted = headers.get(DIGEST, "")
        return load_panel(expand([part.data or b"" for part in found], wanted))

    async def entries(self, tenant_id: UUID | None = None) -> list[Entry]:
        """Every archived panel, or a tenant's, in the order in which they began. Raises LogUnavailable."""
        pages = batches(self._replies, INDEX, bucket_subject("page.*"))
        found = [entry async for page in pages for entry in load_page(page[2]).values()]
        if tenant_id is not None:
            ids = {panel async for panel, _ in self.copies(tenant_id)}
            found = [entry for entry in found if entry.panel_id in ids]
        return sorted(found, key=lambda entry: entry.first)

    async def copies(
        self, tenant_id: UUID | None = None, *, after: int = 0
    ) -> AsyncGenerator[tuple[UUID, Raw]]:
        """Panel and message of each part in ARCHIVE, also of those that the index does not name."""
        subject = "archive.*" if tenant_id is None else archive_subject(tenant_id)
        async with aclosing(batches(self._replies, ARCHIVE.name, subject, after=after)) as messages:
            async for message in messages:
                yield UUID(message[1][PANEL]), message

    async def panels(self, entries: Sequence[Entry]) -> AsyncGenerator[tuple[Entry, list[Message]]]:
        """The panels of these entries, in this order, fetched a little ahead; erased ones are empty."""
        fetching: list[asyncio.Task[list[Message]]] = []
        try:
            for place, entry in enumerate(entries):
                while len(fetching) < AHEAD and place + len(fetching) < len(entries):
                    fetching.append(asyncio.create_task(self.load(entries[place + len(fetching)])))
                yield entry, await fetching.pop(0)
        finally:
            for task in fetching:
                task.cancel()
            await asyncio.gather(*fetching, return_exceptions=True)


def surely_whole(messages: Sequence[Message], *, after: int, until: int | None, now: datetime) -> bool:
    """Whether nothing of the panel can be in the archive: it began here, is young, and has not ended.

    What was read after a sequence does not show the beginning; then only somebody who knows a message of
    the panel to be on the log (`until`) may take it as it is.
    """
    if not messages or (after and until is None):
        return False
    begins = after > 0 or messages[0].subject.startswith(f"{PanelCreated.TYPE}.")
    ended = any(type_of(message.subject) in TERMINAL for message in messages)
    return begins and not ended and now - stored_at(messages[-1]) < YOUNG


def stored_at(message: Message) -> datetime:
    """When the log took the message, by the server's clock."""
    return datetime.fromisoformat(message.headers[STORED_AT]).astimezone(UTC)
