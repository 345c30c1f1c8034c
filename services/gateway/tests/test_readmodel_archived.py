"""Tables of a log whose old panels are archived: rebuilt, caught up and begun anew, byte for byte the same."""

from datetime import timedelta
from functools import partial

import pytest

from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.readmodel import store
from askpanel.gateway.readmodel.remembered import Remembered
from askpanel.gateway.readmodel.replay import replay
from askpanel.runtime.archiver import Archiver
from services.gateway.tests.stories import GLOBEX, Story, interleaved
from services.gateway.tests.test_readmodel_replay import (  # noqa: F401  (its fixtures)
    FIRST,
    Stack,
    nats_url,  # pyright: ignore[reportUnusedImport]
    projected,
    stack,  # pyright: ignore[reportUnusedImport]
    stories,
)
from tests.contract.archiving import everybody_is_past, on_log

ROWS = {"panels": 5, "panel_responses": 15, "panel_consensus": 5, "agent_usage": 15}

TABLES = ("public.panels", "public.panel_responses", "public.panel_consensus", "public.agent_usage")
BACKED_UP = (*TABLES, "askpanel.projection_checkpoint")
"""What a backup of the database holds of the projection; each table after those it refers to."""


class Killed(Exception):
    """As if the archiver had died here."""


async def follow_ups_archived(stack: Stack) -> int:  # noqa: F811
    """Three panels and a follow-up are archived; of a running one's neighbours, later ones are not."""
    await projected(stack, Story("four").whole(parent=FIRST.panel_id))
    return await archived_and_followed_up(stack)


async def archived_and_followed_up(stack: Stack) -> int:  # noqa: F811
    """What is projected leaves the log; one more panel comes. Returns the last sequence."""
    await everybody_is_past(stack.client)
    report = await Archiver(stack.client, older_than=timedelta(0), in_both=0.0).run()
    assert (report.panels, report.held) == (4, "")
    last = await stack.append(Story("five").whole(parent=FIRST.panel_id).events)
    await stack.project(last)
    return last


async def test_rows_rebuilt_from_archive_and_log_equal_the_live_ones(stack: Stack) -> None:  # noqa: F811
    last = await follow_ups_archived(stack)
    assert await on_log(stack.client) == len(Story("five").whole().events)
    report = await stack.replay()
    assert report.equal, report.differences
    assert (report.position, report.events, report.unreadable, report.refused) == (last, last, 0, 0)
    assert report.rows == ROWS
    for within in (Story("three").ref, FIRST.tenant_id, GLOBEX.id):
        some = await stack.replay(within=within)
        assert some.equal, some.differences
        assert some.rows["panels"] == (1 if isinstance(within, PanelRef) else 4 if within != GLOBEX.id else 1)


async def test_rows_that_were_lost_are_restored_from_the_archive(stack: Stack) -> None:  # noqa: F811
    await follow_ups_archived(stack)
    for table in reversed(TABLES):
        await stack.execute(f"delete from {table}")
    assert not (await stack.replay()).equal
    assert (await stack.replay(restore=True)).restored == ROWS["panels"]
    assert (await stack.replay()).equal


@pytest.mark.parametrize("batch", [1, 7, 1000])
async def test_a_projector_that_begins_anew_takes_archived_panels_too(
    stack: Stack,  # noqa: F811
    batch: int,
) -> None:
    last = await follow_ups_archived(stack)
    for table in reversed(TABLES):
        await stack.execute(f"delete from {table}")
    await stack.execute("delete from askpanel.projection_checkpoint")
    await stack.project(last, batch=batch)
    report = await stack.replay()
    assert report.equal, report.differences
    assert report.rows == ROWS
    assert await stack.letters() == 0


async def test_a_database_older_than_what_was_archived_catches_up(stack: Stack) -> None:  # noqa: F811
    """Restored from a backup of when half of it was projected; the rest has left the log since."""
    follow_up = Story("four").whole(parent=FIRST.panel_id)
    end = await stack.append([*interleaved(stories()), *follow_up.events])
    await stack.project(end // 2, batch=1)
    for table in BACKED_UP:
        await stack.execute(f"create table backup_{table.rpartition('.')[2]} as table {table}")
    assert await stack.execute("select count(*) from backup_panels where status = 'running'") > 0
    await stack.project(end)
    last = await archived_and_followed_up(stack)
    for table in reversed(BACKED_UP):
        await stack.execute(f"delete from {table}")
    for table in BACKED_UP:
        await stack.execute(f"insert into {table} select * from backup_{table.rpartition('.')[2]}")
    assert await stack.execute("select stream_sequence from askpanel.projection_checkpoint") == end // 2
    await stack.project(last)
    report = await stack.replay()
    assert report.equal, report.differences
    assert report.rows == ROWS
    assert await stack.letters() == 0


@pytest.mark.parametrize("share", [0, 1])
async def test_a_panel_forgotten_since_it_came_from_the_archive_is_read_again_whole(
    stack: Stack,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    share: int,
) -> None:
    """While archived events are applied, the checkpoint stays where it was: before the panel, or amid it."""
    monkeypatch.setattr(store, "Remembered", partial(Remembered, ended=1))
    archived = await projected(stack, Story("four").whole(parent=FIRST.panel_id))
    await everybody_is_past(stack.client)
    archiver = Archiver(stack.client, older_than=timedelta(0), in_both=0.0)
    assert (await archiver.run()).panels == 4
    first = Story("one").whole()
    last = await stack.append([first.used(2, attempt=2)])
    await stack.project(last)
    assert (await stack.replay()).equal

    older = archived * share // 4
    await stack.execute("update askpanel.projection_checkpoint set stream_sequence = $1", older)
    if not older:
        for table in ("agent_usage", "panel_consensus", "panel_responses", "panels"):
            await stack.execute(f"delete from public.{table}")
    await stack.project(last, batch=7)

    report = await stack.replay()
    assert report.equal, report.differences
    assert report.rows["agent_usage"] == 4 * 3 + 1
    assert await stack.letters() == 0


async def test_a_replay_while_the_archiver_stopped_half_way_is_equal(stack: Stack) -> None:  # noqa: F811
    """Copied and named, purged in part: what is in both places counts once."""
    await projected(stack, Story("four").whole(parent=FIRST.panel_id))
    await everybody_is_past(stack.client)

    def dies(step: str) -> None:
        if step == "noted":
            raise Killed

    with pytest.raises(Killed):
        await Archiver(stack.client, older_than=timedelta(0), in_both=0.0, told=dies).run()
    last = (await stack.log.position()).sequence
    for stop in (1, last // 2, last):
        await stack.client.jetstream().purge_stream("PANELS", seq=stop)
        report = await replay(stack.log, stack.database.projector)
        assert report.equal, report.differences
        assert report.events == last
    assert len(stories()) + 1 == report.rows["panels"]
