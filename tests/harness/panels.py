"""One panel from its question to its exact rows, and its events by type."""

from collections.abc import Sequence
from typing import Any, TypeVar

import httpx

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import Event
from tests.harness.invariants import check_frames, check_log, check_rows, usage_complete
from tests.harness.stack import Frame, RunningStack, create, follow, projected, until

Answer = dict[str, Any]
E = TypeVar("E", bound=Event)


def of(kind: type[E], events: Sequence[Recorded]) -> list[E]:
    """The events of one type, in order."""
    return [recorded.event for recorded in events if isinstance(recorded.event, kind)]


async def settled(running: RunningStack, panel_id: str, frames: Sequence[Frame]) -> list[Recorded]:
    """The panel's events once all is paid, with every invariant checked on log, stream and rows."""
    events = await until(lambda: running.events(panel_id), usage_complete)
    check_log(events)
    check_frames(frames, events)
    await projected(running, events[-1].sequence)
    async with running.database() as connection:
        await check_rows(connection, events)
    return events


async def run(running: RunningStack, **body: Any) -> tuple[list[Recorded], list[Frame], Answer]:
    """A panel to its end: its events, what a client received, what GET answers afterwards."""
    async with running.http() as client:
        created = await create(client, **body)
        frames = await follow(client, created["id"])
        events = await settled(running, created["id"], frames)
        return events, frames, await read(client, created["id"], events)


async def read(client: httpx.AsyncClient, panel_id: str, events: Sequence[Recorded]) -> Answer:
    """The panel as the tables have it once they show all these events."""
    headers = {"X-Min-Sequence": str(events[-1].sequence)}

    async def shown() -> httpx.Response:
        return await client.get(f"/panels/{panel_id}", headers=headers)

    answer = await until(shown, lambda found: found.headers.get("X-Min-Sequence-Reached") == "true")
    assert answer.status_code == 200, answer.text
    return answer.json()
