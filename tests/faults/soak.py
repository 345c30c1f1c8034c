"""Mixed load under random faults for as long as wanted; then every invariant, and nothing has grown.

Faults, drawn by the seed, one every few seconds: kill -9 and SIGTERM of every service, kill -9 of NATS and
Postgres, services stopped for longer than their `ack_wait`. Panels of every protocol and two tenants run all
the time. Memory, descriptors and threads of every process are measured when it is quiet, at the beginning
and at the end, so that what restarts hide is not what is compared.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import psutil

from askpanel.contracts.configuration import PANEL_TYPES
from askpanel.contracts.events import PanelType
from askpanel.contracts.topology import DEAD, DURABLES
from askpanel.local.services import MODULES
from tests.faults.cases import PROCESSES
from tests.faults.evidence import Allowance
from tests.faults.sweep import Field, Played, field_on, judge, kill_process, play, standing
from tests.harness.outages import silent
from tests.harness.stack import RunningStack, patient_command_line, until

GROWTH = 0.05
"""By what share something may grow; operations.md, section 10, case 24."""
SLACK: Mapping[str, float] = {"memory_mb": 12.0, "descriptors": 12, "threads": 4, "consumers": 1}
"""And this much in any case: pools and caches fill."""
NATS_MB_PER_PANEL = 0.05
"""NATS keeps about 0.8 kB for each subject of the log, and caches what was read lately."""
WARM_UP_PANELS = 60
REPLAY_SECONDS = 1800.0
TENANTS = ("acme", "globex")


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a stack takes while it is quiet, by process; consumers of the log for the whole stack."""

    processes: Mapping[str, Mapping[str, float]]
    consumers: int


@dataclass
class Soak:
    """What a soak came to."""

    panels: int = 0
    faults: Counter[str] = field(default_factory=Counter[str])
    broken: list[str] = field(default_factory=list[str])
    growth: list[str] = field(default_factory=list[str])
    slowest: float = 0.0

    def __str__(self) -> str:
        faults = ", ".join(f"{name} {count}" for name, count in sorted(self.faults.items())) or "none"
        lines = [
            f"{self.panels} panels, slowest {self.slowest:.1f} s, faults: {faults}",
            *(f"grown: {what}" for what in self.growth),
            *(f"BROKEN {what}" for what in self.broken),
        ]
        return "\n".join([*lines, "every promise kept, nothing has grown"] if self.clean else lines)

    @property
    def clean(self) -> bool:
        """No promise broken, nothing grown."""
        return not (self.broken or self.growth)


async def run(data: Path, *, seed: int, minutes: float, panels: int, told: Callable[[str], None]) -> Soak:
    """`panels` at once for so many minutes."""
    soak = Soak()
    random = Random(seed)
    async with field_on(data) as ground:
        await _warm(ground, random, panels)
        before = await footprint(ground.running)
        ends = time.monotonic() + 60 * minutes
        played: list[Played] = []
        loads = [
            asyncio.create_task(_load(ground, Random(f"{seed} {number}"), ends, soak, played))
            for number in range(panels)
        ]
        while time.monotonic() < ends:
            await asyncio.sleep(random.uniform(2.0, 8.0))
            await _fault(ground.running, random, soak)
            told(f"soak: {soak.panels} panels, {soak.faults.total()} faults, {len(soak.broken)} broken")
        await asyncio.gather(*loads)
        await standing(ground.running)
        told(f"soak: judging {soak.panels} panels")
        await _verdict(ground, played, soak)
        await _warm(ground, random, panels)
        soak.growth = grown(before, await footprint(ground.running), soak.panels)
    return soak


async def _warm(ground: Field, random: Random, panels: int) -> None:
    """What every process has done before it is measured, at the start as at the end: as many panels at once as in
    the load, and then again while the projector stands still.

    A projector that has caught up keeps what the server had under way to it meanwhile (54 MB before, 62 to 65 after 60
    panels, three times; 89 and 91 after 360, twice), so it has to have done so before both measurements.
    """
    await _play_some(ground, random, panels)
    with silent(ground.running, "projector"):
        await _play_some(ground, random, panels)


async def _play_some(ground: Field, random: Random, panels: int) -> None:
    kinds: list[PanelType] = [random.choice(PANEL_TYPES) for _ in range(WARM_UP_PANELS)]

    async def some(number: int) -> None:
        for kind in kinds[number::panels]:
            await play(ground, kind, None)

    await asyncio.gather(*map(some, range(panels)))


