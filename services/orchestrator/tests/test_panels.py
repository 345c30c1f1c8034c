"""Panels in hand: one holder at a time, and what somebody waits for is never dropped."""

import asyncio
from uuid import uuid4

from askpanel.contracts.subjects import PanelRef
from askpanel.orchestrator.panels import Panel, Panels


async def test_a_panel_that_is_waited_for_is_the_same_for_all_who_wait() -> None:
    """Between one holder's end and the next one's turn nobody holds it."""
    panels, ref = Panels(capacity=0), PanelRef(uuid4(), uuid4())
    held: list[Panel] = []
    at_once = most = 0

    async def hold() -> None:
        nonlocal at_once, most
        async with panels.hold(ref) as panel:
            at_once += 1
            most = max(most, at_once)
            held.append(panel)
            await asyncio.sleep(0)
            at_once -= 1

    first = [asyncio.create_task(hold()) for _ in range(3)]
    await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.gather(*first, *(hold() for _ in range(3)))
    assert (most, len(held), len({id(panel) for panel in held})) == (1, 6, 1)


async def test_idle_panels_beyond_the_capacity_are_dropped() -> None:
    panels, ref = Panels(capacity=0), PanelRef(uuid4(), uuid4())
    async with panels.hold(ref) as before:
        pass
    async with panels.hold(ref) as after:
        assert after is not before
