"""Reads as the user: every session is one transaction in role `authenticated` with the user's claims.

Row-level security decides what is seen; the tenant in every WHERE clause is there for speed and as a
second lock. Settings are local to the transaction, so nothing outlives it on a pooled connection, and
statements are not cached, which a transaction pooler requires.

    ReadModelUnavailable    the database is down, busy or refuses logins: 503
    BadCursor               the cursor is none that we gave out: 422
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Collection, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from askpanel.gateway.readmodel import statements
from askpanel.gateway.readmodel.cursor import BadCursor, decode_cursor, encode_cursor
from askpanel.gateway.readmodel.documents import (
    consensus_views,
    panel_cost,
    panel_head,
    panel_summary,
    panel_view,
    response_views,
    role_of,
    tenant_view,
)
from askpanel.gateway.readmodel.rows import Json
from askpanel.gateway.readmodel.store import PROJECTION
from askpanel.gateway.readmodel.views import (
    ConsensusReport,
    PanelFilter,
    PanelHead,
    PanelPage,
    PanelUsageReport,
    PanelView,
    QuotaView,
    ResponsesReport,
    Role,
    TenantView,
    UsageFilter,
    UsageGroup,
    UsageReport,
)

__all__ = ["BadCursor", "ReadModel", "ReadModelUnavailable", "ReadSession", "TenantReads", "open_read_model"]

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

EVERY_PANEL = PanelFilter()
ALL_TIME = UsageFilter()
LARGEST_PAGE = 100
COUNT_TO = 10_000
"""Panels a list counts at most, unless the operator wants otherwise."""
POLL = 0.01
LONGEST_POLL = 0.1
"""Seconds between looks at the checkpoint while a read waits for its own write."""

_AWAY = ("08", "25", "28", "40", "53", "55", "57", "58", "XX")
"""SQLSTATE classes that say nothing about the query: connection, failover, logins, load, locks, the server."""


class ReadModelUnavailable(Exception):
    """The database cannot be read now; try again. The text says why, for the log and not for users."""


class TenantReads:
    """The reads of one tenant, on a connection of somebody who may see its rows."""

    role: Role | None = None
    """The user's in an active membership, as the reads so far have found it."""

    def __init__(self, connection: Connection, tenant_id: UUID) -> None:
        self._connection = connection
        self.tenant_id = tenant_id

    async def panel(self, panel_id: UUID) -> PanelView | None:
        """The panel with answers and result; None where there is none for this user and tenant."""
        row = await self._row(statements.PANEL, panel_id, self.tenant_id)
        if row is None:
            return None
        return panel_view(row["panel"], row["responses"], row["consensus"], row["uncosted_calls"])

    async def panel_head(self, panel_id: UUID) -> PanelHead | None:
        """Owner, status and what it waits for."""
        row = await self._row(statements.PANEL_HEAD, panel_id, self.tenant_id)
        return panel_head(row["panel"]) if row else None

    async def panels(
        self,
        wanted: PanelFilter = EVERY_PANEL,
        *,
        limit: int = 20,
        cursor: str | None = None,
        count_to: int = COUNT_TO,
    ) -> PanelPage:
        """Panels of the tenant, newest first, `limit` at most 100, counted up to `count_to`. Raises BadCursor."""
        after = decode_cursor(cursor) if cursor else (None, None)
        if "\x00" in f"{wanted.q}{wanted.status}{wanted.panel_type}":
            return PanelPage(panels=(), total=0)
        limit = max(1, min(limit, LARGEST_PAGE))
        row = await self._row(
            statements.PANELS,
            self.tenant_id,
            wanted.status,
            wanted.panel_type,
            wanted.created_after,
            wanted.created_before,
            statements.containing(wanted.q) if wanted.q else None,
            *after,
            limit + 1,
            count_to + 1,
        )
        assert row is not None
        found = [panel_summary(panel) for panel in row["panels"]]
        page = tuple(found[:limit])
        more = len(found) > limit and page[-1].created_at is not None
        return PanelPage(
            panels=page,
            total=min(row["total"], count_to),
            total_is_exact=row["total"] <= count_to,
            next_cursor=encode_cursor(page[-1].created_at, page[-1].id)
            if more and page[-1].created_at
            else None,
        )

    async def responses(self, panel_id: UUID, round_number: int | None = None) -> ResponsesReport | None:
        """The panel's answers, of one round or all; None where there is no such panel."""
        row = await self._row(statements.RESPONSES, panel_id, self.tenant_id, round_number)
        if row is None:
            return None
        found = row["responses"]
        return ResponsesReport(responses=response_views(found["rows"]), rows_left_out=found["left_out"])

    async def consensus(self, panel_id: UUID, round_number: int | None = None) -> ConsensusReport | None:
        """The result of one round (by default the last) and of all; None where there is no such panel."""
        row = await self._row(statements.CONSENSUS, panel_id, self.tenant_id)
        if row is None:
            return None
        rounds = consensus_views(row["panel"], row["consensus"]["rows"])
        wanted = [one for one in rounds if round_number is None or one.round_number == round_number]
        return ConsensusReport(
            consensus=wanted[-1] if wanted else None,
            rounds=rounds,
            rows_left_out=row["consensus"]["left_out"],
        )

    async def usage(self, wanted: UsageFilter = ALL_TIME) -> UsageReport:
        """Usage of the tenant as far as row-level security shows its rows to this user."""
        rows = await self._rows(statements.usage(wanted.group_by), self.tenant_id, wanted.start, wanted.end)
        total = next(row for row in rows if row["is_total"])
        groups = tuple(UsageGroup.model_validate(row) for row in rows if not row["is_total"])
        return UsageReport.model_validate({**total, **wanted.model_dump(), "groups": groups})

    async def panel_usage(self, panel_id: UUID) -> PanelUsageReport | None:
        """The panel's totals, and by expert what this user may see; None where there is no such panel."""
        row = await self._row(statements.PANEL_USAGE, panel_id, self.tenant_id)
        if row is None:
            return None
        totals = panel_cost(row["metadata"] or {}, row["uncosted_calls"]).model_dump()
        groups = {"groups": row["groups"]["rows"], "rows_left_out": row["groups"]["left_out"]}
        return PanelUsageReport.model_validate({**totals, "panel_id": panel_id, **groups})

    async def tenant(self) -> TenantView | None:
        """The tenant's settings with their defaults; None for a tenant this user does not see."""
        row = await self._row(statements.TENANT, self.tenant_id)
        if row is None:
            return None
        return tenant_view(row["tenant"], role=self.role, quota=await self.quota(), now=datetime.now(UTC))

    async def quota(self, panels: Collection[UUID] = ()) -> QuotaView:
        """What the tenant has used of its quotas, whoever asks; `shown` tells which of these panels are counted."""
        row = await self._row(statements.QUOTA, self.tenant_id, list(panels))
        assert row is not None
        return QuotaView.model_validate(row)

    async def _row(self, statement: str, *arguments: object) -> Json | None:
        rows = await self._rows(statement, *arguments)
        return rows[0] if rows else None

    async def _rows(self, statement: str, *arguments: object) -> list[Json]:
        """Every statement answers one JSON document a row."""
        with _errors():
            return [json.loads(row[0]) for row in await self._connection.fetch(statement, *arguments)]


