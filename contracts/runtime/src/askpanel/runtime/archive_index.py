"""Writing the index of archived panels: a page at a time, each change expecting the page as it was read."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

import nats.js.errors
from nats.aio.client import Client

from askpanel.contracts.archive import PROGRESS, Entry, Progress, dump_page, load_page
from askpanel.contracts.topology import ARCHIVE_BUCKET
from askpanel.runtime.archive import Archive
from askpanel.runtime.cells import Cells, Overtaken
from askpanel.runtime.errors import LogUnavailable

ATTEMPTS = 30
PAUSE = 0.05


class Index:
    """The index over one NATS connection, of a user that may write it."""

    def __init__(self, client: Client, archive: Archive) -> None:
        self._cells = Cells(client, ARCHIVE_BUCKET, patience=10)
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
        try:
            await self._cells.write(key, value, revision)
        except Overtaken:
            return False
        except LogUnavailable as error:
            if isinstance(error.__cause__, nats.js.errors.APIError):  # it was refused, and would be again
                raise
            return False
        return True
