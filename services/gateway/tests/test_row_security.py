"""Who sees and writes what: the SQL roles and policies, asked directly, tenant by tenant."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import asyncpg
import pytest

from askpanel.gateway.readmodel.expected import FILLED, READABLE, TABLES
from askpanel.local.demo import TENANTS, DemoUser, seed
from tests.harness.databases import Database, Databases

ACME, GLOBEX = TENANTS
DENIED = asyncpg.InsufficientPrivilegeError


@pytest.fixture
async def filled(databases: Databases) -> Database:
    """Both demo tenants, each with one panel, answer, consensus and usage row of its member. To look at."""
    return await databases.shared("row security", fill)


@pytest.fixture
async def written(database: Database) -> Database:
    """The same for one test alone, which writes."""
    await fill(database)
    return database


async def fill(database: Database) -> None:
    await seed(database.admin)
    connection = await asyncpg.connect(database.projector)
    try:
        for tenant in TENANTS:
            await insert_panel(connection, tenant.id, tenant.user("member").id)
    finally:
        await connection.close()


async def insert_panel(connection: asyncpg.Connection, tenant: UUID, user: UUID) -> UUID:
    panel = uuid4()
    await connection.execute(
        "insert into panels (id, tenant_id, user_id, query, panel_type) values ($1, $2, $3, 'Why?', 'open')",
        panel,
        tenant,
        user,
    )
    await connection.execute(
        "insert into panel_responses (id, tenant_id, panel_id, agent_id, agent_name, response_type, content)"
        " values ($1, $2, $3, 'a', 'A', 'analysis', 'Because.')",
        uuid4(),
        tenant,
        panel,
    )
    await connection.execute(
        "insert into panel_consensus (id, tenant_id, panel_id, round_number, consensus_level, recommendation)"
        " values ($1, $2, $3, 1, 0.5, 'Do.')",
        uuid4(),
        tenant,
        panel,
    )
    await connection.execute(
        "insert into agent_usage (id, tenant_id, user_id, panel_id, agent_id) values ($1, $2, $3, $4, 'a')",
        uuid4(),
        tenant,
        user,
        panel,
    )
    return panel


@asynccontextmanager
async def request(
    database: Database, user: UUID | None, role: str = "authenticated"
) -> AsyncGenerator[asyncpg.Connection]:
    """One request's transaction, as the gateway opens it."""
    connection = await asyncpg.connect(database.api, statement_cache_size=0)
    try:
        async with connection.transaction():
            await connection.execute("select set_config('role', $1, true)", role)
            claims = json.dumps({"sub": str(user), "role": role}) if user else ""
            await connection.execute("select set_config('request.jwt.claims', $1, true)", claims)
            yield connection
    finally:
        await connection.close()


async def counts(database: Database, user: DemoUser | None) -> dict[str, int]:
    async with request(database, user.id if user else None) as connection:
        return {table: await connection.fetchval(f"select count(*) from {table}") for table in READABLE}


@pytest.mark.parametrize("name", ["owner", "admin", "member", "guest"])
async def test_an_active_member_sees_its_tenant_and_nothing_of_the_other(filled: Database, name: str) -> None:
    own_usage = 0 if name == "guest" else 1
    assert await counts(filled, ACME.user(name)) == {
        "tenants": 1,
        "panels": 1,
        "panel_responses": 1,
        "panel_consensus": 1,
        "agent_usage": own_usage,
    }
    async with request(filled, ACME.user(name).id) as connection:
        for table in READABLE[1:]:
            query = f"select count(*) from {table} where tenant_id = $1"
            assert await connection.fetchval(query, GLOBEX.id) == 0


@pytest.mark.parametrize("name", ["inactive", "invited"])
async def test_a_membership_that_is_not_active_shows_nothing(filled: Database, name: str) -> None:
    assert set((await counts(filled, ACME.user(name))).values()) == {0}


