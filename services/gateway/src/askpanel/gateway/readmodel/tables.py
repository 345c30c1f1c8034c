"""Writing the four tables, a batch at a time and set-based, inside the caller's transaction."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
from pydantic_core import to_json

from askpanel.contracts.ids import row_id
from askpanel.gateway.readmodel.money import Call, add_calls, put_panels
from askpanel.gateway.readmodel.panel import Panel
from askpanel.gateway.readmodel.rows import ConsensusRow, ResponseRow, Row, UsageRow
from askpanel.gateway.readmodel.shape import Shape
from askpanel.gateway.readmodel.upserts import (
    COLUMNS,
    GROWING,
    TABLES,
    claim_statement,
    displace_statement,
    grow_statement,
    insert_statement,
    link_statement,
)

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
LIVE = "public"
CONTENT_ERRORS = ("21", "22", "23", "44", "54")
"""SQLSTATE classes that blame the content: cardinality, data, integrity, check option, program limits."""


class Refused(Exception):
    """The tables cannot take these rows without touching what is not ours. The text says which."""


@dataclass(frozen=True, slots=True)
class Link:
    """A panel that follows up another one of the same tenant."""

    parent_id: UUID
    tenant_id: UUID
    child_id: UUID


@dataclass(slots=True)
class Work:
    """What one batch writes. A panel is in `created` if its `panel.created` is in the batch."""

    created: dict[UUID, Panel] = field(default_factory=dict[UUID, Panel])
    changed: dict[UUID, Panel] = field(default_factory=dict[UUID, Panel])
    rows: dict[UUID, Row] = field(default_factory=dict[UUID, Row])
    calls: dict[UUID, Call] = field(default_factory=dict[UUID, Call])

    def each(self) -> Iterator["Work"]:
        """The same in its smallest parts, in an order in which they can be written."""
        for panel_id, panel in self.created.items():
            yield Work(created={panel_id: panel})
        for panel_id, panel in self.changed.items():
            yield Work(changed={panel_id: panel})
        for one, row in self.rows.items():
            calls = {one: self.calls[one]} if one in self.calls else {}
            yield Work(rows={one: row}, calls=calls)

    def add(self, panel: Panel, rows: Iterable[Row], *, created: bool) -> None:
        """One event's outcome: the panel as it is now, and the rows to insert."""
        panel_id = panel.ref.panel_id
        if created or panel_id in self.created:
            self.created[panel_id] = panel
        else:
            self.changed[panel_id] = panel
        for row in rows:
            self.rows[row.id] = row
            if isinstance(row, UsageRow):
                self.calls[row.id] = Call(row, panel.panel_type, panel.firsts)


class Writer:
    """Writes batches into the tables of one schema, inside the caller's transaction.

    Into the live ones with what is counted from them.
    """

    def __init__(self, shape: Shape, schema: str = LIVE) -> None:
        self._counts = schema == LIVE
        self._insert = {table: insert_statement(schema, table, shape.types) for table in TABLES}
        self._displace = {table: displace_statement(schema, table) for table in TABLES[1:]}
        self._claim = claim_statement(schema) if shape.consensus_unique else None
        self._grow = grow_statement(schema, shape.types)
        self._link = link_statement(schema)

    async def write(self, connection: Connection, work: Work) -> None:
        """All rows of the batch, panels first. Raises Refused, and asyncpg's errors."""
        await self._panels(connection, work)
        by_table: dict[str, list[Row]] = {table: [] for table in TABLES[1:]}
        for row in work.rows.values():
            by_table[_table_of(row)].append(row)
        inserted: list[UUID] = []
        for table, rows in by_table.items():
            if rows:
                inserted += await self._write_rows(connection, table, rows)
        if self._counts:
            await put_panels(connection, [*work.created.values(), *work.changed.values()])
            await add_calls(connection, [work.calls[one] for one in inserted if one in work.calls])

    async def link_children(self, connection: Connection, links: Sequence[Link]) -> None:
        """Note follow-ups in the `children` of their parents, in the order given; safe to repeat."""
        if links:
            await connection.execute(
                self._link,
                [link.parent_id for link in links],
                [link.tenant_id for link in links],
                [link.child_id for link in links],
            )

    async def _write_rows(self, connection: Connection, table: str, rows: Sequence[Row]) -> list[UUID]:
        """The ids of rows that were not there before. Rows of others that are in our rows' way make room."""
        if table == "panel_consensus" and self._claim is not None:
            named = ("id", "tenant_id", "panel_id", "round_number")
            await connection.execute(self._claim, *([getattr(row, name) for row in rows] for name in named))
        values = [_values(table, row) for row in rows]
        inserted, foreign = await self._upsert(connection, table, values)
        if foreign and all(_is_ours(row) for row in rows if row.id in foreign):
            await connection.execute(self._displace[table], list(foreign))
            more, foreign = await self._upsert(connection, table, values)
            inserted += more
        _refuse(table, foreign)
        return inserted

    async def _panels(self, connection: Connection, work: Work) -> None:
        if work.created:
            values = [_panel_values(panel) for panel in work.created.values()]
            _, foreign = await self._upsert(connection, "panels", values)
            _refuse("panels", foreign)
        if work.changed:
            changed = [_panel_values(panel) for panel in work.changed.values()]
            arrays = [[values[name] for values in changed] for name in GROWING]
            gone = await connection.fetch(self._grow, *arrays)
            if gone:
                raise Refused(f"the row of panel {gone[0]['id']} is gone")
        await self.link_children(connection, _links(work.created))

    async def _upsert(
        self, connection: Connection, table: str, rows: Sequence[Mapping[str, Any]]
    ) -> tuple[list[UUID], set[UUID]]:
        """Ids of rows that were not there before, and of those that stay out: somebody else's row has theirs."""
        arrays = [[row[name] for row in rows] for name in COLUMNS[table]]
        found = await connection.fetch(self._insert[table], *arrays)
        foreign = {row["id"] for row in found if row["foreign"]}
        return [row["id"] for row in found if not row["foreign"]], foreign


