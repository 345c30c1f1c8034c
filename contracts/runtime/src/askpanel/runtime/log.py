"""The event log client: append with an expected sequence, read one panel.

A publish that times out has an unknown outcome. It is published again with the same id and the same
expectation, and the answers are resolved so that "stored" and "somebody else was first" are never
confused: the server checks the expected sequence *before* it recognises a duplicate, so a retry after a
lost acknowledgement looks like a conflict with oneself.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.js import JetStreamContext
from pydantic_core import from_json

from askpanel.contracts.archive import Message, merged
from askpanel.contracts.envelope import MESSAGE_ID, Recorded, decode, encode
from askpanel.contracts.subjects import PanelRef, panel_of
from askpanel.contracts.topology import PANELS
from askpanel.runtime import telemetry, tracing
from askpanel.runtime.archive import Archive, surely_whole
from askpanel.runtime.direct import batch, last_of, unavailable
from askpanel.runtime.errors import Conflict, EventTooLarge, LogMisconfigured, LogUnavailable, Raw
from askpanel.runtime.replies import Replies

WRONG_LAST_SEQUENCE = 10071
STORE_FULL = frozenset({10023, 10077})
NOT_OURS = 10060
LOOKED = timedelta(minutes=1)
"""How long a look at a panel holds; far less than it takes to be archived."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where the log stands: its last sequence, and when the stream was created (its epoch)."""

    sequence: int
    epoch: str


