"""Each protocol from its question to its end, and the ways in which a panel ends otherwise."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import (
    TERMINAL,
    ConsensusCalculated,
    ExpertRequested,
    ExpertResponded,
    PanelCompleted,
    PanelCreated,
    RoundCompleted,
)
from tests.harness.cast import BROKEN, LOCKED_OUT, OPPOSED, REFUSING, SLOW
from tests.harness.panels import of, read, run, settled
from tests.harness.problems import check_problem
from tests.harness.stack import (
    EXPERTS,
    RunningStack,
    create,
    until,
    watch_panel,
)

pytestmark = pytest.mark.e2e

DIVIDED = [*EXPERTS, OPPOSED]


@dataclass(frozen=True, slots=True)
class Course:
    """What protocols.md says of a run: response types by round and step, and rounds with a consensus row."""

    body: dict[str, Any]
    steps: dict[int, dict[str, int]]
    rows: tuple[int, ...]
    stop_reasons: tuple[str, ...]
    """More than one where the ratings drawn for the panel decide which comes first."""


COURSES = {
    "structured": Course(
        {"agents": DIVIDED, "configuration": {"consensus_threshold": 1.0}},
        {1: {"analysis": 4}, 2: {"statement": 4}},
        (1, 2),
        ("max_rounds",),
    ),
    "open": Course(
        {"agents": DIVIDED, "configuration": {"max_rounds": 3}},
        {1: {"analysis": 4}, 2: {"statement": 4}},
        (1, 2),
        ("nothing_new",),
    ),
    "socratic": Course(
        {"agents": DIVIDED, "configuration": {"consensus_threshold": 1.0}},
        {1: {"analysis": 4}, 2: {"question": 4}, 3: {"statement": 4}},
        (1, 3),
        ("max_rounds",),
    ),
    "adversarial": Course(
        {"agents": list(EXPERTS)},
        {1: {"analysis": 3}, 2: {"statement": 2, "question": 1, "rebuttal": 2, "analysis": 3 + 1}},
        (1, 2),
        ("max_rounds",),
    ),
    "delphi": Course(
        {"agents": list(EXPERTS), "options": ["Launch in spring", "Wait until autumn"]},
        {1: {"analysis": 3}, 2: {"statement": 3}},
        (1, 2),
        ("stable", "threshold_reached"),
    ),
}


@pytest.mark.parametrize("panel_type", COURSES)
async def test_a_protocol_runs_its_course(running: RunningStack, panel_type: str) -> None:
    course = COURSES[panel_type]
    events, frames, panel = await run(running, panel_type=panel_type, **course.body)
    assert frames[-1].name == "panel_completed"
    spoken: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for answer in of(ExpertResponded, events):
        spoken[answer.round_number][answer.response_type] += 1
    assert spoken == course.steps
    completed = of(PanelCompleted, events)[0]
    assert completed.rounds == max(course.steps)
    assert completed.stop_reason in course.stop_reasons
    assert [event.round_number for event in of(RoundCompleted, events)] == sorted(course.steps)
    assert tuple(event.round_number for event in of(ConsensusCalculated, events)) == course.rows
    async with running.http() as client:
        report = (await client.get(f"/panels/{panel['id']}/consensus")).json()
    assert tuple(one["round_number"] for one in report["rounds"]) == course.rows
    assert report["consensus"]["round_number"] == course.rows[-1]
    assert panel["stop_reason"] == completed.stop_reason
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
    """Whether the call that was surely in flight at the end has come back."""
    end = next(position for position, r in enumerate(events) if r.envelope.type in TERMINAL)
    return any(isinstance(r.event, ExpertResponded) and r.event.agent_id == SLOW for r in events[end:])


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
