"""Takes panels that ended long ago off the log, once the archive holds them. Safe to repeat and to run twice.

    walk the log from its beginning → copy the panels met to ARCHIVE, read them back → name them in the index
    → look whether somebody erased meanwhile → note how far; now and then, and at the end: wait until the index has
    named the last of them for a moment → purge the log up to the first message not covered

The log is purged from its beginning and never in its midst: the server does that in one step however much it is, while
taking out the subjects of one panel goes through the whole stream. So a panel that may not leave yet keeps
what came after its first message on the log too; the report names it. A crash after any step leaves a panel
in both places, which readers merge by sequence, or a copy that no page names, which the next run takes away.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from uuid import UUID

import nats.js.errors
from nats.aio.client import Client
from nats.js import api

from askpanel.contracts.archive import (
    Damaged,
    Entry,
    Message,
    Progress,
    archive_subject,
    compress,
    digest,
    dump_panel,
    page_key,
    part_headers,
    projected_key,
)
from askpanel.contracts.subjects import BadSubject, PanelRef, parse
from askpanel.contracts.topology import ARCHIVE, AUDIT, DEAD, PANELS
from askpanel.runtime.archive import IN_BOTH, stored_at
from askpanel.runtime.archive_index import ATTEMPTS, PAUSE, Index
from askpanel.runtime.archive_rules import Limits, why_held
from askpanel.runtime.direct import batches
from askpanel.runtime.errors import LogError, LogUnavailable
from askpanel.runtime.log import EventLog
from askpanel.runtime.publishing import IN_FLIGHT
from askpanel.runtime.replies import Replies
from askpanel.runtime.unavailable import GONE, unavailable, unavailable_or_absent

logger = logging.getLogger(__name__)

WINDOW = 4000
"""Messages of the log looked at before what they are of is named in the index."""
PURGE_FIRST, PURGE_EVERY = 60.0, 300.0
"""Seconds to the first purge of a run and between the others, beside the one at the end. For each the server goes through all subjects of the log and takes
no append meanwhile: 0.4 s with 100,000 panels on it, and the more the longer."""
AT_ONCE = 16
ABANDONED = timedelta(minutes=15)
"""Age of a copy that no page names at which nobody is about to name it; beyond the deduplication window."""

Told = Callable[[str], None]
"""Called after each step with its name."""


@dataclass(slots=True)
class Report:
    """What a run did. `held`: what ended it, and why; empty when it came to the end of the log."""

    panels: int = 0
    messages: int = 0
    removed: int = 0
    held: str = ""

    def __str__(self) -> str:
        done = f"archived {self.panels} panels, {self.messages} messages off the log"
        return f"{done}; then {self.held}" if self.held else done


@dataclass(frozen=True, slots=True)
class Erasure:
    """Somebody erased a tenant, or one panel of it, at this time."""

    tenant_id: str
    panel_id: str
    at: datetime

    def names(self, panel: PanelRef) -> bool:
        """Whether this panel was to go, if it was there then."""
        return self.tenant_id == str(panel.tenant_id) and self.panel_id in ("", str(panel.panel_id))


@dataclass(frozen=True, slots=True)
class Copied:
    """A panel that ARCHIVE holds, at `entry`. `before` is what the index said when it was copied."""

    panel: PanelRef
    began: datetime
    before: Entry | None
    entry: Entry


@dataclass(slots=True)
class Window:
    """A stretch of the log: sequence and panel of each message, and what became of the panels."""

    messages: list[tuple[int, PanelRef | None]] = field(default_factory=list[tuple[int, PanelRef | None]])
    copied: dict[PanelRef, Copied] = field(default_factory=dict[PanelRef, Copied])
    held: dict[PanelRef, str] = field(default_factory=dict[PanelRef, str])

    def covered(self) -> tuple[int, str]:
        """The first sequence that must stay on the log, and why; without a reason, the end of the window."""
        for sequence, panel in self.messages:
            if panel is None:
                return sequence, f"sequence {sequence} is no panel's"
            copied = self.copied.get(panel)
            if copied is None or sequence > copied.entry.last:
                return sequence, f"panel {panel.panel_id} {self.held.get(panel, 'has moved on')}"
        return self.messages[-1][0] + 1 if self.messages else 0, ""


@dataclass(frozen=True, slots=True)
class Covered:
    """The archive has all before sequence `end`, named in the index since `named` by the loop's clock."""

    end: int
    named: float


