"""A rolling restart of everything under load: SIGTERM, one process after the other, two of each service.

Clients stand behind an ingress, repeat nothing and forgive nothing: each request has one try, each stream must
end at an event boundary and go on by Last-Event-ID. Then the usual judge, with no model call too many.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from askpanel.contracts.events import RoundCompleted
from askpanel.contracts.topology import DURABLES, PANELS
from tests.faults.evidence import Allowance
from tests.faults.sweep import Field, Played, canary, field_on, judge, question
from tests.harness.ingress import Ingress, ingress
from tests.harness.invariants import usage_complete
from tests.harness.replicas import LONGEST_DRAIN, LONGEST_START, Replica, answers, replica
from tests.harness.stack import ENDED, Frame, frames_of, until

SERVICES = ("gateway", "orchestrator", "expert-runner", "consensus", "usage", "projector")
ROUNDS = 3
LATENCY = 1.0
"""Seconds a model takes: a stream is open nearly all the time."""
DISSENT = ",stance.expert-2=oppose"
BODY: Mapping[str, Any] = {
    "panel_type": "structured",
    "agents": ["expert-0", "expert-1", "expert-2"],
    "configuration": {"max_rounds": ROUNDS, "consensus_threshold": 1.0},
}
IDLE = httpx.Limits(keepalive_expiry=1.0)
"""A client keeps a connection for less time than a gateway drains, as an ingress must be told to."""


@dataclass
class Load:
    """What clients asked for and what became of it, request by request."""

    ground: Field
    url: str
    played: list[Played] = field(default_factory=list[Played])
    failed: list[str] = field(default_factory=list[str])
    requests: Counter[str] = field(default_factory=Counter[str])
    resumes: int = 0
    over: bool = False

    def client(self) -> httpx.AsyncClient:
        """A client behind the ingress, with connections kept between requests."""
        return httpx.AsyncClient(
            base_url=f"{self.url}/api/v1",
            headers=self.ground.running.headers(),
            timeout=15,
            limits=IDLE,
        )

    async def panels(self) -> None:
        """One panel after the other, each followed by its own stream."""
        async with self.client() as client:
            while not self.over:
                await self._panel(client)

    async def readers(self) -> None:
        """Lists and single panels, again and again."""
        async with self.client() as client:
            while not self.over:
                listed = await self._get(client, "GET list", "/panels?limit=5")
                for one in (listed or {"panels": ()})["panels"][:2]:
                    await self._get(client, "GET panel", f"/panels/{one['id']}")
                await asyncio.sleep(0.2)

    async def _panel(self, client: httpx.AsyncClient) -> None:
        began = time.monotonic()
        body = {**BODY, "query": f"Which strategy balances safety and supply, {canary('acme')}?"}
        self.requests["POST"] += 1
        try:
            answer = await client.post("/panels", json=body, headers={"Idempotency-Key": str(uuid4())})
        except httpx.TransportError as error:
            self.failed.append(f"POST {error!r}")
            return
        if answer.status_code != 201:
            self.failed.append(f"POST {answer.status_code} {answer.text}")
            return
        panel_id = answer.json()["id"]
        answered = time.monotonic()
        frames = await self._follow(client, panel_id)
        ended = time.monotonic()
        running, ref = self.ground.running, self.ground.running.ref(panel_id)
        events = await until(lambda: running.events(panel_id), usage_complete, seconds=120)
        self.played.append(
            Played(
                ref=ref,
                events=events,
                frames=frames,
                seconds=ended - began,
                killed_after=None,
                ended_at=ended,
                post_seconds=answered - began,
                refused=0,
                promised=[question(ref)],
            )
        )

    async def _follow(self, client: httpx.AsyncClient, panel_id: str) -> Sequence[Frame]:
        """The whole stream. An end without the panel's is resumed; anything else but an end is a failure."""
        frames: list[Frame] = []
        deadline = time.monotonic() + 180
        while not frames or frames[-1].name not in ENDED:
            assert time.monotonic() < deadline, f"no end of {panel_id} in time; last {frames[-2:]}"
            last = next((frame.id for frame in reversed(frames) if frame.id is not None), None)
            self.requests["stream"] += 1
            self.resumes += bool(frames)
            try:
                async for frame in frames_of(client, panel_id, last):
                    frames.append(frame)
            except (httpx.TransportError, AssertionError) as error:
                self.failed.append(f"stream {error!r}")
                await asyncio.sleep(0.1)
        return frames

    async def _get(self, client: httpx.AsyncClient, what: str, path: str) -> dict[str, Any] | None:
        self.requests[what] += 1
        try:
            answer = await client.get(path)
        except httpx.TransportError as error:
            self.failed.append(f"GET {path} {error!r}")
            return None
        if answer.status_code != 200:
            self.failed.append(f"GET {path} {answer.status_code} {answer.text}")
            return None
        return answer.json()


@dataclass(frozen=True, slots=True)
class Restart:
    """One process that was told to end under load: how long it drained and until it was ready again."""

    name: str
    drained: float
    back: float


