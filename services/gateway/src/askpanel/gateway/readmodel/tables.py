"""Writing the four tables: set-based statements, built once for the column types a database really has.

Every value travels as an array of one plain type per column and is cast to the column's own type (text or
enum, float or numeric, `jsonb` or `jsonb[]`). Rows go in by id; the update arm runs only where a written
column differs, so writing the same rows again changes nothing and fires no trigger.
"""

# ruff: noqa: S608  (names are of this module, types of the catalogue: nothing comes from input)

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from askpanel.gateway.readmodel.panel import CHILDREN, Panel
from askpanel.gateway.readmodel.rows import ConsensusRow, ResponseRow, Row, UsageRow

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Types: TypeAlias = Mapping[tuple[str, str], str]
"""SQL type by table and column."""

TABLES = ("panels", "panel_responses", "panel_consensus", "agent_usage")
"""The tables we fill, in the order in which a batch writes them: foreign keys always hold."""

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "panels": {
        "id": "uuid",
        "tenant_id": "uuid",
        "user_id": "uuid",
        "query": "text",
        "panel_type": "text",
        "status": "text",
        "configuration": "jsonb",
        "agents": "jsonb",
        "created_at": "timestamptz",
        "started_at": "timestamptz",
        "completed_at": "timestamptz",
        "metadata": "jsonb",
    },
    "panel_responses": {
        "id": "uuid",
        "tenant_id": "uuid",
        "panel_id": "uuid",
        "agent_id": "text",
        "agent_name": "text",
        "round_number": "int4",
        "response_type": "text",
        "content": "text",
        "confidence_score": "float8",
        "created_at": "timestamptz",
        "metadata": "jsonb",
    },
    "panel_consensus": {
        "id": "uuid",
        "tenant_id": "uuid",
        "panel_id": "uuid",
        "round_number": "int4",
        "consensus_level": "float8",
        "agreement_points": "jsonb",
        "disagreement_points": "jsonb",
        "recommendation": "text",
        "dissenting_opinions": "jsonb",
        "created_at": "timestamptz",
    },
    "agent_usage": {
        "id": "uuid",
        "tenant_id": "uuid",
        "user_id": "uuid",
        "panel_id": "uuid",
        "agent_id": "text",
        "tokens_used": "int4",
        "execution_time_ms": "int4",
        "cost_usd": "numeric",
        "created_at": "timestamptz",
        "metadata": "jsonb",
    },
}
"""The columns we write and the plain type each value travels as. All others are left to their defaults."""

_GROWING = ("id", "tenant_id", "status", "started_at", "completed_at", "metadata")
"""What changes in a row of `panels` after its insert."""


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

    def each(self) -> Iterator["Work"]:
        """The same in its smallest parts, in an order in which they can be written."""
        for panel_id, panel in self.created.items():
            yield Work(created={panel_id: panel})
        for panel_id, panel in self.changed.items():
            yield Work(changed={panel_id: panel})
        for row_id, row in self.rows.items():
            yield Work(rows={row_id: row})

    def add(self, panel: Panel, rows: Iterable[Row], *, created: bool) -> None:
        """One event's outcome: the panel as it is now, and the rows to insert."""
        panel_id = panel.ref.panel_id
        if created or panel_id in self.created:
            self.created[panel_id] = panel
        else:
            self.changed[panel_id] = panel
        self.rows.update((row.id, row) for row in rows)


