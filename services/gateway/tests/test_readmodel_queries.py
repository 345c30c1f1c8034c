"""Reads as a user on a real Postgres: what each role sees, lists, usage, tenants, and strange rows."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import HumanRequested, PanelFailed
from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.readmodel.queries import BadCursor, ReadModel, open_read_model
from askpanel.gateway.readmodel.store import PostgresStore
from askpanel.gateway.readmodel.views import PanelFilter, UsageFilter
from askpanel.local.demo import DemoTenant, seed
from askpanel.runtime.log import Position
from services.gateway.tests.stories import ACME, GLOBEX, MEMBER, START, Story, numbered
from tests.harness.databases import Database, Databases

EPOCH = "2026-11-22 09:00:00.123456+00:00"


async def execute(database: Database, statement: str, *arguments: object) -> None:
    connection = await asyncpg.connect(database.admin)
    try:
        await connection.execute(statement, *arguments)
    finally:
        await connection.close()


async def project(database: Database, events: list[Recorded]) -> None:
    """Write these events' rows, after all that is there."""

    async def history(_: PanelRef, through: int) -> list[Recorded]:
        return [one for one in events if one.sequence <= through]

    store = PostgresStore(database.projector, history)
    before = await store.checkpoint()
    previous = before.sequence if before else 0
    recorded = numbered(events, first=previous + 1)
    await store.apply(recorded, previous=previous, position=Position(previous + len(recorded), EPOCH))
    await store.aclose()


async def fill(database: Database) -> Database:
    """One whole panel in each tenant."""
    await seed(database.admin)
    other = Story("other", tenant_id=GLOBEX.id, user_id=GLOBEX.user("member").id).whole()
    await project(database, Story().whole().events + other.events)
    return database


@pytest.fixture(scope="module")
def shared(databases: Databases) -> Database:
    """For tests that only read."""

    async def make() -> Database:
        return await fill(await databases.create())

    return asyncio.run(make())


@pytest.fixture
async def model(shared: Database) -> AsyncGenerator[ReadModel]:
    async with open_read_model(shared.api, max_connections=4) as made:
        yield made


@pytest.fixture
async def filled(database: Database) -> Database:
    """For a test that writes."""
    return await fill(database)


@pytest.fixture
async def fresh(filled: Database) -> AsyncGenerator[ReadModel]:
    async with open_read_model(filled.api, max_connections=4) as made:
        yield made


def claims(name: str, tenant: DemoTenant = ACME) -> dict[str, Any]:
    """Of a verified token; a role that is not the user's own must not matter."""
    return {"sub": str(tenant.user(name).id), "role": "service_role", "aud": "authenticated"}


PANEL = Story().ref.panel_id


async def test_a_panel_is_read_whole(model: ReadModel) -> None:
    async with model.session(claims("guest"), ACME.id) as session:
        panel = await session.panel(PANEL)
    assert panel is not None
    assert (panel.status, panel.ended, panel.panel_type) == ("completed", True, "structured")
    assert panel.agents == ("expert-0", "expert-1", "expert-2")
    assert [seat.agent_name for seat in panel.seats] == ["Expert 0", "Expert 1", "Expert 2"]
    assert [(one.seat, one.counted) for one in panel.responses] == [(0, True), (1, True), (2, False)]
    answer = panel.responses[0]
    assert (answer.confidence, answer.stance, answer.position) == (0.8125, "support", "Ship it")
    assert (answer.key_points, answer.tokens_used) == (("It is safer.", "It is tested."), 520)
    assert (answer.demo, answer.model_label) == (False, None)
    assert panel.consensus is not None
    assert (panel.consensus.consensus_level, panel.consensus.band) == (0.6667, "moderate")
    assert panel.consensus.points[0].quotes[0].text == "ship it"
    assert panel.consensus.dissenting_opinions[0].agent_id == "expert-1"
    assert (panel.usage.cost_usd, panel.usage.tokens_used) == (Decimal("0.00002468"), 1560)
    assert panel.usage.unpriced_calls == 1
    assert panel.degraded == ("seat 1 needed a second attempt",)
    assert [one.reason for one in panel.failures] == ["timeout"]
    assert panel.rounds[0].answered == (0, 1)
    assert panel.sequence == len(Story().whole().events)
    assert panel.created_at == START
    assert '"cost_usd":"0.00002468"' in panel.model_dump_json()


