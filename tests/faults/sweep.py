"""kill -9 of every process at every event boundary of panels of every protocol, on one running stack.

Panels run one after another; each loses one process, at one boundary, and is judged when everything has
settled. What a run did not reach is said, and a file of results lets the next run go on there.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import nats
import nats.errors
from nats.aio.client import Client

from askpanel.contracts.configuration import PANEL_TYPES
from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import ExpertFailed, ExpertResponded, HumanResponded, PanelCreated, PanelType
from askpanel.contracts.ids import event_id
from askpanel.contracts.subjects import PanelRef, parse
from askpanel.runtime.ending import end
from askpanel.runtime.errors import LogUnavailable
from askpanel.runtime.log import EventLog
from askpanel.runtime.tail import follow as follow_log
from tests.faults import cases
from tests.faults.cases import BODIES, Case, Result
from tests.faults.evidence import Allowance, Command, Evidence, ModelCall
from tests.faults.invariants import violations
from tests.faults.readers import calls_of, log_of, rows_of, transcript_of
from tests.harness.invariants import usage_complete
from tests.harness.stack import ENDED, Frame, RunningStack, Unready, frames_of, projected, stack_on, until

LATENCY = 0.05
SETTLE_SECONDS = 90.0
Told = Callable[[str], None]
Seen = Callable[[PanelRef, str], None]


@dataclass
class Field:
    """A stack under test, the tail of its log, and the record of its model's calls, made by `script`."""

    running: RunningStack
    record: Path
    script: str = ""
    listeners: list[Seen] = field(default_factory=list[Seen])

    async def watch(self) -> None:
        """Tell listeners of every event, for as long as the stack lives."""
        client: Client = await nats.connect(
            **self.running.nats_login,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.1,
            error_cb=_expected,
        )
        try:
            end = await EventLog(client).position()
            async for raw in follow_log(client.jetstream(), after=end.sequence):
                if raw is not None:
                    event_type, ref = parse(raw.subject)
                    for listener in tuple(self.listeners):
                        listener(ref, event_type)
        finally:
            await client.close()


async def _expected(_: Exception) -> None:
    """The server going away is what this is about."""


@contextlib.asynccontextmanager
async def field_on(data: Path, model: str = "", **environment: str) -> AsyncGenerator[Field]:
    """A stack with a recorded scripted model, and its log being watched."""
    record = data / "calls.jsonl"
    script = f"scripted:latency={LATENCY},words=40,record={record}{model}"
    with stack_on(data, script, **environment) as running:
        ground = Field(running, record, script)
        task = asyncio.create_task(ground.watch())
        try:
            yield ground
        finally:
            await end(task)


def kill_process(running: RunningStack, name: str, number: int = signal.SIGKILL) -> bool:
    """Send a signal now; False when the process is down already."""
    pid = running.pids().get(name)
    if pid is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False


@dataclass(frozen=True, slots=True)
class Played:
    """A panel that has ended and settled. `ended_at` by the monotonic clock; `refused` is how often a POST was.

    `promised`: what its clients were told is accepted.
    """

    ref: PanelRef
    events: Sequence[Recorded]
    frames: Sequence[Frame]
    seconds: float
    killed_after: str | None
    ended_at: float
    post_seconds: float
    refused: int
    promised: Sequence[Command]


def question(ref: PanelRef) -> Command:
    """What an answered POST promises, by nothing but its answer."""
    return Command(ref, event_id(ref.panel_id, PanelCreated.TYPE), PanelCreated.TYPE)


def human_answer(ref: PanelRef, checkpoint_id: str) -> Command:
    """What an accepted answer of a human promises."""
    return Command(ref, event_id(ref.panel_id, HumanResponded.TYPE, checkpoint_id), HumanResponded.TYPE)


