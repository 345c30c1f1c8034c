"""Sends one client its stream: history, then what is live, until something ends it.

An open stream is this one object and its socket: no task, no request, no HTTP parser. Events are written from
where they are published, by the call that brings them; only what a slow client does not take waits here.
"""

import asyncio
import logging
import random
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from askpanel.gateway.stream.encode import HEARTBEAT, LAST_CHUNK, RETRY, Frame, chunk
from askpanel.runtime import conventions, telemetry

logger = logging.getLogger(__name__)

PIECE = 65_536
"""Bytes of history written at a time."""
UNSENT = 131_072
"""Bytes the kernel may hold for one client beyond what is on the way to it; left alone it takes 4 MB."""
STALL = 30.0
"""Seconds a client may take nothing, or a PIECE may take, before the client counts as gone."""

Why = Literal["slow", "drain", "reset", "age", "expired", "revoked", "finished"]
"""Why the server ended a stream. After any but `finished` the client resumes from its last event."""

_HEARTBEAT = chunk(HEARTBEAT)


@dataclass(frozen=True, slots=True)
class Room:
    """What may wait for one client: frames, and their bytes."""

    frames: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a stream lasts: seconds of silence, and until it ends."""

    heartbeat: float
    lasts: float
    ends_because: Why


class Delivery(asyncio.Protocol):
    """One client's stream of one panel. Once cut or finished, it takes no more and gives none.

    From the subscription to `begin`, frames wait. `begin` takes over a connection whose response has begun.
    `member` is the user and the tenant it is for. `on_end` is called once, when the stream is over for good.
    """

    __slots__ = (
        "_blocked_since", "_bytes", "_connection", "_ended", "_ends_at", "_flows", "_greeted", "_over", "_pieces", "_room",
        "_sent", "_spoke", "_terms", "_timer", "_waiting", "cut_because", "mark", "member", "on_end", "takes_deltas",
    )  # fmt: skip

    def __init__(self, room: Room, member: tuple[UUID, UUID]) -> None:
        self.member = member
        self.on_end: Callable[[], None] | None = None
        self.mark: Callable[..., None] | None = None
        """Notes in the span of the stream's request what happens; None where nobody records it."""
        self.cut_because: Why | None = None
        self.takes_deltas = False
        self._room = room
        self._waiting: list[Frame] = []
        self._bytes = 0
        self._sent = 0
        self._pieces: Iterator[bytes] = iter(())
        self._flows = False
        self._greeted = False
        self._over = False
        """The panel's end has been sent or is about to be."""
        self._ended = False
        self._connection: asyncio.Transport | None = None
        self._blocked_since: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(
        self, connection: asyncio.Transport, opening: Sequence[Frame], *, after: int, terms: Terms
    ) -> None:
        """Send `opening`, then the frames after it. `after` is the sequence the client has."""
        now = time.monotonic()
        self._connection, self._terms = connection, terms
        self._ends_at = now + terms.lasts
        self._sent = max([after, *(frame.sequence or 0 for frame in opening)])
        self._over = bool(opening) and opening[-1].last
        self._mark_sent(opening)
        self._pieces = _pieces(opening)
        _bound_kernel(connection)
        # Clients that came together are not reminded together.
        self._spoke = now - random.uniform(0, terms.heartbeat / 2)  # noqa: S311  (spreads load)
        self._arm(now)
        if not opening:
            connection.write(_HEARTBEAT)
        self._flush()

    def put(self, frame: Frame) -> None:
        """Send an event, or keep it for a client that is behind; too many waiting cut the stream."""
        if self.cut_because is not None or self._over or self._has(frame):
            return
        if self._flows:
            self._write(frame.chunk if self._greeted else chunk(RETRY + frame.block))
            self._sent = frame.sequence or self._sent
            self._mark_sent([frame])
            if frame.last:
                self._end()
        elif len(self._waiting) >= self._room.frames or self._bytes + len(frame.block) > self._room.bytes:
            self.cut("slow")
        else:
            self._waiting.append(frame)
            self._bytes += len(frame.block)

    def put_delta(self, frame: Frame) -> None:
        """Send a delta, or keep it while there is ample room; deltas never cost a client its stream."""
        room = len(self._waiting) < self._room.frames // 2 and self._bytes < self._room.bytes // 2
        if self.takes_deltas and room:
            self.put(frame)

    def cut(self, why: Why) -> None:
        """End the stream at the next event boundary; the client resumes from the log."""
        if self.cut_because is not None or self._ended:
            return
        self.cut_because = why
        self._waiting, self._bytes = [], 0
        if self._connection is not None:
            self._pieces = iter(())
            self._end()

    def abandon(self) -> None:
        """Drop the connection, whatever is under way."""
        if self._connection is not None:
            self._connection.abort()

    # What the connection calls

    def pause_writing(self) -> None:
        """The client is behind."""
        self._flows = False
        self._blocked_since = time.monotonic()

    def resume_writing(self) -> None:
        """The client has taken what was written."""
        self._blocked_since = None
        if not self._ended:
            self._flush()

    def data_received(self, data: bytes) -> None:
        """Nothing is expected of a client on this connection any more."""

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  (the protocol's)
        """The stream is over, by either side."""
        if self._timer is not None:
            self._timer.cancel()
        self.end()

    def end(self) -> None:
        """Say that the stream is over, also one that never began."""
        self._ended, self._over, self._flows = True, True, False
        on_end, self.on_end = self.on_end, None
        if self._connection is not None and on_end is not None:
            why = self.cut_because or "finished"
            telemetry.STREAMS_CUT.labels(why).inc()
            if self.mark is not None:
                self.mark(conventions.STREAM_ENDED, why=why)
        if on_end is not None:
            on_end()

    # Inside

    def _has(self, frame: Frame) -> bool:
        return frame.sequence is not None and frame.sequence <= self._sent

    def _flush(self) -> None:
        """Write until the client is behind, or has all there is."""
        while self._blocked_since is None:
            piece = next(self._pieces, None)
            if piece is not None:
                self._write(chunk(piece if self._greeted else RETRY + piece))
            elif self._waiting:
                self._pieces = _pieces(self._take())
            elif self._over or self.cut_because is not None:
                return self._end()
            else:
                self._flows = self.takes_deltas = True
                return None
        return None

    def _take(self) -> list[Frame]:
        """What waits, up to the panel's end."""
        frames = [frame for frame in self._waiting if not self._has(frame)]
        self._waiting, self._bytes = [], 0
        end = next((number for number, frame in enumerate(frames, 1) if frame.last), None)
        self._over = end is not None
        self._sent = max([self._sent, *(frame.sequence or 0 for frame in frames)])
        self._mark_sent(frames[:end])
        return frames[:end]

    def _mark_sent(self, frames: Sequence[Frame]) -> None:
        """Note which events the client is given; deltas are not worth it."""
        if self.mark is not None and (
            sequences := [one.sequence for one in frames if one.sequence is not None]
        ):
            self.mark(conventions.STREAM_SENT, events=len(sequences), sequence=sequences[-1])

    def _write(self, chunks: bytes) -> None:
        assert self._connection is not None
        self._greeted = True
        self._spoke = time.monotonic()
        self._connection.write(chunks)

    def _end(self) -> None:
        """Close once the client has taken the rest, which it must do within STALL."""
        assert self._connection is not None
        assert self._timer is not None
        self._ended, self._over, self._flows = True, True, False
        self._connection.write(LAST_CHUNK)
        self._connection.close()
        self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(STALL, self._connection.abort)

    def _arm(self, now: float) -> None:
        """One timer, set to whatever is due first; writing does not touch it."""
        due = self._spoke + self._terms.heartbeat
        if self._blocked_since is not None:
            due = self._blocked_since + STALL
        pause = max(min(due, self._ends_at) - now, 0.001)
        self._timer = asyncio.get_running_loop().call_later(pause, self._look)

    def _look(self) -> None:
        now = time.monotonic()
        if self._blocked_since is not None and now >= self._blocked_since + STALL:
            logger.info("a stream's client takes no bytes: given up")
            self.cut("slow")
            self.abandon()
            return
        if now >= self._ends_at:
            self.cut(self._terms.ends_because)
            return
        if self._flows and now >= self._spoke + self._terms.heartbeat:
            self._spoke = now
            assert self._connection is not None
            self._connection.write(_HEARTBEAT)
        self._arm(now)


def _pieces(frames: Iterable[Frame]) -> Iterator[bytes]:
    """Whole blocks, joined up to PIECE bytes, so that a long history is few writes."""
    waiting: list[bytes] = []
    size = 0
    for frame in frames:
        waiting.append(frame.block)
        size += len(frame.block)
        if size >= PIECE:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def _bound_kernel(connection: asyncio.Transport) -> None:
    """Let a client that stops reading be noticed here, and cost no megabytes there."""
    own: socket.socket = connection.get_extra_info("socket")
    if own.family in (socket.AF_INET, socket.AF_INET6) and hasattr(socket, "TCP_NOTSENT_LOWAT"):
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)
