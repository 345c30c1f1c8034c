"""Prove that the tables are what the log says: rebuild them beside the live ones and compare.

The rebuild happens inside one REPEATABLE READ transaction that is rolled back at the end: its first query
takes the snapshot in which the live rows and their checkpoint are seen together, the log is folded up to
exactly that checkpoint into tables of the same shape in schema `askpanel_shadow`, and the two are compared
there. Nothing is locked, and nothing is left behind, also after a crash. Rows of panels that are not on
our log are never looked at.

Restoring writes the damaged panels anew, from the log and into the live tables, while the checkpoint is
held, so that the projector cannot move meanwhile. Rows that should not be there are reported only: the
projector's role may not delete. A row that the tables refuse (somebody else holds its place) stays away.
"""

import asyncio
import gc
import time
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg

from askpanel.contracts.envelope import Recorded, Unreadable, decode
from askpanel.contracts.events import PanelCreated
from askpanel.contracts.subjects import PanelRef, tenant_filter
from askpanel.gateway.readmodel.comparison import Difference, compare, count, followers, make_shadow, refs
from askpanel.gateway.readmodel.money import count_anew
from askpanel.gateway.readmodel.panel import Panel, project
from askpanel.gateway.readmodel.remembered import Remembered
from askpanel.gateway.readmodel.rows import Unstorable
from askpanel.gateway.readmodel.store import History, fold, history_of, reached, writable_shape
from askpanel.gateway.readmodel.tables import (
    Connection,
    Link,
    Work,
    Writer,
    write_what_is_taken,
)
from askpanel.runtime.everything import everything
from askpanel.runtime.log import EventLog, Position
from askpanel.runtime.tail import check_same

BATCH = 2000

SHADOW = "askpanel_shadow"


Progress = Callable[[int, int], None]
"""Called now and then with the sequence reached and the one to reach."""


class NothingProjected(Exception):
    """No projector has written into this database yet: there is nothing to compare with."""


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay found.

    `unreadable` and `refused` events are in the dead letters and not in the tables. `rows` are those rebuilt,
    by table. `differences` are as found before anything was restored; `restored` counts panels written anew.
    """

    position: int
    events: int
    unreadable: int
    refused: int
    seconds: float
    rows: Mapping[str, int]
    differences: tuple[Difference, ...]
    restored: int = 0

    @property
    def equal(self) -> bool:
        """The live tables hold what the log says, byte for byte."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class Damage:
    """Panels to write anew, and the links to their follow-ups."""

    panels: Sequence[PanelRef]
    links: Sequence[Link]


async def replay(
    log: EventLog,
    dsn: str,
    *,
    within: PanelRef | UUID | None = None,
    restore: bool = False,
    progress: Progress | None = None,
) -> ReplayReport:
    """Rebuild one panel, one tenant (its id) or everything up to the checkpoint, and compare.

    `dsn` is a session connection of panel_projector. With `restore`, damaged panels are written anew. Raises
    NothingProjected, LogReplaced when the checkpoint is of another log, SchemaDrift, LogUnavailable, and
    asyncpg's errors.
    """
    started = time.perf_counter()
    settings = {"application_name": "askpanel-replay"}
    connection: Connection = await asyncpg.connect(dsn, timeout=10, server_settings=settings)
    try:
        await connection.execute("select set_config('timezone', 'UTC', false)")
        shape = await writable_shape(connection)
        async with _snapshot(connection):
            position = await _position(connection)
            check_same(position, await log.position())
            await make_shadow(connection, SHADOW)
            rebuild = _Rebuild(Writer(shape, SHADOW), history_of(log))
            with _rarely_collected():
                async with aclosing(rebuild.batches(log, within, position.sequence, progress)) as batches:
                    async for events in batches:
                        await rebuild.add(connection, events)
                await rebuild.written()
            differences = await compare(connection, SHADOW)
            rows = await count(connection, SHADOW)
            damage = await _damage(connection, differences)
        if restore and damage.panels:
            await _restore(connection, Writer(shape), history_of(log), damage)
    finally:
        await connection.close()
    return ReplayReport(
        position=position.sequence,
        events=rebuild.events,
        unreadable=rebuild.unreadable,
        refused=rebuild.refused,
        seconds=time.perf_counter() - started,
        rows=rows,
        differences=differences,
        restored=len(damage.panels) if restore else 0,
    )


