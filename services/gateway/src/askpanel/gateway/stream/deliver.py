"""Sends one client its stream: history, then what is live, until something ends it."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from askpanel.gateway.stream.encode import HEARTBEAT, RETRY, Frame
from askpanel.gateway.stream.mailbox import Mailbox, Why
from askpanel.runtime import conventions, telemetry, tracing

logger = logging.getLogger(__name__)

CHUNK = 65_536
STALL = 30.0
"""Seconds one write may take before the client counts as gone."""

HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a stream lasts: seconds of silence, between looks at the membership, and until it ends."""

    heartbeat: float
    recheck: float
    lasts: float
    ends_because: Why


async def deliver(
    opening: Sequence[Frame],
    mailbox: Mailbox,
    *,
    after: int,
    terms: Terms,
    still_allowed: Callable[[], Awaitable[bool]],
) -> AsyncGenerator[bytes]:
    """The blocks of one stream: `opening`, then the mailbox's frames after it. Ends where Mailbox says.

    `after` is the sequence the client has. `still_allowed` is asked again and again while the stream lasts.
    """
    loop = asyncio.get_running_loop()
    began = spoke = checked = loop.time()
    prefix, sent = RETRY, max([after, *(frame.sequence or 0 for frame in opening)])
    for chunk in _chunks(opening):
        yield prefix + chunk
        prefix = b""
    _mark_sent(opening)
    if not opening:
        yield HEARTBEAT
    if opening and opening[-1].last:
        return
    mailbox.takes_deltas = True
    while mailbox.cut_because is None:
        now = loop.time()
        if now - began >= terms.lasts:
            mailbox.cut(terms.ends_because)
            return
        if now - checked >= terms.recheck:
            checked = now
            if not await still_allowed():
                mailbox.cut("revoked")
                return
        if now - spoke >= terms.heartbeat:
            spoke = now
            yield HEARTBEAT
        pause = min(spoke + terms.heartbeat, checked + terms.recheck, began + terms.lasts) - loop.time()
        if not await mailbox.wait(max(pause, 0)):
            continue
        frames = [frame for frame in mailbox.take() if frame.sequence is None or frame.sequence > sent]
        for chunk in _chunks(_through_last(frames)):
            yield prefix + chunk
            prefix, spoke = b"", loop.time()
        _mark_sent(frames)
        sent = max([sent, *(frame.sequence or 0 for frame in frames)])
        if any(frame.last for frame in frames):
            return


def _mark_sent(frames: Sequence[Frame]) -> None:
    """Note in the request's span which events the client has now; deltas are not worth it."""
    sequences = [frame.sequence for frame in frames if frame.sequence is not None]
    if sequences:
        tracing.mark(conventions.STREAM_SENT, events=len(sequences), sequence=sequences[-1])


def _through_last(frames: Iterable[Frame]) -> Iterator[Frame]:
    for frame in frames:
        yield frame
        if frame.last:
            return


def _chunks(frames: Iterable[Frame]) -> Iterator[bytes]:
    """Whole blocks, joined up to CHUNK bytes, so that a long history is few writes."""
    waiting: list[bytes] = []
    size = 0
    for frame in frames:
        waiting.append(frame.block)
        size += len(frame.block)
        if size >= CHUNK:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


class EventStream(StreamingResponse):
    """A raw event stream. `release` is called once, however it ends, also before its first byte."""

    media_type = "text/event-stream"

    def __init__(self, blocks: AsyncGenerator[bytes], mailbox: Mailbox, release: Callable[[], None]) -> None:
        super().__init__(blocks, headers=HEADERS)
        self._blocks = blocks
        self._mailbox = mailbox
        self._release = release

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._release()
            why = self._mailbox.cut_because or "finished"
            telemetry.STREAMS_CUT.labels(why).inc()
            tracing.mark(conventions.STREAM_ENDED, why=why)
            await self._blocks.aclose()

    async def stream_response(self, send: Send) -> None:
        """As Starlette's, but a client that takes no bytes for STALL seconds is given up."""

        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(STALL):
                await send(message)

        try:
            await super().stream_response(send_in_time)
        except TimeoutError:
            self._mailbox.cut("slow")
            logger.info("a stream's client takes no bytes: given up")