async def test_a_user_of_nowhere_and_a_request_without_user_see_nothing(filled: Database) -> None:
    stranger = DemoUser(uuid4(), "stranger@nowhere.example", "member", "active")
    assert set((await counts(filled, stranger)).values()) == {0}
    assert set((await counts(filled, None)).values()) == {0}


async def test_without_hardening_our_policies_alone_keep_inactive_members_out(databases: Databases) -> None:
    database = await databases.create(hardening=False)
    await fill(database)
    assert set((await counts(database, ACME.user("inactive"))).values()) == {0}
    assert (await counts(database, ACME.user("guest")))["panels"] == 1


async def test_both_ways_the_platform_passes_claims_are_read(filled: Database) -> None:
    async with request(filled, None) as connection:
        await connection.execute(
            "select set_config('request.jwt.claim.sub', $1, true)", str(ACME.user("guest").id)
        )
        assert await connection.fetchval("select count(*) from panels") == 1


async def test_the_membership_functions_answer_for_the_current_user_only(filled: Database) -> None:
    async with request(filled, ACME.user("admin").id) as connection:
        assert await connection.fetchval("select askpanel.role_in($1)", ACME.id) == "admin"
        assert await connection.fetchval("select askpanel.role_in($1)", GLOBEX.id) is None
        query = "select array(select askpanel.active_tenant_ids($1))"
        assert await connection.fetchval(query, ["owner"]) == []
        assert await connection.fetchval(query, ["owner", "admin"]) == [ACME.id]
        with pytest.raises(DENIED):
            async with connection.transaction():
                await connection.execute("set local role panel_membership")
        assert await connection.fetchval("select count(*) from tenant_users") == 0
    async with request(filled, ACME.user("invited").id) as connection:
        assert await connection.fetchval("select askpanel.role_in($1)", ACME.id) is None


@pytest.mark.parametrize("table", FILLED[1:])
async def test_no_user_inserts_answers_consensus_or_costs(filled: Database, table: str) -> None:
    statement = f"insert into {table} select (jsonb_populate_record(null::{table}, $1)).*"
    row = json.dumps(
        {
            "id": str(uuid4()),
            "tenant_id": str(ACME.id),
            "panel_id": str(await a_panel_of(filled, ACME.id)),
            "user_id": str(ACME.user("owner").id),
            "agent_id": "forged",
            "agent_name": "Forged",
            "response_type": "analysis",
            "content": "Forged",
            "round_number": 9,
            "consensus_level": 1,
            "agreement_points": [],
            "disagreement_points": [],
            "recommendation": "Forged",
            "tokens_used": 1,
        }
    )
    for role in ("authenticated", "anon"):
        connection = await asyncpg.connect(filled.admin)
        try:
            async with connection.transaction():
                await connection.execute("select set_config('role', $1, true)", role)
                claims = json.dumps({"sub": str(ACME.user("owner").id)})
                await connection.execute("select set_config('request.jwt.claims', $1, true)", claims)
                with pytest.raises(DENIED, match="askpanel_no_user_insert"):
                    async with connection.transaction():
                        await connection.execute(statement, row)
        finally:
            await connection.close()


async def a_panel_of(database: Database, tenant: UUID) -> UUID:
    connection = await asyncpg.connect(database.projector)
    try:
        return await connection.fetchval("select id from panels where tenant_id = $1", tenant)
    finally:
        await connection.close()


async def test_the_gateway_without_set_role_is_denied_everything(filled: Database) -> None:
    connection = await asyncpg.connect(filled.api)
    try:
        for table in (*(f"public.{table}" for table in TABLES), "askpanel.projection_checkpoint"):
            with pytest.raises(DENIED):
                await connection.fetch(f"select * from {table}")
        with pytest.raises(DENIED):
            await connection.fetch("select askpanel.active_tenant_ids()")
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "role", ["service_role", "anon", "postgres", "panel_projector", "panel_migrator", "panel_membership"]
)
async def test_the_gateway_becomes_nobody_but_authenticated(pristine: Database, role: str) -> None:
    connection = await asyncpg.connect(pristine.api)
    try:
        with pytest.raises(DENIED):
            await connection.execute(f"set role {role}")
    finally:
        await connection.close()


