"""A node that has no majority of the log is left: judged by what its leader says, and done on a real cluster."""

import asyncio

import nats
import pytest
from nats.js.api import ClusterInfo, PeerInfo

from askpanel.contracts.topology import PANELS
from askpanel.local.servers.nats_nodes import NatsNodes
from askpanel.runtime import bootstrap
from askpanel.runtime.bootstrap import Sizing
from askpanel.runtime.ending import end
from askpanel.runtime.serving_node import CUT_OFF, NO_LEADER, _move, doubt_about, keep_served
from tests.contract.servers import OwnNats, connected
from tests.contract.waiting import until
from tests.faults.links import links
from tests.harness.servers import scratch_directory

SECOND = 1_000_000_000


def replica(seconds: float, *, current: bool = True) -> PeerInfo:
    """One that its leader heard from so long ago."""
    return PeerInfo(name="of-three", current=current, active=int(seconds * SECOND))


@pytest.mark.parametrize(
    ("cluster", "doubt"),
    [
        pytest.param(None, 0, id="a single server"),
        pytest.param(ClusterInfo(leader="a"), 0, id="one copy"),
        pytest.param(ClusterInfo(leader="a", replicas=[replica(0.9), replica(0.2)]), 0, id="all well"),
        pytest.param(ClusterInfo(leader="a", replicas=[replica(60), replica(0.2)]), 0, id="one is away"),
        pytest.param(
            ClusterInfo(leader="a", replicas=[replica(9, current=False), replica(0.2, current=False)]),
            0,
            id="one catches up",
        ),
        pytest.param(ClusterInfo(leader="a", replicas=[replica(4), replica(4)]), CUT_OFF, id="cut off"),
        pytest.param(
            ClusterInfo(leader="a", replicas=[replica(0, current=False), replica(8)]),
            CUT_OFF,
            id="never heard",
        ),
        pytest.param(ClusterInfo(replicas=[replica(1), replica(1)]), NO_LEADER, id="without a leader"),
    ],
)
def test_doubt_comes_from_what_the_leader_heard(cluster: ClusterInfo | None, doubt: int) -> None:
    assert doubt_about(cluster) == doubt


@pytest.mark.slow
async def test_a_client_that_closes_for_good_while_it_moves_is_not_waited_for(
    log_server: OwnNats, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a change of the password at that moment."""
    client = await nats.connect(log_server.url)
    monkeypatch.setattr(client, "force_reconnect", client.close)
    async with asyncio.timeout(5):
        await _move(client)
    assert client.is_closed


async def test_a_client_leaves_a_node_that_is_cut_off() -> None:
    with scratch_directory() as data, links(data, 3) as between:
        nodes = NatsNodes(
            data, access="", sync_always=False, route_password="of-the-test", links=between.ports
        )
        nodes.start(3)
        try:
            async with connected(nodes.addresses) as client:
                await bootstrap.create(client.jetstream(), Sizing(replicas=3))
                info = await client.jetstream().stream_info(PANELS.name)
            assert info.cluster is not None
            place = int((info.cluster.leader or "").rpartition("-")[2])
            async with connected(
                [nodes.addresses[place - 1]]
            ) as client:  # the others it is told by the server
                keeping = asyncio.create_task(keep_served(client))
                between.cut(place)

                def elsewhere() -> bool:
                    url = client.connected_url
                    return url is not None and url.netloc != nodes.addresses[place - 1]

                await until(elsewhere, seconds=60)
                await end(keeping)
        finally:
            nodes.stop()
