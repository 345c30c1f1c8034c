"""One schedule: panels of a protocol, every service as a process that may die, and a verdict at the end."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, cast
from uuid import UUID, uuid5

from nats.aio.client import Client
from nats.js.kv import KeyValue

from askpanel.consensus.worker import ConsensusCalculator
from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import TERMINAL, PanelCreated, PanelType
from askpanel.contracts.subjects import PanelRef
from askpanel.contracts.topology import (
    CONSENSUS,
    EXPERT_RUNNER,
    ORCHESTRATOR,
    ORCHESTRATOR_TIMERS,
    USAGE,
    Durable,
)
from askpanel.expert_runner.line import Line
from askpanel.expert_runner.speakers import Speakers
from askpanel.expert_runner.worker import ExpertRunner
from askpanel.orchestrator.panels import Panels
from askpanel.orchestrator.worker import Orchestrator
from askpanel.runtime import projection
from askpanel.runtime.projection import Projection, Reason
from askpanel.runtime.tail import RawEvent
from askpanel.runtime.worker import Handler
from askpanel.usage.worker import UsageMeter
from tests.faults.evidence import Allowance, Command, Evidence, ModelCall, Violation
from tests.faults.invariants import violations
from tests.simulation import people
from tests.simulation.clock import VirtualLoop
from tests.simulation.database import Database, SimulatedStore
from tests.simulation.dice import Dice
from tests.simulation.model import FREE, PRICED, Catalogue, SimulatedModel
from tests.simulation.port import Server, SimulatedLog, as_event_log
from tests.simulation.process import Process
from tests.simulation.stream import Consumer, Message

HORIZON = 3 * 3600.0
"""Virtual seconds after which a world that has not settled counts as hanging."""

NAMESPACE = UUID("5a1b2c3d-0000-4000-8000-000000000000")
UNREST = (0.05, 0.15, 0.3, 0.7)
"""How wild worlds are: a quarter of the seeds each."""

Services = Callable[["World", Process, SimulatedLog], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a schedule. `digest` is of everything on the log: equal for equal schedules."""

    seed: int
    panel_type: PanelType
    found: tuple[Violation, ...]
    struck: tuple[str, ...]
    events: tuple[Recorded, ...]
    digest: str
    seconds: float
    """Virtual time that passed."""


@dataclass
class World:
    """The state of one schedule; `run` plays it."""

    panel_type: PanelType
    dice: Dice
    server: Server = field(init=False)
    database: Database = field(default_factory=Database)
    calls: list[ModelCall] = field(default_factory=list[ModelCall])
    commands: dict[UUID, Command] = field(default_factory=dict[UUID, Command])
    questions: dict[PanelRef, PanelCreated] = field(default_factory=dict[PanelRef, PanelCreated])
    consumers: dict[str, Consumer] = field(default_factory=dict[str, Consumer])
    processes: list[Process] = field(default_factory=list[Process])
    bugs: list[str] = field(default_factory=list[str])
    down_seconds: float = 0.0
    ended: bool = False

    def __post_init__(self) -> None:
        self.server = Server(self.dice)
        for durable in (ORCHESTRATOR, EXPERT_RUNNER, CONSENSUS, USAGE):
            self.consumers[durable.name] = Consumer(durable, self.server.log)
        self.consumers[ORCHESTRATOR_TIMERS.name] = Consumer(ORCHESTRATOR_TIMERS, self.server.timers)
        for number in range(1 + (self.dice.unit("panels") < 0.1)):
            tenant = uuid5(NAMESPACE, f"tenant {number}")
            ref = PanelRef(tenant, uuid5(tenant, f"panel {self.dice.seed}"))
            self.questions[ref] = people.question(
                self.panel_type, self.dice, f"canary-{number}-{self.dice.seed}"
            )
        self.label = PRICED if self.dice.unit("priced") < 0.25 else FREE

    async def run(self) -> None:
        """Play until everything is settled. Raises Stuck, or TimeoutError at the horizon."""
        doubled = self.dice.unit("replicas") < 0.3
        for name in ("gateway", "orchestrator", "expert-runner", "consensus", "usage", "projector"):
            for replica in "ab" if doubled and name in ("orchestrator", "expert-runner") else "a":
                self.start(f"{replica}/{name}")
        async with asyncio.timeout(HORIZON):
            while not self.settled():  # noqa: ASYNC110  (virtual time; no single event tells it)
                await asyncio.sleep(1.0 + asyncio.get_running_loop().time() / 60)

    def start(self, name: str) -> None:
        """A new incarnation of a process."""
        if self.ended:
            return
        process = Process(name, self.dice, self._died, self._froze)
        process.bugs = self.bugs
        self.processes = [one for one in self.processes if one.alive] + [process]
        SERVICES[process.service](self, process, SimulatedLog(self.server, process))

    def settled(self) -> bool:
        """Whether every panel has ended and everybody has dealt with everything."""
        log, reached = self.server.log, self.database.checkpoint
        if reached is None or reached.sequence != log.last:
            return False
        if not all(consumer.idle for consumer in self.consumers.values()):
            return False
        if any(process.busy for process in self.processes):
            return False
        return sum(message.subject.startswith(TERMINAL) for message in log.messages) >= len(self.questions)

    def evidence(self) -> Evidence:
        """What the checker sees."""
        return Evidence(
            events=self.server.events(),
            commands=tuple(self.commands.values()),
            calls=tuple(self.calls),
            tables=self.database.tables(),
            secrets={ref.tenant_id: (created.query,) for ref, created in self.questions.items()},
        )

    def allowance(self) -> Allowance:
        """One more model call per fault that can hit one, and as late as processes were down or held up.

        That a server forgets what was acknowledged hits none: the log knows that the call was made.
        """
        runner = EXPERT_RUNNER.name
        hits = sum(runner in fault and not fault.startswith("forget") for fault in self.dice.struck)
        late = timedelta(seconds=30 + 45 * len(self.dice.struck) + self.down_seconds)
        return Allowance(extra_calls=hits + self.consumers[runner].expired, lateness=late)

    def consume(self, process: Process, durable: Durable, handler: Handler) -> None:
        """Hand a durable's messages to a service."""

        def bury(message: Message, reason: str) -> None:
            self.server.dead.append((message.subject, reason.encode()))

        process.consume(self.consumers[durable.name], handler, bury)

    def _froze(self, seconds: float) -> None:
        self.down_seconds += seconds
        for consumer in self.consumers.values():
            asyncio.get_running_loop().call_later(seconds + 0.01, consumer.pump)

    def _died(self, process: Process, down: float) -> None:
        self.down_seconds += down
        asyncio.get_running_loop().call_later(down, self.start, process.name)