@pytest.mark.parametrize("name", ["inactive", "invited"])
async def test_who_is_no_active_member_sees_nothing(model: ReadModel, name: str) -> None:
    async with model.session(claims(name), ACME.id) as session:
        await sees_nothing(session)


async def test_a_member_of_another_tenant_sees_nothing(model: ReadModel) -> None:
    async with model.session(claims("owner", GLOBEX), ACME.id) as session:
        await sees_nothing(session)
    async with model.session(claims("owner", GLOBEX), GLOBEX.id) as session:
        assert await session.panel(PANEL) is None, "another tenant's panel under one's own tenant"
        assert session.role == "owner"


async def sees_nothing(session: Any) -> None:
    assert await session.panel(PANEL) is None
    assert await session.panel_head(PANEL) is None
    assert await session.responses(PANEL) is None
    assert await session.consensus(PANEL) is None
    assert await session.panel_usage(PANEL) is None
    assert await session.tenant() is None
    assert (await session.panels()).total == 0
    assert (await session.usage()).calls == 0
    assert (await session.quota()).panels_this_month == 0
    assert session.role is None


async def test_a_token_without_subject_sees_nothing(model: ReadModel) -> None:
    async with model.session({}, ACME.id) as session:
        await sees_nothing(session)


async def test_row_level_security_decides_also_without_our_where_clause(shared: Database) -> None:
    connection = await asyncpg.connect(shared.api, statement_cache_size=0)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("select * from panels")
        async with connection.transaction():
            await connection.execute("select set_config('role', 'authenticated', true)")
            sub = f'{{"sub": "{GLOBEX.user("member").id}"}}'
            await connection.execute("select set_config('request.jwt.claims', $1, true)", sub)
            assert await connection.fetchval("select count(*) from panels") == 1
            assert await connection.fetchval("select count(*) from panel_responses") == 3
    finally:
        await connection.close()


async def test_a_session_cannot_write(model: ReadModel) -> None:
    async with model.session(claims("owner"), ACME.id) as session:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await session._connection.execute("update panels set query = 'x'")


async def test_a_session_leaves_nothing_behind_on_its_connection(shared: Database) -> None:
    async with open_read_model(shared.api, max_connections=1) as single:
        async with single.session(claims("owner"), ACME.id) as session:
            assert await session.panel(PANEL) is not None
            assert session.role == "owner"
        async with single.session({}, ACME.id) as session:
            await sees_nothing(session)


async def test_nothing_in_the_claims_can_be_read_as_sql(model: ReadModel) -> None:
    hostile = "'); select set_config('role', 'panel_api', true); --\\' \u2019"
    async with model.session({**claims("owner"), "name": hostile}, ACME.id) as session:
        assert await session.panel(PANEL) is not None
        kept = await session._connection.fetchval(
            "select current_setting('request.jwt.claims')::jsonb ->> 'name'"
        )
        assert (kept, await session._connection.fetchval("select current_user")) == (hostile, "authenticated")


async def test_all_reads_of_a_session_see_one_state(fresh: ReadModel, filled: Database) -> None:
    async with fresh.session(claims("owner"), ACME.id) as session:
        before = await session.panels()
        await execute(filled, "delete from panels")
        assert await session.panels() == before
        assert await session.panel(PANEL) is not None


async def test_answers_and_results_by_round(model: ReadModel) -> None:
    async with model.session(claims("member"), ACME.id) as session:
        all_rounds, second = await session.responses(PANEL), await session.responses(PANEL, 2)
        assert all_rounds is not None
        assert second is not None
        assert (len(all_rounds.responses), second.responses) == (3, ())
        last, missing = await session.consensus(PANEL), await session.consensus(PANEL, 2)
    assert last is not None
    assert missing is not None
    assert last.consensus == last.rounds[0]
    assert (missing.consensus, len(missing.rounds)) == (None, 1)


