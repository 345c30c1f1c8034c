"""The event log client: append with an expected sequence, read one panel.

A single server checks the expected sequence *before* it recognises a duplicate, so a retry after a lost
acknowledgement looks like a conflict with oneself. One with replicas recognises the duplicate first, so a copy
of the event behind others that were not expected looks like success. Either way what stands on the log says
which it was: "stored" and "somebody else was first" are never confused.
"""

import asyncio
import logging
import math
import time
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from nats.aio.client import Client
from nats.js import JetStreamContext

from askpanel.contracts.archive import Message, merged
from askpanel.contracts.envelope import MESSAGE_ID, Recorded, decode
from askpanel.contracts.subjects import PanelRef, panel_of, type_of
from askpanel.contracts.topology import PANELS
from askpanel.runtime.archive import Archive, surely_whole
from askpanel.runtime.direct import READ_BATCH, batch, batches, few
from askpanel.runtime.errors import AlreadyThere, Conflict, LogUnavailable, Raw
from askpanel.runtime.latest import Latest
from askpanel.runtime.publishing import Publisher
from askpanel.runtime.replies import Replies
from askpanel.runtime.turns import Replicas, guard, in_turn
from askpanel.runtime.unavailable import unavailable_or_absent

logger = logging.getLogger(__name__)

LOOKED = timedelta(seconds=3)
"""How long a look at the archive's index holds."""
FIRST_WITHIN = 12.0
"""Seconds after it for the append of a first event, whatever the patience; both together are less than `IN_BOTH`."""
NEAR = 10_000
"""Messages before the newest one known: less than the server keeps in memory."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where the log stands: its last sequence, and when the stream was created (its epoch)."""

    sequence: int
    epoch: str


