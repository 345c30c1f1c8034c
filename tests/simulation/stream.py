"""The simulated server: a stream with expected sequences, deduplication, schedules and durable consumers.

It answers as JetStream was measured to (nats-postgres-faststream.md): the expected sequence is checked
before duplicates are recognised, ids are remembered for the stream's window only, a message that is not
settled within `ack_wait` comes again, after newer ones, and a consumer gives up after `max_deliver`. It writes
what was acknowledged a little later: killed in between it delivers such a message again as if for the first time.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from askpanel.contracts.topology import Durable
from askpanel.runtime.errors import Conflict
from tests.simulation.clock import true_time
from tests.simulation.dice import Dice


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """A stored message. `stored_at` is in seconds since the epoch by the server's clock."""

    subject: str
    headers: Mapping[str, str]
    body: bytes
    sequence: int
    stored_at: float


@dataclass(frozen=True, slots=True)
class Guard:
    """What a publisher expects: the last sequence of its panel, of all its events or of one noun."""

    expected: int
    noun: str | None = None


class Stream:
    """Messages in order; `panel_of` names the group that an expected sequence is about."""

    def __init__(self, name: str, dice: Dice, *, window: float, panel_of: Callable[[str], str]) -> None:
        self.name = name
        self.dice = dice
        self.messages: list[Message] = []
        self.by_panel: dict[str, list[Message]] = {}
        self.consumers: list[Consumer] = []
        self.grown = asyncio.Event()
        self._window = window
        self._panel_of = panel_of
        self._ids: dict[str, Message] = {}

    @property
    def last(self) -> int:
        """The last sequence."""
        return len(self.messages)

    def last_of(self, panel: str, noun: str | None = None) -> int:
        """The last sequence of a panel, of all or of one noun; 0 if it has none."""
        wanted = "" if noun is None else f"{noun}."
        messages = reversed(self.by_panel.get(panel, ()))
        return next((one.sequence for one in messages if one.subject.startswith(wanted)), 0)

    def publish(
        self, subject: str, headers: Mapping[str, str], body: bytes, *, guard: Guard | None = None
    ) -> int:
        """Store, or recognise the copy; the sequence. Raises Conflict."""
        panel, now = self._panel_of(subject), true_time()
        if guard is not None:
            actual = self.last_of(panel, guard.noun)
            if guard.expected != actual:
                raise Conflict(guard.expected, actual)
        key = headers.get("Nats-Msg-Id")
        known = self._ids.get(key) if key is not None else None
        if known is not None and now - known.stored_at < self._window:
            return known.sequence
        message = Message(subject, dict(headers), body, self.last + 1, now)
        self.messages.append(message)
        self.by_panel.setdefault(panel, []).append(message)
        if key is not None:
            self._ids[key] = message
        self.grown.set()
        self.grown = asyncio.Event()
        for consumer in self.consumers:
            consumer.offer(message)
        return message.sequence

    def purge(self, prefix: str) -> None:
        """Forget messages whose subject begins so; nobody gets them any more."""
        for message in [one for one in self.messages if one.subject.startswith(prefix)]:
            for consumer in self.consumers:
                consumer.forget(message)


class Member(Protocol):
    """A process that takes messages from a consumer."""

    def has_room(self, durable: Durable) -> bool: ...

    def take(self, delivery: "Leased") -> None: ...


@dataclass(slots=True)
class _Lease:
    deliveries: int = 0
    expiry: asyncio.TimerHandle | None = None

    def stop(self) -> None:
        """Forget when it would have expired."""
        if self.expiry is not None:
            self.expiry.cancel()
            self.expiry = None


@dataclass(frozen=True, slots=True, eq=False)
class Leased:
    """One delivery, and how its receiver settles it. Settling an old delivery changes nothing."""

    consumer: "Consumer"
    message: Message
    consumer_sequence: int
    deliveries: int

    def ack(self) -> None:
        """Done."""
        self.consumer.settle(self)

    def nak(self, delay: float) -> None:
        """Again, after so many seconds."""
        self.consumer.again(self, delay)

    def extend(self) -> None:
        """Still working."""
        self.consumer.extend(self)


