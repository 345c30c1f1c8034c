"""`askpanel erase-panel`, `erase-tenant` and `export-tenant`: the commands around `erasing` and `exporting`."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated
from uuid import UUID

import asyncpg
import nats.js.errors
import typer
from nats.aio.client import Client
from rich.console import Console

from askpanel.contracts.topology import PANELS
from askpanel.local.archived import tenant_of
from askpanel.local.erasing import (
    Connection,
    EraseRefused,
    NothingThere,
    Target,
    cut_off,
    erase,
    follow_ups,
    may_erase,
)
from askpanel.local.exporting import export
from askpanel.local.listing import line
from askpanel.local.operator import connected, servers, who
from askpanel.local.running import find
from askpanel.local.settings import LocalSettings
from askpanel.runtime.settings import load

out = Console()

BecauseOption = Annotated[str, typer.Option("--because", help="Why, for the audit; name no content")]
YesOption = Annotated[bool, typer.Option("--yes", help="Erase; without it only what there is, is said")]
FileArgument = Annotated[Path, typer.Argument(dir_okay=False, help="The archive to write, e.g. acme.zip")]
FindTarget = Callable[[Client, Connection], Awaitable[Target]]


def erase_panel(panel_id: UUID, because: BecauseOption, yes: YesOption = False) -> None:
    """Erase one panel: its events, timers, dead letters and rows. It must have ended."""

    async def target(client: Client, connection: Connection) -> Target:
        try:
            message = await client.jetstream().get_last_msg(PANELS.name, f"*.*.*.{panel_id}")
        except nats.js.errors.NotFoundError:
            begun = {one.panel_id: one.tenant_id for one in await cut_off(client.jetstream())}
            tenant = (
                await tenant_of(client, panel_id)
                or await connection.fetchval("select tenant_id from public.panels where id = $1", panel_id)
                or begun.get(panel_id)
            )
            if tenant is None:
                raise NothingThere(f"there is no panel {panel_id}") from None
            return Target(tenant, panel_id)
        return Target(UUID(str(message.subject).split(".")[2]), panel_id)

    asyncio.run(_run(target, because, confirmed=yes))


def erase_tenant(tenant_id: UUID, because: BecauseOption, yes: YesOption = False) -> None:
    """Erase all of a tenant that is ours: panels, own experts, usage. Suspend it on the platform first."""

    async def target(_: Client, __: Connection) -> Target:
        return Target(tenant_id)

    asyncio.run(_run(target, because, confirmed=yes))


async def _run(find_target: FindTarget, because: str, *, confirmed: bool) -> None:
    nats_url, database_url = addresses()
    connection = await asyncpg.connect(
        database_url, timeout=10, server_settings={"application_name": "askpanel-erase"}
    )
    try:
        await may_erase(connection)
        async with connected(nats_url) as client:
            target = await find_target(client, connection)
            quoted = await follow_ups(connection, target)
            erased = await erase(
                client,
                connection,
                target,
                by=who(),
                because=because,
                confirmed=confirmed,
                purge_seconds=load(LocalSettings).purge_seconds,
            )
    finally:
        await connection.close()
    line(out, f"erased {target}: {erased}")
    if quoted:
        line(out, "panels that quote it as their parent, and are still there:")
        for panel_id in quoted:
            line(out, f"  {panel_id}")


def addresses() -> tuple[str, str]:
    """NATS as admin and Postgres as panel_migrator: from the environment, else of the running stack."""
    settings = load(LocalSettings)
    if settings.nats_url is None:
        found = find(settings)
        return found.nats_url, found.migrator_url
    where = servers()
    if where.database_url is None:
        raise EraseRefused("the tables are needed: set ASKPANEL_DATABASE_URL to the login panel_migrator")
    return where.nats_url, where.database_url


def export_tenant(tenant_id: UUID, file: FileArgument) -> None:
    """Write a tenant's panels and own experts into one zip archive."""

    async def run() -> int:
        nats_url, database_url = addresses()
        connection = await asyncpg.connect(
            database_url, timeout=10, server_settings={"application_name": "askpanel-export"}
        )
        try:
            async with connected(nats_url) as client:
                return await export(client, connection, tenant_id, file)
        finally:
            await connection.close()

    panels = asyncio.run(run())
    line(out, f"{file}: {panels} panels, {file.stat().st_size} bytes")
