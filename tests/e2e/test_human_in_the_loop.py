"""The human of a hybrid panel: asked, heard once, and the only one who can sign."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from askpanel.contracts.events import (
    ConsensusCalculated,
    ExpertRequested,
    HumanResponded,
    PanelCompleted,
    PanelFailed,
)
from tests.harness.panels import of, read, settled
from tests.harness.problems import check_problem
from tests.harness.stack import RunningStack, Watched, create, until, watch_panel

pytestmark = pytest.mark.e2e


@asynccontextmanager
async def hybrid(running: RunningStack, **configuration: Any) -> AsyncGenerator[tuple[str, Watched]]:
    """A hybrid panel of the member, followed in the background."""
    async with running.http() as client:
        created = await create(client, panel_type="hybrid", configuration=configuration)
        async with watch_panel(client, created["id"]) as watched:
            yield created["id"], watched


async def asked(watched: Watched, times: int) -> dict[str, Any]:
    """What the human is asked, the n-th time."""

    async def requests() -> list[dict[str, Any]]:
        if watched.task.done():
            watched.task.result()
        return [frame.data for frame in watched.frames if frame.name == "human_requested"]

    return (await until(requests, lambda found: len(found) >= times))[times - 1]


async def say(
    running: RunningStack,
    panel_id: str,
    request: dict[str, Any],
    action: str,
    user: str = "member",
    **more: str,
) -> httpx.Response:
    """One person's word to a checkpoint."""
    body = {"checkpoint_id": request["checkpoint_id"], "action": action} | more
    async with running.http(user) as client:
        return await client.post(f"/panels/{panel_id}/human-input", json=body)


async def test_a_hybrid_panel_waits_hears_the_human_and_ends_with_the_signature(
    running: RunningStack,
) -> None:
    async with hybrid(running) as (panel_id, watched):
        first = await asked(watched, 1)
        assert (first["kind"], first["actions"]) == ("input", ["answer", "approve", "veto"])
        async with running.http() as client:
            waiting = await until(lambda: waits_for(client, panel_id), lambda found: found is not None)
        assert waiting is not None
        assert waiting["checkpoint_id"] == first["checkpoint_id"]
        text = "Supply is not secured before June."
        told = await say(running, panel_id, first, "answer", content=text, stance="conditional")
        assert told.status_code == 202, told.text
        second = await asked(watched, 2)
        assert second["kind"] == "ratify"
        assert (await say(running, panel_id, second, "approve")).status_code == 202
        frames = await watched.finished()
    events = await settled(running, panel_id, frames)
    completed = of(PanelCompleted, events)[0]
    assert completed.stop_reason == "human_approved"
    assert str(completed.ratified_by) == running.user()["id"]
    assert [event.round_number for event in of(ConsensusCalculated, events)] == [1, 2]
    later = [r for r in of(ExpertRequested, events) if r.round_number == 2]
    assert later
    assert all(text in request.context.model_dump_json() for request in later)
    async with running.http() as client:
        panel = await read(client, panel_id, events)
    human = [r for r in panel["responses"] if r["role"] == "human"]
    assert [(r["agent_id"], r["response_type"], r["round_number"]) for r in human] == [
        (f"human:{running.user()['id']}", "statement", 1),
        (f"human:{running.user()['id']}", "statement", 2),
    ]
    assert panel["awaiting"] is None
    assert panel["ratified_by"] == running.user()["id"]


async def waits_for(client: httpx.AsyncClient, panel_id: str) -> dict[str, Any] | None:
    return (await client.get(f"/panels/{panel_id}")).json().get("awaiting")


async def test_a_human_who_modifies_gets_another_round(running: RunningStack) -> None:
    async with hybrid(running, max_rounds=3) as (panel_id, watched):
        await say(running, panel_id, await asked(watched, 1), "answer", content="Mind the budget.")
        second = await asked(watched, 2)
        assert "modify" in second["actions"]
        empty = await say(running, panel_id, second, "modify")
        check_problem(empty, 422, "/content")
        told = await say(running, panel_id, second, "modify", content="Say what it costs.", stance="oppose")
        assert told.status_code == 202
        third = await asked(watched, 3)
        assert "modify" not in third["actions"], "no round is left"
        await say(running, panel_id, third, "approve")
        frames = await watched.finished()
    events = await settled(running, panel_id, frames)
    assert of(PanelCompleted, events)[0].rounds == 3
    assert [event.round_number for event in of(ConsensusCalculated, events)] == [1, 2, 3]


async def test_a_veto_ends_the_panel_without_a_result(running: RunningStack) -> None:
    async with hybrid(running) as (panel_id, watched):
        told = await say(running, panel_id, await asked(watched, 1), "veto", content="The question is wrong.")
        assert told.status_code == 202
        frames = await watched.finished()
    events = await settled(running, panel_id, frames)
    failed = of(PanelFailed, events)[0]
    assert failed.reason == "rejected"
    assert "The question is wrong." in failed.detail


async def test_of_two_humans_at_once_the_log_hears_one(running: RunningStack) -> None:
    async with hybrid(running) as (panel_id, watched):
        request = await asked(watched, 1)
        said = await asyncio.gather(
            say(running, panel_id, request, "answer", content="Yes.", stance="support"),
            say(running, panel_id, request, "answer", user="owner", content="No.", stance="oppose"),
        )
        assert sorted(answer.status_code for answer in said) == [202, 409]
        check_problem(next(answer for answer in said if answer.status_code == 409), 409)
        await say(running, panel_id, await asked(watched, 2), "approve", user="admin")
        frames = await watched.finished()
    events = await settled(running, panel_id, frames)
    heard = [
        event for event in of(HumanResponded, events) if str(event.checkpoint_id) == request["checkpoint_id"]
    ]
    winner = said.index(next(answer for answer in said if answer.status_code == 202))
    assert [event.content for event in heard] == [("Yes.", "No.")[winner]]
    assert str(of(PanelCompleted, events)[0].ratified_by) == running.user("admin")["id"]


async def test_a_guest_and_a_stranger_are_not_heard(running: RunningStack) -> None:
    async with hybrid(running) as (panel_id, watched):
        request = await asked(watched, 1)
        check_problem(await say(running, panel_id, request, "approve", user="guest"), 403)
        async with running.http("owner", "globex") as stranger:
            body = {"checkpoint_id": request["checkpoint_id"], "action": "approve"}
            check_problem(await stranger.post(f"/panels/{panel_id}/human-input", json=body), 404)
        check_problem(await say(running, panel_id, request, "modify", content="x"), 422, "/action")
        await say(running, panel_id, request, "approve")
        frames = await watched.finished()
    assert len(of(HumanResponded, await settled(running, panel_id, frames))) == 1
