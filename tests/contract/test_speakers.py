"""The expert-runner's look-ups in a real bucket: a tenant's own expert counts from the moment it is there."""

from dataclasses import replace
from functools import partial
from uuid import uuid4

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from askpanel.contracts.catalogue import BUCKET, Expert, catalogue_key, encode_expert
from askpanel.contracts.events import Event, ExpertFailed, ExpertResponded
from askpanel.expert_runner.line import Line
from askpanel.expert_runner.speakers import Speakers, UnknownExpert
from askpanel.expert_runner.worker import ExpertRunner
from askpanel.runtime.buckets import versions
from askpanel.runtime.errors import LogUnavailable
from askpanel.runtime.log import EventLog
from askpanel.runtime.replies import Replies
from tests.contract.held_model import HeldModel
from tests.contract.made import some_panel
from tests.contract.proxy import proxy_to
from tests.contract.servers import OwnNats, connected
from tests.contract.test_standing_in_line import asked_of, delivery
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


async def speakers(client: Client, *, most: int = 100) -> Speakers:
    kept = partial(versions, Replies(client), BUCKET)
    found = Speakers(await client.jetstream(timeout=1).key_value(BUCKET), client, kept, most=most)
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


async def test_of_two_with_one_id_and_version_the_one_that_is_named_speaks(
    client: Client, agent: str
) -> None:
    """A tenant's copy was retired, and the shared one has come to the copy's version: both sit on panels."""
    found = await speakers(client)
    await put(client, expert(agent, "Shared", 2))
    await put(client, expert(agent, "Own", 2), str(TENANT))
    await put(client, expert(agent, "Own, revised", 3), str(TENANT))
    told = [(await found.find(TENANT, agent, 2, shared=shared)).name for shared in (True, False, None)]
    assert told == ["Shared", "Own", "Own"], "who does not say whose means the tenant's own first, as before"
    for shared, version in ((True, 3), (False, 1)):
        with pytest.raises(UnknownExpert):
            await found.find(TENANT, agent, version, shared=shared)


@pytest.mark.parametrize(("shared", "outcome"), [(False, ExpertResponded), (True, ExpertFailed)])
async def test_a_runner_looks_for_the_expert_that_its_request_means(
    client: Client, agent: str, shared: bool, outcome: type[Event]
) -> None:
    panel, model, log = some_panel(), HeldModel(), EventLog(client)
    model.go.set()
    await put(client, expert(agent, "Own"), str(panel.tenant_id))
    request = asked_of(panel)
    named = {"agent_id": agent, "agent_version": 1, "agent_shared": shared}
    runner = ExpertRunner(client, log, await speakers(client), Line(model))
    await runner(delivery(replace(request, event=request.event.model_copy(update=named))))
    assert type((await log.read(panel))[-1].event) is outcome


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


async def test_an_erased_expert_is_forgotten_and_its_number_may_be_another_one_s(
    client: Client, agent: str
) -> None:
    found = await speakers(client)
    await put(client, expert(agent, "Before"), str(TENANT))
    assert await name_of(found, agent) == "Before"
    key, bucket = catalogue_key(agent, str(TENANT)), await client.jetstream().key_value(BUCKET)
    await bucket.purge(key)
    await client.jetstream().purge_stream(f"KV_{BUCKET}", subject=f"$KV.{BUCKET}.{key}")

    async def is_gone() -> bool:
        try:
            await name_of(found, agent)
        except UnknownExpert:
            return True
        return False

    await until(is_gone)
    await put(client, expert(agent, "After"), str(TENANT))

    async def is_another() -> bool:
        try:
            return await name_of(found, agent) == "After"
        except UnknownExpert:
            return False

    await until(is_another)


async def test_so_many_answers_are_kept_and_the_longest_unused_goes_first(client: Client) -> None:
    """Who is not kept is asked for again: the requests are ordinary messages, which anybody may hear."""
    asked: list[str] = []

    async def ask(request: Msg) -> None:
        asked.append(request.subject.rpartition(".")[2])

    agents = [f"reviewer-{uuid4().hex[:8]}" for _ in range(3)]
    for agent in agents:
        await put(client, expert(agent, "Own"), str(TENANT))
    found = await speakers(client, most=2)
    await client.subscribe(f"$JS.API.DIRECT.GET.KV_{BUCKET}.>", cb=ask)
    first, second, third = agents
    for agent in (first, second, first, third, first, second):
        assert await name_of(found, agent) == "Own"
    await client.flush()
    await until(lambda: len(asked) >= 4)
    assert asked == [first, second, third, second]


async def test_a_catalogue_that_does_not_answer_is_unavailable_and_a_bug_of_nobody(
    client: Client, agent: str
) -> None:
    """The worker waits for what is unavailable, and buries what fails otherwise."""
    found = await speakers(client)
    await client.jetstream().delete_stream(f"KV_{BUCKET}")
    with pytest.raises(LogUnavailable, match="catalogue"):
        await name_of(found, agent)


async def test_an_id_that_no_expert_can_have_is_unknown(client: Client) -> None:
    with pytest.raises(UnknownExpert):
        await name_of(await speakers(client), "no such expert")


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


async def test_nothing_found_is_remembered_over_a_lost_connection_either(
    log_server: OwnNats, client: Client, agent: str
) -> None:
    """An erasure and a new expert under the old number may have passed unheard."""
    async with proxy_to(log_server.port) as proxy, connected(proxy.url) as runner:
        found = await speakers(runner)
        await put(client, expert(agent, "Before"))
        assert await name_of(found, agent) == "Before"
        proxy.cut()
        await put(client, expert(agent, "After"))
        await until(lambda: runner.stats["reconnects"] > 0 and runner.is_connected)
        assert await name_of(found, agent) == "After"