@dataclass(slots=True)
class _Rebuild:
    """Folds the log into the shadow, and counts."""

    writer: Writer
    history: History
    panels: Remembered = field(default_factory=Remembered)
    events: int = 0
    unreadable: int = 0
    refused: int = 0
    writing: "asyncio.Task[int] | None" = None

    async def batches(
        self, log: EventLog, within: PanelRef | UUID | None, through: int, progress: Progress | None
    ) -> AsyncGenerator[Sequence[Recorded]]:
        """The log up to and with `through`; what cannot be read is counted and left out."""
        batch: list[Recorded] = []
        source = _source(log, within, through)
        async with aclosing(source) as messages:
            async for subject, headers, body, sequence in messages:
                if sequence > through:
                    continue
                try:
                    batch.append(decode(subject, headers, body, sequence))
                except Unreadable:
                    self.unreadable += 1
                if len(batch) == BATCH:
                    yield batch
                    batch = []
                    if progress is not None:
                        progress(sequence, through)
        yield batch
        if progress is not None:
            progress(through, through)

    async def add(self, connection: Connection, events: Sequence[Recorded]) -> None:
        """Fold one batch and have it written, while the next is read; what no column can hold is left out."""
        work = Work()
        for recorded in events:
            ref = recorded.envelope.panel
            before = self.panels.get(ref)
            if before is None and not isinstance(recorded.event, PanelCreated):
                before = fold(await self.history(ref, recorded.sequence - 1))
            try:
                panel, rows = project(before, recorded)
            except Unstorable:
                self.refused += 1
                continue
            self.panels.keep(ref, panel)
            work.add(panel, rows, created=before is None)
        await self.written()
        self.writing = asyncio.create_task(write_what_is_taken(connection, self.writer, work))
        self.events += len(events)

    async def written(self) -> None:
        """Wait until the last batch is written; what the tables refuse of it is counted."""
        if self.writing is not None:
            writing, self.writing = self.writing, None
            self.refused += await writing


@contextmanager
def _rarely_collected() -> Generator[None]:
    """Millions of small values come and go by reference counts; looking for cycles among them finds none."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@asynccontextmanager
async def _snapshot(connection: Connection) -> AsyncGenerator[None]:
    """A transaction that sees one state and leaves nothing behind."""
    transaction = connection.transaction(isolation="repeatable_read")
    await transaction.start()
    try:
        await connection.execute("select set_config('statement_timeout', '0', true)")
        yield
    finally:
        if not connection.is_closed():
            await transaction.rollback()


async def _position(connection: Connection, *, held: bool = False) -> Position:
    position = await reached(connection, held=held)
    if position is None:
        raise NothingProjected(
            "no event has been projected into this database: see that the projector runs, which writes the tables by "
            "itself from the first event on, and try again"
        )
    return position


async def _all(log: EventLog, through: int) -> AsyncGenerator[tuple[str, dict[str, str], bytes, int]]:
    """Every message up to `through`, archived or by the tail: that takes half the time of direct reads."""
    async with aclosing(everything(log, after=0, ends=True)) as events:
        async for raw in events:
            if raw is not None and raw.sequence <= through:
                yield raw.message
            if raw is not None and not raw.archived and raw.sequence >= through:
                return


def _source(
    log: EventLog, within: PanelRef | UUID | None, through: int
) -> AsyncGenerator[tuple[str, dict[str, str], bytes, int]]:
    match within:
        case None:
            return _all(log, through)
        case PanelRef():
            return log.read_raw(within.filter)
        case UUID():
            return _of_tenant(log, within)


async def _of_tenant(
    log: EventLog, tenant_id: UUID
) -> AsyncGenerator[tuple[str, dict[str, str], bytes, int]]:
    """A tenant's messages: what of it is archived only, panel by panel as they began, then the log's."""
    first_on_log, _ = await log.extent()
    entries = await log.archive.entries(tenant_id)
    async with aclosing(log.archive.panels(entries)) as panels:
        async for _, messages in panels:
            for message in messages:
                if message.sequence < first_on_log:
                    yield message.subject, dict(message.headers), message.body, message.sequence
    async for message in log.read_raw(tenant_filter(tenant_id)):
        yield message


async def _damage(connection: Connection, differences: Sequence[Difference]) -> Damage:
    ids = list({one.panel_id for one in differences if one.kind != "extra"})
    if not ids:
        return Damage((), ())
    return Damage(await refs(connection, SHADOW, ids), await followers(connection, SHADOW, ids))


async def _restore(connection: Connection, writer: Writer, history: History, damage: Damage) -> None:
    """Write the damaged panels anew, as they stand at the checkpoint of this moment."""
    async with connection.transaction():
        await connection.execute("select set_config('statement_timeout', '0', true)")
        checkpoint = await _position(connection, held=True)
        for ref in damage.panels:
            work = Work()
            panel: Panel | None = None
            for recorded in await history(ref, checkpoint.sequence):
                try:
                    panel, rows = project(panel, recorded)
                except Unstorable:
                    continue
                work.add(panel, rows, created=True)
            await write_what_is_taken(connection, writer, work)
        await writer.link_children(connection, damage.links)
        await count_anew(connection, list({ref.tenant_id for ref in damage.panels}))
