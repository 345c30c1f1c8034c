"""Migrations expand, then contract: the last release works on today's schema; today's refuses an older one, clearly."""

import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from askpanel.gateway.readmodel.drift import check_schema
from askpanel.gateway.readmodel.migrate import migrate
from askpanel.gateway.readmodel.sql_files import sql_folder
from tests.harness.databases import Database, Databases
from tests.versions.statements import released

MIGRATIONS = [file.name for file in sql_folder().migrations()]
Connection = asyncpg.Connection


@asynccontextmanager
async def logged_in(dsn: str) -> AsyncGenerator[Connection]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def refused(database: Database) -> list[str]:
    """What of the released version's words this database does not understand or allow, planned as by its logins."""
    said = released()
    found: list[str] = []
    async with logged_in(database.api) as api, logged_in(database.projector) as projector:
        await api.execute("set role authenticated")
        for connection, part in ((api, "reads"), (projector, "writes")):
            for name, statement in said[part].items():
                try:
                    await connection.execute(f"explain (generic_plan) {statement}")
                except asyncpg.PostgresError as error:
                    found.append(f"{name}: {error}")
        for table, filled in said["fills"].items():
            needed = await projector.fetch(
                """
                select attname from pg_attribute a
                where attrelid = $1::text::regclass and attnum > 0 and not attisdropped and attnotnull
                  and not atthasdef and attidentity = '' and attgenerated = ''
                """,
                f"public.{table}",
            )
            found += [
                f"{table}.{row['attname']} must be filled" for row in needed if row["attname"] not in filled
            ]
    return found


async def test_the_released_version_reads_and_writes_on_todays_schema(database: Database) -> None:
    assert await refused(database) == []


@pytest.mark.parametrize(
    ("contracted_too_early", "complaint"),
    [
        ("alter table public.panels rename column query to question", "insert panels: column"),
        ("alter table public.panel_responses drop column confidence_score", "insert panel_responses"),
        (
            "alter table public.agent_usage add column region text not null",
            "agent_usage.region must be filled",
        ),
        ("revoke select on public.panels from authenticated", "PANEL: permission denied"),
        ("alter table askpanel.projection_checkpoint rename to checkpoint", "CHECKPOINT"),
    ],
)
async def test_a_schema_contracted_too_early_is_noticed(
    database: Database, contracted_too_early: str, complaint: str
) -> None:
    async with logged_in(database.admin) as admin:
        await admin.execute(contracted_too_early)
    found = await refused(database)
    assert any(complaint in one for one in found), found


@pytest.mark.parametrize("missing", range(1, len(MIGRATIONS)), ids=lambda n: f"without {MIGRATIONS[n]}")
async def test_without_a_migration_todays_version_says_what_to_run(
    databases: Databases, tmp_path: Path, missing: int
) -> None:
    folder = Path(shutil.copytree(sql_folder().path, tmp_path / "supabase"))
    for name in MIGRATIONS[missing:]:
        (folder / name).unlink()
    older = await databases.create_empty()
    await migrate(older.admin, local=True, sql_dir=folder, hardening=False)
    async with logged_in(older.api) as api:
        report = await check_schema(api)
    fixes: list[Any] = [finding.fix for finding in report.errors]
    assert report.shape is None, "nothing may be written to it"
    assert fixes
    assert all("run the migrations" in fix for fix in fixes), fixes
    assert (await migrate(older.admin, local=True, hardening=False)).applied == tuple(MIGRATIONS[missing:])
    async with logged_in(older.api) as api:
        assert (await check_schema(api)).errors == ()
