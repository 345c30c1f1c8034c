"""An upgrade half done, and taken back: processes of two versions share panels, and nobody notices."""

import os
from collections import Counter
from collections.abc import Sequence

import pytest

from askpanel.contracts.events import EVENTS
from askpanel.contracts.subjects import PanelRef
from askpanel.contracts.topology import DEAD
from tests.faults.evidence import Allowance
from tests.faults.rolling import SERVICES, two_of_each, under_load
from tests.faults.sweep import Field, judge
from tests.harness.servers import scratch_directory
from tests.harness.stack import until
from tests.versions.later import MARK

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

PANELS = int(os.environ.get("VERSIONS_PANELS", "12"))
WRITERS = frozenset(SERVICES) - {"projector"}


async def test_panels_shared_by_two_versions_and_the_way_back_keep_every_promise() -> None:
    with scratch_directory() as data:
        async with two_of_each(data, within="tests.versions.later") as (ground, later, front):
            async with under_load(ground, front, clients=4) as load:

                async def played() -> int:
                    return len(load.played)

                await until(played, lambda count: count >= PANELS, seconds=300)
                for one in later:  # the way back, with panels in flight
                    one.terminate()
                    assert await one.ended() == 0, one.name
                gone_back = len(load.played)
                await until(played, lambda count: count >= gone_back + 4, seconds=120)
            assert not load.failed
            broken = await judge(ground, load.played, Allowance(extra_calls=0))
            assert not broken, broken
            wrote = await _writers(ground, [one.ref for one in load.played])
            assert {service for service, _ in wrote} == WRITERS
            for service in WRITERS:
                assert wrote[service, True], f"the later {service} wrote nothing"
                assert wrote[service, False], f"today's {service} wrote nothing"
            async with ground.running.log() as log:
                assert (await log.jetstream.stream_info(DEAD.name)).state.messages == 0


async def _writers(ground: Field, panels: Sequence[PanelRef]) -> Counter[tuple[str, bool]]:
    """How many events of these panels each service wrote, and whether as the later version."""
    found: Counter[tuple[str, bool]] = Counter()
    async with ground.running.log() as log:
        for ref in panels:
            async for subject, _, body, _ in log.read_raw(ref.filter):
                event_type = ".".join(subject.split(".")[:2])
                found[EVENTS[event_type].OWNER, MARK.encode() in body] += 1
    return found
