"""Apply the SQL of `deploy/supabase` to a database: once each, one migrator at a time, or not at all.

Expand and contract only: every migration leaves the version before it working. A file that was applied
is never edited; what it got wrong, a later file puts right. `hardening.sql` is the exception: it is
repeatable and applied again when it changes.

Errors:
    MigrationError
    ├── AppliedFileChanged   a migration differs from what this database has had
    ├── MigrationRefused     a statement failed; its file was rolled back, if it ran in a transaction
    └── MigrationBusy        another migrator, or a lock on a table, did not go away in time; run again
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from askpanel.gateway.readmodel.sql_files import SqlFile, SqlFolder, sql_folder

LOCK = "askpanel.migrate"
LOCK_TIMEOUT = "5s"
"""A migration that waits for a table makes everybody behind it wait too: give up early, try again.

Not so outside a transaction: an index that is built CONCURRENTLY waits for older snapshots, and nobody behind it.
"""

OWNER = "postgres"
"""The tables' owner in the local stand-in, as on the platform."""


class MigrationError(Exception):
    """The database was not migrated."""


class AppliedFileChanged(MigrationError):
    """A migration differs from what this database has had."""


class MigrationRefused(MigrationError):
    """A statement failed; its file was rolled back, if it ran in a transaction."""


class MigrationBusy(MigrationError):
    """Another migrator, or a lock on a table, did not go away in time."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a run did: names of the files applied, in order; empty when there was nothing to do."""

    applied: tuple[str, ...]


async def migrate(
    dsn: str,
    *,
    local: bool = False,
    variants: tuple[str, ...] = (),
    hardening: bool | None = None,
    sql_dir: Path | None = None,
    wait_seconds: float = 60.0,
) -> Migrated:
    """Bring the database at `dsn` up to date. Needs a session connection (port 5432, not a pooler's).

    On a live database log in as the tables' owner the first time, later as `panel_migrator`; apply
    `hardening` only if asked. With `local`, log in as the superuser: the platform's stand-in and the
    six tables (in the shape of `variants`) are made first if the database has no `panels`, and hardening
    is applied unless refused. The migrations themselves then run as OWNER, as they do on the platform.
    Raises MigrationError, and asyncpg's errors if the database cannot be reached.
    """
    folder = sql_folder(sql_dir)
    connection = await asyncpg.connect(dsn, server_settings={"application_name": "askpanel-migrate"})
    try:
        await _take_turn(connection, wait_seconds)
        await _set_lock_timeout(connection)
        made = await _make_platform(connection, folder, variants) if local else ()
        if local:
            await connection.execute(f"set session authorization {OWNER}")
        else:
            await _become_owner(connection)
        applied = await _apply_new(connection, folder, hardening=local if hardening is None else hardening)
        if local:
            await connection.execute("reset session authorization")
            await _run(connection, folder.migrator())
        return Migrated(made + applied)
    finally:
        await connection.close()


async def _take_turn(connection: asyncpg.Connection, wait_seconds: float) -> None:
    # Asked again and again rather than waited for: a waiting statement holds a snapshot, and CREATE INDEX
    # CONCURRENTLY of the migrator whose turn it is would wait for that in return.
    deadline = time.monotonic() + wait_seconds
    while not await connection.fetchval("select pg_try_advisory_lock(hashtextextended($1, 0))", LOCK):
        if time.monotonic() > deadline:
            raise MigrationBusy(f"another migration of this database still runs after {wait_seconds:g} s")
        await asyncio.sleep(0.1)


async def _set_lock_timeout(connection: asyncpg.Connection) -> None:
    await connection.execute("select set_config('lock_timeout', $1, false)", LOCK_TIMEOUT)


async def _become_owner(connection: asyncpg.Connection) -> None:
    """panel_migrator inherits nothing of the tables' owner: it becomes the owner for the migrations."""
    await connection.execute(
        """
        select set_config('role', pg_get_userbyid(relowner), false)
        from pg_catalog.pg_class
        where oid = to_regclass('public.panels') and pg_has_role(relowner, 'member')
        """
    )


async def _make_platform(
    connection: asyncpg.Connection, folder: SqlFolder, variants: tuple[str, ...]
) -> tuple[str, ...]:
    if await connection.fetchval("select to_regclass('public.panels') is not null"):
        return ()
    await _run(connection, folder.platform())
    tables = folder.existing_tables(variants)
    await connection.execute(f"set session authorization {OWNER}")
    # All or none: a second start must not find half of them and take them for the whole.
    await _run(connection, SqlFile("local tables", "\n".join(file.text for file in tables)))
    await connection.execute("reset session authorization")
    return (folder.platform().name, *(file.name for file in tables))


async def _apply_new(
    connection: asyncpg.Connection, folder: SqlFolder, *, hardening: bool
) -> tuple[str, ...]:
    await _run(connection, folder.ledger())
    rows = await connection.fetch("select name, sha256 from askpanel.applied_migration")
    had: Mapping[str, str] = {row["name"]: row["sha256"] for row in rows}
    applied: list[str] = []
    for file in folder.migrations():
        if file.name not in had:
            await _apply(connection, file)
            applied.append(file.name)
        elif had[file.name] != file.sha256:
            raise AppliedFileChanged(
                f"{file.name} was changed after this database had it: undo the change and write a new file"
            )
    closing = folder.hardening()
    if hardening and had.get(closing.name) != closing.sha256:
        await _apply(connection, closing)
        applied.append(closing.name)
    return tuple(applied)


async def _apply(connection: asyncpg.Connection, file: SqlFile) -> None:
    """The file and its line in the ledger, together. Outside a transaction the line comes last."""
    if not file.transactional:
        await connection.execute("set lock_timeout = 0; set statement_timeout = 0")
        await _run(connection, file)
        await connection.execute("reset statement_timeout")
        await _set_lock_timeout(connection)
        await _note(connection, file)
        return
    async with connection.transaction():
        await _run(connection, file)
        await _note(connection, file)


async def _note(connection: asyncpg.Connection, file: SqlFile) -> None:
    await connection.execute(
        """
        insert into askpanel.applied_migration as had (name, sha256) values ($1, $2)
        on conflict (name) do update
          set sha256 = excluded.sha256, applied_at = now(), applied_by = current_user
        """,
        file.name,
        file.sha256,
    )


async def _run(connection: asyncpg.Connection, file: SqlFile) -> None:
    for statement in file.statements:
        try:
            await connection.execute(statement)
        except asyncpg.LockNotAvailableError as error:
            kept = "nothing of it was kept" if file.transactional else "run again: it begins anew"
            raise MigrationBusy(f"{file.name}: {error} for {LOCK_TIMEOUT}; {kept}") from error
        except asyncpg.PostgresError as error:
            raise MigrationRefused(f"{file.name}: {error} (SQLSTATE {error.sqlstate})") from error
