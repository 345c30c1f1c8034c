"""Writing the index of archived panels: a page at a time, each change expecting the page as it was read."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

import nats.errors
import nats.js.errors
from nats.aio.client import Client

from askpanel.contracts.archive import PROGRESS, Entry, Progress, bucket_subject, dump_page, load_page
from askpanel.runtime.archive import Archive
from askpanel.runtime.errors import LogUnavailable
from askpanel.runtime.publishing import IN_FLIGHT, WRONG_LAST_SEQUENCE

CHANGED = IN_FLIGHT | {WRONG_LAST_SEQUENCE}
"""JetStream's codes for a key that somebody else has changed, or is changing on a replicated bucket."""
ATTEMPTS = 30
PAUSE = 0.05


class Index:
    """The index over one NATS connection, of a user that may write it."""

    def __init__(self, client: Client, archive: Archive) -> None:
        self._jetstream = client.jetstream(timeout=10)
        self._archive = archive

    async def change(
        self, key: str, changes: Mapping[UUID, tuple[Entry | None, Entry | None]]
    ) -> dict[UUID, Entry | None]:
        """Replace entries of a page, each if it is as the caller knew it; what the page then says of them.

        Raises LogUnavailable.
        """
        for _ in range(ATTEMPTS):
            value, revision = await self._archive.value(key)
            page = load_page(value)
            for panel_id, (known, wanted) in changes.items():
                if page.get(panel_id) == known:
                    page.pop(panel_id, None)
                    if wanted is not None:
                        page[panel_id] = wanted
            standing = {panel_id: page.get(panel_id) for panel_id in changes}
            if page == load_page(value) or await self._write(key, dump_page(page), revision):
                return standing
            await asyncio.sleep(PAUSE)
        raise LogUnavailable(f"page {key} of the archive's index changes too fast, or is not confirmed")

    async def progress(self) -> tuple[Progress, int]:
        """How far archiving is, and the revision of that. Raises LogUnavailable."""
        value, revision = await self._archive.value(PROGRESS)
        return Progress.load(value), revision

    async def note(self, wanted: Progress, revision: int) -> tuple[Progress, int]:
        """Note progress; where another archiver did meanwhile, the further of both in each respect."""
        for _ in range(ATTEMPTS):
            if await self._write(PROGRESS, wanted.dump(), revision):
                return await self.progress()
            there, revision = await self.progress()
            wanted = Progress(
                max(wanted.purged, there.purged),
                max(wanted.swept, there.swept),
                max(wanted.audited, there.audited),
            )
            if wanted == there:
                return there, revision
        raise LogUnavailable("the archive's progress is not confirmed")

    async def _write(self, key: str, value: bytes, revision: int) -> bool:
        """False when the key has changed, or nobody can say: then it is to be read again."""
        headers = {"Nats-Expected-Last-Subject-Sequence": str(revision)}
        try:
            await self._jetstream.publish(bucket_subject(key), value, headers=headers)
        except nats.js.errors.APIError as error:
            if error.err_code not in CHANGED:
                raise LogUnavailable(f"the archive's index: {error.description}") from error
            return False
        except (nats.errors.Error, TimeoutError):
            return False
        return True
