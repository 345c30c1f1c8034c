"""The SQL of deploy/supabase against a real Postgres: every shape, twice, and under contention."""

import asyncio
import shutil
from pathlib import Path

import asyncpg
import pytest

from askpanel.gateway.readmodel.migrate import (
    AppliedFileChanged,
    MigrationBusy,
    MigrationRefused,
    migrate,
)
from askpanel.gateway.readmodel.sql_files import SqlFile, SqlFilesMissing, sql_folder
from tests.harness.databases import Database, Databases

SHAPES = [
    (),
    ("agents_jsonb",),
    ("no_consensus_unique",),
    ("numeric_scales",),
    ("enum_types",),
    ("agents_jsonb", "no_consensus_unique", "numeric_scales", "enum_types"),
]


@pytest.mark.parametrize("variants", SHAPES, ids=lambda shape: "+".join(shape) or "as documented")
async def test_every_shape_of_the_existing_tables_is_migrated_once_and_left_alone_after(
    databases: Databases, variants: tuple[str, ...]
) -> None:
    empty = await databases.create_empty()
    first = await migrate(empty.admin, local=True, variants=variants)
    assert [name for name in first.applied if name.startswith("migrations/")] == [
        file.name for file in sql_folder().migrations()
    ]
    assert first.applied[-1] == "hardening.sql"
    assert (await migrate(empty.admin, local=True, variants=variants)).applied == ()


async def test_the_migrator_finds_nothing_to_do_after_the_owner(database: Database) -> None:
    assert (await migrate(database.migrator, hardening=True)).applied == ()


async def test_later_migrations_can_be_run_by_the_migrator_instead_of_the_owner(
    database: Database, tmp_path: Path
) -> None:
    if not await may_become_owner(database):
        pytest.skip("`postgres` is this server's superuser: nobody is made a member of it")
    folder = copied_sql(tmp_path)
    later = folder / "migrations" / "0099_later.sql"
    later.write_text(
        "create policy askpanel_later on public.panels for select to panel_migrator using (true);\n"
        "create table askpanel.later (id uuid primary key);\n"
        "create or replace function askpanel.role_in(tenant uuid) returns text language sql stable\n"
        "security definer parallel safe set search_path = '' as $$ select null::text $$;\n"
    )
    assert (await migrate(database.migrator, sql_dir=folder)).applied == ("migrations/0099_later.sql",)


async def test_migrators_at_the_same_time_take_turns(databases: Databases) -> None:
    empty = await databases.create_empty()
    done = await asyncio.gather(*(migrate(empty.admin, local=True) for _ in range(4)))
    assert sorted(bool(run.applied) for run in done) == [False, False, False, True]


async def test_a_migrator_that_never_gets_its_turn_says_so(database: Database) -> None:
    other = await asyncpg.connect(database.admin)
    try:
        await other.execute("select pg_advisory_lock(hashtextextended('askpanel.migrate', 0))")
        with pytest.raises(MigrationBusy, match="another migration"):
            await migrate(database.owner, wait_seconds=0.2)
    finally:
        await other.close()


