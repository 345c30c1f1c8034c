"""The expert-runner's look-ups in a real bucket: a tenant's own expert counts from the moment it is there."""

from functools import partial
from uuid import uuid4

import pytest
from nats.aio.client import Client

from askpanel.contracts.catalogue import BUCKET, Expert, catalogue_key, encode_expert
from askpanel.expert_runner.speakers import Speakers, UnknownExpert
from askpanel.runtime.buckets import versions
from askpanel.runtime.replies import Replies
from tests.contract.proxy import proxy_to
from tests.contract.servers import OwnNats, connected
from tests.contract.waiting import until

TENANT = uuid4()


@pytest.fixture
def agent() -> str:
    """An id that no other test has put into the bucket."""
    return f"reviewer-{uuid4().hex[:8]}"


def expert(agent: str, name: str, version: int = 1) -> Expert:
    return Expert(
        agent_id=agent,
        version=version,
        name=name,
        domain="law",
        title="Reviewer",
        summary="Reviews what others wrote.",
        instructions=f"You are {name} and review what others wrote, line by line.",
    )


async def put(client: Client, one: Expert, owner: str | None = None) -> None:
    key = catalogue_key(one.agent_id, owner) if owner else catalogue_key(one.agent_id)
    await (await client.jetstream().key_value(BUCKET)).put(key, encode_expert(one))


async def speakers(client: Client) -> Speakers:
    kept = partial(versions, Replies(client), BUCKET)
    found = Speakers(await client.jetstream().key_value(BUCKET), client, kept)
    await found.watch()
    return found


async def name_of(found: Speakers, agent: str, version: int = 1) -> str:
    return (await found.find(TENANT, agent, version)).name


async def test_a_tenants_own_expert_is_found_though_it_was_missed_before(client: Client, agent: str) -> None:
    found = await speakers(client)
    await put(client, expert(agent, "Shared"))
    assert await name_of(found, agent) == "Shared"
    assert await name_of(found, agent) == "Shared", "from memory"
    await put(client, expert(agent, "Own"), str(TENANT))

    async def is_own() -> bool:
        return await name_of(found, agent) == "Own"

    await until(is_own)


async def test_an_unknown_version_is_asked_for_again_when_the_expert_has_changed(
    client: Client, agent: str
) -> None:
    found = await speakers(client)
    await put(client, expert(agent, "Shared"))
    with pytest.raises(UnknownExpert):
        await name_of(found, agent, 2)
    await put(client, expert(agent, "Shared, revised", 2))

    async def is_there() -> bool:
        try:
            return await name_of(found, agent, 2) == "Shared, revised"
        except UnknownExpert:
            return False

    await until(is_there)
    assert await name_of(found, agent, 1) == "Shared", "from the bucket's history"


async def test_nothing_missed_is_remembered_over_a_lost_connection(
    log_server: OwnNats, client: Client, agent: str
) -> None:
    async with proxy_to(log_server.port) as proxy, connected(proxy.url) as runner:
        found = await speakers(runner)
        with pytest.raises(UnknownExpert):
            await name_of(found, agent)
        proxy.cut()
        await put(client, expert(agent, "Shared"))
        await until(lambda: runner.stats["reconnects"] > 0 and runner.is_connected)
        assert await name_of(found, agent) == "Shared"