async def test_identity_ends_with_the_transaction(filled: Database) -> None:
    async with request(filled, ACME.user("owner").id) as connection:
        assert await connection.fetchval("select current_user::text") == "authenticated"
    connection = await asyncpg.connect(filled.api)
    try:
        async with connection.transaction():
            await connection.execute("select set_config('role', 'authenticated', true)")
        with pytest.raises(DENIED):
            await connection.fetch("select 1 from panels")
    finally:
        await connection.close()


async def test_the_projector_writes_four_tables_and_deletes_and_reads_nothing_else(written: Database) -> None:
    connection = await asyncpg.connect(written.projector)
    try:
        assert await connection.execute("update panels set status = 'running'") == "UPDATE 2"
        for table in FILLED:
            with pytest.raises(DENIED):
                await connection.execute(f"delete from {table}")
            with pytest.raises(DENIED):
                await connection.execute(f"truncate {table}")
        for table in ("tenants", "tenant_users", "auth.users"):
            with pytest.raises(DENIED):
                await connection.fetch(f"select 1 from {table}")
    finally:
        await connection.close()


async def test_the_projector_moves_its_checkpoint_and_users_read_it(written: Database) -> None:
    connection = await asyncpg.connect(written.projector)
    try:
        await connection.execute(
            "insert into askpanel.projection_checkpoint (name, stream_sequence, stream_created_at)"
            " values ('tables', 0, now())"
        )
        await connection.execute("update askpanel.projection_checkpoint set stream_sequence = 7")
        with pytest.raises(DENIED):
            await connection.execute("delete from askpanel.projection_checkpoint")
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute("update askpanel.projection_checkpoint set stream_sequence = -1")
    finally:
        await connection.close()
    async with request(written, ACME.user("guest").id) as reader:
        assert await reader.fetchval("select stream_sequence from askpanel.projection_checkpoint") == 7
        with pytest.raises(DENIED):
            await reader.execute("update askpanel.projection_checkpoint set stream_sequence = 8")


async def test_the_projector_rebuilds_beside_the_tables_where_nobody_else_can_look(filled: Database) -> None:
    connection = await asyncpg.connect(filled.projector)
    try:
        await connection.execute("create table askpanel_shadow.panels (like public.panels including all)")
        await connection.execute("drop table askpanel_shadow.panels")
    finally:
        await connection.close()
    async with request(filled, ACME.user("owner").id) as reader:
        with pytest.raises(DENIED):
            await reader.execute("create table askpanel_shadow.mine (id int)")


async def test_the_migrator_can_erase_a_tenant_and_write_nothing(written: Database) -> None:
    connection = await asyncpg.connect(written.migrator)
    try:
        assert await connection.execute("delete from panels where tenant_id = $1", ACME.id) == "DELETE 1"
    finally:
        await connection.close()
    assert (await counts(written, ACME.user("owner")))["panel_responses"] == 0
    assert (await counts(written, GLOBEX.user("owner")))["panel_responses"] == 1