async def test_a_table_somebody_holds_is_given_up_and_nothing_is_kept(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("askpanel.gateway.readmodel.migrate.LOCK_TIMEOUT", "100ms")
    folder = copied_sql(tmp_path)
    (folder / "migrations" / "0099_later.sql").write_text(
        "create table askpanel.later (id uuid);\nlock table public.panels in access exclusive mode;\n"
    )
    reader = await asyncpg.connect(database.owner)
    try:
        async with reader.transaction():
            await reader.execute("select count(*) from public.panels")
            with pytest.raises(MigrationBusy, match="0099_later"):
                await migrate(database.owner, sql_dir=folder)
        assert await reader.fetchval("select to_regclass('askpanel.later')") is None
    finally:
        await reader.close()
    assert (await migrate(database.owner, sql_dir=folder)).applied == ("migrations/0099_later.sql",)


async def test_an_index_is_waited_for_past_every_timeout_while_a_report_is_open(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a build beside running transactions waits for is an older snapshot, of any table."""
    monkeypatch.setattr("askpanel.gateway.readmodel.migrate.LOCK_TIMEOUT", "100ms")
    folder = copied_sql(tmp_path)
    (folder / "migrations" / "0099_later.sql").write_text(
        "-- askpanel: outside a transaction\ncreate index concurrently later on public.panels (status);\n"
    )
    report = await asyncpg.connect(database.owner)
    watch = await asyncpg.connect(database.admin)
    impatient = f"{database.owner}{'&' if '?' in database.owner else '?'}statement_timeout=200ms"
    waiting = "select count(*) from pg_stat_activity where application_name = 'askpanel-migrate' and wait_event = 'virtualxid'"
    waited = "select now() - query_start > interval '300ms' from pg_stat_activity where application_name = 'askpanel-migrate'"
    try:
        async with report.transaction(isolation="repeatable_read"):
            await report.execute("select count(*) from public.tenants")
            migrating = asyncio.create_task(migrate(impatient, sql_dir=folder))
            async with asyncio.timeout(20):
                while not (await watch.fetchval(waiting) and await watch.fetchval(waited)):
                    assert not migrating.done(), migrating.exception()
                    await asyncio.sleep(0.02)
        assert (await migrating).applied == ("migrations/0099_later.sql",)
        assert await watch.fetchval(
            "select indisvalid from pg_index where indexrelid = 'public.later'::regclass"
        )
    finally:
        await report.close()
        await watch.close()


async def test_an_edited_migration_is_refused(database: Database, tmp_path: Path) -> None:
    folder = copied_sql(tmp_path)
    with (folder / "migrations" / "0004_policies.sql").open("a") as file:
        file.write("-- an afterthought\n")
    with pytest.raises(AppliedFileChanged, match="0004_policies"):
        await migrate(database.owner, sql_dir=folder)


async def test_changed_hardening_is_applied_again_but_only_when_asked(
    database: Database, tmp_path: Path
) -> None:
    folder = copied_sql(tmp_path)
    with (folder / "hardening.sql").open("a") as file:
        file.write("-- an afterthought\n")
    assert (await migrate(database.owner, sql_dir=folder)).applied == ()
    assert (await migrate(database.owner, sql_dir=folder, hardening=True)).applied == ("hardening.sql",)


async def test_hardening_is_taken_back_by_its_file_and_can_be_applied_again(database: Database) -> None:
    count = "select count(*) from pg_policies where schemaname = 'public' and permissive = 'RESTRICTIVE'"
    owner = await asyncpg.connect(database.owner)
    try:
        before = await owner.fetchval(count)
        await owner.execute((sql_folder().path / "hardening_off.sql").read_text())
        assert (before, await owner.fetchval(count)) == (13, 0)
        assert (await migrate(database.owner)).applied == ()
        assert (await migrate(database.owner, hardening=True)).applied == ("hardening.sql",)
        assert await owner.fetchval(count) == before
    finally:
        await owner.close()


async def test_a_failing_statement_names_its_file_and_leaves_no_trace(
    database: Database, tmp_path: Path
) -> None:
    folder = copied_sql(tmp_path)
    (folder / "migrations" / "0099_later.sql").write_text(
        "create table askpanel.later (id uuid);\nselect 1 / 0;\n"
    )
    with pytest.raises(MigrationRefused, match=r"0099_later\.sql: division by zero"):
        await migrate(database.owner, sql_dir=folder)
    connection = await asyncpg.connect(database.owner)
    try:
        assert await connection.fetchval("select to_regclass('askpanel.later')") is None
    finally:
        await connection.close()


async def test_without_its_folder_the_migration_says_which_setting_is_missing(
    database: Database, tmp_path: Path
) -> None:
    with pytest.raises(SqlFilesMissing, match="ASKPANEL_SQL_DIR"):
        await migrate(database.owner, sql_dir=tmp_path)


def test_a_file_outside_a_transaction_is_sent_statement_by_statement() -> None:
    file = SqlFile("x.sql", "-- askpanel: outside a transaction\n-- why\nselect 1;\n\nselect\n  2;\n-- end\n")
    assert not file.transactional
    assert [part.rpartition("\n")[2].strip() for part in file.statements] == ["select 1", "2"]


def copied_sql(tmp_path: Path) -> Path:
    return Path(shutil.copytree(sql_folder().path, tmp_path / "supabase"))


async def may_become_owner(database: Database) -> bool:
    connection = await asyncpg.connect(database.migrator)
    try:
        return await connection.fetchval("select pg_has_role('postgres', 'member')")
    finally:
        await connection.close()
