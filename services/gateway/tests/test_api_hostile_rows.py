"""What a member may have written into the row of an own panel, an owner into the tenant's, and without hardening
anybody into the tables of answers, results and costs: it harms nobody.

The policies of the existing schema allow it, so nothing in these documents can be relied on: not that it fits
into memory once it is written out, nor that it can be read at all.
"""

import json
from uuid import uuid4

import asyncpg
import httpx
import pytest
from pydantic import TypeAdapter, ValidationError

from askpanel.gateway.readmodel.statements import LONGEST_ANSWER, LONGEST_TEXT, MOST_RESPONSES
from askpanel.gateway.readmodel.views import Money
from askpanel.local.demo import TENANTS
from services.gateway.tests.running import Running, Start
from services.gateway.tests.stories import Story

ACME = TENANTS[0]
SEEN = "create policy seen on public.tenant_users for select to authenticated using (user_id = auth.uid())"
DEEP = "[" * 5000 + "]" * 5000
TOO_DEEP_TO_SHOW = "[" * 300 + "]" * 300
LONG = "9" * 5000

BILLION_DIGITS = {"cost_usd": "1e999999999", "budget": {"limit_usd": "1e999999999", "spent_usd": "0e99999"}}
METADATA = {
    "a billion digits": json.dumps(BILLION_DIGITS),
    "exponents no number has": '{"cost_usd": "1e99999999999999999999"}',
    "a billion decimals": '{"cost_usd": "1e-999999999"}',
    "five thousand digits": f'{{"sequence": {LONG}, "usage": {{"calls": {LONG}}}}}',
    "numbers that no float holds": '{"consensus": {"1": {"consensus_level": 1e400, "band": "x"}}, "cost_usd": 1e400}',
    "small where stored, 2.6 GB as text": f'{{"degraded": [{"1e131071," * 20_000}1]}}',
    "zeros, 1.1 GB as text": f'{{"degraded": [{"0e-16383," * 70_000}1]}}',
    "five thousand levels": f'{{"awaiting": {DEEP}, "consensus": {{"1": {{"metrics": {DEEP}}}}}}}',
    "more levels than an answer may have": f'{{"consensus": {{"1": {{"metrics": {{"a": {TOO_DEEP_TO_SHOW}}}}}}}}}',
    "rounds that are no numbers": f'{{"rounds": {{"²": {{}}, "٣": {{}}, "{LONG}": {{}}, "-1": {{}}, "": {{}}}}}}',
    "twenty megabytes": json.dumps({"degraded": ["x" * 20_000_000], "sequence": 1}),
}


async def as_user(gateway: Running, statement: str, *arguments: object, user: str = "member") -> str:
    """Change a row as the platform lets a user do: in role `authenticated`, under row-level security."""
    connection = await asyncpg.connect(gateway.database.admin)
    try:
        async with connection.transaction():
            claims = json.dumps({"sub": str(ACME.user(user).id)})
            await connection.execute("select set_config('request.jwt.claims', $1, true)", claims)
            await connection.execute("select set_config('role', 'authenticated', true)")
            return await connection.execute(statement, *arguments)
    finally:
        await connection.close()


async def two_panels(gateway: Running) -> tuple[str, str]:
    """One that is going to be changed, and another one; where users see their memberships, as a web app needs them."""
    await gateway.sql(SEEN)
    mine, other = Story(name=str(uuid4())).whole(), Story(name=str(uuid4())).whole()
    for story in (mine, other):
        last = (await gateway.append(story.events))[-1].sequence
    answer = await gateway.get("/panels", headers={"X-Min-Sequence": str(last)})
    assert answer.headers["x-min-sequence-reached"] == "true"
    return str(mine.ref.panel_id), str(other.ref.panel_id)


async def ok(gateway: Running, path: str, most: int = 1_000_000) -> httpx.Response:
    answer = await gateway.get(path)
    assert answer.status_code == 200, (path, answer.text[:500])
    assert len(answer.content) < most, path
    return answer


