"""The event log as one simulated process sees it: `EventLog`'s public methods on the simulated server.

The semantics are those of `askpanel.runtime.log`: a request or an answer may get lost and is sent again
with the same id and the same expectation, a conflict with oneself is recognised as success, and what was
not confirmed within the patience is unavailable, stored or not.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from askpanel.contracts.envelope import Recorded, decode, encode
from askpanel.contracts.subjects import PanelRef, type_of
from askpanel.contracts.topology import PANELS, TIMERS
from askpanel.runtime.errors import AlreadyThere, Conflict, LogUnavailable
from askpanel.runtime.log import EventLog, Position
from askpanel.runtime.tail import RawEvent
from tests.simulation.clock import true_time
from tests.simulation.dice import Dice
from tests.simulation.process import Process
from tests.simulation.stream import Guard, Message, Stream

ATTEMPT_SECONDS = 4.0
ATTEMPTS = 3
LOSS_RATE = 0.05
EPOCH = "2026-03-01T11:00:00+00:00"


def panel_of(subject: str) -> str:
    """The part of an event's subject that names tenant and panel."""
    return subject.partition(".")[2].partition(".")[2]


class Server:
    """NATS: the log, the timers that wait, the dead letters."""

    def __init__(self, dice: Dice) -> None:
        self.log = Stream(PANELS.name, dice, window=PANELS.duplicate_window, panel_of=panel_of)
        self.timers = Stream(TIMERS.name, dice, window=0.0, panel_of=panel_of)
        self.dead: list[tuple[str, bytes]] = []
        self._scheduled: dict[str, asyncio.TimerHandle] = {}
        self._decoded: dict[int, Recorded] = {}

    def schedule(self, subject: str, headers: Mapping[str, str], body: bytes) -> None:
        """A scheduled message: it replaces the one of the same subject, and goes off at its time."""
        at = datetime.fromisoformat(headers["Nats-Schedule"].removeprefix("@at ").replace("Z", "+00:00"))
        self._cancel(subject)
        loop, dice = asyncio.get_running_loop(), self.timers.dice
        wait = max(0.0, at.timestamp() - true_time())
        if dice.strikes("timer-late", subject, 0.5):
            wait += dice.between(f"timer-late/{subject}", 0.0, 20.0)
        target = headers["Nats-Schedule-Target"]
        self._scheduled[subject] = loop.call_later(wait, self._fire, target, body)
        if dice.strikes("timer-twice", subject, 0.5):
            loop.call_later(wait + 1.0, self._fire, target, body)

    def purge_timers(self, panel: str) -> None:
        """Forget a panel's timers, waiting or fired."""
        for subject in [one for one in self._scheduled if panel in one]:
            self._cancel(subject)
        self.timers.purge(f"timer.fired.{panel}.")

    def recorded(self, message: Message) -> Recorded:
        """The event in a message of the log."""
        known = self._decoded.get(message.sequence)
        if known is None:
            known = decode(message.subject, message.headers, message.body, message.sequence)
            self._decoded[message.sequence] = known
        return known

    def events(self) -> list[Recorded]:
        """The whole log."""
        return [self.recorded(message) for message in self.log.messages]

    def _fire(self, target: str, body: bytes) -> None:
        self.timers.publish(target, {}, body)

    def _cancel(self, subject: str) -> None:
        handle = self._scheduled.pop(subject, None)
        if handle is not None:
            handle.cancel()