class EventLog:
    """The log of one NATS connection. `patience` in seconds bounds every retry."""

    def __init__(self, client: Client, *, patience: float = 12.0, attempt_timeout: float = 2.0) -> None:
        self._client = client
        self.replies = Replies(client)
        self._js: JetStreamContext = client.jetstream(timeout=attempt_timeout)
        self._patience = patience
        self._attempt_timeout = attempt_timeout
        self._replicas = Replicas(self._js)
        self._latest = Latest(
            self._js, self.replies, self._replicas, patience=patience, timeout=attempt_timeout
        )
        self.archive = Archive(self._js, self.replies, self._latest, patience=patience)
        """Where panels are that ended long ago; `read` and `read_raw` of a panel look there by themselves."""
        self._publisher = Publisher(client, self.replies, patience=patience, attempt_timeout=attempt_timeout)

    @property
    def jetstream(self) -> JetStreamContext:
        """For what this client has no word for (buckets, consumers)."""
        return self._js

    async def append(self, recorded: Recorded, *, expected: int) -> int:
        """Append as the panel's next event after sequence `expected` (0: its first).

        Returns the event's sequence, also when this very event is there already as the next and last. Raises
        Conflict when the panel has any other event after `expected`, also one that tells the same fact in another
        way (a deadline counted from another moment); LogUnavailable when the log did not confirm within `patience`.
        """
        stood, newer = await self._stand(recorded, expected)
        if len(newer) > 1 or stood.event != recorded.event:
            raise Conflict(expected, newer[-1][3], newer)
        return stood.sequence

    async def append_first(self, recorded: Recorded) -> Recorded:
        """Append as the panel's first event, or find the one that has this id already.

        Returns what stands on the log, which may be another's copy. Raises as `append`. Its caller has looked
        for the panel in the archive since the event's time; if that is long ago, it is looked for again, for by now
        it may have left the log, which then would take it as new.
        """
        if datetime.now(UTC) - recorded.envelope.time > LOOKED:
            for event in await self.read(recorded.envelope.panel):
                if event.envelope.id == recorded.envelope.id:
                    return event
        return (await self._stand(recorded, 0, within=FIRST_WITHIN))[0]

    async def append_beside(self, events: Sequence[Recorded], *, noun: str, expected: int) -> list[int]:
        """Append facts of one panel side by side, unless it has an event of `noun` after `expected`.

        For facts that only such an event can forbid, as the end of a panel forbids new requests; what else
        happens meanwhile may come between them. Their own types must be of another noun. Returns their
        sequences. Raises AlreadyThere where one stood there before, for then more may have happened since than
        its caller knows. On either error some of them may stand on the log, each once.
        """
        if await self._replicas.replicated():
            return await self._append_in_turn(events, noun, expected)
        guards = [guard(event.envelope.panel.filter_of(noun), expected) for event in events]
        outcomes = await asyncio.gather(*map(self._publish_news, events, guards), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return [outcome for outcome in outcomes if isinstance(outcome, int)]

    async def append_news(self, recorded: Recorded, *, never: str | None = None) -> int:
        """Append a fact that only its id guards, and that must be news: AlreadyThere where it stood there before.

        `never`: a noun of which the panel must have no event; raises Conflict where it has. For what may be begun
        once only, like a paid call: a server that was killed forgets who was asked, and asks again as if nobody
        had been. Holds within the deduplication window.
        """
        barred = None if never is None else recorded.envelope.panel.filter_of(never)
        if await self._replicas.replicated():
            unless = None if barred is None else (barred, 0)
            return await in_turn(
                self._publish_news, self._last, recorded, unless=unless, patience=self._patience
            )
        return await self._publish_news(recorded, {} if barred is None else guard(barred, 0))

    async def append_once(self, recorded: Recorded, *, recent: bool) -> int:
        """Append a fact that only its id guards, wherever the panel stands.

        `recent`: whatever led to this event is younger than half the deduplication window, so the server
        recognises any earlier copy. Otherwise the panel is read for a copy, and the append expects the
        panel as it was read.
        """
        if recent:
            if await self._replicas.replicated():
                return await in_turn(self._publish, self._last, recorded, patience=self._patience)
            return await self._publish(recorded, {})
        panel = recorded.envelope.panel
        while True:
            expected = await self.last_sequence(panel)  # on the log itself, where an archived panel has none
            events = await self.read(panel, until=expected or None)
            for event in events:
                if event.envelope.id == recorded.envelope.id:
                    return event.sequence
            try:
                return await self.append(recorded, expected=expected)
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
        """The panel's events after sequence `after`, in order, up to what its leader had at the call.

        `until`: an event of the panel known to be there, which is enough; the leader need not be asked.
        `types`: only events of these types; no others are decoded. Raises Unreadable for an event this build cannot read, LogUnavailable when no answer comes.
        """
        return [
            decode(subject, headers, body, sequence)
            async for subject, headers, body, sequence in self.read_raw(
                panel.filter, after=after, until=until
            )
            if types is None or type_of(subject) in types
        ]

    async def read_raw(
        self, subject_filter: str, *, after: int = 0, until: int | None = None
    ) -> AsyncGenerator[Raw]:
        """Messages of a filter as subject, headers, body and sequence; complete up to the leader's last.

        A panel's filter also gives what of it is archived, in its place; any other only what is on the log.
        `until`: a message of the filter known to be there, which is enough.
        """
        on_log = self._read_log(subject_filter, after, until)
        panel = panel_of(subject_filter)
        if panel is None:
            async with aclosing(on_log) as messages:
                async for message in messages:
                    yield message
            return
        found = [Message(*message) async for message in on_log]
        if not surely_whole(found, after=after, until=until, now=datetime.now(UTC)):
            # Only now, after the log: the index is written before anything is taken off it.
            archived = await self.archive.panel(panel)
            found = merged([message for message in archived if message.sequence > after], found)
        for message in found:
            yield message.subject, dict(message.headers), message.body, message.sequence

    async def _read_log(self, subject_filter: str, after: int, until: int | None) -> AsyncGenerator[Raw]:
        position = after
        replicated = await self._replicas.replicated()
        if until is None and not replicated:
            # A single server is nobody's replica: what it answers is complete, and it need not be asked how far.
            timeout = self._attempt_timeout
            read = batches if after else few
            answers = read(self.replies, PANELS.name, subject_filter, after=after, timeout=timeout)
            try:
                async with aclosing(answers) as messages:
                    async for message in messages:
                        position = message[3]
                        yield message
            except LogUnavailable as error:
                logger.info("a read of %s goes on with more patience: %s", subject_filter, error)
            else:
                return
        last = await self._last(subject_filter) if until is None else until
        deadline = time.monotonic() + self._patience
        while last is not None and position < last:
            progressed = False
            async with aclosing(
                self._some(subject_filter, position, until, wide=until is None and after > 0)
            ) as messages:
                async for message in messages:
                    position = message[3]
                    progressed = True
                    yield message
            if progressed:
                continue
            last = await self._last(subject_filter)  # what was there may have been taken off meanwhile
            if last is not None and position < last:
                if time.monotonic() > deadline:
                    raise LogUnavailable(f"a replica answers without sequence {last} of {subject_filter}")
                await asyncio.sleep(0.05)

    def _some(self, subject_filter: str, after: int, until: int | None, *, wide: bool) -> AsyncGenerator[Raw]:
        """Messages of a filter, as far as one server knows them.

        Up to the newest ones known there is little for it to look through: they take one request.
        """
        timeout = self._attempt_timeout
        if wide:
            return batches(self.replies, PANELS.name, subject_filter, after=after, timeout=timeout)
        newest = max(self._publisher.newest, self._replicas.newest)
        if until is None or not newest or until < newest - NEAR:
            return few(self.replies, PANELS.name, subject_filter, after=after, timeout=timeout)
        return batch(self.replies, PANELS.name, subject_filter, after + 1, READ_BATCH, timeout)

    async def find(self, panel: PanelRef, event_type: str) -> Recorded | None:
        """The panel's last event of a type on the log itself, as the leader has it; None where there is none.

        One request; an archived panel has none. Raises as `read`.
        """
        message = await self._latest.of(PANELS.name, panel.subject(event_type))
        return None if message is None else decode(*message)

    async def last_sequence(self, panel: PanelRef) -> int:
        """The sequence of the panel's last event, 0 if it has none."""
        return await self._last(panel.filter) or 0

    async def position(self, stream: str = PANELS.name) -> Position:
        """The end of the log now."""
        with unavailable_or_absent():
            info = await self._js.stream_info(stream)
        if stream == PANELS.name:
            self._publisher.saw(info.state.last_seq)
        return Position(info.state.last_seq, str(info.created or ""))

    async def extent(self) -> tuple[int, int]:
        """First and last sequence of the log; the first is beyond the last where it is empty.

        It has all in between but what was erased; what is before the first is archived.
        """
        with unavailable_or_absent():
            state = (await self._js.stream_info(PANELS.name)).state
        return state.first_seq if state.messages else state.last_seq + 1, state.last_seq

    async def _publish(self, recorded: Recorded, expectation: Mapping[str, str]) -> int:
        return (await self._publisher.publish(recorded, expectation)).sequence

    async def _publish_news(self, recorded: Recorded, expectation: Mapping[str, str]) -> int:
        """Raises AlreadyThere where the first request is answered by a copy."""
        confirmed = await self._publisher.publish(recorded, expectation)
        if confirmed.copy and not confirmed.asked_again:
            raise AlreadyThere(f"{recorded.envelope.type} {recorded.envelope.id}")
        return confirmed.sequence

    async def _append_in_turn(self, events: Sequence[Recorded], noun: str, expected: int) -> list[int]:
        sequences: list[int] = []
        for event in events:
            sequence = await in_turn(
                self._publish_news,
                self._last,
                event,
                guess=sequences[-1] if sequences else expected,
                unless=(event.envelope.panel.filter_of(noun), expected),
                patience=self._patience,
            )
            sequences.append(sequence)
        return sequences

    async def _stand(
        self, recorded: Recorded, expected: int, *, within: float = math.inf
    ) -> tuple[Recorded, Sequence[Raw]]:
        """What stands on the log as the next event under this event's id: our copy, or one from before.

        With everything after `expected` where it was found in that. Raises Conflict where another event is the
        next, also when a copy stands behind it: whoever expected this panel has not seen what came between.
        """
        panel = recorded.envelope.panel
        try:
            confirmed = await self._publisher.publish(recorded, guard(panel.filter, expected), within=within)
            if not confirmed.copy or confirmed.sequence <= expected:
                return recorded.at(confirmed.sequence), ()
            until = None
        except Conflict as conflict:
            until = conflict.actual or None
        async with aclosing(self.read_raw(panel.filter, after=expected, until=until)) as messages:
            newer = [message async for message in messages]
        if newer and newer[0][1].get(MESSAGE_ID) == str(recorded.envelope.id):
            return decode(*newer[0]), newer
        raise Conflict(expected, newer[-1][3] if newer else expected, newer)

    async def _last(self, subject_filter: str) -> int | None:
        found = await self._latest.of(PANELS.name, subject_filter)
        return None if found is None else found[3]


def is_recent(stored_at: float, now: float) -> bool:
    """Whether copies of what follows from a message stored then must lie in the deduplication window.

    Times in seconds since the epoch. 40 % of the window, so that clocks may differ by minutes.
    """
    return now - stored_at < PANELS.duplicate_window * 0.4