async def assert_readable(gateway: Running, mine: str, other: str) -> None:
    """Every answer is given, with what can be read; the other panel is as it was."""
    listed = {one["id"]: one for one in (await ok(gateway, "/panels")).json()["panels"]}
    assert listed[mine]["status"] == "completed"
    assert listed[other]["cost_usd"] == "0.00002468"
    assert listed[other]["band"] == "moderate"
    panel = (await ok(gateway, f"/panels/{mine}")).json()
    assert (panel["panel_type"], len(panel["responses"])) == ("structured", 3)
    assert panel["consensus"]["consensus_level"] == listed[mine]["consensus_level"] == 0.6667
    for part in ("responses", "consensus", "matrix", "usage", "export", "export?format=json"):
        await ok(gateway, f"/panels/{mine}/{part}")
    wish = await gateway.post(f"/panels/{mine}/cancel", {})
    assert wish.status_code == 409, wish.text


async def test_no_metadata_of_one_panel_ends_the_gateway_or_hides_the_others(
    gateway: Running, projected: None
) -> None:
    mine, other = await two_panels(gateway)
    for what, metadata in METADATA.items():
        change = "update public.panels set metadata = $2::text::jsonb where id = $1"
        assert await as_user(gateway, change, mine, metadata) == "UPDATE 1", what
        await assert_readable(gateway, mine, other)
    shown = (await ok(gateway, f"/panels/{mine}")).json()
    assert (shown["degraded"], shown["sequence"]) == ([], None), "the last one is too large to be read"


@pytest.mark.parametrize(
    "change",
    [
        f"configuration = '{{\"a\": {TOO_DEEP_TO_SHOW}}}'",
        f"configuration = '{{\"a\": {LONG}}}'",
        f"agents = array['{DEEP}'::jsonb]",
        f"agents = array['{LONG}'::jsonb]",
        "query = repeat('x', 20000000)",
        "started_at = '-infinity', completed_at = '99999-01-01'",
    ],
)
async def test_nor_does_any_other_column(gateway: Running, projected: None, change: str) -> None:
    mine, other = await two_panels(gateway)
    assert await as_user(gateway, f"update public.panels set {change} where id = $1", mine) == "UPDATE 1"
    await assert_readable(gateway, mine, other)


@pytest.mark.parametrize("created_at", ["infinity", "99999-01-01", "0044-03-15 BC"])
async def test_a_panel_of_no_calendar_does_not_end_the_list(
    gateway: Running, projected: None, created_at: str
) -> None:
    mine, other = await two_panels(gateway)
    await as_user(gateway, f"update public.panels set created_at = '{created_at}' where id = $1", mine)
    assert [one["id"] for one in (await ok(gateway, "/panels?limit=1")).json()["panels"]] == [other]
    assert (await ok(gateway, f"/panels/{mine}")).json()["created_at"] is None


ROWS = {
    "panel_responses": """
        insert into public.panel_responses (tenant_id, panel_id, created_at, round_number, response_type,
                                            agent_id, agent_name, content, metadata)
        select $2, $1, '9000-01-01', 1, 'analysis', {text}, {text}, {text}, {document} from generate_series(1, {rows}) as n
        """,
    "panel_consensus": """
        insert into public.panel_consensus (tenant_id, panel_id, created_at, round_number, consensus_level,
                                            recommendation, agreement_points, disagreement_points, dissenting_opinions)
        select $2, $1, '9000-01-01', n + 1, 1, {text}, {document}, {document}, {document}
        from generate_series(1, {rows}) as n
        """,
    "agent_usage": """
        insert into public.agent_usage (tenant_id, user_id, panel_id, agent_id, metadata)
        select $2, auth.uid(), $1, {text} || n, {document} from generate_series(1, {rows}) as n
        """,
}
FULL = {
    "more rows than a panel has": (1500, "'x'", "'[]'"),
    "a megabyte a column": (30, "repeat('x', 1000000)", "to_jsonb(array[repeat('x', 1000000)])"),
    "more rows, as long as they may be": (120, "repeat('x', 19000)", "to_jsonb(array[repeat('x', 140000)])"),
    "small where stored, 26 MB as text": (10, "'x'", f"'[{'1e131071,' * 200}1]'"),
    "five thousand levels": (10, "'x'", f"'{DEEP}'"),
}
TOGETHER = (MOST_RESPONSES + 1) * (LONGEST_ANSWER + LONGEST_TEXT)
"""Bytes of an answer at most."""


