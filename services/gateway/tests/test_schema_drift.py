"""The drift check against real databases: each known shape passes, each mutation is told apart."""

import asyncpg
import pytest

from askpanel.gateway.readmodel.drift import DriftReport, check_schema
from askpanel.gateway.readmodel.shape import scale_of
from tests.harness.databases import Database, Databases

KNOWN_SHAPES = [
    (),
    ("agents_jsonb",),
    ("no_consensus_unique",),
    ("numeric_scales",),
    ("enum_types",),
]


async def checked(dsn: str) -> DriftReport:
    connection = await asyncpg.connect(dsn)
    try:
        return await check_schema(connection)
    finally:
        await connection.close()


async def change(database: Database, statement: str) -> None:
    connection = await asyncpg.connect(database.admin)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("variants", KNOWN_SHAPES, ids=lambda shape: "+".join(shape) or "as documented")
async def test_every_known_shape_passes_for_gateway_and_projector_alike(
    databases: Databases, variants: tuple[str, ...]
) -> None:
    database = await databases.create(*variants)
    for_gateway, for_projector = await checked(database.api), await checked(database.projector)
    assert for_gateway.errors == ()
    assert for_gateway.shape is not None
    assert (for_gateway.findings, for_gateway.shape) == (for_projector.findings, for_projector.shape)
    assert [finding.object for finding in for_gateway.findings if finding.level == "warning"] == (
        ["public.agent_usage.cost_usd"] if variants == ("numeric_scales",) else []
    )


async def test_the_shape_says_what_each_written_column_is_cast_to(databases: Databases) -> None:
    documented = (await checked((await databases.create()).api)).shape
    other = (
        await checked(
            (
                await databases.create("agents_jsonb", "no_consensus_unique", "numeric_scales", "enum_types")
            ).api
        )
    ).shape
    assert documented is not None
    assert other is not None
    assert (documented.agents, other.agents) == ("jsonb[]", "jsonb")
    assert (documented.consensus_unique, other.consensus_unique) == (True, False)
    assert (documented.level_scale, documented.confidence_scale, documented.cost_scale) == (None, None, 4)
    assert (other.level_scale, other.confidence_scale, other.cost_scale) == (2, 2, 6)
    assert documented.cast("panels", "status") == "text"
    assert other.cast("panels", "status") == "public.panel_status"
    assert ("panels", "updated_at") not in documented.types


ERRORS = [
    ("alter table panels drop column metadata", "public.panels.metadata", "no such column"),
    ("alter table panels alter column query type bytea using null", "public.panels.query", "bytea"),
    ("alter table panel_responses alter column created_at type timestamp", "public.panel_responses.created_at", "timestamp without time zone"),
    ("alter table panels add column title text not null", "public.panels.title", "text NOT NULL without default"),
    ("alter table agent_usage alter column cost_usd set not null", "public.agent_usage.cost_usd", "NOT NULL"),
    (
        "alter table panels drop constraint panels_status_check, add check (status in ('queued', 'running', 'completed', 'failed'))",
        "public.panels.status",
        "refused by panels_status_check",
    ),
    (
        "alter table panel_consensus drop constraint panel_consensus_consensus_level_check, add check (consensus_level > 0)",
        "public.panel_consensus.consensus_level",
        "refused by panel_consensus_consensus_level_check",
    ),
    ("alter table agent_usage drop constraint agent_usage_pkey", "public.agent_usage", "none"),
    (
        "create trigger meddle before insert on panels for each row execute function update_updated_at_column()",
        "public.panels trigger meddle",
        "a BEFORE trigger",
    ),
    ("alter table panel_responses disable row level security", "public.panel_responses", "off"),
    ("drop policy askpanel_read on panels", "public.panels policy askpanel_read", "none"),
    (
        "alter policy askpanel_project_insert on panels to public",
        "public.panels policy askpanel_project_insert",
        "INSERT to public",
    ),
    ("drop function askpanel.role_in", "askpanel.role_in(uuid)", "none"),
    ("alter function askpanel.role_in reset all", "askpanel.role_in(uuid)", "not fixed"),
    ("alter function askpanel.role_in security invoker", "askpanel.role_in(uuid)", "security invoker"),
    ("grant execute on function askpanel.role_in to public", "askpanel.role_in(uuid)", "callable by everybody"),
    ("grant delete on panels to panel_projector", "public.panels grants to panel_projector", "DELETE, INSERT, SELECT, UPDATE"),
    ("revoke update on panels from panel_projector", "public.panels grants to panel_projector", "INSERT, SELECT"),
    ("grant select on tenant_users to panel_api", "role panel_api", "grants on tenant_users"),
    ("drop table agent_usage", "public.agent_usage", "nothing"),
    ("alter table agent_usage rename to usage; create view agent_usage as select * from usage", "public.agent_usage", "relation of kind 'v'"),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "object_", "found"), ERRORS, ids=[row[0][:70] for row in ERRORS])