class SimulatedLog:
    """One process's connection to the server."""

    def __init__(self, server: Server, process: Process) -> None:
        self._server = server
        self._process = process
        self.jetstream = SimulatedJetStream(server, process)

    async def append(self, recorded: Recorded, *, expected: int) -> int:
        """See `EventLog.append`."""
        panel = recorded.envelope.panel
        try:
            return await self._publish(recorded, Guard(expected))
        except Conflict as conflict:
            newer = await self.read(panel, after=expected)
            same = len(newer) == 1 and newer[0].envelope.id == recorded.envelope.id
            if same and newer[0].event == recorded.event:
                return newer[0].sequence
            raise Conflict(
                expected, conflict.actual, [(*encode(event), event.sequence) for event in newer]
            ) from None

    async def append_beside(self, events: Sequence[Recorded], *, noun: str, expected: int) -> list[int]:
        """See `EventLog.append_beside`."""
        guard = Guard(expected, noun)
        outcomes = await asyncio.gather(
            *(self._publish(event, guard, news=True) for event in events), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return [outcome for outcome in outcomes if isinstance(outcome, int)]

    async def append_news(self, recorded: Recorded, *, never: str | None = None) -> int:
        """See `EventLog.append_news`."""
        return await self._publish(recorded, None if never is None else Guard(0, never), news=True)

    async def append_once(self, recorded: Recorded, *, recent: bool) -> int:
        """See `EventLog.append_once`."""
        if recent:
            return await self._publish(recorded, None)
        while True:
            events = await self.read(recorded.envelope.panel)
            for event in events:
                if event.envelope.id == recorded.envelope.id:
                    return event.sequence
            try:
                return await self.append(recorded, expected=events[-1].sequence if events else 0)
            except Conflict:
                continue

    async def read(
        self,
        panel: PanelRef,
        *,
        after: int = 0,
        until: int | None = None,
        types: Collection[str] | None = None,
    ) -> list[Recorded]:
        """See `EventLog.read`."""
        await self._process.step("read")
        messages = self._server.log.by_panel.get(_key(panel), ())
        return [
            self._server.recorded(one)
            for one in messages
            if one.sequence > after and (types is None or type_of(one.subject) in types)
        ]

    async def read_raw(
        self, subject_filter: str, *, after: int = 0, until: int | None = None
    ) -> AsyncGenerator[tuple[str, dict[str, str], bytes, int]]:
        """See `EventLog.read_raw`. Knows filters of a panel and of one type of a tenant."""
        await self._process.step("read raw")
        first, _, rest = subject_filter.partition(".")
        for message in list(self._server.log.messages):
            subject = message.subject
            wanted = panel_of(subject) == rest.partition(".")[2] if first == "*" else False
            if first != "*":
                wanted = subject.startswith(subject_filter.removesuffix("*"))
            if wanted and message.sequence > after:
                yield subject, dict(message.headers), message.body, message.sequence

    async def find(self, panel: PanelRef, event_type: str) -> Recorded | None:
        """See `EventLog.find`."""
        await self._process.step("find")
        messages = reversed(self._server.log.by_panel.get(_key(panel), ()))
        wanted = panel.subject(event_type)
        return next((self._server.recorded(one) for one in messages if one.subject == wanted), None)

    async def last_sequence(self, panel: PanelRef) -> int:
        """See `EventLog.last_sequence`."""
        await self._process.step("last")
        return self._server.log.last_of(_key(panel))

    async def position(self, stream: str = PANELS.name) -> Position:
        """See `EventLog.position`."""
        await self._process.step("position")
        return Position(self._server.log.last, EPOCH)

    async def _publish(self, recorded: Recorded, guard: Guard | None, *, news: bool = False) -> int:
        subject, headers, body = encode(recorded)
        process, log, dice = self._process, self._server.log, self._process.dice
        identity = "/".join(str(part) for part in recorded.event.identity())
        place = f"{process.service} {recorded.envelope.type} {identity}"
        for attempt in range(ATTEMPTS):
            await process.step(f"send {place}")
            if dice.strikes("lose-request", place, LOSS_RATE):
                await self._timeout()
                continue
            if dice.strikes("straggle", place, LOSS_RATE):
                loop = asyncio.get_running_loop()
                loop.call_later(dice.between("straggle", 4.0, 9.0), _late, log, subject, headers, body, guard)
                await self._timeout()
                continue
            before = log.last
            sequence = log.publish(subject, headers, body, guard=guard)
            await process.step(f"confirm {place}")
            if dice.strikes("lose-answer", place, LOSS_RATE):
                await self._timeout()
                continue
            if news and attempt == 0 and sequence <= before:
                raise AlreadyThere(place)
            return sequence
        raise LogUnavailable(f"{place} was not confirmed")

    async def _timeout(self) -> None:
        await asyncio.sleep(ATTEMPT_SECONDS)
        self._process.check()


class SimulatedJetStream:
    """The two things services ask of JetStream besides the log: timers, dead letters."""

    def __init__(self, server: Server, process: Process) -> None:
        self._server = server
        self._process = process

    async def publish(
        self, subject: str, body: bytes, *, headers: Mapping[str, str], timeout: float | None = None
    ) -> Any:
        """A timer or a dead letter."""
        await self._process.step(f"publish {subject.partition('.')[0]}")
        if self._process.dice.strikes("lose-request", subject, LOSS_RATE):
            await asyncio.sleep(timeout or ATTEMPT_SECONDS)
            raise TimeoutError(subject)
        if subject.startswith("timer.scheduled."):
            self._server.schedule(subject, headers, body)
        else:
            self._server.dead.append((subject, body))
        await self._process.step(f"published {subject.partition('.')[0]}")

    async def purge_stream(self, name: str, *, subject: str) -> None:
        """An ended panel's timers: `timer.*.<tenant>.<panel>.>`."""
        await self._process.step("purge")
        self._server.purge_timers(subject.removeprefix("timer.*.").removesuffix(".>"))

    def follow(self, after: int) -> AsyncGenerator[RawEvent | None]:
        """What `askpanel.runtime.tail.follow` yields: every event in order, None when that is all."""
        return _follow(self._server.log, self._process, after)


def as_event_log(log: SimulatedLog) -> EventLog:
    """What the services are given: they use the public methods only."""
    return cast("EventLog", log)


def _key(panel: PanelRef) -> str:
    return panel.filter.removeprefix("*.*.")


def _late(log: Stream, subject: str, headers: Mapping[str, str], body: bytes, guard: Guard | None) -> None:
    """A request that arrives after its sender has given it up."""
    try:
        log.publish(subject, headers, body, guard=guard)
    except Conflict:
        return  # and nobody hears of it


async def _follow(log: Stream, process: Process, after: int) -> AsyncGenerator[RawEvent | None]:
    position = after
    while True:
        await asyncio.sleep(process.dice.between(f"tail {process.name}", 0.01, 0.5))
        await process.step("tail")
        for message in log.messages[position:]:
            position = message.sequence
            yield RawEvent(message.subject, dict(message.headers), message.body, position, message.stored_at)
        grown = log.grown
        if position == log.last:
            try:
                async with asyncio.timeout(5.0):
                    await grown.wait()
            except TimeoutError:
                yield None
