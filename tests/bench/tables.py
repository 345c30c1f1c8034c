"""Tables of any length quickly: rows of one panel, copied by the server under ids of their own."""

import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import asyncpg

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.readmodel.migrate import migrate
from askpanel.gateway.readmodel.money import COUNTED, count_anew
from askpanel.gateway.readmodel.panel import Panel, project
from askpanel.gateway.readmodel.store import PROJECTION, writable_shape
from askpanel.gateway.readmodel.tables import Work, Writer
from askpanel.local.demo import EVERY_PROTOCOL, seed
from askpanel.local.servers import postgres
from askpanel.runtime.log import Position
from tests.bench.filling import TENANT, USER

AT_ONCE = 20_000
"""Panels copied in one transaction."""
COPIES = (
    ("panels", "copied.id", "id"),
    ("panel_responses", "gen_random_uuid()", "panel_id"),
    ("panel_consensus", "gen_random_uuid()", "panel_id"),
    ("agent_usage", "gen_random_uuid()", "panel_id"),
)


@dataclass(frozen=True, slots=True)
class Tables:
    """A Postgres with our tables; `made` panels are in them."""

    server: postgres.PostgresServer

    def url(self, user: str | None = None) -> str:
        return self.server.url(user=user) if user else self.server.url()

    async def prepare(self) -> None:
        """Tables, tenants and users."""
        await migrate(self.url(), local=True)
        await seed(self.url(), features=EVERY_PROTOCOL)

    async def seed(self, finished: Sequence[Recorded]) -> None:
        """The rows of one panel."""
        await self.prepare()
        connection = await asyncpg.connect(self.url("panel_projector"))
        try:
            await connection.execute("select set_config('timezone', 'UTC', false)")
            panel: Panel | None = None
            work = Work()
            ref = PanelRef(TENANT, finished[0].envelope.panel.panel_id)
            for recorded in finished:
                envelope = replace(recorded.envelope, panel=ref, user_id=USER)
                event = recorded.event
                if "user_id" in type(event).model_fields:
                    event = event.model_copy(update={"user_id": USER})
                panel, rows = project(panel, replace(recorded, envelope=envelope, event=event))
                work.add(panel, rows, created=True)
            writer = Writer(await writable_shape(connection))
            async with connection.transaction():
                await writer.write(connection, work)
        finally:
            await connection.close()

    async def grow(self, level: int) -> float:
        """Copies until there are `level` panels, a minute apart and older than the first.

        Returns the seconds that counting all of them anew took, which a projector does after a version without sums.
        """
        connection = await asyncpg.connect(self.url())
        try:
            there: int = await connection.fetchval("select count(*) from public.panels")
            await connection.execute(
                "set session_replication_role = replica"
            )  # the copies' keys need no proof
            for first in range(there, level, AT_ONCE):
                await self._add(connection, first, min(first + AT_ONCE, level) - 1)
                if sys.stderr.isatty():
                    print(f"\r  tables: {first:,} of {level:,} ", end="", file=sys.stderr)
            await connection.execute("analyze")
            began = time.monotonic()
            async with connection.transaction():
                await count_anew(connection)
            counted = time.monotonic() - began
            await connection.execute("vacuum analyze")
            await connection.execute("checkpoint")
            return counted
        finally:
            await connection.close()

    async def follow(self, position: Position) -> None:
        """As if a projector had projected the log up to here."""
        connection = await asyncpg.connect(self.url())
        try:
            await connection.executemany(
                "insert into askpanel.projection_checkpoint (name, stream_sequence, stream_created_at) "
                "values ($1, $2, $3) on conflict (name) do update set stream_sequence = excluded.stream_sequence",
                [
                    (name, position.sequence, datetime.fromisoformat(position.epoch))
                    for name in (PROJECTION, COUNTED)
                ],
            )
        finally:
            await connection.close()

    async def _add(self, connection: "asyncpg.Connection[asyncpg.Record]", first: int, last: int) -> None:
        async with connection.transaction():
            await connection.execute(
                "create temp table copied on commit drop as select gen_random_uuid() as id, n "
                f"from generate_series({first}, {last}) n"
            )
            await connection.execute(
                "create temp table first on commit drop as select id from public.panels "
                "order by created_at desc limit 1"
            )
            for table, own, of in COPIES:
                await connection.execute(await _copy(connection, table, own, of))


async def _copy(connection: "asyncpg.Connection[asyncpg.Record]", table: str, own: str, of: str) -> str:
    names = await connection.fetch(
        "select column_name from information_schema.columns where table_schema = 'public' and table_name = $1 "
        "and is_generated = 'NEVER' and is_identity = 'NO'",
        table,
    )
    columns = [row["column_name"] for row in names]
    values = [
        {
            "id": own,
            "panel_id": "copied.id",
            "created_at": "old.created_at - make_interval(mins => copied.n)",
        }.get(column, f"old.{column}")
        for column in columns
    ]
    return (
        f"insert into public.{table} ({', '.join(columns)}) select {', '.join(values)} "
        f"from public.{table} old join first on old.{of} = first.id cross join copied"
    )


@contextmanager
def postgres_of(directory: Path) -> Generator[Tables]:
    """A Postgres of one's own."""
    server = postgres.start(directory / "postgres")
    try:
        yield Tables(server)
    finally:
        server.stop()