class ReadSession(TenantReads):
    """One consistent view of one tenant for one user; made by `ReadModel.session`.

    Each read tells the user's role too; without one nothing is seen.
    """

    async def _rows(self, statement: str, *arguments: object) -> list[Json]:
        asked = statements.with_role(statement, len(arguments) + 1)
        with _errors():
            row = await self._connection.fetchrow(asked, *arguments, self.tenant_id)
        assert row is not None
        self.role = role_of(row[0])
        return [json.loads(document) for document in row[1]]


class ReadModel:
    """The tables as users may read them. Made by `open_read_model`."""

    def __init__(self, pool: Pool, *, statement_timeout: float, acquire_timeout: float) -> None:
        self._pool = pool
        self._statement_timeout = f"{statement_timeout * 1000:.0f}ms"
        self._acquire_timeout = acquire_timeout
        self._reached = 0

    @asynccontextmanager
    async def session(self, claims: Mapping[str, Any], tenant_id: UUID) -> AsyncGenerator[TenantReads]:
        """A read-only transaction with the verified token's claims. Raises ReadModelUnavailable."""
        async with self._transaction(claims) as connection:
            yield ReadSession(connection, tenant_id)

    async def ping(self) -> None:
        """The database answers a query of ours. Raises ReadModelUnavailable."""
        await self.checkpoint()

    async def checkpoint(self) -> int:
        """The last sequence of the log whose rows can be read; 0 before the first."""
        async with self._transaction({}) as connection:
            with _errors():
                reached: int | None = await connection.fetchval(statements.CHECKPOINT, PROJECTION)
        self._reached = reached or 0
        return self._reached

    async def wait_for_sequence(self, sequence: int, timeout: float = 2.0) -> bool:
        """Wait until this event's rows can be read; False when they cannot after `timeout` seconds.

        Raises ReadModelUnavailable.
        """
        if self._reached >= sequence:
            return True
        deadline = time.monotonic() + timeout
        pause = POLL
        while await self.checkpoint() < sequence:
            if time.monotonic() + pause > deadline:
                return False
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, LONGEST_POLL)
        return True

    @asynccontextmanager
    async def _transaction(self, claims: Mapping[str, Any]) -> AsyncGenerator[Connection]:
        with _errors():
            connection = await self._pool.acquire(timeout=self._acquire_timeout)
        try:
            try:
                with _errors():
                    await connection.execute(
                        statements.begin_as_user(_claims(claims), self._statement_timeout)
                    )
                yield connection
            finally:
                await self._roll_back(connection)
        finally:
            with _errors():
                await self._pool.release(connection)

    async def _roll_back(self, connection: Connection) -> None:
        """End the transaction, which wrote nothing: what was read of it holds, also where this fails."""
        try:
            with _errors():
                async with asyncio.timeout(self._acquire_timeout):
                    await connection.execute("rollback")
        except ReadModelUnavailable:
            # One to a server that does not answer must not be the next reader's; a lost one is the pool's again
            # already, and takes no call.
            with suppress(asyncpg.InterfaceError):
                connection.terminate()