async def test_the_exact_level_is_shown_where_the_column_keeps_two_decimals(databases: Databases) -> None:
    database = await databases.create("numeric_scales", "agents_jsonb", "enum_types")
    await seed(database.admin)
    await project(database, Story().whole().events)
    async with open_read_model(database.api) as model, model.session(claims("guest"), ACME.id) as session:
        panel, page = await session.panel(PANEL), await session.panels(PanelFilter(status="completed"))
        usage = await session.usage(UsageFilter(group_by="panel_type"))
    assert panel is not None
    assert panel.consensus is not None
    assert panel.consensus.consensus_level == page.panels[0].consensus_level == 0.6667
    assert panel.responses[0].confidence == 0.8125
    assert panel.agents == page.panels[0].agents == ("expert-0", "expert-1", "expert-2")
    assert usage.groups == (), "a guest asked nothing himself"
    await databases.drop(database)


async def test_the_list_is_walked_by_cursor_without_gap_or_repetition(
    fresh: ReadModel, filled: Database
) -> None:
    many: list[Recorded] = []
    for number in range(24):
        story = Story(f"listed {number}", start=START - timedelta(minutes=number // 2))
        story.created(query=f"Question {number}: 100% sure_?")
        many += story.events
    await project(filled, many)
    seen: list[UUID] = []
    cursor: str | None = None
    async with fresh.session(claims("guest"), ACME.id) as session:
        while True:
            page = await session.panels(limit=7, cursor=cursor)
            assert (page.total, page.total_is_exact) == (25, True)
            seen += [panel.id for panel in page.panels]
            cursor = page.next_cursor
            if cursor is None:
                break
        whole = await session.panels(limit=100)
        counted = [await session.panels(limit=1, count_to=most) for most in (24, 25)]
    assert [(page.total, page.total_is_exact) for page in counted] == [(24, False), (25, True)]
    assert len(seen) == len(set(seen)) == 25
    assert [panel.id for panel in whole.panels] == seen
    times = [panel.created_at for panel in whole.panels if panel.created_at is not None]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (PanelFilter(status="completed"), 1),
        (PanelFilter(status="running"), 0),
        (PanelFilter(panel_type="structured"), 1),
        (PanelFilter(panel_type="delphi"), 0),
        (PanelFilter(q="DOSING"), 1),
        (PanelFilter(q="d_sing"), 0),
        (PanelFilter(q="100%"), 0),
        (PanelFilter(q="\\u0000"), 1),
        (PanelFilter(q="\x00"), 0),
        (PanelFilter(created_after=START), 1),
        (PanelFilter(created_before=START), 0),
    ],
)
async def test_the_list_is_filtered(model: ReadModel, wanted: PanelFilter, found: int) -> None:
    async with model.session(claims("guest"), ACME.id) as session:
        page = await session.panels(wanted)
    assert (page.total, len(page.panels)) == (found, found)


@pytest.mark.parametrize("cursor", ["x", "AAAA", "MjAyNi0xMS0yMiAx", "é", "a" * 5000, "\x00"])
async def test_a_cursor_of_somebody_elses_making_is_refused(model: ReadModel, cursor: str) -> None:
    async with model.session(claims("guest"), ACME.id) as session:
        with pytest.raises(BadCursor):
            await session.panels(cursor=cursor)


async def test_a_summary_says_what_a_list_shows(model: ReadModel) -> None:
    async with model.session(claims("guest"), ACME.id) as session:
        (summary,) = (await session.panels()).panels
    assert (summary.consensus_level, summary.band) == (0.6667, "moderate")
    assert summary.cost_usd == Decimal("0.00002468")
    assert summary.degraded == ("seat 1 needed a second attempt",)


async def test_usage_is_ones_own_for_members_and_the_tenants_for_admins(model: ReadModel) -> None:
    async with model.session(claims("member"), ACME.id) as session:
        own = await session.usage()
    async with model.session(claims("guest"), ACME.id) as session:
        none = await session.usage(UsageFilter(group_by="day"))
    async with model.session(claims("admin"), ACME.id) as session:
        whole = await session.usage()
    assert (own.calls, own.tokens_used, own.cost_usd) == (3, 1560, Decimal("0.00002468"))
    assert (own.unpriced_calls, own.panels_count) == (1, 1)
    assert (none.calls, none.cost_usd, none.groups) == (0, None, ())
    assert whole.cost_usd == own.cost_usd


