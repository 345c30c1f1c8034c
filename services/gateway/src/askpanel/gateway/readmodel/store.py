"""The projector's store on PostgreSQL: rows and checkpoint move in one transaction, or neither does.

One session advisory lock keeps a second projector waiting; should two ever write, the compare-and-set of
the checkpoint lets only one of them commit. Commits are not waited for on disk (`synchronous_commit` off):
what a crash of the server takes, it takes together with the checkpoint, and it is projected again.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime

import asyncpg
from asyncpg.exceptions._base import DataError as UnencodableArgument

from askpanel.contracts.envelope import Recorded, Unreadable, decode
from askpanel.contracts.events import PanelCreated
from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.readmodel.drift import check_schema
from askpanel.gateway.readmodel.money import COUNT_SECONDS, COUNTED, count_anew
from askpanel.gateway.readmodel.panel import Panel, project
from askpanel.gateway.readmodel.remembered import Remembered
from askpanel.gateway.readmodel.rows import Unstorable
from askpanel.gateway.readmodel.shape import Shape
from askpanel.gateway.readmodel.tables import (
    CONTENT_ERRORS,
    Connection,
    Refused,
    Work,
    Writer,
    write_what_is_taken,
)
from askpanel.runtime.errors import LogUnavailable
from askpanel.runtime.log import EventLog, Position
from askpanel.runtime.projection import CheckpointMoved, Poison, StandsBy, StoreUnavailable

logger = logging.getLogger(__name__)

PROJECTION = "panels"
"""Name of our one projection, in the checkpoint table and in metrics."""

_SETTINGS = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    "synchronous_commit": "off",
    "timezone": "UTC",
}

COMMAND_SECONDS = 40.0
"""After which the client gives up a statement, should the server not have ended it before."""

_COUNTED_TO = """
insert into askpanel.projection_checkpoint (name, stream_sequence, stream_created_at)
select $1, stream_sequence, stream_created_at from askpanel.projection_checkpoint where name = $2
on conflict (name) do update
  set stream_sequence = excluded.stream_sequence, stream_created_at = excluded.stream_created_at, updated_at = now()
"""

History = Callable[[PanelRef, int], Awaitable[Sequence[Recorded]]]
"""A panel's events on the log up to and with a sequence."""


class SchemaDrift(StoreUnavailable):
    """The database is not as expected and nothing is written to it; the text is the whole difference."""


