"""Faults of a cluster of three NATS nodes with the log on all of them, under a steady load of panels.

A scenario does something to the nodes while panels run, waits until enough of them have ended meanwhile, puts
it right again, and everything is judged. What is measured beside: the longest pause of the log (by the times
its server stored the events) and the longest wait for the answer to a POST.
"""

import asyncio
import contextlib
import http.client
import json
import os
import signal
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from random import Random
from uuid import uuid4

import httpx

from askpanel.contracts import ids
from askpanel.contracts.configuration import PANEL_TYPES
from askpanel.contracts.topology import DEAD, PANELS
from tests.faults.evidence import Allowance
from tests.faults.links import Links, links
from tests.faults.sweep import Field, Played, field_on, judge, play
from tests.harness.outages import silent
from tests.harness.stack import EXPERTS, QUESTION, RunningStack, until

NODES = 3
AT_ONCE = 3
MEANWHILE = 6
"""Panels that must begin and end while a fault lasts."""
POST_SECONDS = 40.0
AMPLE = "update public.tenants set settings = settings || '{\"max_panels_per_month\": 100000}'"
BODY = {"query": QUESTION, "panel_type": "structured", "agents": list(EXPERTS)}


@dataclass
class Cluster:
    """A stack on three nodes, the go-betweens on their routes, and the load."""

    ground: Field
    links: Links
    played: list[Played] = field(default_factory=list[Played])
    failed: list[str] = field(default_factory=list[str])

    @property
    def running(self) -> RunningStack:
        return self.ground.running

    async def leader(self) -> int:
        """The node that leads the log."""

        async def led() -> int:
            async with self.running.log() as log:
                cluster = (await log.jetstream.stream_info(PANELS.name)).cluster
            return int(cluster.leader.rpartition("-")[2]) if cluster and cluster.leader else 0

        return await until(led, bool)

    async def whole(self) -> None:
        """Wait until every node is up to date with every stream."""

        async def healthy() -> bool:
            return all(self._healthy(number) for number in range(1, NODES + 1))

        await until(healthy, bool, seconds=90)

    async def meanwhile(self, panels: int = MEANWHILE) -> None:
        """Wait until so many panels that began after this moment have ended."""
        since = time.monotonic()

        async def ended() -> int:
            assert not self.failed, self.failed
            return sum(one.ended_at - one.seconds > since for one in self.played)

        await until(ended, lambda count: count >= panels, seconds=150)

    def _healthy(self, number: int) -> bool:
        port = int((self.running.data / f"nats-{number}" / "monitoring-port").read_text())
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        return False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a scenario came to. `pause` of the log and `post`, the longest answered POST, in seconds."""

    name: str
    panels: int
    pause: float
    post: float
    refused: int
    broken: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"| {self.name} | {self.panels} | {self.pause:.1f} | {self.post:.1f} | {self.refused} | "
            f"{'; '.join(self.broken) or 'all kept'} |"
        )


HEADER = "| fault | panels | longest pause of the log s | longest POST s | POSTs refused | promises |\n" + (
    "|---|---|---|---|---|---|"
)

Scenario = Callable[[Cluster], Awaitable[None]]


async def leader_killed(cluster: Cluster) -> None:
    """kill -9 of the node that leads the log; it stays away for a while."""
    with down(cluster.running, f"nats-{await cluster.leader()}"):
        await cluster.meanwhile()


async def follower_killed(cluster: Cluster) -> None:
    """kill -9 of a node that does not lead the log."""
    with down(cluster.running, f"nats-{await cluster.leader() % NODES + 1}"):
        await cluster.meanwhile()


async def leader_cut_off(cluster: Cluster) -> None:
    """The node that leads the log reaches no other, and its clients reach it."""
    cluster.links.cut(await cluster.leader())
    try:
        await cluster.meanwhile()
    finally:
        cluster.links.heal()


async def follower_cut_off(cluster: Cluster) -> None:
    """A node that does not lead the log reaches no other, and its clients reach it."""
    cluster.links.cut(await cluster.leader() % NODES + 1)
    try:
        await cluster.meanwhile()
    finally:
        cluster.links.heal()


async def leader_frozen(cluster: Cluster) -> None:
    """The node that leads the log stands still, its connections open."""
    with silent(cluster.running, f"nats-{await cluster.leader()}"):
        await cluster.meanwhile()


async def rolling_restart(cluster: Cluster) -> None:
    """Each node is ended and comes back, one after the other."""
    for number in range(1, NODES + 1):
        name = f"nats-{number}"
        before = cluster.running.pid(name)
        os.kill(before, signal.SIGTERM)

        async def replaced(name: str = name, before: int = before) -> bool:
            return cluster.running.pids().get(name, before) != before

        await until(replaced, bool)
        await cluster.whole()
    await cluster.meanwhile(AT_ONCE)


async def quorum_lost(cluster: Cluster) -> None:
    """Two of three are away: a question is refused and may be repeated; then they come back."""
    running = cluster.running
    key = uuid4().hex
    headers = {"Idempotency-Key": key}
    async with running.http() as client:
        with down(running, "nats-1", "nats-2"):
            for _ in range(2):
                answer = await client.post("/panels", json=BODY, headers=headers, timeout=POST_SECONDS)
                assert answer.status_code == 503, f"a promise that nobody can keep: {answer.text}"
                assert int(answer.headers["Retry-After"]) > 0
        again = await until(lambda: accepted(client, headers), bool, seconds=90)
    assert again is not None
    assert again == str(ids.panel_id(running.tenant(), key))
    first = await until(lambda: running.events(again), bool)
    assert sum(one.envelope.type == "panel.created" for one in first) == 1
    await cluster.meanwhile(AT_ONCE)


SCENARIOS: Mapping[str, Scenario] = {
    "leader killed": leader_killed,
    "follower killed": follower_killed,
    "leader cut off": leader_cut_off,
    "follower cut off": follower_cut_off,
    "leader frozen": leader_frozen,
    "rolling restart": rolling_restart,
    "quorum lost": quorum_lost,
}


@contextlib.asynccontextmanager
async def cluster_on(data: Path) -> AsyncGenerator[Cluster]:
    """A stack on three nodes that can be cut apart."""
    with links(data, NODES) as between:
        environment = {
            "ASKPANEL_NATS_NODES": str(NODES),
            "ASKPANEL_NATS_LINKS": json.dumps(between.ports),
            "ASKPANEL_LIMITS": "on",  # what they are counted in is on all nodes as well
        }
        async with field_on(data, **environment) as ground:
            async with ground.running.database() as connection:
                await connection.execute(AMPLE)
            yield Cluster(ground, between)


async def run(cluster: Cluster, name: str, *, seed: int = 1) -> Outcome:
    """One scenario under load, judged."""
    cluster.played.clear()
    cluster.failed.clear()
    before = len(await _times(cluster.running, 0))
    stop = asyncio.Event()
    loads = [
        asyncio.create_task(_load(cluster, Random(f"{seed} {number}"), stop)) for number in range(AT_ONCE)
    ]
    try:
        await cluster.meanwhile(AT_ONCE)
        await SCENARIOS[name](cluster)
    finally:
        stop.set()
        await asyncio.gather(*loads)
    await cluster.whole()
    played = list(cluster.played)
    # A node that goes takes with it who works on what: each call in flight may be made once more.
    broken = [*cluster.failed, *await judge(cluster.ground, played, Allowance(extra_calls=12 * AT_ONCE))]
    async with cluster.running.log() as log:
        letters = (await log.jetstream.stream_info(DEAD.name)).state.messages
    if letters:
        broken.append(f"I1 {letters} dead letters")
    times = await _times(cluster.running, before)
    return Outcome(
        name=name,
        panels=len(played),
        pause=max(later - earlier for earlier, later in pairwise(times)),
        post=max(one.post_seconds for one in played),
        refused=sum(one.refused for one in played),
        broken=tuple(broken),
    )


async def _load(cluster: Cluster, random: Random, stop: asyncio.Event) -> None:
    """One panel after the other."""
    while not stop.is_set():
        try:
            cluster.played.append(await play(cluster.ground, random.choice(PANEL_TYPES), None))
        except AssertionError as error:
            cluster.failed.append(f"I2 {error}")
            return


async def _times(running: RunningStack, after: int) -> list[float]:
    """When the server stored each event of the log behind sequence `after`."""
    async with running.log() as log:
        stamps = [headers["Nats-Time-Stamp"] async for _, headers, _, _ in log.read_raw(">", after=after)]
    return [datetime.fromisoformat(f"{stamp[:26].rstrip('Z')}+00:00").timestamp() for stamp in stamps]


async def accepted(client: httpx.AsyncClient, headers: Mapping[str, str]) -> str | None:
    """The id of the panel; None while it is refused."""
    with contextlib.suppress(httpx.TransportError):
        answer = await client.post("/panels", json=BODY, headers=headers, timeout=POST_SECONDS)
        if answer.status_code == 201:
            return answer.json()["id"]
        assert answer.status_code == 503, answer.text
    return None


@contextlib.contextmanager
def down(running: RunningStack, *servers: str) -> Generator[None]:
    """Kill servers and keep them down: whoever would start them again is stopped meanwhile."""
    running.process.send_signal(signal.SIGSTOP)
    try:
        for server in servers:
            os.kill(running.pid(server), signal.SIGKILL)
        yield
    finally:
        running.process.send_signal(signal.SIGCONT)