async def play(ground: Field, panel_type: PanelType, case: Case | None, slug: str = "acme") -> Played:
    """One panel to its end, its stream followed by a client, with the case's kill at its boundary."""
    running = ground.running
    seen: dict[PanelRef, int] = {}
    killed: list[str] = []
    begun = time.monotonic()
    body: dict[str, Any] = {"panel_type": panel_type, **BODIES[panel_type], "query": _question(slug)}
    mine: list[UUID] = []

    def listener(ref: PanelRef, event_type: str) -> None:
        seen[ref] = seen.get(ref, 0) + 1
        if case is None or killed or (mine and ref.panel_id not in mine):
            return
        if seen[ref] >= case.boundary and kill_process(running, case.process):
            killed.append(event_type)

    ground.listeners.append(listener)
    try:
        async with running.http(slug=slug) as client:
            created, refused = await _created(client, body)
            answered = time.monotonic()
            mine.append(UUID(created["id"]))
            frames, accepted = await _followed(client, created["id"])
    finally:
        ground.listeners.remove(listener)
    ended_at = time.monotonic()
    ref = running.ref(created["id"], slug)
    events = await until(lambda: _events(running, ref), _paid, seconds=SETTLE_SECONDS)
    return Played(
        ref=ref,
        events=events,
        frames=frames,
        seconds=ended_at - begun,
        killed_after=killed[0] if killed else None,
        ended_at=ended_at,
        post_seconds=answered - begun,
        refused=refused,
        promised=[question(ref), *(human_answer(ref, checkpoint) for checkpoint in accepted)],
    )