@asynccontextmanager
async def open_read_model(
    dsn: str, *, max_connections: int = 10, statement_timeout: float = 8.0, acquire_timeout: float = 2.0
) -> AsyncGenerator[ReadModel]:
    """The read model on login panel_api; times in seconds. The database need not be up yet."""

    async def nothing_to_reset(_: "asyncpg.Connection[asyncpg.Record]") -> None:
        """All settings end with their transaction."""

    pool = asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=max_connections,
        statement_cache_size=0,
        timeout=acquire_timeout,
        command_timeout=statement_timeout + 2,
        reset=nothing_to_reset,
    )
    async with pool:
        yield ReadModel(pool, statement_timeout=statement_timeout, acquire_timeout=acquire_timeout)


def _claims(claims: Mapping[str, Any]) -> str:
    return json.dumps({**claims, "role": "authenticated"}, default=str)


@contextmanager
def _errors() -> Generator[None]:
    """Whatever says that the database is away or overloaded, as ReadModelUnavailable."""
    try:
        yield
    except asyncpg.PostgresError as error:
        if (error.sqlstate or "XX").startswith(_AWAY):
            raise ReadModelUnavailable(f"{type(error).__name__}: {error.args[0]}") from error
        raise
    except (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError) as error:
        raise ReadModelUnavailable(f"{type(error).__name__}: {error}") from error