class Writer:
    """Writes batches into the tables of one schema, inside the caller's transaction."""

    def __init__(self, types: Types, schema: str = "public") -> None:
        self._insert = {table: _insert(schema, table, types) for table in TABLES}
        self._grow = _grow(schema, types)
        self._link = _link(schema)

    async def write(self, connection: Connection, work: Work) -> None:
        """All rows of the batch, panels first. Raises Refused, and asyncpg's errors."""
        await self._panels(connection, work)
        by_table: dict[str, list[Row]] = {table: [] for table in TABLES[1:]}
        for row in work.rows.values():
            by_table[_table_of(row)].append(row)
        for table, rows in by_table.items():
            if rows:
                await self._upsert(connection, table, [_values(table, row) for row in rows])

    async def link_children(self, connection: Connection, links: Sequence[Link]) -> None:
        """Note follow-ups in the `children` of their parents, in the order given; safe to repeat."""
        if links:
            await connection.execute(
                self._link,
                [link.parent_id for link in links],
                [link.tenant_id for link in links],
                [link.child_id for link in links],
            )

    async def _panels(self, connection: Connection, work: Work) -> None:
        if work.created:
            await self._upsert(
                connection, "panels", [_panel_values(panel) for panel in work.created.values()]
            )
        if work.changed:
            changed = [_panel_values(panel) for panel in work.changed.values()]
            arrays = [[values[name] for values in changed] for name in _GROWING]
            gone = await connection.fetch(self._grow, *arrays)
            if gone:
                raise Refused(f"the row of panel {gone[0]['id']} is gone")
        await self.link_children(connection, _links(work.created))

    async def _upsert(self, connection: Connection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        arrays = [[row[name] for row in rows] for name in COLUMNS[table]]
        foreign = await connection.fetch(self._insert[table], *arrays)
        if foreign:
            raise Refused(f"id {foreign[0]['id']} of {table} belongs to another panel or tenant")


def agents_array(source: str, column_type: str) -> str:
    """SQL that turns a JSON array of agent ids into what the column takes."""
    if column_type == "jsonb[]":
        return (
            "(select coalesce(array_agg(e order by n), '{}') "
            f"from jsonb_array_elements({source}) with ordinality as agent (e, n))"
        )
    return source


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
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _given(names: Mapping[str, str]) -> str:
    arrays = ", ".join(f"${position}::{kind}[]" for position, kind in enumerate(names.values(), 1))
    return f"select * from unnest({arrays}) as given ({', '.join(names)})"


def _cast(table: str, name: str, types: Types) -> str:
    column_type = types[table, name]
    if (table, name) == ("panels", "agents"):
        return agents_array("given.agents", column_type)
    return f"given.{name}::{column_type}"


def _merged(ours: str) -> str:
    """Our keys over whatever else the row's metadata holds."""
    theirs = "case when jsonb_typeof(old.metadata) = 'object' then old.metadata else '{}' end"
    return f"({theirs}) || {ours}"


def _insert(schema: str, table: str, types: Types) -> str:
    """Insert or correct rows; returns the ids that are taken by a row which is not ours to touch."""
    columns = COLUMNS[table]
    new = {name: f"excluded.{name}" for name in columns if name not in ("id", "tenant_id")}
    own = "old.tenant_id = excluded.tenant_id"
    foreign = "old.tenant_id <> given.tenant_id"
    if table == "panels":
        new["metadata"] = _merged("excluded.metadata")
    else:
        # Deleting a panel leaves its usage behind with panel_id null: still ours.
        own += " and coalesce(old.panel_id, excluded.panel_id) = excluded.panel_id"
        foreign += " or old.panel_id <> given.panel_id"
    return f"""
        with given as ({_given(columns)}),
        written as (
          insert into {schema}.{table} as old ({", ".join(columns)})
          select {", ".join(_cast(table, name, types) for name in columns)} from given
          on conflict (id) do update
            set {", ".join(f"{name} = {value}" for name, value in new.items())}
            where {own}
              and ({", ".join(f"old.{name}" for name in new)}) is distinct from ({", ".join(new.values())})
        )
        select given.id from given join {schema}.{table} old on old.id = given.id where {foreign}
        """


def _grow(schema: str, types: Types) -> str:
    """Bring rows of panels up to date; returns the ids whose row does not exist in that tenant."""
    columns = {name: COLUMNS["panels"][name] for name in _GROWING}
    new = {name: _cast("panels", name, types) for name in _GROWING[2:]}
    new["metadata"] = _merged("given.metadata")
    return f"""
        with given as ({_given(columns)}),
        written as (
          update {schema}.panels old
          set {", ".join(f"{name} = {value}" for name, value in new.items())}
          from given
          where old.id = given.id and old.tenant_id = given.tenant_id
            and ({", ".join(f"old.{name}" for name in new)}) is distinct from ({", ".join(new.values())})
        )
        select given.id from given
        where not exists (
          select from {schema}.panels old where old.id = given.id and old.tenant_id = given.tenant_id
        )
        """


def _link(schema: str) -> str:
    """Append follow-ups to their parents' rows, each once. Rows of panels not on our log are left alone."""
    known = f"""
        case when jsonb_typeof(old.metadata -> '{CHILDREN}') = 'array'
          then old.metadata -> '{CHILDREN}' else '[]' end
        """
    return f"""
        with given as (
          select parent_id, tenant_id, jsonb_agg(to_jsonb(child_id) order by n) as children
          from unnest($1::uuid[], $2::uuid[], $3::uuid[])
            with ordinality as given (parent_id, tenant_id, child_id, n)
          group by parent_id, tenant_id
        )
        update {schema}.panels old
        set metadata = old.metadata || jsonb_build_object('{CHILDREN}', {known} || (
          select jsonb_agg(child order by n)
          from jsonb_array_elements(given.children) with ordinality as one (child, n)
          where not {known} @> child
        ))
        from given
        where old.id = given.parent_id and old.tenant_id = given.tenant_id
          and jsonb_typeof(old.metadata -> 'sequence') = 'number' and not {known} @> given.children
        """
