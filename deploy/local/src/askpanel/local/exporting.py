"""All panels of a tenant as JSON and Markdown, and its own experts, in one zip archive.

    manifest.json            tenant, when, the log's position, and every file's bytes and SHA-256
    panels/<id>.json, .md    as the API's own export gives them
    experts/<agent id>.json  the tenant's own experts, retired ones included

One consistent view of the tables; rows are read as `panel_migrator`, who may read the four tables we fill. The
archive appears under its name when it is whole, readable by its owner only.
"""

import hashlib
import json
import zipfile
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from nats.aio.client import Client

from askpanel.contracts.catalogue import BUCKET
from askpanel.gateway.export import markdown
from askpanel.gateway.readmodel.queries import LARGEST_PAGE, TenantReads
from askpanel.gateway.readmodel.views import PanelView
from askpanel.local.erasing import Connection, NothingThere
from askpanel.runtime.buckets import contents
from askpanel.runtime.log import EventLog
from askpanel.runtime.replies import Replies


async def export(client: Client, connection: Connection, tenant_id: UUID, file: Path) -> int:
    """Write the archive; how many panels are in it. Raises NothingThere, OSError and the servers' errors."""
    draft = file.with_name(f"{file.name}.part")
    draft.touch(mode=0o600)
    try:
        with zipfile.ZipFile(draft, "w", compression=zipfile.ZIP_DEFLATED) as archive:
            panels = await _fill(_Archive(archive), client, connection, tenant_id)
        draft.rename(file)
    finally:
        draft.unlink(missing_ok=True)
    return panels


class _Archive:
    """A zip file that remembers what it holds."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.files: dict[str, dict[str, Any]] = {}

    def add(self, name: str, text: str) -> None:
        """One file."""
        content = text.encode()
        self._archive.writestr(name, content)
        self.files[name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


async def _fill(archive: _Archive, client: Client, connection: Connection, tenant_id: UUID) -> int:
    now = datetime.now(UTC)
    position = await EventLog(client).position()
    panels = 0
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("select set_config('timezone', 'UTC', true)")
        async for panel in _panels(connection, tenant_id):
            archive.add(f"panels/{panel.id}.json", panel.model_dump_json(indent=2))
            archive.add(f"panels/{panel.id}.md", markdown(panel, exported_at=now))
            panels += 1
    experts = await _experts(client, tenant_id)
    for agent_id, expert in experts.items():
        archive.add(f"experts/{agent_id}.json", expert)
    if not archive.files:
        raise NothingThere(f"there is nothing of tenant {tenant_id}")
    manifest = {
        "tenant_id": str(tenant_id),
        "exported_at": now.isoformat().replace("+00:00", "Z"),
        "log_sequence": position.sequence,
        "panels": panels,
        "experts": len(experts),
        "files": archive.files,
    }
    archive.add("manifest.json", json.dumps(manifest, indent=2))
    return panels


async def _panels(connection: Connection, tenant_id: UUID) -> AsyncGenerator[PanelView]:
    """Every panel, newest first, one in memory at a time."""
    session = TenantReads(cast("Any", connection), tenant_id)
    cursor: str | None = None
    while True:
        page = await session.panels(limit=LARGEST_PAGE, cursor=cursor)
        for summary in page.panels:
            panel = await session.panel(summary.id)
            if panel is not None:
                yield panel
        cursor = page.next_cursor
        if cursor is None:
            return


async def _experts(client: Client, tenant_id: UUID) -> dict[str, str]:
    """The newest version of each expert of the tenant, by id."""
    there = await contents(Replies(client), BUCKET, f"{tenant_id}.>")
    return {key.partition(".")[2]: value.decode() for key, value in there.values.items()}
