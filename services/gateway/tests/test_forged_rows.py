"""Without hardening anybody may insert answers, results and costs, also before they are on the log: the log wins.

The forger is a member of another tenant, in role `authenticated`, as the platform's REST layer would have it. Ids of
rows follow from their panels, so a forger can know them.
"""

import json
from collections.abc import AsyncGenerator
from uuid import UUID

import asyncpg
import nats
import pytest

from askpanel.contracts.ids import row_id
from askpanel.local.demo import seed
from askpanel.runtime import bootstrap
from askpanel.runtime.log import EventLog
from services.gateway.tests.stories import ACME, GLOBEX, Story
from services.gateway.tests.test_readmodel_replay import Stack, nats_url
from services.gateway.tests.test_readmodel_store import dump
from tests.harness.databases import Databases

__all__ = ["nats_url"]

FORGER = GLOBEX.user("member").id
OWN = Story("the forger's own", tenant_id=GLOBEX.id, user_id=FORGER).whole()
ELSEWHERE = OWN.ref.panel_id
VICTIMS = {
    what: Story(what).whole()
    for what in (
        "the place of a result",
        "the same, of another tenant",
        "its id in another round",
        "its place and its id",
        "its id and its place",
        "its id in another panel",
        "an answer's id in another panel",
        "an answer's id in another tenant",
        "an answer's own id",
        "a cost's id in another panel",
    )
}
INSERT = {
    "panel_consensus": """
        insert into panel_consensus (id, tenant_id, panel_id, round_number, consensus_level, recommendation)
        values (coalesce($1, gen_random_uuid()), $2, $3, $4, 1, 'forged')
        """,
    "panel_responses": """
        insert into panel_responses (id, tenant_id, panel_id, round_number, agent_id, agent_name, response_type, content)
        values ($1, $2, $3, $4, 'forged', 'forged', 'analysis', 'forged')
        """,
    "agent_usage": """
        insert into agent_usage (id, tenant_id, panel_id, tokens_used, user_id, agent_id)
        values ($1, $2, $3, $4, auth.uid(), 'forged')
        """,
}
Forged = tuple[str, UUID | None, UUID, UUID, int]
"""Table, id, tenant, panel, round (of a cost: its tokens)."""


def forged(what: str, victim: Story) -> list[Forged]:
    panel = victim.ref.panel_id
    result = row_id(panel, "panel_consensus", 1)
    place: Forged = ("panel_consensus", None, ACME.id, panel, 1)
    number: Forged = ("panel_consensus", result, ACME.id, panel, 7)
    rows: dict[str, list[Forged]] = {
        "the place of a result": [place],
        "the same, of another tenant": [("panel_consensus", None, GLOBEX.id, panel, 1)],
        "its id in another round": [number],
        "its place and its id": [place, number],
        "its id and its place": [number, place],
        "its id in another panel": [("panel_consensus", result, GLOBEX.id, ELSEWHERE, 3)],
        "an answer's id in another panel": [
            ("panel_responses", victim.response_id(0), GLOBEX.id, ELSEWHERE, 1)
        ],
        "an answer's id in another tenant": [("panel_responses", victim.response_id(1), GLOBEX.id, panel, 1)],
        "an answer's own id": [("panel_responses", victim.response_id(2), ACME.id, panel, 9)],
        "a cost's id in another panel": [
            ("agent_usage", row_id(panel, "agent_usage", 1, "1", 0, "opening", 1), GLOBEX.id, ELSEWHERE, 1)
        ],
    }
    return rows[what]


@pytest.fixture
async def stack(nats_url: str, databases: Databases, request: pytest.FixtureRequest) -> AsyncGenerator[Stack]:
    database = await databases.create(*request.param, hardening=False)
    await seed(database.admin)
    client = await nats.connect(nats_url)
    await bootstrap.create(client.jetstream())
    yield Stack(client, EventLog(client), database)
    await client.close()
    await databases.drop(database)


async def forge(stack: Stack, rows: list[Forged]) -> None:
    connection = await asyncpg.connect(stack.database.api)
    try:
        async with connection.transaction():
            await connection.execute("select set_config('role', 'authenticated', true)")
            claims = json.dumps({"sub": str(FORGER), "role": "authenticated"})
            await connection.execute("select set_config('request.jwt.claims', $1, true)", claims)
            for table, *values in rows:
                await connection.execute(INSERT[table], *values)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "stack", [(), ("no_consensus_unique",)], ids=["one a round", "any number"], indirect=True
)
async def test_what_is_forged_before_it_happens_keeps_no_event_out(stack: Stack) -> None:
    stories = [*VICTIMS.values(), OWN]
    await stack.project(await stack.append([story.events[0] for story in stories]))
    for what, victim in VICTIMS.items():
        await forge(stack, forged(what, victim))
    last = await stack.append([event for story in stories for event in story.events[1:]])
    await stack.project(last)

    assert await stack.letters() == 0
    report = await stack.replay()
    assert {one.kind for one in report.differences} <= {"extra"}, report.differences
    assert report.refused == 0
    assert report.rows["panel_consensus"] == len(stories)
    once = await dump(stack.database)

    await stack.execute("update askpanel.projection_checkpoint set stream_sequence = 0")
    await stack.project(last)
    assert await dump(stack.database) == once, "done twice it is done once"


@pytest.mark.parametrize("stack", [()], indirect=True)
async def test_what_took_the_place_of_a_result_becomes_the_result_to_the_byte(stack: Stack) -> None:
    what, victim = next(iter(VICTIMS.items()))
    await stack.project(await stack.append(victim.events[:1]))
    await forge(stack, forged(what, victim))
    await stack.project(await stack.append(victim.events[1:]))
    report = await stack.replay()
    assert report.equal, report.differences
    assert (report.rows["panel_consensus"], await stack.letters()) == (1, 0)