@pytest.mark.parametrize(
    ("group_by", "keys"),
    [
        ("day", ["2026-11-22"]),
        ("agent", ["expert-0", "expert-1", "expert-2"]),
        ("model", ["openai:gpt-5-mini"]),
        ("panel_type", ["structured"]),
    ],
)
async def test_usage_is_grouped(model: ReadModel, group_by: Any, keys: list[str]) -> None:
    async with model.session(claims("admin"), ACME.id) as session:
        report = await session.usage(UsageFilter(group_by=group_by))
        later = await session.usage(UsageFilter(start=START + timedelta(days=1), group_by=group_by))
    assert [group.key for group in report.groups] == keys
    assert sum(group.calls for group in report.groups) == report.calls == 3
    assert (later.calls, later.groups) == (0, ())


async def test_a_panels_cost_is_shown_to_every_member_and_by_expert_to_whom_it_concerns(
    model: ReadModel,
) -> None:
    async with model.session(claims("guest"), ACME.id) as session:
        guest = await session.panel_usage(PANEL)
    async with model.session(claims("member"), ACME.id) as session:
        member = await session.panel_usage(PANEL)
    assert guest is not None
    assert member is not None
    assert guest.cost_usd == member.cost_usd == Decimal("0.00002468")
    assert guest.groups == ()
    assert [(one.key, one.cost_usd) for one in member.groups] == [
        ("expert-0", Decimal("0.00001234")),
        ("expert-1", Decimal("0.00001234")),
        ("expert-2", None),
    ]


async def test_a_tenant_has_the_platforms_defaults_where_its_row_is_silent_or_wrong(
    fresh: ReadModel, filled: Database
) -> None:
    await execute(
        filled,
        """
        update tenants set
          settings = '{"max_panels_per_month": "many", "enable_exports": false, "theirs": 1}',
          features = '{"delphi_panel": false, "open_panel": "yes"}',
          branding = '{"primary_color": "red;} body {display:none", "logo_url": "javascript:alert(1)",
                       "font_family": "Lato", "custom_css": "*{}"}'
        where id = $1
        """,
        ACME.id,
    )
    async with fresh.session(claims("owner"), ACME.id) as session:
        tenant = await session.tenant()
    assert tenant is not None
    assert tenant.settings.max_panels_per_month == 100
    assert tenant.settings.enable_exports is False
    assert tenant.settings.model_dump()["theirs"] == 1
    assert tenant.features["delphi_panel"] is False
    assert (tenant.features["open_panel"], tenant.features["hybrid_panel"]) == (True, False)
    branding = tenant.branding
    assert (branding.primary_color, branding.font_family, branding.logo_url) == ("#3B82F6", "Lato", None)
    assert (tenant.role, tenant.may_create) == ("owner", True)


@pytest.mark.parametrize(
    ("status", "ends", "may"),
    [
        ("active", None, True),
        ("trial", timedelta(days=1), True),
        ("trial", timedelta(days=-1), False),
        ("trial", None, True),
        ("suspended", None, False),
        ("cancelled", None, False),
    ],
)
async def test_only_active_tenants_and_running_trials_may_create(
    fresh: ReadModel, filled: Database, status: str, ends: timedelta | None, may: bool
) -> None:
    at = datetime.now(UTC) + ends if ends is not None else None
    change = "update tenants set status = $2, trial_ends_at = $3 where id = $1"
    await execute(filled, change, ACME.id, status, at)
    async with fresh.session(claims("guest"), ACME.id) as session:
        tenant = await session.tenant()
    assert tenant is not None
    assert tenant.may_create is may