async def test_what_would_refuse_lose_or_expose_rows_is_an_error(
    database: Database, statement: str, object_: str, found: str
) -> None:
    await change(database, statement)
    report = await checked(database.api)
    assert [(finding.object, finding.found) for finding in report.errors] == [(object_, found)]
    assert report.shape is None


WARNINGS = [
    ("alter table panels add column title text", "public.panels.title", "text"),
    (
        "alter table panels drop constraint panels_status_check,"
        " add check (status in ('created', 'running', 'completed', 'failed', 'cancelled'))",
        "public.panels.status",
        "also allows cancelled",
    ),
    (
        "alter table panels add constraint ended check (status <> 'completed' or completed_at is not null)",
        "public.panels constraint ended",
        "one over completed_at, status",
    ),
    ("alter table panels drop constraint panels_user_id_fkey", "public.panels.user_id", "no such key"),
    (
        "create unique index once on panel_responses (panel_id, agent_id, round_number)",
        "public.panel_responses index once",
        "UNIQUE (panel_id, agent_id, round_number)",
    ),
    (
        "create trigger notify after insert on panels for each row execute function update_updated_at_column()",
        "public.panels trigger notify",
        "one",
    ),
    (
        "alter table panels no force row level security",
        "public.panels",
        "not forced: its owner's statements skip the policies",
    ),
    (
        "drop policy askpanel_no_user_insert on agent_usage",
        "public.agent_usage policy System can insert usage",
        "public may insert for any tenant",
    ),
    (
        "drop policy askpanel_members_only on panels",
        "public.panels",
        "older policies do not test the membership's status",
    ),
    (
        "alter publication supabase_realtime drop table panel_consensus",
        "publication supabase_realtime",
        "does not",
    ),
]


@pytest.mark.parametrize(("statement", "object_", "found"), WARNINGS, ids=[row[0][:70] for row in WARNINGS])
async def test_what_somebody_should_know_is_a_warning_and_hinders_nothing(
    database: Database, statement: str, object_: str, found: str
) -> None:
    await change(database, statement)
    report = await checked(database.api)
    warnings = [finding for finding in report.findings if finding.level == "warning"]
    assert [(finding.object, finding.found) for finding in warnings] == [(object_, found)]
    assert report.shape is not None


async def test_an_enum_without_a_value_we_write_is_an_error_and_with_another_one_a_warning(
    databases: Databases,
) -> None:
    database = await databases.create("enum_types")
    await change(
        database,
        "alter type panel_status add value 'queued';"
        "alter type response_type rename value 'question' to 'inquiry'",
    )
    report = await checked(database.api)
    assert [(finding.object, finding.expected) for finding in report.errors] == [
        ("public.panel_responses.response_type", "allows question")
    ]
    assert [finding.found for finding in report.findings if finding.level == "warning"] == [
        "also allows inquiry",
        "also allows queued",
    ]


async def test_a_namesake_of_another_application_is_one_error_not_a_list_of_columns(
    database: Database,
) -> None:
    await change(
        database,
        "drop table panels cascade; create table panels (id int primary key, template text);"
        "alter table panels enable row level security, force row level security",
    )
    about_panels = [
        finding for finding in (await checked(database.api)).errors if finding.object == "public.panels"
    ]
    assert [finding.found for finding in about_panels] == [
        "another application's table of the same name: it has no tenant_id"
    ]


async def test_a_login_that_bypasses_row_security_is_refused(pristine: Database) -> None:
    for dsn in (pristine.owner, pristine.admin):
        (error,) = (await checked(dsn)).errors
        assert error.found in ("bypassrls", "superuser")
        assert error.fix == "log in as panel_api or panel_projector: never as the tables' owner"


async def test_an_empty_database_lists_what_is_missing_instead_of_failing(databases: Databases) -> None:
    empty = await databases.create_empty()
    report = await checked(empty.admin)
    assert {f"public.{table}" for table in ("tenants", "tenant_users", "panels", "panel_responses")} <= {
        finding.object for finding in report.errors
    }


async def test_the_diff_reads_as_object_expected_found_fix(database: Database) -> None:
    await change(database, "alter table panel_responses disable row level security")
    assert (
        (await checked(database.api))
        .render()
        .startswith(
            "error: public.panel_responses\n"
            "  expected  row-level security on\n"
            "  found     off\n"
            "  fix       alter table public.panel_responses enable row level security\n"
        )
    )


def test_the_scale_of_a_type_is_its_decimals() -> None:
    assert [scale_of(t) for t in ("numeric(5,2)", "numeric(5)", "numeric", "double precision", "real")] == [
        2,
        0,
        None,
        None,
        None,
    ]
