"""The bootstrap step on three servers: what one server kept is kept by three, and by one again."""

from collections.abc import AsyncGenerator, Generator
from datetime import datetime

import pytest
from nats.aio.client import Client

from askpanel.contracts.topology import BUCKETS, DURABLES, STREAMS
from askpanel.local.servers.nats_nodes import NatsNodes
from askpanel.runtime import bootstrap
from askpanel.runtime.bootstrap import Sizing
from askpanel.runtime.errors import LogMisconfigured
from askpanel.runtime.log import EventLog
from tests.contract.made import a_round, some_panel
from tests.contract.servers import brought_up, connected, three_nodes

ONE, THREE = Sizing(replicas=1), Sizing(replicas=3)
NAMES = (*(stream.name for stream in STREAMS), *(f"KV_{bucket.name}" for bucket in BUCKETS))
COUNTS = {f"KV_{bucket.name}" for bucket in BUCKETS if bucket.storage == "memory"}


@pytest.fixture(scope="module")
def cluster() -> Generator[NatsNodes]:
    with three_nodes() as nodes:
        yield nodes


@pytest.fixture
async def client(cluster: NatsNodes) -> AsyncGenerator[Client]:
    """Connected to three servers of which one keeps everything."""
    async with connected(cluster.url().split(",")) as made:
        await brought_up(made, ONE)
        yield made


async def made_at(client: Client) -> dict[str, datetime | None]:
    return {name: (await client.jetstream().stream_info(name)).created for name in NAMES}


async def test_from_one_copy_to_three_everything_is_kept_by_three(client: Client) -> None:
    jetstream = client.jetstream()
    sequence = await EventLog(client).append(a_round(some_panel()), expected=0)
    experts = await jetstream.key_value("experts")
    await experts.put("tenant.expert", b"an own expert")
    before = await made_at(client)
    with pytest.raises(LogMisconfigured) as refused:
        await bootstrap.verify(jetstream, *DURABLES, sizing=THREE)
    assert str(refused.value).count("kept by 1 servers, expected 3") == len(NAMES)
    await brought_up(client, THREE)
    await bootstrap.verify(jetstream, *DURABLES, sizing=THREE)
    after = await made_at(client)
    assert {name for name in NAMES if after[name] != before[name]} == COUNTS
    assert (await experts.get("tenant.expert")).value == b"an own expert"
    assert (await EventLog(client).position()).sequence == sequence


async def test_nothing_is_made_anew_where_nothing_changes_and_the_way_back_is_open(client: Client) -> None:
    for sizing in (THREE, ONE):
        await brought_up(client, sizing)
        before = await made_at(client)
        await brought_up(client, sizing)
        assert await made_at(client) == before
        await bootstrap.verify(client.jetstream(), *DURABLES, sizing=sizing)