@dataclass
class Rolled:
    """What a rolling restart came to."""

    load: Load
    restarts: Sequence[Restart]
    redelivered: Mapping[str, int]
    broken: Sequence[str]
    refused: int

    def __str__(self) -> str:
        lines = [
            f"{one.name:18} drained in {one.drained:5.2f} s, ready again after {one.back:5.2f} s"
            for one in self.restarts
        ]
        lines.append(
            f"{len(self.load.played)} panels, requests {dict(self.load.requests)}, resumed streams "
            f"{self.load.resumes}, failed {len(self.load.failed)}, redelivered {dict(self.redelivered)}"
        )
        return "\n".join([*lines, *self.load.failed, *self.broken])


@contextlib.asynccontextmanager
async def two_of_each(
    data: Path, services: Sequence[str] = SERVICES, *, within: str | None = None
) -> AsyncGenerator[tuple[Field, Sequence[Replica], Ingress]]:
    """A stack, a second process of each of `services` (run `within` a module), an ingress before the gateways."""
    drain = {"ASKPANEL_STREAM_DRAIN_SECONDS": "5"}
    async with field_on(data, f"{DISSENT},latency={LATENCY}", **drain) as ground:
        with contextlib.ExitStack() as stack:
            others = [
                stack.enter_context(
                    replica(ground.running, name, within=within, ASKPANEL_MODEL=ground.script)
                )
                for name in services
            ]
            await asyncio.gather(*(one.ready() for one in others))
            addresses = [ground.running.url, *(one.url for one in others if one.name == "gateway")]
            async with ingress(*addresses) as front:

                async def ready() -> int:
                    return len(front.ready())

                await until(ready, lambda count: count == len(addresses), seconds=LONGEST_START)
                yield ground, others, front


@contextlib.asynccontextmanager
async def under_load(ground: Field, front: Ingress, clients: int) -> AsyncGenerator[Load]:
    """So many clients with a panel each, one after the other, and one that reads; all finish on leaving."""
    load = Load(ground, front.url)
    work = [asyncio.create_task(load.panels()) for _ in range(clients)]
    work.append(asyncio.create_task(load.readers()))
    try:
        yield load
    finally:
        load.over = True
        await asyncio.gather(*work)


async def roll(data: Path, services: Sequence[str] = SERVICES, *, clients: int = 6) -> Rolled:
    """Two of each of `services`; each of them ended and replaced once, under load."""
    async with two_of_each(data, services) as (ground, others, front):
        before = await redelivered(ground)
        restarts: list[Restart] = []
        async with under_load(ground, front, clients) as load:
            for name in services:
                restarts.append(await _restart_own(ground, name, front))
                restarts += [await _restart(one, front) for one in others if one.name == name]
        after = await redelivered(ground)
        broken = await judge(ground, load.played, Allowance(extra_calls=0))
        extra = {name: after[name] - before[name] for name in after}
        return Rolled(load, restarts, extra, broken, front.refused)


async def _restart(one: Replica, front: Ingress) -> Restart:
    """SIGTERM to a second process, then another in its place."""
    began = time.monotonic()
    one.terminate()
    code = await one.ended()
    assert code == 0, f"{one.name} left with {code}: {one.log.read_text()[-500:]}"
    drained = time.monotonic() - began
    one.start()
    await one.ready()
    await _in_front(one.name, one.url, front)
    return Restart(f"{one.name} (2)", drained, time.monotonic() - began - drained)


async def _restart_own(ground: Field, name: str, front: Ingress) -> Restart:
    """SIGTERM to the stack's own process, which is started again by its stack."""
    running = ground.running
    began, before = time.monotonic(), running.pid(name)
    os.kill(before, signal.SIGTERM)

    async def gone() -> int:
        return running.pids().get(name, before)

    await until(gone, lambda pid: pid != before, seconds=LONGEST_DRAIN)
    drained = time.monotonic() - began
    probe = running.told["probes"][name]
    async with httpx.AsyncClient(timeout=5) as client:
        await until(lambda: answers(client, probe), bool, seconds=LONGEST_START)
    await _in_front(name, probe, front)
    return Restart(f"{name} (1)", drained, time.monotonic() - began - drained)


async def _in_front(name: str, url: str, front: Ingress) -> None:
    """A gateway counts as back when the ingress sends to it again; else the next restart leaves none."""
    if name == "gateway":

        async def back() -> tuple[str, ...]:
            return front.ready()

        await until(back, lambda ready: url in ready)


async def redelivered(ground: Field) -> dict[str, int]:
    """Deliveries of each durable of the log beyond one for each of its messages, since it exists."""
    found: dict[str, int] = {}
    async with ground.running.log() as log:
        for durable in DURABLES:
            if durable.stream != PANELS.name:
                continue

            async def state(name: str = durable.name) -> tuple[int, int, int]:
                info = await log.jetstream.consumer_info(PANELS.name, name)
                assert info.delivered is not None
                return info.num_pending or 0, info.num_ack_pending or 0, info.delivered.consumer_seq

            _, _, deliveries = await until(state, lambda one: one[0] == one[1] == 0, seconds=120)
            messages = 0
            for subject in durable.filters:
                info = await log.jetstream.stream_info(PANELS.name, subjects_filter=subject)
                messages += sum((info.state.subjects or {}).values())
            found[durable.name] = deliveries - messages
    return found


def rounds(one: Played) -> int:
    """How many rounds this panel had."""
    return sum(isinstance(recorded.event, RoundCompleted) for recorded in one.events)