def _gateway(world: World, process: Process, log: SimulatedLog) -> None:
    for ref, question in world.questions.items():
        process.run(people.live(ref, question, log, process, world.commands))


def _orchestrator(world: World, process: Process, log: SimulatedLog) -> None:
    orchestrator = Orchestrator(as_event_log(log), Panels(100))
    world.consume(process, ORCHESTRATOR, orchestrator.on_event)
    world.consume(process, ORCHESTRATOR_TIMERS, orchestrator.on_alarm)


def _expert_runner(world: World, process: Process, log: SimulatedLog) -> None:
    model = SimulatedModel(process, world.calls, world.label)
    client = cast("Client", _Unheard())
    catalogue = Catalogue()
    speakers = Speakers(cast("KeyValue", catalogue), client, catalogue.versions, most=100)
    world.consume(process, EXPERT_RUNNER, ExpertRunner(client, as_event_log(log), speakers, Line(model)))


def _consensus(world: World, process: Process, log: SimulatedLog) -> None:
    world.consume(process, CONSENSUS, ConsensusCalculator(as_event_log(log), None, history=50))


def _usage(world: World, process: Process, log: SimulatedLog) -> None:
    world.consume(process, USAGE, UsageMeter(as_event_log(log)))


def _projector(world: World, process: Process, log: SimulatedLog) -> None:
    async def bury(raw: RawEvent, reason: Reason, error: str) -> None:
        world.server.dead.append((raw.subject, f"{reason}: {error}".encode()))

    store = SimulatedStore(world.database, log, process)
    process.run(Projection("panels", as_event_log(log), store, bury).run())


SERVICES: dict[str, Services] = {
    "gateway": _gateway,
    "orchestrator": _orchestrator,
    "expert-runner": _expert_runner,
    "consensus": _consensus,
    "usage": _usage,
    "projector": _projector,
}


class _Unheard:
    """A NATS client for token deltas that nobody listens to."""

    is_connected = False
    stats: ClassVar[dict[str, int]] = {"reconnects": 0}


def play(seed: int, panel_type: PanelType, *, only: Sequence[str] | None = None) -> Outcome:
    """Run one schedule to its end and judge it. Call it within `clock.virtual_time`."""
    dice = Dice(seed, UNREST[seed % len(UNREST)], None if only is None else frozenset(only))
    loop = VirtualLoop()
    errors: list[str] = []
    loop.set_exception_handler(lambda _, context: errors.append(_told(context)))
    module: Any = projection
    following = module.everything
    module.everything = _everything
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(_judge(World(panel_type, dice), errors))
    finally:
        module.everything = following
        asyncio.set_event_loop(None)
        loop.close()


def _everything(log: Any, *, after: int, epoch: str | None = None) -> Any:
    return log.jetstream.follow(after)


async def _judge(world: World, errors: list[str]) -> Outcome:
    hanging: tuple[Violation, ...] = ()
    try:
        await world.run()
    except TimeoutError:
        hanging = (Violation("I2", None, f"not settled after {HORIZON / 3600:g} hours: {_unsettled(world)}"),)
    seconds = asyncio.get_running_loop().time()
    await _stop(world)
    events = tuple(world.server.events())
    letters = tuple(
        Violation("I1", None, f"dead letter {name}: {text!r}") for name, text in world.server.dead
    )
    lost = tuple(
        Violation("I1", None, f"{name} gave up {message.subject}")
        for name, consumer in world.consumers.items()
        for message in consumer.given_up
    )
    bugs = tuple(Violation("bug", None, what) for what in dict.fromkeys((*world.bugs, *errors)))
    judged = () if hanging else violations(world.evidence(), world.allowance())
    told = hashlib.blake2b(digest_size=8)
    for message in world.server.log.messages:
        told.update(f"{message.subject} {message.headers} ".encode() + message.body)
    return Outcome(
        seed=world.dice.seed,
        panel_type=world.panel_type,
        found=(*hanging, *letters, *lost, *bugs, *judged),
        struck=tuple(world.dice.struck),
        events=events,
        digest=told.hexdigest(),
        seconds=seconds,
    )


async def _stop(world: World) -> None:
    """End every process for good."""
    world.ended = True
    for process in world.processes:
        process.die(0.0)
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _told(context: dict[str, Any]) -> str:
    return repr(context.get("exception") or context.get("message"))


def _unsettled(world: World) -> str:
    busy = [name for name, consumer in world.consumers.items() if not consumer.idle]
    last = world.server.log.messages[-1].subject.partition(".")[0] if world.server.log.messages else "nothing"
    return f"busy {busy}, last on the log {last}, checkpoint {world.database.checkpoint}"
