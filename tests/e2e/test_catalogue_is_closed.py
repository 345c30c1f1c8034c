"""The database's own catalogue, as `askpanel up` leaves it: no hole, and every check finds the hole it is for."""

from collections.abc import Mapping

import asyncpg
import pytest

from tests.harness.stack import RunningStack

pytestmark = pytest.mark.e2e

RUNTIME_LOGINS = ("panel_api", "panel_projector")
"""Who services log in as. panel_migrator is for operators: migrations and erasure."""

CHECKS: Mapping[str, str] = {
    "tables without row-level security, or not forced": """
        select oid::regclass::text from pg_class
        where relnamespace in ('public'::regnamespace, 'askpanel'::regnamespace,
                               'askpanel_shadow'::regnamespace)
          and relkind in ('r', 'p') and not (relrowsecurity and relforcerowsecurity)
    """,
    "policies of users that filter by a column without an index": """
        select polrelid::regclass || ' ' || polname || ' ' || attname from pg_policy
        join pg_depend on classid = 'pg_policy'::regclass and objid = pg_policy.oid
          and refclassid = 'pg_class'::regclass and refobjsubid > 0
        join pg_attribute on attrelid = refobjid and attnum = refobjsubid
        where attname in ('id', 'tenant_id', 'user_id', 'panel_id')
          and not exists (select from pg_index
                          where indrelid = attrelid and indkey[0] = attnum and indisvalid and indpred is null)
    """,
    "functions of a definer, or of ours, without a fixed search_path": """
        select pg_proc.oid::regprocedure::text from pg_proc
        where pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
          and (prosecdef or pronamespace = 'askpanel'::regnamespace)
          and not exists (select from unnest(proconfig) setting where setting like 'search_path=%')
    """,
    "functions of a definer who may do more than read memberships": """
        select pg_proc.oid::regprocedure::text from pg_proc join pg_roles on pg_roles.oid = proowner
        where pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
          and prosecdef and rolname <> 'panel_membership'
    """,
    "runtime logins that override row-level security, or can become somebody who does": f"""
        select login.rolname || ' as ' || reach.rolname from pg_roles login, pg_roles reach
        where login.rolname in {RUNTIME_LOGINS} and pg_has_role(login.oid, reach.oid, 'member')
          and (reach.rolsuper or reach.rolbypassrls or reach.rolcreaterole or reach.rolcreatedb
               or reach.rolreplication)
    """,
    "runtime logins that own a table, or can become its owner": f"""
        select login.rolname || ' owns ' || pg_class.oid::regclass from pg_roles login, pg_class
        where login.rolname in {RUNTIME_LOGINS} and relkind in ('r', 'p')
          and relnamespace in ('public'::regnamespace, 'askpanel'::regnamespace)
          and pg_has_role(login.oid, relowner, 'member')
    """,
    "runtime logins that can become another": f"""
        select login.rolname || ' as ' || reach.rolname from pg_roles login, pg_roles reach
        where login.rolname in {RUNTIME_LOGINS} and reach.oid <> login.oid
          and pg_has_role(login.oid, reach.oid, 'member')
          and (login.rolname, reach.rolname) <> ('panel_api', 'authenticated')
    """,
    "rights of the anonymous in our schemas": """
        select pg_class.oid::regclass::text from pg_class
        where relnamespace in ('askpanel'::regnamespace, 'askpanel_shadow'::regnamespace)
          and relkind in ('r', 'p') and has_table_privilege('anon', oid, 'select, insert, update, delete')
        union all
        select pg_proc.oid::regprocedure::text from pg_proc
        where pronamespace = 'askpanel'::regnamespace and has_function_privilege('anon', oid, 'execute')
    """,
    "columns of ours that are filled by others than the projector, and erased by others than operators": """
        select grantee || ' ' || privilege_type || ' ' || table_name from information_schema.role_table_grants
        where table_schema = 'askpanel' and privilege_type in ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
          and grantee not in ('panel_projector', 'panel_migrator', 'postgres')
    """,
}

HOLES: Mapping[str, tuple[str, str]] = {
    "a table somebody forgot": (
        "tables without row-level security, or not forced",
        "create table public.forgotten (id uuid primary key)",
    ),
    "a table that its owner reads past the policies": (
        "tables without row-level security, or not forced",
        "alter table public.panels no force row level security",
    ),
    "a policy on a column without an index": (
        "policies of users that filter by a column without an index",
        """
        create table public.forgotten (id uuid primary key, tenant_id uuid);
        create policy slow on public.forgotten
          using (tenant_id = any (array(select askpanel.active_tenant_ids())))
        """,
    ),
    "a definer function that runs what its caller puts in the way": (
        "functions of a definer, or of ours, without a fixed search_path",
        "create function public.loose() returns int language sql security definer as 'select 1'",
    ),
    "a definer function of a mighty owner": (
        "functions of a definer who may do more than read memberships",
        "alter function askpanel.role_in(uuid) owner to postgres",
    ),
    "a gateway that overrides the policies": (
        "runtime logins that override row-level security, or can become somebody who does",
        "alter role panel_api bypassrls",
    ),
    "a projector that can become the service role": (
        "runtime logins that override row-level security, or can become somebody who does",
        "grant service_role to panel_projector",
    ),
    "a projector that owns what it fills": (
        "runtime logins that own a table, or can become its owner",
        "alter table public.panels owner to panel_projector",
    ),
    "a gateway that can become the projector": (
        "runtime logins that can become another",
        "grant panel_projector to panel_api",
    ),
    "a table of ours open to the anonymous": (
        "rights of the anonymous in our schemas",
        "grant select on askpanel.projection_checkpoint to anon",
    ),
    "a function of ours open to everybody": (
        "rights of the anonymous in our schemas",
        "grant execute on function askpanel.role_in(uuid) to public",
    ),
    "users that move the checkpoint": (
        "columns of ours that are filled by others than the projector, and erased by others than operators",
        "grant update on askpanel.projection_checkpoint to authenticated",
    ),
}
"""What could go wrong, by what: the check that must find it, and the statement that makes it."""


@pytest.mark.parametrize("check", CHECKS)
async def test_the_catalogue_has_no(running: RunningStack, check: str) -> None:
    async with running.database() as connection:
        found = [row[0] for row in await connection.fetch(CHECKS[check])]
    assert found == [], check


@pytest.mark.parametrize("hole", HOLES)
async def test_a_hole_is_found(running: RunningStack, hole: str) -> None:
    check, statement = HOLES[hole]
    async with running.database() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            await connection.execute(statement)
            found = await connection.fetch(CHECKS[check])
        finally:
            await transaction.rollback()
    assert found, check


async def test_every_check_has_a_hole_that_proves_it() -> None:
    assert {check for check, _ in HOLES.values()} == set(CHECKS)


async def test_row_security_cannot_be_switched_off_by_a_session(running: RunningStack) -> None:
    """`row_security = off` makes Postgres refuse a query rather than filter it: rows stay out either way."""
    url = str(running.told["database_url"])
    user = url.partition("://")[2].partition("@")[0].partition(":")[0]
    connection = await asyncpg.connect(url.replace(f"//{user}", "//panel_api", 1))
    try:
        async with connection.transaction():
            await connection.execute("select set_config('role', 'authenticated', true)")
            await connection.execute("set local row_security = off")
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                await connection.fetch("select * from public.panels")
    finally:
        await connection.close()
