"""Each protocol from its question to its end, and the ways in which a panel ends otherwise."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import pytest

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import (
    TERMINAL,
    ConsensusCalculated,
    Event,
    ExpertRequested,
    ExpertResponded,
    HumanResponded,
    PanelCompleted,
    PanelCreated,
    PanelFailed,
    RoundCompleted,
)
from tests.harness.cast import BROKEN, LOCKED_OUT, OPPOSED, REFUSING, SLOW
from tests.harness.invariants import check_frames, check_log, check_rows, usage_complete
from tests.harness.problems import check_problem
from tests.harness.stack import (
    EXPERTS,
    Frame,
    RunningStack,
    Watched,
    create,
    follow,
    projected,
    until,
    watch_panel,
)

pytestmark = pytest.mark.e2e

DIVIDED = [*EXPERTS, OPPOSED]
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
    answer = await client.get(f"/panels/{panel_id}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


# --------------------------------------------------------------------------------------- six protocols


@dataclass(frozen=True, slots=True)
class Course:
    """What protocols.md says of a run: response types by round and step, and rounds with a consensus row."""

    body: dict[str, Any]
    steps: dict[int, dict[str, int]]
    rows: tuple[int, ...]
    stop_reason: str


COURSES = {
    "structured": Course(
        {"agents": DIVIDED, "configuration": {"consensus_threshold": 1.0}},
        {1: {"analysis": 4}, 2: {"statement": 4}},
        (1, 2),
        "max_rounds",
    ),
    "open": Course(
        {"agents": DIVIDED, "configuration": {"max_rounds": 3}},
        {1: {"analysis": 4}, 2: {"statement": 4}},
        (1, 2),
        "nothing_new",
    ),
    "socratic": Course(
        {"agents": DIVIDED, "configuration": {"consensus_threshold": 1.0}},
        {1: {"analysis": 4}, 2: {"question": 4}, 3: {"statement": 4}},
        (1, 3),
        "max_rounds",
    ),
    "adversarial": Course(
        {"agents": list(EXPERTS)},
        {1: {"analysis": 3}, 2: {"statement": 2, "question": 1, "rebuttal": 2, "analysis": 3 + 1}},
        (1, 2),
        "max_rounds",
    ),
    "delphi": Course(
        {"agents": DIVIDED, "options": ["Launch in spring", "Wait until autumn"]},
        {1: {"analysis": 4}, 2: {"statement": 4}},
        (1, 2),
        "stable",
    ),
}


KNOWN = {
    "delphi": "a rating answer comes with stance abstain, which the consensus takes as no ballot at all",
    "open": "consensus.requested lists the answers of all rounds, and novelty takes them as this round's",
}


@pytest.mark.parametrize(
    "panel_type",
    [
        pytest.param(
            name, marks=[pytest.mark.xfail(strict=True, reason=KNOWN[name])] if name in KNOWN else []
        )
        for name in COURSES
    ],
)
async def test_a_protocol_runs_its_course(running: RunningStack, panel_type: str) -> None:
    course = COURSES[panel_type]
    events, frames, panel = await run(running, panel_type=panel_type, **course.body)
    assert frames[-1].name == "panel_completed"
    spoken: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for answer in of(ExpertResponded, events):
        spoken[answer.round_number][answer.response_type] += 1
    assert spoken == course.steps
    completed = of(PanelCompleted, events)[0]
    assert (completed.rounds, completed.stop_reason) == (max(course.steps), course.stop_reason)
    assert [event.round_number for event in of(RoundCompleted, events)] == sorted(course.steps)
    assert tuple(event.round_number for event in of(ConsensusCalculated, events)) == course.rows
    async with running.http() as client:
        report = (await client.get(f"/panels/{panel['id']}/consensus")).json()
    assert tuple(one["round_number"] for one in report["rounds"]) == course.rows
    assert report["consensus"]["round_number"] == course.rows[-1]
    assert panel["stop_reason"] == course.stop_reason
    assert panel["recommendation"] == completed.recommendation
    assert [r["response_type"] for r in panel["responses"]] == [
        answer.response_type for answer in of(ExpertResponded, events)
    ]


async def test_a_dissenter_is_named_with_their_own_words(running: RunningStack) -> None:
    events, _, panel = await run(running, panel_type="structured", agents=DIVIDED)
    told = of(ConsensusCalculated, events)[-1]
    assert [one.agent_id for one in told.dissenting_opinions] == [OPPOSED]
    positions = [r.answer.position for r in of(ExpertResponded, events) if r.agent_id == OPPOSED]
    shown = panel["consensus"]["dissenting_opinions"][0]
    assert (shown["agent_id"], shown["opinion"]) == (OPPOSED, told.dissenting_opinions[0].opinion)
    assert shown["opinion"] in positions
    assert 0.5 < told.consensus_level < 1


# --------------------------------------------------------------------------------------- the human


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


# --------------------------------------------------------------------------------------- what goes wrong


async def test_a_missing_expert_is_said_wherever_the_result_is_shown(running: RunningStack) -> None:
    events, frames, panel = await run(running, agents=[*EXPERTS, BROKEN])
    assert frames[-1].name == "panel_completed"
    attempts = [frame.data for frame in frames if frame.name == "expert_failed"]
    assert [(one["agent_id"], one["attempt"], one["reason"]) for one in attempts] == [
        (BROKEN, attempt, "provider_error") for attempt in (1, 2, 3)
    ]
    assert [one["retryable"] for one in attempts] == [True, True, False]
    first = next(frame.data for frame in frames if frame.name == "round_completed")
    assert (first["answered"], first["missing"]) == ([0, 1, 2], [3])
    consensus = next(frame.data for frame in frames if frame.name == "consensus_calculated")
    assert consensus["degraded"]
    assert any("Panellist 11" in note for note in frames[-1].data["degraded"])
    assert panel["degraded"] == frames[-1].data["degraded"]
    assert [one["agent_id"] for one in panel["failures"]] == [BROKEN] * 3
    asked_again = [r for r in of(ExpertRequested, events) if r.agent_id == BROKEN and r.round_number > 1]
    assert not asked_again, "it could no longer be blind"
    async with running.http() as client, running.database() as connection:
        export = (await client.get(f"/panels/{panel['id']}/export")).text
        listed = (await client.get("/panels", params={"limit": 1})).json()["panels"][0]
        row = await connection.fetchval(
            "select metadata -> 'degraded' ->> 0 from public.panels where id = $1",
            events[0].envelope.panel.panel_id,
        )
    assert row == panel["degraded"][0]
    assert panel["degraded"][0] in export
    assert (listed["id"], listed["degraded"]) == (panel["id"], panel["degraded"])


@pytest.mark.parametrize(
    ("agents", "reason"),
    [
        (list(LOCKED_OUT), "providers_unavailable"),
        (list(REFUSING), "quorum_not_met"),
        ([EXPERTS[0], *REFUSING], "quorum_not_met"),
    ],
)
async def test_too_few_answers_fail_the_panel_with_the_reason(
    running: RunningStack, agents: list[str], reason: str
) -> None:
    events, frames, panel = await run(running, agents=agents)
    assert frames[-1].name == "panel_failed"
    assert frames[-1].data["reason"] == panel["failure"]["reason"] == reason
    assert panel["failure"]["detail"]
    assert panel["status"] == "failed"
    assert panel["consensus"] is None
    assert not of(ConsensusCalculated, events)
    assert {one["agent_id"] for one in panel["failures"]} == set(agents) - set(EXPERTS)


async def test_a_cancelled_panel_ends_once_and_asks_nobody_more(running: RunningStack) -> None:
    async with running.http() as client, running.http("owner") as owner:
        created = await create(client, agents=[*EXPERTS, SLOW])
        async with watch_panel(client, created["id"]) as watched:
            await watched.seen("response_added")
            url = f"/panels/{created['id']}/cancel"
            answers = await asyncio.gather(
                client.post(url, json={"reason": "Asked the wrong thing."}),
                owner.post(url, json={"reason": "Too dear."}),
                client.post(url),
            )
            assert {answer.status_code for answer in answers} <= {202, 409}
            assert 202 in {answer.status_code for answer in answers}
            frames = await watched.finished()
        check_problem(await client.post(url), 409)
        assert frames[-1].name == "panel_failed"
        assert frames[-1].data["reason"] == "cancelled"
        events = await until(lambda: running.events(created["id"]), answered_late)
        events = await settled(running, created["id"], frames)
        panel = await read(client, created["id"], events)
    assert panel["failure"]["reason"] == "cancelled"
    assert [r["counted"] for r in panel["responses"] if r["agent_id"] == SLOW] == [False]


def answered_late(events: Sequence[Recorded]) -> bool:
    """Whether the call that was in flight at the end has come back."""
    end = next(position for position, r in enumerate(events) if r.envelope.type in TERMINAL)
    return any(isinstance(recorded.event, ExpertResponded) for recorded in events[end:])


async def test_a_follow_up_knows_its_parent_and_the_parent_its_follow_up(running: RunningStack) -> None:
    _, _, parent = await run(running, agents=DIVIDED)
    events, frames, child = await run(
        running, query="And which supplier should we take for that launch?", parent_panel_id=parent["id"]
    )
    assert frames[0].data["parent_panel_id"] == parent["id"]
    told = of(PanelCreated, events)[0].parent
    assert told is not None
    assert (told.query, told.recommendation) == (parent["query"], parent["recommendation"])
    assert told.dissent
    requests = of(ExpertRequested, events)
    assert all(parent["query"] in r.context.model_dump_json() for r in requests)
    assert child["parent_panel_id"] == parent["id"]
    async with running.http() as client:
        again = (await client.get(f"/panels/{parent['id']}")).json()
    assert again["children"] == [child["id"]]
    assert again["status"] == "completed"
