"""One live tail of the log in this process, fanned out to the subscribers of each panel.

A subscriber sees a panel without gap or repetition because of one order of steps: subscribe, then read
the panel's history, then take from the mailbox what is after the last event sent. Everything the tail
has passed before the subscription is older than the history read, and everything after it is in the
mailbox.

Each event is encoded once for all subscribers of its panel, and only if there are any. The tail outlives
lost connections without a gap. When the log itself is another or shorter than before (a lost store, a
restored backup), every stream is ended, so that clients resume and are told to start over.
"""

import asyncio
import logging
import random
from contextlib import aclosing
from datetime import UTC, datetime

from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import ValidationError

from askpanel.contracts.envelope import Unreadable, decode
from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.stream.encode import Delta, delta_frame, event_frame
from askpanel.gateway.stream.mailbox import Mailbox, Why
from askpanel.runtime import telemetry
from askpanel.runtime.errors import LogMisconfigured, LogUnavailable
from askpanel.runtime.log import EventLog
from askpanel.runtime.tail import LogReplaced, RawEvent, follow

logger = logging.getLogger(__name__)

DELTAS = "live.delta.*.*"
RETRY_AFTER = 0.5
"""Seconds between attempts to find the log."""


class Hub:
    """Subscribers by panel, fed by one tail. `run` is its task; `position` the last sequence passed on."""

    def __init__(self, client: Client, log: EventLog, *, most_frames: int, most_bytes: int) -> None:
        self._client = client
        self._log = log
        self._most_frames = most_frames
        self._most_bytes = most_bytes
        self._subscribers: dict[str, set[Mailbox]] = {}
        self._epoch: str | None = None
        self.position = 0
        self.draining = False

    @property
    def following(self) -> bool:
        """Whether the tail has found the log at least once."""
        return self._epoch is not None

    def subscribe(self, panel: PanelRef) -> Mailbox:
        """A mailbox that gets every event of the panel from now on. Leave it with `unsubscribe`."""
        mailbox = Mailbox(most_frames=self._most_frames, most_bytes=self._most_bytes)
        if self.draining:
            mailbox.cut("drain")
        self._subscribers.setdefault(_key(panel), set()).add(mailbox)
        telemetry.STREAMS_OPEN.inc()
        return mailbox

    def unsubscribe(self, panel: PanelRef, mailbox: Mailbox) -> None:
        """Forget the mailbox."""
        mailboxes = self._subscribers.get(_key(panel), set())
        if mailbox in mailboxes:
            mailboxes.remove(mailbox)
            telemetry.STREAMS_OPEN.dec()
        if not mailboxes:
            self._subscribers.pop(_key(panel), None)

    async def drain(self, seconds: float) -> None:
        """End all streams at event boundaries, spread over so many seconds."""
        self.draining = True
        mailboxes = [mailbox for group in self._subscribers.values() for mailbox in group]
        random.shuffle(mailboxes)
        for mailbox in mailboxes:
            mailbox.cut("drain")
            await asyncio.sleep(seconds / len(mailboxes))

    async def run(self) -> None:
        """Follow the log for ever; end by cancellation."""
        deltas = await self._client.subscribe(DELTAS, cb=self._receive_delta)
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
        end = await self._log.position()
        self.position, self._epoch = end.sequence, end.epoch
        async with aclosing(follow(self._log.jetstream, after=end.sequence, epoch=end.epoch)) as events:
            async for raw in events:
                if raw is not None:
                    self.position = raw.sequence
                    self._publish(raw)

    def _cut_all(self, why: Why) -> None:
        for mailboxes in self._subscribers.values():
            for mailbox in mailboxes:
                mailbox.cut(why)

    def _publish(self, raw: RawEvent) -> None:
        mailboxes = self._subscribers.get(_address(raw.subject))
        if not mailboxes:
            return
        try:
            frame = event_frame(decode(raw.subject, raw.headers, raw.body, raw.sequence))
        except Unreadable as error:
            logger.warning("event %d is left out of streams: %s", raw.sequence, error)
            return
        except Exception:
            # A bug, met by one panel: its streams end instead of showing a gap, all others go on.
            logger.exception("event %d cannot be shown", raw.sequence)
            for mailbox in mailboxes:
                mailbox.cut("reset")
            return
        if frame is not None:
            for mailbox in mailboxes:
                mailbox.put(frame)

    async def _receive_delta(self, message: Msg) -> None:
        address = _address(message.subject)
        mailboxes = self._subscribers.get(address)
        if not mailboxes:
            return
        try:
            delta = Delta.model_validate_json(message.data)
        except ValidationError as error:
            logger.warning("a delta is left out: %s", error.errors(include_input=False)[0]["msg"])
            return
        frame = delta_frame(address.rpartition(".")[2], delta, datetime.now(UTC))
        for mailbox in mailboxes:
            mailbox.put_delta(frame)


def _key(panel: PanelRef) -> str:
    return f"{panel.tenant_id}.{panel.panel_id}"


def _address(subject: str) -> str:
    """The panel an event or a delta is about, as in `_key`: both end in tenant and panel."""
    return ".".join(subject.split(".")[2:])