async def test_quotas_count_this_months_panels_and_those_that_run(fresh: ReadModel, filled: Database) -> None:
    now = datetime.now(UTC)
    story = Story("now", start=now)
    story.created()
    story.started()
    story.used(0, cost_usd=Decimal("0.25"))
    await project(filled, story.events)
    stale = "insert into panels (tenant_id, user_id, query, panel_type, status) values ($1, $2, 'x', 'open', 'running')"
    await execute(filled, stale, ACME.id, MEMBER)
    async with fresh.session(claims("guest"), ACME.id) as session:
        quota = await session.quota()
    this_month = 1 + ((START.year, START.month) == (now.year, now.month))
    assert quota.panels_this_month == this_month, "only panels of ours are counted"
    assert quota.running_panels == 1, "only panels of ours can be running"
    assert quota.month_ends_at > now
    assert quota.spent_usd_this_month >= Decimal("0.25")


async def test_the_head_of_a_panel_says_what_it_waits_for(fresh: ReadModel, filled: Database) -> None:
    story = Story("waiting")
    story.created()
    story.add(
        HumanRequested(
            checkpoint_id=UUID(int=5),
            round_number=1,
            kind="input",
            question="What matters most?",
            actions=("answer", "approve", "veto"),
            deadline_at=START,
        )
    )
    failed = Story("failed")
    failed.created()
    failed.add(PanelFailed(reason="rejected", detail="No."))
    await project(filled, story.events + failed.events)
    async with fresh.session(claims("guest"), ACME.id) as session:
        head, ended = await session.panel_head(story.ref.panel_id), await session.panel(failed.ref.panel_id)
    assert head is not None
    assert head.awaiting is not None
    assert (head.user_id, head.status, head.awaiting.checkpoint_id) == (MEMBER, "created", UUID(int=5))
    assert ended is not None
    assert ended.failure is not None
    assert (ended.status, ended.failure.reason) == ("failed", "rejected")


async def test_the_demo_models_confidence_is_hidden_and_its_answers_are_labelled(
    fresh: ReadModel, filled: Database
) -> None:
    story = Story("demo")
    story.created()
    story.responded(0, model="local:qwen2.5-coder-1.5b-instruct")
    story.responded(1, model="scripted")
    await project(filled, story.events)
    async with fresh.session(claims("guest"), ACME.id) as session:
        answers = await session.responses(story.ref.panel_id)
    assert answers is not None
    demo, scripted = answers.responses
    assert (demo.demo, demo.model_label, demo.confidence) == (True, "demo model", None)
    assert demo.answer is not None
    assert demo.answer["confidence"] is None
    assert (scripted.demo, scripted.model_label, scripted.confidence) == (False, "scripted model", 0.8125)


@pytest.mark.parametrize(
    "metadata", ["null", "[]", '"x"', '{"seats": 1, "usage": [], "consensus": {"1": 7}}']
)
async def test_rows_of_other_writers_are_shown_as_far_as_they_go(
    fresh: ReadModel, filled: Database, metadata: str
) -> None:
    await execute(filled, "update panels set metadata = $1::jsonb, configuration = '[]'", metadata)
    await execute(filled, "update panel_responses set metadata = $1::jsonb", metadata)
    await execute(
        filled,
        """update agent_usage set metadata = '{"cost_usd_exact": "lots", "input_tokens": [], "unpriced": 3}'""",
    )
    async with fresh.session(claims("admin"), ACME.id) as session:
        panel, page, usage = await session.panel(PANEL), await session.panels(), await session.usage()
        quota = await session.quota()
    assert panel is not None
    assert (panel.query, len(panel.responses), panel.seats) == (page.panels[0].query, 3, ())
    assert panel.consensus is not None
    assert panel.consensus.consensus_level == page.panels[0].consensus_level == 0.6667
    assert panel.usage.cost_usd is None
    assert usage.cost_usd == Decimal("0.00002468"), "no row that somebody changes moves a sum"
    now = datetime.now(UTC)
    counted = (START.year, START.month) == (now.year, now.month)
    assert quota.spent_usd_this_month == (Decimal("0.00002468") if counted else 0)


async def test_a_read_waits_for_its_own_write(fresh: ReadModel, filled: Database) -> None:
    reached = await fresh.checkpoint()
    assert await fresh.wait_for_sequence(reached, timeout=0)
    assert not await fresh.wait_for_sequence(reached + 1, timeout=0.05)
    story = Story("own write")
    waiting = asyncio.create_task(fresh.wait_for_sequence(reached + 1, timeout=10))
    await project(filled, [story.created()])
    assert await waiting
