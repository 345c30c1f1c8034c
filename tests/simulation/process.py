"""A simulated process: tasks that die together, at any of its steps, and come back after a while."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from random import Random
from typing import Any

from askpanel.contracts.envelope import Unreadable
from askpanel.contracts.topology import Durable
from askpanel.runtime.errors import LogUnavailable, Reject, Retry
from askpanel.runtime.worker import DELAYS, KEPT_FROM, POISON_AFTER, Delivery, Handler
from tests.simulation.clock import JITTER, SKEW
from tests.simulation.dice import Dice
from tests.simulation.stream import Consumer, Leased, Message

ROOM = 16
"""Messages that a process has in hand at once, per durable."""

Bury = Callable[[Message, str], None]
"""Where a message goes that cannot be processed, with the reason."""

LOST = 0.3
"""How often a settlement gets lost in the wildest world."""

CRASH_RATE = 0.02
FREEZE_RATE = 0.004
FREEZES = (12.0, 40.0, 200.0)
"""Seconds: longer than an `ack_wait`, than all of them; not so long that copies are no longer recognised."""

NETWORK = (0.0005, 0.02)
"""Seconds that a request or an answer travels."""


class Dead(asyncio.CancelledError):
    """Raised in a process that has been killed: nothing it does has an effect any more."""


class Process:
    """One incarnation of a service. `step` is where it may be killed; `run` keeps its tasks together."""

    def __init__(
        self,
        name: str,
        dice: Dice,
        on_death: Callable[["Process", float], None],
        on_freeze: Callable[[float], None],
    ) -> None:
        self.name = name
        self.service = name.rpartition("/")[2]
        self.dice = dice
        self.alive = True
        self._on_death = on_death
        self._on_freeze = on_freeze
        self._thaws = 0.0
        self._tasks: dict[asyncio.Task[None], None] = {}
        self.bugs: list[str] = []
        self._consumers: dict[str, Consumer] = {}
        self._handlers: dict[str, tuple[Handler, Bury]] = {}
        self._beats: dict[Leased, asyncio.TimerHandle] = {}
        self._in_hand: dict[str, int] = {}
        self._arrives: dict[str, float] = {}
        skewed = dice.strikes("skew", name, 0.5)
        self._network = Random(f"{dice.seed} {name}")
        self._context = copy_context()
        self._context.run(SKEW.set, dice.between(f"skew/{name}", -240.0, 240.0) if skewed else 0.0)
        self._context.run(JITTER.set, lambda: dice.unit(f"jitter/{name}"))

    async def step(self, site: str) -> None:
        """One way over the network; the process may be killed here."""
        await asyncio.sleep(self._network.uniform(*NETWORK))
        self.may_die(site)
        if self.dice.strikes("pause", f"{self.name} {site}", CRASH_RATE):
            await asyncio.sleep(self.dice.between(f"pause/{self.name}", 1.0, 25.0))
        if self.dice.strikes("freeze", f"{self.name} {site}", FREEZE_RATE):
            seconds = self.dice.choice(f"freeze/{self.name}", FREEZES)
            self._thaws = asyncio.get_running_loop().time() + seconds
            self._on_freeze(seconds)
        while self.frozen:  # noqa: ASYNC110  (virtual time; it may freeze again meanwhile)
            await asyncio.sleep(self._thaws - asyncio.get_running_loop().time() + 0.001)
        self.check()

    @property
    def frozen(self) -> bool:
        """Whether the whole process stands still, as a suspended machine does, and will go on later."""
        return asyncio.get_running_loop().time() < self._thaws

    def may_die(self, site: str) -> None:
        """Raise Dead if the process has been killed, or is killed now."""
        if self.dice.strikes("kill", f"{self.name} {site}", CRASH_RATE):
            long = self.dice.strikes("stay-down", self.name, 0.3)
            self.die(self.dice.between(f"down/{self.name}", 400.0, 900.0) if long else 0.5)
        self.check()

    def check(self) -> None:
        """Raise Dead in a process that has been killed."""
        if not self.alive:
            raise Dead

    def die(self, down: float) -> None:
        """kill -9; the next incarnation starts after `down` seconds."""
        if self.alive:
            self.alive = False
            for consumer in self._consumers.values():
                consumer.members.remove(self)
            for task in list(self._tasks):
                task.cancel()
            self._on_death(self, down)

    def run(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """A task of this process."""
        task = asyncio.get_running_loop().create_task(work, context=self._context.copy())
        self._tasks[task] = None
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: "asyncio.Task[None]") -> None:
        self._tasks.pop(task, None)

    def consume(self, consumer: Consumer, handler: Handler, bury: Bury) -> None:
        """Take messages of a consumer from now on."""
        name = consumer.durable.name
        self._consumers[name] = consumer
        self._handlers[name] = (handler, bury)
        self._in_hand[name] = 0
        consumer.members.append(self)
        consumer.pump()

    @property
    def busy(self) -> bool:
        """Whether it works on a message, even one that another process has settled."""
        return any(self._in_hand.values())

    def has_room(self, durable: Durable) -> bool:
        """Whether another message may be leased."""
        return self._in_hand[durable.name] < ROOM and not self.frozen

    def take(self, delivery: Leased) -> None:
        """A message on its way; those to one process keep their order, unless one is late."""
        name, loop = delivery.consumer.durable.name, asyncio.get_running_loop()
        self._in_hand[name] += 1
        site = f"{name}/{delivery.message.sequence}"
        at = loop.time() + self._network.uniform(*NETWORK)
        if self.dice.strikes("late", site, 0.3):
            at += self.dice.between(f"late/{site}", 0.5, 30.0)
        else:
            at = self._arrives[name] = max(at, self._arrives.get(name, 0.0))
        loop.call_at(at, self._receive, delivery)

    def _receive(self, delivery: Leased) -> None:
        if self.alive:
            self.run(self._process(delivery))

    async def _process(self, delivery: Leased) -> None:
        durable = delivery.consumer.durable
        beat = asyncio.get_running_loop().call_later(durable.ack_wait / 3, self._keep_alive, delivery)
        self._beats[delivery] = beat
        try:
            await self._handle(delivery)
        finally:
            self._beats.pop(delivery).cancel()
            self._in_hand[durable.name] -= 1
            if self.alive:
                delivery.consumer.pump()

    async def _handle(self, delivery: Leased) -> None:
        """What the worker loop promises: see the table in `askpanel.runtime.worker`."""
        handler, _ = self._handlers[delivery.consumer.durable.name]
        message, deliveries = delivery.message, delivery.deliveries
        pause = DELAYS[min(deliveries, len(DELAYS)) - 1]
        try:
            await handler(
                Delivery(
                    subject=message.subject,
                    headers=dict(message.headers),
                    body=message.body,
                    sequence=message.sequence,
                    consumer_sequence=delivery.consumer_sequence,
                    attempt=deliveries,
                    stored_at=message.stored_at,
                )
            )
        except Retry as retry:
            await self._again(delivery, retry.after, repr(retry))
        except (Reject, Unreadable) as error:
            await self._bury(delivery, repr(error))
        except LogUnavailable as error:
            if deliveries < KEPT_FROM:
                await self._again(delivery, pause, repr(error))
            else:
                await self.step("kept")
                await asyncio.sleep(pause)
                await self._handle(delivery)
        except Exception as error:  # noqa: BLE001  (as the worker loop does)
            self.bugs.append(f"{self.service} met {error!r} on {'.'.join(message.subject.split('.')[:2])}")
            if deliveries >= POISON_AFTER:
                await self._bury(delivery, f"poison {error!r}")
            else:
                await self._again(delivery, pause, repr(error))
        else:
            self._settle("ack", delivery, delivery.ack)

    async def _again(self, delivery: Leased, after: float, error: str) -> None:
        if delivery.deliveries >= delivery.consumer.durable.max_deliver:
            await self._bury(delivery, f"exhausted: {error}")
        else:
            self._settle("nak", delivery, lambda: delivery.nak(after))

    async def _bury(self, delivery: Leased, reason: str) -> None:
        _, bury = self._handlers[delivery.consumer.durable.name]
        await self.step("bury")
        bury(delivery.message, reason)
        self._settle("term", delivery, delivery.ack)

    def _keep_alive(self, delivery: Leased) -> None:
        if self.alive:
            durable = delivery.consumer.durable
            if not self.frozen and not self.dice.strikes(
                "lose", f"extend {durable.name}/{delivery.message.sequence}", LOST
            ):
                delivery.extend()
            later = asyncio.get_running_loop().call_later(durable.ack_wait / 3, self._keep_alive, delivery)
            self._beats[delivery] = later

    def _settle(self, what: str, delivery: Leased, effect: Callable[[], None]) -> None:
        """Settlements are not confirmed: a lost one is not noticed."""
        place = f"{what} {delivery.consumer.durable.name}/{delivery.message.sequence}"
        self.may_die(place)
        if not self.dice.strikes("lose", place, LOST):
            effect()