async def _load(ground: Field, random: Random, ends: float, soak: Soak, played: list[Played]) -> None:
    """One panel after the other."""
    while time.monotonic() < ends:
        try:
            one = await play(ground, random.choice(PANEL_TYPES), None, random.choice(TENANTS))
        except AssertionError as error:
            soak.broken.append(f"I2 {error}")
            continue
        played.append(one)
        soak.panels += 1
        soak.slowest = max(soak.slowest, one.seconds)


async def _fault(running: RunningStack, random: Random, soak: Soak) -> None:
    kind = random.choice(("kill", "kill", "terminate", "stop"))
    name = random.choice(PROCESSES)
    if kind == "stop":
        soak.faults[f"stop {name}"] += 1
        with contextlib.suppress(KeyError, FileNotFoundError, ProcessLookupError), silent(running, name):
            await asyncio.sleep(random.uniform(1.0, 18.0))
        return
    service = name in MODULES
    number = signal.SIGTERM if kind == "terminate" and service else signal.SIGKILL
    if kill_process(running, name, number):
        soak.faults[f"{'terminate' if number == signal.SIGTERM else 'kill'} {name}"] += 1


async def _verdict(ground: Field, played: list[Played], soak: Soak) -> None:
    """Every invariant on every panel, then the rebuild that compares byte for byte, then the dead letters."""
    # Any fault may hit each call in flight of each panel: the policy is the attempt limit, checked besides.
    try:
        soak.broken += await judge(ground, played, Allowance(extra_calls=10 * soak.faults.total()))
    except AssertionError as error:
        soak.broken.append(f"I4 the tables do not show the end of the log: {error}")
    replayed = await asyncio.to_thread(
        patient_command_line, ground.running.data, "replay", seconds=REPLAY_SECONDS
    )
    if replayed.returncode != 0:
        soak.broken.append(f"I4 replay: {replayed.stdout[-300:]} {replayed.stderr[-300:]}")
    async with ground.running.log() as log:
        letters = (await log.jetstream.stream_info(DEAD.name)).state.messages
    if letters:
        soak.broken.append(f"I1 {letters} dead letters")


async def footprint(running: RunningStack) -> Footprint:
    """Measured when no panel runs and every durable is idle; the memory of NATS after a restart.

    Its process holds what was read last and the garbage of Go's collector (measured after a replay of some 390
    panels: 77 MB, and 50 after a collection); after a restart it holds what its log needs.
    """

    async def waiting() -> int:
        async with running.log() as log:
            infos = [await log.jetstream.consumer_info(one.stream, one.name) for one in DURABLES]
        return sum((info.num_pending or 0) + (info.num_ack_pending or 0) for info in infos)

    await until(waiting, lambda count: count == 0, seconds=90)
    processes: dict[str, Mapping[str, float]] = {}
    for name, pid in running.pids().items():
        process = psutil.Process(pid)
        processes[name] = {
            "memory_mb": process.memory_info().rss / 2**20,
            "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
            "threads": process.num_threads(),
        }
    async with running.log() as log:
        consumers = (await log.jetstream.stream_info("PANELS")).state.consumer_count or 0
    processes["nats"] = {**processes["nats"], "memory_mb": await _memory_restarted(running, "nats")}
    return Footprint(processes, consumers)


async def _memory_restarted(running: RunningStack, name: str) -> float:
    """Of a server that was told to end and is there again, in MB."""
    before = running.pid(name)

    async def pid() -> int | None:
        return running.pids().get(name)

    kill_process(running, name, signal.SIGTERM)
    await until(pid, lambda now: now not in (None, before), seconds=90)
    await standing(running)
    return psutil.Process(running.pid(name)).memory_info().rss / 2**20


def grown(before: Footprint, after: Footprint, panels: int = 0) -> list[str]:
    """What takes more than it did, beyond what is allowed; the log itself grows with its panels."""
    log = {"nats memory_mb": 20 + NATS_MB_PER_PANEL * panels}
    pairs = [
        (f"{name} {what}", was, after.processes[name][what], SLACK[what])
        for name, figures in before.processes.items()
        for what, was in figures.items()
    ]
    pairs.append(("consumers of the log", before.consumers, after.consumers, SLACK["consumers"]))
    return [
        f"{name}: {was:.0f} → {now:.0f}"
        for name, was, now, slack in pairs
        if now > was + max(GROWTH * was, slack, log.get(name, 0.0))
    ]
