"""The stack on three NATS nodes: the one that leads the log is killed in the middle of a panel.

More of a cluster's faults, under load, are in tests/faults/test_cluster_faults.py.
"""

import pytest

from askpanel.contracts.topology import PANELS
from tests.harness.panels import settled
from tests.harness.stack import RunningStack, create, kill, stack, until, watch_panel

pytestmark = pytest.mark.e2e


async def test_the_leader_of_the_log_killed_in_mid_panel_costs_nothing_but_time() -> None:
    with stack("scripted:latency=0.5", ASKPANEL_NATS_NODES="3") as running:
        assert {"nats-1", "nats-2", "nats-3"} <= running.pids().keys()
        async with running.http() as client:
            created = await create(client)
            async with watch_panel(client, created["id"]) as watched:
                await watched.seen("expert_speaking")
                await kill(running, await until(lambda: leader(running), bool))
                frames = await watched.finished()
        assert frames[-1].name == "panel_completed"
        await settled(running, created["id"], frames)


async def leader(running: RunningStack) -> str:
    """The node that leads the log; empty while there is none."""
    async with running.log() as log:
        info = await log.jetstream.stream_info(PANELS.name)
    assert info.config.num_replicas == 3
    name = info.cluster.leader if info.cluster else None
    return (name or "").removeprefix("askpanel-")