@pytest.mark.parametrize(
    ("part", "table", "what"),
    [
        *(("responses", "panel_responses", what) for what in FULL),
        *(("consensus", "panel_consensus", what) for what in FULL),
        ("usage", "agent_usage", "more rows than a panel has"),
    ],
)
async def test_whoever_fills_a_panel_with_rows_fills_no_gateway(
    gateway: Running, projected: None, part: str, table: str, what: str
) -> None:
    mine, other = await two_panels(gateway)
    before = (await ok(gateway, f"/panels/{mine}")).json()
    await gateway.sql(f"drop policy askpanel_no_user_insert on public.{table}")
    rows, text, document = FULL[what]
    insert = ROWS[table].format(rows=rows, text=text, document=document)
    assert await as_user(gateway, insert, mine, ACME.id) == f"INSERT 0 {rows}"

    panel = (await ok(gateway, f"/panels/{mine}", TOGETHER)).json()
    answered = [one["id"] for one in panel["responses"]]
    assert answered[:3] == [one["id"] for one in before["responses"]], "what was there first is not left out"
    told = {
        read: await ok(gateway, f"/panels/{mine}/{read}", TOGETHER)
        for read in ("responses", "consensus", "matrix", "usage", "export", "export?format=json")
    }
    if what.startswith("more rows"):
        incomplete = [
            read for read in ("responses", "consensus", "usage") if told[read].json()["rows_left_out"]
        ]
        assert incomplete == [part]
        assert told["matrix"].json()["rows_left_out"] is (part == "consensus")
        assert panel["rows_left_out"] is ("Incomplete" in told["export"].text) is (part != "usage")
    untouched = (await ok(gateway, f"/panels/{other}")).json()
    assert (len(untouched["responses"]), untouched["rows_left_out"]) == (3, False)


async def test_no_settings_of_a_tenant_are_an_error(start: Start) -> None:
    """Its owner writes them; what cannot be read is as if it were not there."""
    gateway = await start(membership_seconds=0)
    for settings in (
        f'{{"theirs": {LONG}}}',
        f'{{"theirs": {DEEP}}}',
        f'{{"theirs": {TOO_DEEP_TO_SHOW}}}',
        f'{{"theirs": [{"0e-16383," * 70_000}1]}}',
        '{"max_cost_usd_per_month": "1e999999999", "max_cost_usd_per_panel": "0e999999999"}',
        '{"prices": {"openai:gpt-5": {"input_usd": "1e999999999", "output_usd": 1}}}',
    ):
        for column in ("settings", "features", "branding"):
            change = f"update public.tenants set {column} = $2::text::jsonb where id = $1"
            await gateway.sql(change, ACME.id, settings)
        told = (await ok(gateway, "/tenant")).json()
        assert told["settings"]["max_panels_per_month"] == 100
        assert told["limits"]["cost_usd_per_month"]["limit"] is None
        await ok(gateway, "/panels")


@pytest.mark.parametrize(
    "text", ["1e999999999", "1e-999999999", "1" * 60, "-1", "NaN", "Infinity", "1000000000000001"]
)
def test_an_amount_that_a_row_tells_is_bounded_before_it_is_written_out(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Money).validate_python(text)