class Archiver:
    """Archives over one NATS connection, as user `archiver`. `in_both` in seconds, less only where nobody asks panels."""

    def __init__(
        self,
        client: Client,
        *,
        older_than: timedelta,
        in_both: float = IN_BOTH,
        told: Told = lambda _: None,
    ) -> None:
        self._client = client
        self._log = EventLog(client)
        self._replies = Replies(client)
        self._jetstream = client.jetstream(timeout=10)
        self._index = Index(client, self._log.archive)
        self._older_than = older_than
        self._in_both = in_both
        self._told = told

    async def run(self, *, seconds: float = 3600.0) -> Report:
        """Archive what may be, for about so long. Raises LogUnavailable, Damaged."""
        clock = asyncio.get_running_loop().time
        ends, purge_at = clock() + seconds, clock() + PURGE_FIRST
        progress, revision = await self._index.progress()
        audited = await self._last_sequence(AUDIT.name)
        report, position = Report(), 0
        covered: Covered | None = None
        swept = await self._sweep(progress, report)
        self._told("swept")
        try:
            while not report.held and clock() < ends:
                window = await self._window(position)
                if not window.messages:
                    break
                await self._copy_all(window, await self._limits())
                self._told("copied")
                await self._name(window)
                named = clock()
                self._told("named")
                await self._undo(window, progress.audited)
                end, report.held = window.covered()
                reached = max((one.entry.last for one in window.copied.values()), default=0)
                progress, revision = await self._index.note(
                    replace(progress, purged=max(progress.purged, reached)), revision
                )
                self._told("noted")
                report.panels += sum(1 for one in window.copied.values() if one.entry.last < end)
                covered, position = Covered(end, named), end - 1
                if named >= purge_at:
                    due, covered = covered, None
                    report.messages += await self._take_off(due)
                    purge_at = clock() + PURGE_EVERY
        except (LogError, Damaged) as error:
            await self._let_go(covered, error)
            raise
        if covered is not None:
            report.messages += await self._take_off(covered)
        await self._index.note(replace(progress, swept=max(swept, progress.swept), audited=audited), revision)
        return report

    async def _let_go(self, covered: Covered | None, cause: Exception) -> None:
        """Take off what may go although the walk has failed: the next one would end at the same place."""
        if covered is None:
            return
        try:
            await self._take_off(covered)
        except LogError as error:
            logger.warning("the log could not be purged after %r: %r", cause, error)

    async def _take_off(self, covered: Covered) -> int:
        """Take what the archive covers off the log, once the index has named it for `in_both`; how many messages."""
        await asyncio.sleep(covered.named + self._in_both - asyncio.get_running_loop().time())
        purged = await self._purge(covered.end)
        self._told("purged")
        return purged

    async def _window(self, after: int) -> Window:
        window = Window()
        with unavailable_or_absent():
            info = await self._jetstream.stream_info(PANELS.name)
        last = info.state.last_seq if info.state.messages else 0
        async with aclosing(batches(self._replies, PANELS.name, ">", after=after)) as messages:
            async for subject, _, _, sequence in messages:
                window.messages.append((sequence, _panel(subject)))
                if len(window.messages) >= WINDOW or sequence >= last:
                    break
        return window

    async def _limits(self) -> Limits:
        """What nobody may be behind: the slowest consumer that acknowledges, and the tables."""
        with unavailable_or_absent():
            position = await self._log.position()
            consumers = await self._jetstream.consumers_info(PANELS.name)
        value, _ = await self._log.archive.value(projected_key("panels"))
        projected: dict[str, object] = json.loads(value) if value else {}
        same = projected.get("epoch") == position.epoch
        ceilings = {"the tables": int(str(projected["sequence"])) if same else 0}
        for consumer in consumers:
            if consumer.config.ack_policy == api.AckPolicy.NONE:
                continue
            open_ = (consumer.num_pending or 0) + (consumer.num_ack_pending or 0)
            floor = consumer.ack_floor.stream_seq if consumer.ack_floor else 0
            ceilings[f"consumer {consumer.name}"] = floor if open_ else position.sequence
        slowest = min(ceilings, key=lambda name: ceilings[name])
        before = datetime.now(UTC) - self._older_than
        return Limits(ceilings[slowest], slowest, before, await self._dead())

    async def _dead(self) -> frozenset[int]:
        """Sequences on the log that a dead letter is about."""
        found: set[int] = set()
        async for _, _, body, _ in batches(self._replies, DEAD.name, ">"):
            told = json.loads(body)
            if told.get("stream") == PANELS.name:
                found.add(told.get("sequence") or told.get("stream_seq") or 0)
        return frozenset(found)

    async def _copy_all(self, window: Window, limits: Limits) -> None:
        """In the order of their beginnings, up to one that is held: what comes after it would stay anyway."""
        panels = list(dict.fromkeys(panel for _, panel in window.messages if panel is not None))
        for start in range(0, len(panels), AT_ONCE):
            if window.held:
                return
            await asyncio.gather(
                *(self._copy(panel, window, limits) for panel in panels[start : start + AT_ONCE])
            )

    async def _copy(self, panel: PanelRef, window: Window, limits: Limits) -> None:
        """Put a panel that may leave into ARCHIVE, and see that it can be read there."""
        before = await self._log.archive.find(panel.panel_id)
        messages = [Message(*message) async for message in self._log.read_raw(panel.filter)]
        held = why_held(messages, limits) if messages else "is not on the log any more"
        if held:
            window.held[panel] = held
            return
        text = dump_panel(messages)
        entry = Entry(panel.panel_id, messages[0].sequence, messages[-1].sequence, ())
        if before is not None and (before.first, before.last) == (entry.first, entry.last):
            entry = before
        else:
            entry = replace(entry, parts=await self._publish(panel, text))
        with unavailable_or_absent():
            if dump_panel(await self._log.archive.read(entry.parts)) != text:
                raise Damaged(f"the archive does not hold panel {panel.panel_id} as the log does")
        window.copied[panel] = Copied(panel, stored_at(messages[0]), before, entry)

    async def _publish(self, panel: PanelRef, text: bytes) -> tuple[int, ...]:
        parts: list[int] = []
        for number, body in enumerate(compress(text)):
            headers = part_headers(panel, number, digest(text))
            with unavailable_or_absent():
                parts.append(await self._store(archive_subject(panel.tenant_id), body, headers))
        return tuple(parts)

    async def _store(self, subject: str, body: bytes, headers: dict[str, str]) -> int:
        """Its sequence; waits while the same part of another archiver is on its way to the other servers."""
        for _ in range(ATTEMPTS):
            try:
                return (await self._jetstream.publish(subject, body, headers=headers)).seq
            except nats.js.errors.APIError as error:
                if error.err_code not in IN_FLIGHT:
                    raise
            await asyncio.sleep(PAUSE)
        raise LogUnavailable("another archiver's copy stays on its way to the other servers")

    async def _name(self, window: Window) -> None:
        """Name what was copied in the index; where another archiver was first, take its entry."""
        ordered = sorted(window.copied.values(), key=lambda copied: copied.panel.panel_id)
        pages = [list(group) for _, group in groupby(ordered, lambda copied: page_key(copied.panel.panel_id))]

        async def one(page: Sequence[Copied]) -> None:
            changes = {one.panel.panel_id: (one.before, one.entry) for one in page if one.before != one.entry}
            standing = await self._index.change(page_key(page[0].panel.panel_id), changes) if changes else {}
            for copied in page:
                entry = standing.get(copied.panel.panel_id, copied.entry)
                if entry is None or entry.last < copied.entry.last:
                    del window.copied[copied.panel]
                    window.held[copied.panel] = "is archived or erased by somebody else just now"
                    continue
                window.copied[copied.panel] = replace(copied, entry=entry)
                spare = {*copied.entry.parts, *(copied.before.parts if copied.before else ())} - {
                    *entry.parts
                }
                await self._delete(spare)

        for start in range(0, len(pages), AT_ONCE):
            await asyncio.gather(*(one(page) for page in pages[start : start + AT_ONCE]))

    async def _undo(self, window: Window, audited: int) -> None:
        """Take away again what somebody erased while it was being copied: it was read before that."""
        erasures = await self._erasures(audited)
        for copied in list(window.copied.values()):
            if any(one.names(copied.panel) and copied.began <= one.at for one in erasures):
                await self._forget(copied.entry)
                del window.copied[copied.panel]
                window.held[copied.panel] = "was erased"

    async def _forget(self, entry: Entry) -> None:
        await self._delete(entry.parts)
        await self._index.change(page_key(entry.panel_id), {entry.panel_id: (entry, None)})

    async def _erasures(self, after: int) -> list[Erasure]:
        found: list[Erasure] = []
        async for _, headers, body, sequence in batches(
            self._replies, AUDIT.name, "audit.erasure.started", after=after
        ):
            told = json.loads(body)
            at = stored_at(Message("", headers, b"", sequence))
            found.append(Erasure(told["tenant_id"], told["panel_id"], at))
        return found

    async def _sweep(self, progress: Progress, report: Report) -> int:
        """Take away copies that a crash left unnamed, or that an erasure has missed. How far it came."""
        erasures = await self._erasures(progress.audited)
        swept = progress.swept
        async with aclosing(self._log.archive.copies(after=progress.swept)) as copies:
            async for panel_id, (subject, headers, body, sequence) in copies:
                copy = Message(subject, headers, body, sequence)
                panel = PanelRef(UUID(subject.partition(".")[2]), panel_id)
                entry = await self._log.archive.find(panel_id)
                if entry is not None and sequence in entry.parts:
                    missed = [one.at for one in erasures if one.names(panel) and one.at <= stored_at(copy)]
                    if missed and await self._began(entry) <= max(missed):
                        await self._forget(entry)
                        report.removed += 1
                elif datetime.now(UTC) - stored_at(copy) < ABANDONED:
                    break
                else:
                    await self._delete([sequence])
                    report.removed += 1
                swept = sequence
        return swept

    async def _began(self, entry: Entry) -> datetime:
        """When an archived panel did; before all time where a part of it is gone, since then somebody erases it.

        Raises LogUnavailable, Damaged.
        """
        with unavailable_or_absent():
            try:
                return stored_at((await self._log.archive.read(entry.parts))[0])
            except nats.js.errors.NotFoundError as error:
                if error.err_code not in GONE:
                    raise
                return datetime.min.replace(tzinfo=UTC)

    async def _purge(self, end: int) -> int:
        """Take everything before sequence `end` off the log; how many messages that were."""
        if end <= 1:
            return 0
        request = json.dumps({"seq": end}).encode()
        with unavailable_or_absent():
            reply = await self._client.request(f"$JS.API.STREAM.PURGE.{PANELS.name}", request, timeout=60)
        answer = json.loads(reply.data)
        if "error" in answer:
            raise LogUnavailable(f"the log could not be purged: {answer['error'].get('description')}")
        return int(answer["purged"])

    async def _delete(self, sequences: Iterable[int]) -> None:
        """Take messages out of ARCHIVE for good; it does not matter if they are gone."""
        for sequence in sequences:
            with unavailable("ARCHIVE"):
                try:
                    await self._jetstream.delete_msg(ARCHIVE.name, sequence)
                except nats.js.errors.APIError as error:
                    if error.err_code not in GONE:
                        raise

    async def _last_sequence(self, stream: str) -> int:
        with unavailable_or_absent():
            return (await self._jetstream.stream_info(stream)).state.last_seq


def _panel(subject: str) -> PanelRef | None:
    """Whose message it is; also of a type that this build does not know."""
    try:
        return parse(subject)[1]
    except BadSubject:
        rest = subject.split(".")[2:]
        try:
            return PanelRef.of(*rest) if len(rest) == 2 else None
        except ValueError:
            return None