async def _created(client: httpx.AsyncClient, body: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """POST until it is confirmed, with one key, as a client should; and how often it was refused."""
    headers = {"Idempotency-Key": os.urandom(16).hex()}
    deadline = time.monotonic() + SETTLE_SECONDS
    refused = 0
    while True:
        with contextlib.suppress(httpx.TransportError):
            answer = await client.post(
                "/panels", json={"agents": ["expert-0", "expert-1", "expert-2"], **body}, headers=headers
            )
            if answer.status_code == 201:
                return answer.json(), refused
            assert answer.status_code == 503, answer.text
            refused += 1
        assert time.monotonic() < deadline, "the question was never accepted"
        await asyncio.sleep(0.1)


async def _followed(client: httpx.AsyncClient, panel_id: str) -> tuple[list[Frame], list[str]]:
    """The panel's stream to its end, resumed after every break; a waiting human says yes.

    Beside it the checkpoints at which that was accepted.
    """
    frames: list[Frame] = []
    answered: set[str] = set()
    accepted: list[str] = []
    deadline = time.monotonic() + SETTLE_SECONDS
    while not frames or frames[-1].name not in ENDED:
        assert time.monotonic() < deadline, f"no end after {SETTLE_SECONDS} s; last {frames[-2:]}"
        resume = next((frame.id for frame in reversed(frames) if frame.id is not None), None)
        try:
            async for frame in frames_of(client, panel_id, resume):
                frames.append(frame)
                if frame.name in ENDED:
                    break
                if frame.name == "human_requested" and frame.data["checkpoint_id"] not in answered:
                    if await _answer(client, panel_id, frame.data):
                        accepted.append(frame.data["checkpoint_id"])
                    answered.add(frame.data["checkpoint_id"])
        except (httpx.TransportError, Unready):
            await asyncio.sleep(0.1)
    return frames, accepted


async def _answer(client: httpx.AsyncClient, panel_id: str, request: Mapping[str, Any]) -> bool:
    """Whether the answer was accepted: True, or False where it came too late."""
    action = "answer" if request["kind"] == "input" else "approve"
    body = {
        "checkpoint_id": request["checkpoint_id"],
        "action": action,
        "content": "Go on.",
        "stance": "support",
    }
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            answer = await client.post(f"/panels/{panel_id}/human-input", json=body)
            if answer.status_code in (202, 409):
                return answer.status_code == 202
        await asyncio.sleep(0.1)
    raise AssertionError("the human's answer was never accepted")


async def _events(running: RunningStack, ref: PanelRef) -> list[Recorded]:
    """The panel's events; nothing while NATS is away."""
    try:
        async with asyncio.timeout(10), running.log() as log:
            return await log_of(log, [ref])
    except (LogUnavailable, TimeoutError, OSError, nats.errors.Error):
        return []


def _paid(events: Sequence[Recorded]) -> bool:
    return bool(events) and usage_complete(events)


async def judge(ground: Field, played: Sequence[Played], allowance: Allowance) -> tuple[str, ...]:
    """Every invariant on these panels, by log, tables, transcripts and call record."""
    refs = [one.ref for one in played]
    slugs = [tenant["slug"] for tenant in ground.running.told["tenants"]]
    await projected(ground.running, max(one.events[-1].sequence for one in played))
    async with ground.running.database() as connection:
        tables = await rows_of(connection, refs)
    evidence = Evidence(
        events=[recorded for one in played for recorded in one.events],
        commands=[command for one in played for command in one.promised],
        transcripts=[transcript_of(one.ref, one.frames) for one in played],
        calls=calls_of(ground.record, refs),
        tables=tables,
        secrets={ground.running.tenant(slug): (canary(slug),) for slug in slugs},
    )
    return tuple(map(str, violations(evidence, allowance)))


def canary(slug: str) -> str:
    """A word that only this tenant may ever see."""
    return f"canary-of-{slug}"


def _question(slug: str) -> str:
    return f"Which launch strategy best balances efficacy, safety, price and supply, {canary(slug)}?"


def repeated(calls: Sequence[ModelCall], events: Sequence[Recorded]) -> int:
    """Model calls beyond those that told an outcome."""
    told = sum(
        isinstance(r.event, ExpertResponded)
        or (isinstance(r.event, ExpertFailed) and r.event.reason != "interrupted")
        for r in events
    )
    return max(0, len(calls) - told)


async def run(
    data: Path,
    *,
    seed: int,
    minutes: float,
    processes: Sequence[str],
    resume: Path | None,
    told: Told,
    stacks: int = 1,
) -> tuple[list[Result], list[Case]]:
    """Work through the cases for so long. Returns all results, earlier ones included, and what is left.

    `stacks` at a time, each with one panel and one kill: most of a case is waiting for leases to end.
    """
    results = cases.done(resume)
    until_time = time.monotonic() + 60 * minutes
    async with contextlib.AsyncExitStack() as opened:
        grounds = [
            await opened.enter_async_context(field_on(_made(data / f"stack-{number}")))
            for number in range(stacks)
        ]
        usual = await _usual(grounds[0])
        boundaries: dict[PanelType, int] = {panel_type: len(one.events) for panel_type, one in usual.items()}
        known = {one.case for one in results}
        todo = [case for case in cases.cases(boundaries, processes, seed) if case not in known]
        told(f"sweep: boundaries {boundaries}: {len(todo)} cases to do, {len(known)} done before")

        async def work(ground: Field) -> None:
            while todo and time.monotonic() < until_time:
                case = todo.pop(0)
                result = await _one(ground, case, usual[case.panel_type].seconds)
                results.append(result)
                cases.keep(resume, result)
                if result.violations:
                    told(f"sweep: BROKEN {case.name}: {result.violations}")
                if len(results) % 20 == 0:
                    told(f"sweep: {len(results)} done, {len(todo)} to go; {_pace(results, todo, stacks)}")

        async with asyncio.TaskGroup() as group:
            for ground in grounds:
                group.create_task(work(ground))
    return results, todo


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory


async def _usual(ground: Field) -> dict[PanelType, Played]:
    """A panel of each protocol that nothing happens to."""
    usual: dict[PanelType, Played] = {}
    for panel_type in PANEL_TYPES:
        await play(ground, panel_type, None)  # warms up
        usual[panel_type] = await play(ground, panel_type, None)
        broken = await judge(ground, [usual[panel_type]], Allowance())
        assert not broken, broken
    return usual


async def _one(ground: Field, case: Case, usual: float) -> Result:
    seats = 3
    try:
        one = await play(ground, case.panel_type, case)
        extra_calls = seats if case.process in ("expert-runner", "nats") else 1
        broken = await judge(ground, [one], Allowance(extra_calls=extra_calls))
    except AssertionError as error:
        return Result(case, "unknown", SETTLE_SECONDS, SETTLE_SECONDS, 0, (f"I2 {error}",))
    finally:
        await standing(ground.running)
    again = repeated(calls_of(ground.record, [one.ref]), one.events)
    return Result(case, one.killed_after, one.seconds, max(0.0, one.seconds - usual), again, broken)


async def standing(running: RunningStack) -> None:
    """Wait until every process is there again."""

    async def there() -> set[str]:
        return set(running.pids())

    await until(there, lambda names: names >= set(cases.PROCESSES), seconds=SETTLE_SECONDS)


def _pace(results: Sequence[Result], todo: Sequence[Case], stacks: int) -> str:
    recent = [one.seconds for one in results[-50:]]
    each = sum(recent) / len(recent)
    return f"{each:.1f} s each, at least {each * len(todo) / stacks / 60:.0f} min for the rest"
