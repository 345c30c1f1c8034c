"""Two processes of a service share its work, and no step is done twice."""

import asyncio
import contextlib

import pytest

from askpanel.contracts.events import ExpertStarted
from tests.harness.beside import handled, ready, second
from tests.harness.invariants import check_frames, check_log, usage_complete
from tests.harness.stack import create, follow, stack, until

pytestmark = pytest.mark.e2e

SHARED = ("orchestrator", "expert-runner", "consensus", "usage")
MODEL = "scripted:latency=0.2"
PANELS = 12


async def test_twelve_panels_on_two_of_each_end_once_and_exactly() -> None:
    with stack(MODEL) as running, contextlib.ExitStack() as more:
        probes = {name: more.enter_context(second(running, name, ASKPANEL_MODEL=MODEL)) for name in SHARED}
        for probe in probes.values():
            await ready(probe)

        async def one() -> None:
            async with running.http() as client:
                created = await create(client, configuration={"max_rounds": 2, "consensus_threshold": 1.0})
                frames = await follow(client, created["id"])
            events = await until(lambda: running.events(created["id"]), usage_complete)
            check_log(events)
            check_frames(frames, events)
            answered = sum(frame.name == "response_added" for frame in frames)
            assert sum(isinstance(r.event, ExpertStarted) for r in events) == answered

        await asyncio.gather(*(one() for _ in range(PANELS)))
        for name, probe in probes.items():
            assert await handled(probe) > 0, f"the second {name} did nothing"
