"""Tables of a panel that was erased and is asked again under the same id, by a projector that remembers the first."""

import asyncio

import asyncpg
import pytest

from askpanel.contracts.envelope import encode
from askpanel.contracts.topology import PANELS
from askpanel.local.erasing import Target, erase
from askpanel.runtime.bootstrap import Sizing, _stream_config
from askpanel.runtime.ending import end
from services.gateway.tests.stories import Story
from services.gateway.tests.test_readmodel_replay import (  # noqa: F401  (its fixtures)
    Stack,
    nats_url,  # pyright: ignore[reportUnusedImport]
    stack,  # pyright: ignore[reportUnusedImport]
)
from tests.contract.waiting import until

REACHED = "select stream_sequence from askpanel.projection_checkpoint where name = 'panels'"


async def forgets_ids(stack: Stack) -> None:  # noqa: F811
    """Its deduplication window is over at once, as it is ten minutes after the first request."""
    config = _stream_config(PANELS, Sizing())
    config.duplicate_window = 0.1
    await stack.log.jetstream.update_stream(config)


async def has_forgotten(stack: Stack) -> None:  # noqa: F811
    """All ids of what is on the log by now."""
    subject, headers, body = encode(Story("another").created())

    async def is_new() -> bool:
        return not (await stack.log.jetstream.publish(subject, body, headers=headers)).duplicate

    assert await is_new()
    await until(is_new)


async def erased(stack: Stack, story: Story) -> None:  # noqa: F811
    """As `askpanel erase-panel` does it."""
    connection = await asyncpg.connect(stack.database.admin)
    try:
        target = Target(story.ref.tenant_id, story.ref.panel_id)
        await erase(
            stack.client,
            connection,
            target,
            by="me",
            because="asked",
            confirmed=True,
            settle=0.1,
            purge_seconds=30,
        )
    finally:
        await connection.close()


@pytest.mark.parametrize("ended", [True, False], ids=["and ends", "and runs"])
async def test_its_rows_are_those_of_what_it_is_now(stack: Stack, ended: bool) -> None:  # noqa: F811
    async def reached(sequence: int) -> None:
        await until(lambda: is_at(sequence), seconds=20)

    async def is_at(sequence: int) -> bool:
        return await stack.execute(REACHED) == sequence

    await forgets_ids(stack)
    story = Story("one").whole()
    async with stack.projection() as projection:
        running = asyncio.create_task(projection.run())
        await reached(await stack.append(story.events))
        await erased(stack, story)
        await has_forgotten(stack)
        again = story.events if ended else story.events[:9]
        await reached(await stack.append(again))
        await end(running)
    status = await stack.execute("select status::text from panels where id = $1", story.ref.panel_id)
    assert status == ("completed" if ended else "running")
    report = await stack.replay(within=story.ref)
    assert report.equal, report.differences
    assert await stack.letters() == 0