@dataclass(slots=True)
class Consumer:
    """A durable pull consumer and the processes that pull from it."""

    durable: Durable
    stream: Stream
    members: list[Member] = field(default_factory=list[Member])
    given_up: list[Message] = field(default_factory=list[Message])
    expired: int = 0
    _waiting: deque[Message] = field(default_factory=deque[Message])
    _leases: dict[int, _Lease] = field(default_factory=dict[int, _Lease])
    _delivered: int = 0
    _forgotten: int = 0
    _subjects: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._subjects = tuple(one.removesuffix(">") for one in self.durable.filters)
        self.stream.consumers.append(self)

    @property
    def idle(self) -> bool:
        """Nothing waits, nothing is unsettled, and nothing will come again as if it were new."""
        return not (self._waiting or self._leases or self._forgotten)

    def offer(self, message: Message) -> None:
        """A new message of the stream."""
        if message.subject.startswith(self._subjects):
            self._waiting.append(message)
            self.pump()

    def pump(self) -> None:
        """Hand out what can be handed out."""
        dice = self.stream.dice
        while self._waiting:
            ready = [member for member in self.members if member.has_room(self.durable)]
            if not ready:
                return
            message = self._waiting.popleft()
            member = ready[0] if len(ready) == 1 else dice.choice(f"share/{self.durable.name}", ready)
            lease = self._leases.setdefault(message.sequence, _Lease())
            lease.deliveries += 1
            self._delivered += 1
            delivery = Leased(self, message, self._delivered, lease.deliveries)
            self._watch(message, lease)
            site = f"{self.durable.name}/{message.sequence}"
            if dice.strikes("drop", site, 0.2):
                continue
            if dice.strikes("redeliver-early", site, 0.3):
                delay = dice.between(f"early/{site}", 0.0, 3.0)
                asyncio.get_running_loop().call_later(delay, self._requeue, message)
            member.take(delivery)

    def settle(self, delivery: Leased) -> None:
        """An acknowledgement, of any delivery of the message. A server that is killed may have lost it."""
        known = delivery.message.sequence in self._leases
        self.forget(delivery.message)
        site = f"{self.durable.name}/{delivery.message.sequence}"
        if known and self.stream.dice.strikes("forget", site, 0.1):
            self._forgotten += 1
            delay = self.stream.dice.between(f"forget/{site}", 0.0, 3.0)
            asyncio.get_running_loop().call_later(delay, self._as_new, delivery.message)
        self.pump()

    def _as_new(self, message: Message) -> None:
        self._forgotten -= 1
        self._waiting.append(message)
        self.pump()

    def forget(self, message: Message) -> None:
        """The message is settled or gone."""
        lease = self._leases.pop(message.sequence, None)
        if lease is not None:
            lease.stop()
        if message in self._waiting:
            self._waiting.remove(message)

    def again(self, delivery: Leased, delay: float) -> None:
        """A negative acknowledgement."""
        lease = self._leases.get(delivery.message.sequence)
        if lease is not None:
            lease.stop()
            asyncio.get_running_loop().call_later(delay, self._requeue, delivery.message)

    def extend(self, delivery: Leased) -> None:
        """Work in progress: the wait begins anew."""
        lease = self._leases.get(delivery.message.sequence)
        if lease is not None:
            self._watch(delivery.message, lease)

    def _watch(self, message: Message, lease: _Lease) -> None:
        lease.stop()
        loop = asyncio.get_running_loop()
        lease.expiry = loop.call_later(self.durable.ack_wait, self._expire, message)

    def _expire(self, message: Message) -> None:
        self.expired += 1
        self._requeue(message)

    def _requeue(self, message: Message) -> None:
        lease = self._leases.get(message.sequence)
        if lease is None or message in self._waiting:
            return
        if self.durable.max_deliver > 0 and lease.deliveries >= self.durable.max_deliver:
            del self._leases[message.sequence]
            self.given_up.append(message)
            return
        self._waiting.append(message)
        self.pump()