class EventLog:
    """The log of one NATS connection. `patience` in seconds bounds every retry."""

    def __init__(self, client: Client, *, patience: float = 12.0, attempt_timeout: float = 4.0) -> None:
        self._client = client
        self._replies = Replies(client)
        self._js: JetStreamContext = client.jetstream(timeout=attempt_timeout)
        self._patience = patience
        self._attempt_timeout = attempt_timeout
        self.archive = Archive(client, self._replies, patience=patience, attempt_timeout=attempt_timeout)
        """Where panels are that ended long ago; `read` and `read_raw` of a panel look there by themselves."""

    @property
    def jetstream(self) -> JetStreamContext:
        """For what this client has no word for (buckets, consumers)."""
        return self._js

    async def append(self, recorded: Recorded, *, expected: int) -> int:
        """Append as the panel's next event after sequence `expected` (0: its first).

        Returns the event's sequence, also when this very event is there already. Raises Conflict when
        another event came first, LogUnavailable when the log did not confirm within `patience`.
        """
        return (await self._stand(recorded, expected)).sequence

    async def append_first(self, recorded: Recorded) -> Recorded:
        """Append as the panel's first event, or find the one that has this id already.

        Returns what stands on the log, which may be another's copy. Raises as `append`. Its caller has looked
        for the panel when it made the event; if that is long ago, it is looked for again, for by now it may
        have run, ended and left the log, which then would take it as new.
        """
        if datetime.now(UTC) - recorded.envelope.time > LOOKED:
            for event in await self.read(recorded.envelope.panel):
                if event.envelope.id == recorded.envelope.id:
                    return event
        return await self._stand(recorded, 0)

    async def append_beside(self, events: Sequence[Recorded], *, noun: str, expected: int) -> list[int]:
        """Append facts of one panel side by side, unless it has an event of `noun` after `expected`.

        For facts that only such an event can forbid, as the end of a panel forbids new requests; what else
        happens meanwhile may come between them. Their own types must be of another noun. Returns their
        sequences. On Conflict some of them may stand on the log.
        """
        guard = [_guard(event.envelope.panel.filter_of(noun), expected) for event in events]
        outcomes = await asyncio.gather(*map(self._publish, events, guard), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return [outcome for outcome in outcomes if isinstance(outcome, int)]

    async def append_once(self, recorded: Recorded, *, recent: bool) -> int:
        """Append a fact that only its id guards, wherever the panel stands.

        `recent`: whatever led to this event is younger than half the deduplication window, so the server
        recognises any earlier copy. Otherwise the panel is read for a copy, and the append expects the
        panel as it was read.
        """
        if recent:
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

    async def read(self, panel: PanelRef, *, after: int = 0, until: int | None = None) -> list[Recorded]:
        """The panel's events after sequence `after`, in order, up to what its leader had at the call.

        `until`: an event of the panel known to be there, which is enough; the leader need not be asked.
        Raises Unreadable for an event this build cannot read, LogUnavailable when no answer comes.
        """
        return [
            decode(subject, headers, body, sequence)
            async for subject, headers, body, sequence in self.read_raw(
                panel.filter, after=after, until=until
            )
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
        last = await self._last(subject_filter) if until is None else until
        deadline = time.monotonic() + self._patience
        position = after
        while last is not None and position < last:
            progressed = False
            timeout = self._attempt_timeout
            async with aclosing(
                batch(self._replies, PANELS.name, subject_filter, position + 1, timeout)
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

    async def last_sequence(self, panel: PanelRef) -> int:
        """The sequence of the panel's last event, 0 if it has none."""
        return await self._last(panel.filter) or 0

    async def position(self, stream: str = PANELS.name) -> Position:
        """The end of the log now."""
        with unavailable():
            info = await self._js.stream_info(stream)
        return Position(info.state.last_seq, str(info.created or ""))

    async def extent(self) -> tuple[int, int]:
        """First and last sequence of the log; the first is beyond the last where it is empty.

        It has all in between but what was erased; what is before the first is archived.
        """
        with unavailable():
            state = (await self._js.stream_info(PANELS.name)).state
        return state.first_seq if state.messages else state.last_seq + 1, state.last_seq

    async def _stand(self, recorded: Recorded, expected: int) -> Recorded:
        """What stands on the log under this event's id: our copy, or one from before. Raises Conflict."""
        panel = recorded.envelope.panel
        try:
            return recorded.at(await self._publish(recorded, _guard(panel.filter, expected)))
        except Conflict as conflict:
            first = self.read_raw(panel.filter, after=expected, until=conflict.actual or None)
            async with aclosing(first) as messages:
                newer = [message async for message in messages]
        for message in newer:
            if message[1].get(MESSAGE_ID) == str(recorded.envelope.id):
                return decode(*message)
        raise Conflict(expected, newer[-1][3] if newer else expected, newer)

    async def _publish(self, recorded: Recorded, guard: dict[str, str]) -> int:
        """The event's sequence; what is written says where in its trace that was. Raises Conflict."""
        began = time.perf_counter()
        with tracing.sending(recorded) as placed:
            sequence = await self._confirmed(placed, guard)
        telemetry.PUBLISHING.labels(recorded.envelope.type).observe(time.perf_counter() - began)
        return sequence

    async def _confirmed(self, recorded: Recorded, guard: dict[str, str]) -> int:
        deadline = time.monotonic() + self._patience
        pause = 0.05
        subject, headers, body = encode(recorded)
        headers |= guard
        self._check_size(recorded.envelope.type, headers, body)
        while True:
            try:
                ack = from_json(
                    await self._replies.ask(subject, body, headers=headers, timeout=self._attempt_timeout)
                )
            except nats.errors.NoRespondersError:
                reason = f"no stream takes {subject}"
            except (nats.errors.Error, TimeoutError, OSError) as error:
                reason = repr(error)
            else:
                if (error := ack.get("error")) is None:
                    if ack.get("duplicate"):
                        await self._assert_same(recorded, ack["seq"])
                    return ack["seq"]
                reason = _refused(error)
            telemetry.PUBLISH_RETRIES.inc()
            if time.monotonic() + pause > deadline:
                await self.position()  # raises LogMisconfigured where there is no log at all
                raise LogUnavailable(f"{recorded.envelope.type} was not confirmed: {reason}")
            await asyncio.sleep(pause)
            pause = min(pause * 2, 1.0)

    def _check_size(self, event_type: str, headers: Mapping[str, str], body: bytes) -> None:
        """The limit counts headers too; the client does not, and the server answers by disconnecting."""
        size = len(body) + header_bytes(headers)
        if size > self._client.max_payload:
            raise EventTooLarge(f"{event_type} has {size} bytes, the log takes {self._client.max_payload}")

    async def _assert_same(self, recorded: Recorded, sequence: int) -> None:
        """Deduplication is per stream, not per subject: the copy must stand on our own subject."""
        with unavailable():
            stored = await self._js.get_msg(PANELS.name, seq=sequence)
        if stored.subject != recorded.envelope.panel.subject(recorded.envelope.type):
            raise LogMisconfigured(f"id {recorded.envelope.id} belongs to {stored.subject} at {sequence}")

    async def _last(self, subject_filter: str) -> int | None:
        found = await last_of(self._js, PANELS.name, subject_filter, patience=self._patience)
        return None if found is None else found.seq


def _guard(subject_filter: str, expected: int) -> dict[str, str]:
    """Refuse the message unless `expected` is the last sequence of this filter (0: it has none)."""
    return {
        "Nats-Expected-Last-Subject-Sequence": str(expected),
        "Nats-Expected-Last-Subject-Sequence-Subject": subject_filter,
    }


def _refused(error: Mapping[str, Any]) -> str:
    """Why the server did not store a message, in words, where asking again may help. Raises where it cannot."""
    reason = f"{error.get('err_code')} {error.get('description')}"
    match error.get("err_code"):
        case code if code == WRONG_LAST_SEQUENCE:
            raise Conflict(-1, _actual(str(error.get("description"))))
        case code if code == NOT_OURS:
            raise LogMisconfigured(reason)
        case code if code in STORE_FULL:
            raise LogUnavailable(f"the log is full: {reason}")
        case _:
            return reason


def _actual(description: str) -> int:
    """The sequence in `wrong last sequence: N`; 0 when the server does not say."""
    digits = description.rpartition(":")[2].strip()
    return int(digits) if digits.isdigit() else 0


def header_bytes(headers: Mapping[str, str]) -> int:
    """What headers add to a message: a first line, `name: value` lines, an empty line."""
    lines = sum(len(name.encode()) + len(value.encode()) + 4 for name, value in headers.items())
    return len("NATS/1.0\r\n") + lines + 2


def is_recent(stored_at: float, now: float) -> bool:
    """Whether copies of what follows from a message stored then must lie in the deduplication window.

    Times in seconds since the epoch. 40 % of the window, so that clocks may differ by minutes.
    """
    return now - stored_at < PANELS.duplicate_window * 0.4
