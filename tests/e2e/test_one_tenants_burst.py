"""A tenant that asks for many panels at once, beside one that asks for one: calls at once are dealt to both in turn."""

import asyncio
from collections.abc import Generator

import pytest

from askpanel.contracts.events import PanelCompleted
from tests.harness.stack import RunningStack, create, follow, stack

pytestmark = pytest.mark.e2e

PANELS = 12
ONE_ROUND = {"configuration": {"max_rounds": 1}}


@pytest.fixture(scope="module")
def busy() -> Generator[RunningStack]:
    """Two calls at once, a fifth of a second each."""
    with stack("scripted:latency=0.2", ASKPANEL_RUNNER_CALLS="2") as started:
        yield started


async def completed_at(running: RunningStack, slug: str) -> int:
    """Ask one panel; where on the log its result is."""
    async with running.http(slug=slug) as client:
        panel = await create(client, **ONE_ROUND)
        await follow(client, panel["id"])
    events = await running.events(panel["id"], slug)
    return next(one.sequence for one in events if isinstance(one.event, PanelCompleted))


async def test_one_tenants_burst_does_not_hold_up_anothers_panel(busy: RunningStack) -> None:
    burst = [asyncio.create_task(completed_at(busy, "acme")) for _ in range(PANELS)]
    await asyncio.wait(burst, return_when=asyncio.FIRST_COMPLETED)
    other = await completed_at(busy, "globex")
    before = sum(panel < other for panel in await asyncio.gather(*burst))
    assert before <= PANELS // 2, f"{before} of {PANELS} panels that were asked in a burst came before"
