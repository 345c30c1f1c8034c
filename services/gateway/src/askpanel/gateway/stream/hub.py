"""One live tail of the log in this process, fanned out to the subscribers of each panel.

A subscriber sees a panel without gap or repetition because of one order of steps: subscribe, then read
the panel's history, then send what is after it. Everything the tail has passed before the subscription is
older than the history read, and everything after it is put to the subscriber.

Each event is encoded once for all subscribers of its panel, and only if there are any. The tail outlives
lost connections without a gap. When the log itself is another or shorter than before (a lost store, a
restored backup), every stream is ended, so that clients resume and are told to start over.
"""

import asyncio
import logging
import math
import random
import time
from contextlib import aclosing
from datetime import UTC, datetime

from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import ValidationError

from askpanel.contracts.envelope import Unreadable, decode
from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.stream.beginnings import Beginnings
from askpanel.gateway.stream.deliver import Delivery, Why
from askpanel.gateway.stream.encode import Delta, delta_frame, event_frame
from askpanel.runtime import telemetry
from askpanel.runtime.connection import receive
from askpanel.runtime.errors import LogMisconfigured, LogUnavailable
from askpanel.runtime.log import EventLog
from askpanel.runtime.tail import LogReplaced, RawEvent, follow

logger = logging.getLogger(__name__)

DELTAS = "live.delta.*.*"
RETRY_AFTER = 0.5
"""Seconds between attempts to find the log."""


class Hub:
    """Subscribers by panel, fed by one tail. `run` is its task; `position` the last sequence passed on.

    `silence`: seconds without a word from the log, be it that there is no more, after which it follows no longer.
    """

    def __init__(self, client: Client, log: EventLog, *, silence: float) -> None:
        self._client = client
        self._log = log
        self.beginnings = Beginnings()
        self._subscribers: dict[str, set[Delivery]] = {}
        self._epoch: str | None = None
        self._silence = silence
        self._heard_at = -math.inf
        self.position = 0
        self.draining = False

    @property
    def following(self) -> bool:
        """Whether the tail has found the log, and has heard of it lately."""
        return self._epoch is not None and time.monotonic() - self._heard_at < self._silence

    def subscribe(self, panel: PanelRef, stream: Delivery) -> None:
        """Put every event of the panel to the stream from now on. End it with `unsubscribe`."""
        if self.draining:
            stream.cut("drain")
        self._subscribers.setdefault(panel.address, set()).add(stream)
        telemetry.STREAMS_OPEN.inc()

    def unsubscribe(self, panel: PanelRef, stream: Delivery) -> None:
        """Forget the stream."""
        streams = self._subscribers.get(panel.address, set())
        if stream in streams:
            streams.remove(stream)
            telemetry.STREAMS_OPEN.dec()
        if not streams:
            self._subscribers.pop(panel.address, None)

    def streams(self) -> list[Delivery]:
        """All that are open now."""
        return [stream for streams in self._subscribers.values() for stream in streams]

    async def drain(self, seconds: float) -> None:
        """End all streams at event boundaries, spread over so many seconds."""
        self.draining = True
        streams = self.streams()
        random.shuffle(streams)
        for stream in streams:
            stream.cut("drain")
            await asyncio.sleep(seconds / len(streams))

    def abandon(self) -> None:
        """Drop whatever connection is still open; its client resumes elsewhere."""
        for stream in self.streams():
            stream.abandon()

    async def run(self) -> None:
        """Follow the log for ever; end by cancellation."""
        deltas = await receive(self._client, DELTAS, self._receive_delta)
        try:
            while True:
                try:
                    await self._follow()
                except LogReplaced as error:
                    logger.error("streams start over: %s", error)
                    self._epoch = None
                    self._cut_all("reset")
                except (LogUnavailable, LogMisconfigured) as error:
                    logger.warning("the log cannot be followed yet: %s", error)
                    await asyncio.sleep(RETRY_AFTER)
        finally:
            if not self._client.is_closed:
                await deltas.unsubscribe()

    async def _follow(self) -> None:
        """Pass the log on from its end, as long as it is the same log."""
        self.beginnings.clear()
        end = await self._log.position()
        self.position, self._epoch, self._heard_at = end.sequence, end.epoch, time.monotonic()
        async with aclosing(follow(self._log.jetstream, after=end.sequence, epoch=end.epoch)) as events:
            async for raw in events:
                self._heard_at = time.monotonic()
                if raw is not None:
                    self.position = raw.sequence
                    self._publish(raw)

    def _cut_all(self, why: Why) -> None:
        for stream in self.streams():
            stream.cut(why)

    def _publish(self, raw: RawEvent) -> None:
        address = _address(raw.subject)
        self.beginnings.passed(raw, address)
        streams = self._subscribers.get(address)
        if not streams:
            return
        try:
            frame = event_frame(decode(*raw.message))
        except Unreadable as error:
            logger.warning("event %d is left out of streams: %s", raw.sequence, error)
            return
        except Exception:
            # A bug, met by one panel: its streams end instead of showing a gap, all others go on.
            logger.exception("event %d cannot be shown", raw.sequence)
            for stream in streams:
                stream.cut("reset")
            return
        if frame is not None:
            for stream in streams:
                stream.put(frame)

    def _receive_delta(self, message: Msg) -> None:
        address = _address(message.subject)
        streams = self._subscribers.get(address)
        if not streams:
            return
        try:
            delta = Delta.model_validate_json(message.data)
        except ValidationError as error:
            logger.warning("a delta is left out: %s", error.errors(include_input=False)[0]["msg"])
            return
        frame = delta_frame(address.rpartition(".")[2], delta, datetime.now(UTC))
        for stream in streams:
            stream.put_delta(frame)


def _address(subject: str) -> str:
    """The panel an event or a delta is about, as in `PanelRef.address`: both end in tenant and panel."""
    return ".".join(subject.split(".")[2:])