def _refuse(table: str, foreign: Collection[UUID]) -> None:
    if foreign:
        raise Refused(f"id {min(foreign)} of {table} belongs to another panel or tenant")


def _is_ours(row: Row) -> bool:
    """Whether the id follows from the panel, so that nobody else can have it but by design."""
    if not isinstance(row, ResponseRow):
        return True
    told = row.metadata
    identity = (
        ("human", told["checkpoint_id"])
        if told["role"] == "human"
        else (row.round_number, told["step"], told["seat"], told["purpose"])
    )
    return row.id == row_id(row.panel_id, "panel_responses", *identity)


async def write_what_is_taken(connection: Connection, writer: Writer, work: Work) -> int:
    """Write it all, or else every part that the tables take. Returns how many they refuse."""
    if await _taken(connection, writer, work):
        return 0
    return sum([not await _taken(connection, writer, part) for part in work.each()])


async def _taken(connection: Connection, writer: Writer, work: Work) -> bool:
    try:
        async with connection.transaction():
            await writer.write(connection, work)
    except Refused:
        return False
    except asyncpg.PostgresError as error:
        if (error.sqlstate or "").startswith(CONTENT_ERRORS):
            return False
        raise
    return True


def _links(created: Mapping[UUID, Panel]) -> list[Link]:
    """Links to parents that were there before, in this batch or an earlier one; in log order."""
    earlier: set[UUID] = set()
    links: list[Link] = []
    for panel_id, panel in created.items():
        parent_id = panel.parent_id
        if parent_id is not None and (parent_id not in created or parent_id in earlier):
            links.append(Link(parent_id, panel.ref.tenant_id, panel_id))
        earlier.add(panel_id)
    return links


def _table_of(row: Row) -> str:
    match row:
        case ResponseRow():
            return "panel_responses"
        case ConsensusRow():
            return "panel_consensus"
        case UsageRow():
            return "agent_usage"


def _panel_values(panel: Panel) -> Mapping[str, Any]:
    return {
        "id": panel.ref.panel_id,
        "tenant_id": panel.ref.tenant_id,
        "user_id": panel.user_id,
        "query": panel.query,
        "panel_type": panel.panel_type,
        "status": panel.status,
        "configuration": _json(panel.configuration),
        "agents": _json(panel.agents),
        "created_at": panel.created_at,
        "started_at": panel.started_at,
        "completed_at": panel.completed_at,
        "metadata": _json(panel.metadata),
    }


def _values(table: str, row: Row) -> Mapping[str, Any]:
    return {
        name: _json(getattr(row, name)) if kind == "jsonb" else getattr(row, name)
        for name, kind in COLUMNS[table].items()
    }


def _json(value: object) -> str:
    return to_json(value, inf_nan_mode="null").decode()