class PostgresStore:
    """Implements `askpanel.runtime.projection.Store`. `dsn` is a session connection of panel_projector.

    Connects when first used and again after a failure, each time with a look at the schema. `count_seconds` is
    what a statement that counts money anew may take.
    """

    def __init__(
        self, dsn: str, history: History, *, name: str = PROJECTION, count_seconds: float = COUNT_SECONDS
    ) -> None:
        self._dsn = dsn
        self._history = history
        self._name = name
        self._count_seconds = count_seconds
        self._connection: Connection | None = None
        self._writer: Writer | None = None
        self._leading = False
        self._turn = asyncio.Lock()
        self._panels = Remembered()
        self._owed = Work()

    async def checkpoint(self) -> Position | None:
        """Where the projection stands. Raises StoreUnavailable; StandsBy while another projector is active."""
        async with self._session():
            with _errors():
                connection = await self._lead()
                position = await reached(connection, self._name)
                if position is not None and position != await reached(connection, COUNTED):
                    await self._count_anew(connection)
            self._panels.clear()
            return position

    async def apply(self, events: Sequence[Recorded], *, previous: int, position: Position) -> None:
        """One transaction; see the protocol. A single event that is refused still counts in the fold."""
        async with self._session():
            panels, work = await self._fold(events)
            try:
                with _errors():
                    connection = await self._lead()
                    async with connection.transaction():
                        await self._move_checkpoint(connection, previous, position)
                        assert self._writer is not None
                        if self._owed.changed:
                            await write_what_is_taken(connection, self._writer, self._owed)
                        await self._writer.write(connection, work)
            except (CheckpointMoved, StandsBy) as error:
                self._panels.clear()
                self._owed = Work()
                raise CheckpointMoved(str(error)) from error
            except Poison:
                # The tables refuse a row, but the event stays on the log: its panel is folded over it, as in a
                # rebuild, and the panel's own row follows when the checkpoint passes it.
                if len(events) == 1:
                    self._remember(panels)
                    self._owed = Work(changed={ref.panel_id: panel for ref, panel in panels.items()})
                raise
            self._owed = Work()
            self._remember(panels)

    def holds(self) -> bool:
        """Whether the session is the one that wrote: a server that died may have lost unsynced commits."""
        return self._connection is not None and not self._connection.is_closed()

    async def ping(self) -> None:
        """The database answers and has the schema we know; leading or not. Raises StoreUnavailable."""
        async with self._session():
            with _errors():
                await (await self._connected()).fetchval("select 1")

    async def aclose(self) -> None:
        """Close the connection, which gives up the advisory lock."""
        async with self._turn:
            if self._connection is not None:
                await self._connection.close()

    @asynccontextmanager
    async def _session(self) -> AsyncGenerator[None]:
        """One call at a time. After a failure of the store the next call connects anew, maybe elsewhere."""
        async with self._turn:
            try:
                yield
            except StoreUnavailable:
                if self._connection is not None and self._leading:
                    self._connection.terminate()
                raise

    async def _count_anew(self, connection: Connection) -> None:
        logger.info(
            "counting anew, from every row, what quotas and reports rest on: the projection waits for it (a statement "
            "may take %g s, ASKPANEL_COUNT_SECONDS)",
            self._count_seconds,
        )
        began = time.monotonic()
        async with connection.transaction():
            await count_anew(connection, seconds=self._count_seconds)
            await connection.execute(_COUNTED_TO, COUNTED, self._name)
        logger.info("counted anew in %.1f s", time.monotonic() - began)

    async def _fold(self, events: Sequence[Recorded]) -> tuple[dict[PanelRef, Panel], Work]:
        """What a panel was before is what its log holds, maybe beyond the checkpoint: that waits for archived events."""
        panels: dict[PanelRef, Panel] = {}
        work = Work()
        for recorded in events:
            ref = recorded.envelope.panel
            created = isinstance(recorded.event, PanelCreated)
            before = panels.get(ref) or self._panels.get(ref)
            if (before is None) != created:  # not remembered; or it is, and begins: erased since?
                before = await self._recall(ref, recorded.sequence - 1)
            try:
                panel, rows = project(before, recorded)
            except Unstorable as error:
                raise Poison(str(error)) from error
            panels[ref] = panel
            work.add(panel, rows, created=created and before is None)
        return panels, work

    async def _recall(self, ref: PanelRef, through: int) -> Panel | None:
        try:
            return fold(await self._history(ref, through))
        except LogUnavailable as error:
            raise StoreUnavailable(f"the log is needed to go on with a panel: {error}") from error

    def _remember(self, panels: dict[PanelRef, Panel]) -> None:
        for ref, panel in panels.items():
            self._panels.keep(ref, panel)

    async def _move_checkpoint(self, connection: Connection, previous: int, position: Position) -> None:
        created_at = datetime.fromisoformat(position.epoch)
        moved = await connection.fetchval(
            """
            update askpanel.projection_checkpoint set stream_sequence = $2, updated_at = now()
            where name = $1 and stream_sequence = $3 and stream_created_at = $4 returning true
            """,
            self._name,
            position.sequence,
            previous,
            created_at,
        )
        if not moved and previous == 0:
            moved = await connection.fetchval(
                """
                insert into askpanel.projection_checkpoint (name, stream_sequence, stream_created_at)
                values ($1, $2, $3) on conflict (name) do nothing returning true
                """,
                self._name,
                position.sequence,
                created_at,
            )
        if not moved:
            raise CheckpointMoved(f"the checkpoint is not at {previous}")
        await connection.execute(_COUNTED_TO, COUNTED, self._name)

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._leading = False
            connection: Connection = await asyncpg.connect(
                self._dsn,
                timeout=5,
                command_timeout=COMMAND_SECONDS,
                server_settings={"application_name": "askpanel-projector"},
            )
            try:
                for setting, value in _SETTINGS.items():
                    await connection.execute("select set_config($1, $2, false)", setting, value)
                self._writer = Writer(await writable_shape(connection))
            except BaseException:
                connection.terminate()
                raise
            self._connection = connection
        return self._connection

    async def _lead(self) -> Connection:
        """The connection, once it holds the lock. Raises StandsBy while another one does."""
        connection = await self._connected()
        if not self._leading:
            self._leading = await connection.fetchval(
                "select pg_try_advisory_lock(hashtextextended($1, 0))", f"askpanel.projector.{self._name}"
            )
            if not self._leading:
                raise StandsBy("another projector is active; this one stands by")
        return connection


async def reached(connection: Connection, name: str = PROJECTION, *, held: bool = False) -> Position | None:
    """How far the tables were written, None before the first event. `held`: nobody moves it until the transaction ends."""
    checkpoint = (
        "select stream_sequence, stream_created_at from askpanel.projection_checkpoint where name = $1"
    )
    row = await connection.fetchrow(checkpoint + (" for update" if held else ""), name)
    return Position(row["stream_sequence"], str(row["stream_created_at"])) if row else None


async def writable_shape(connection: Connection) -> Shape:
    """The shape of the tables we fill. Raises SchemaDrift if the database is not one to write to."""
    report = await check_schema(connection)
    if report.shape is None:
        raise SchemaDrift(report.render())
    return report.shape


def fold(events: Sequence[Recorded]) -> Panel | None:
    """A panel from its events; None without a `panel.created`. What no column can hold is left out."""
    panel: Panel | None = None
    for recorded in events:
        try:
            panel, _ = project(panel, recorded)
        except Unstorable:
            continue
    return panel


def history_of(log: EventLog) -> History:
    """Reads panels from the log. What cannot be read is left out: it is in the dead letters."""

    async def history(ref: PanelRef, through: int) -> Sequence[Recorded]:
        events: list[Recorded] = []
        async for subject, headers, body, sequence in log.read_raw(ref.filter):
            if sequence > through:
                break
            try:
                events.append(decode(subject, headers, body, sequence))
            except Unreadable:
                continue
        return events

    return history


@contextmanager
def _errors() -> Generator[None]:
    """What asyncpg raises as what the projection loop acts on."""
    try:
        yield
    except (Refused, UnencodableArgument) as error:
        raise Poison(str(error)) from error
    except asyncpg.PostgresError as error:
        # Its first argument only: the detail quotes the row, and rows hold what people asked and answered.
        reason = f"{type(error).__name__} ({error.sqlstate}): {error.args[0]}"
        if (error.sqlstate or "").startswith(CONTENT_ERRORS):
            raise Poison(reason) from error
        raise StoreUnavailable(reason) from error
    except (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError) as error:
        raise StoreUnavailable(f"{type(error).__name__}: {error}") from error