async def test_the_membership_is_looked_up_once_per_statement_and_the_index_is_used(
    written: Database,
) -> None:
    connection = await asyncpg.connect(written.projector)
    try:
        await connection.execute(
            """
            insert into panels (tenant_id, user_id, query, panel_type)
            select $1, $2, 'many', 'open' from generate_series(1, 3000)
            """,
            GLOBEX.id,
            GLOBEX.user("member").id,
        )
    finally:
        await connection.close()
    owner = await asyncpg.connect(written.owner)
    try:
        await owner.execute("analyze panels")
    finally:
        await owner.close()
    async with request(written, ACME.user("guest").id) as reader:
        lines = await reader.fetch(
            "explain (analyze, buffers off) select id from panels where tenant_id = $1", ACME.id
        )
    plan = "\n".join(line[0] for line in lines)
    assert "Seq Scan on panels" not in plan
    assert "askpanel_panels_tenant_created" in plan or "idx_panels_tenant_id" in plan
    lookups = [line for line in plan.splitlines() if "ProjectSet" in line]
    assert len(lookups) == 2, "one for reading, one for the restriction"
    assert all("loops=1)" in line for line in lookups)


# What holds for every object, asked of the catalogue, so that a new one cannot be forgotten.


async def catalogue(database: Database, query: str) -> list[str]:
    connection = await asyncpg.connect(database.admin)
    try:
        return [row[0] for row in await connection.fetch(query)]
    finally:
        await connection.close()


async def test_every_table_has_row_security_on_and_forced(pristine: Database) -> None:
    assert not await catalogue(
        pristine,
        """
        select oid::regclass::text from pg_class
        where relnamespace in ('public'::regnamespace, 'askpanel'::regnamespace) and relkind in ('r', 'p')
          and not (relrowsecurity and relforcerowsecurity)
        """,
    )


async def test_every_column_a_policy_filters_by_leads_an_index(pristine: Database) -> None:
    assert not await catalogue(
        pristine,
        """
        select distinct attrelid::regclass || '.' || attname
        from pg_policy
        join pg_depend on pg_depend.classid = 'pg_policy'::regclass and pg_depend.objid = pg_policy.oid
          and refclassid = 'pg_class'::regclass and refobjsubid > 0
        join pg_attribute on attrelid = refobjid and attnum = refobjsubid
        where attname in ('id', 'tenant_id', 'user_id', 'panel_id')
          and not exists (select from pg_index where indrelid = attrelid and indkey[0] = attnum)
        """,
    )


async def test_anonymous_users_have_no_right_in_our_schemas(pristine: Database) -> None:
    assert not await catalogue(
        pristine,
        """
        select nspname || ' ' || rolname from pg_namespace, pg_roles
        where nspname in ('askpanel', 'askpanel_shadow') and rolname in ('anon', 'service_role', 'panel_api')
          and (has_schema_privilege(pg_roles.oid, pg_namespace.oid, 'usage')
               or has_schema_privilege(pg_roles.oid, pg_namespace.oid, 'create'))
        union all
        select oid::regclass::text from pg_class
        where relnamespace = 'askpanel'::regnamespace and relkind = 'r'
          and has_table_privilege('anon', oid, 'select, insert, update, delete')
        union all
        select oid::regprocedure::text from pg_proc
        where pronamespace = 'askpanel'::regnamespace and has_function_privilege('anon', oid, 'execute')
        """,
    )


async def test_every_function_of_ours_has_a_fixed_search_path_and_a_definer_with_one_right(
    pristine: Database,
) -> None:
    assert not await catalogue(
        pristine,
        """
        select pg_proc.oid::regprocedure::text from pg_proc join pg_roles on pg_roles.oid = proowner
        where pronamespace = 'askpanel'::regnamespace
          and (not 'search_path=""' = any (coalesce(proconfig, '{}'))
               or (prosecdef and rolname <> 'panel_membership'))
        """,
    )


async def test_no_login_of_ours_bypasses_row_security_or_manages_roles(pristine: Database) -> None:
    assert not await catalogue(
        pristine,
        """
        select rolname from pg_roles
        where rolname like 'panel\\_%' and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb)
        """,
    )


async def test_policies_of_ours_name_their_roles(pristine: Database) -> None:
    assert not await catalogue(
        pristine,
        """
        select policyname from pg_policies
        where policyname like 'askpanel\\_%' and 'public' = any (roles) and tablename <> 'applied_migration'
        """,
    )
