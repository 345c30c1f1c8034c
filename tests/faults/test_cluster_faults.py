"""A cluster of three NATS nodes that loses some of them under load: every promise is kept.

`python -m tests.faults cluster` runs the same and prints how long each fault was felt.
"""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.faults.cluster import SCENARIOS, Cluster, cluster_on, run
from tests.harness.servers import scratch_directory

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

UNNOTICED = frozenset({"leader killed", "follower killed", "rolling restart"})
"""Faults that an append waits out: whoever asks meanwhile waits and is not refused."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster() -> AsyncGenerator[Cluster]:
    """One stack for all; each scenario leaves it whole."""
    with scratch_directory() as data:
        async with cluster_on(data) as started:
            yield started


@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_cluster_keeps_every_promise(
    cluster: Cluster, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = await run(cluster, name)
    with capsys.disabled():
        print(f"\n{outcome}", end="", flush=True)
    assert not outcome.broken, outcome.broken
    if name in UNNOTICED:
        assert outcome.refused == 0
