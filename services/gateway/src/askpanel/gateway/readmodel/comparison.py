"""Live rows against rebuilt ones, column by column and byte for byte, inside the caller's transaction.

`updated_at` belongs to a trigger, other programs' columns and metadata keys to them: not compared.
"""

# ruff: noqa: S608  (names are constants of this package and the caller's schema)

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.readmodel.panel import CHILDREN, OUR_KEYS
from askpanel.gateway.readmodel.tables import Connection, Link
from askpanel.gateway.readmodel.upserts import COLUMNS, TABLES


@dataclass(frozen=True, slots=True)
class Difference:
    """One row: `missing` or `changed` in the live table (in these columns), or `extra` there."""

    table: str
    id: UUID
    panel_id: UUID
    kind: Literal["missing", "changed", "extra"]
    columns: tuple[str, ...]


async def make_shadow(connection: Connection, schema: str) -> None:
    """Empty tables of the live ones' columns and keys; no checks, triggers, policies or foreign keys."""
    for table in TABLES:
        await connection.execute(
            f"create unlogged table {schema}.{table} "
            f"(like public.{table} including defaults including identity including generated including indexes)"
        )


async def compare(connection: Connection, schema: str) -> tuple[Difference, ...]:
    """Every difference between the panels in `schema` and the same panels live, in the tables' order."""
    found: list[Difference] = []
    for table in TABLES:
        await connection.execute(f"analyze {schema}.{table}")
    for table in TABLES:
        for row in await connection.fetch(_differences(schema, table)):
            columns = tuple(name for name in row["columns"] if name is not None)
            found.append(Difference(table, row["id"], row["panel_id"], row["kind"], columns))
    return tuple(found)


async def refs(connection: Connection, schema: str, panel_ids: list[UUID]) -> list[PanelRef]:
    """The rebuilt panels of these ids, in the order in which they were asked."""
    rows = await connection.fetch(
        f"select tenant_id, id from {schema}.panels where id = any ($1) order by created_at, id", panel_ids
    )
    return [PanelRef(row["tenant_id"], row["id"]) for row in rows]


async def followers(connection: Connection, schema: str, panel_ids: list[UUID]) -> list[Link]:
    """Rebuilt panels that these have as children, in the children's order."""
    rows = await connection.fetch(
        f"""
        select id as parent_id, tenant_id, child
        from {schema}.panels, jsonb_array_elements_text(metadata -> '{CHILDREN}') with ordinality as one (child, n)
        where id = any ($1) order by id, n
        """,
        panel_ids,
    )
    return [Link(row["parent_id"], row["tenant_id"], UUID(row["child"])) for row in rows]


async def count(connection: Connection, schema: str) -> dict[str, int]:
    """Rows by table."""
    return {table: await connection.fetchval(f"select count(*) from {schema}.{table}") for table in TABLES}


def _differences(schema: str, table: str) -> str:
    panel_id = "id" if table == "panels" else "panel_id"
    names = [name for name in COLUMNS[table] if name != "id"]
    unequal = [
        f"{_text(table, 'rebuilt', name)} is distinct from {_text(table, 'live', name)}" for name in names
    ]
    columns = ", ".join(
        f"case when {test} then '{name}' end" for name, test in zip(names, unequal, strict=True)
    )
    return f"""
        with live as (
          select * from public.{table}
          where {panel_id} in (select id from {schema}.panels) or id in (select id from {schema}.{table})
        )
        select coalesce(rebuilt.id, live.id) as id, coalesce(rebuilt.{panel_id}, live.{panel_id}) as panel_id,
               case when live.id is null then 'missing' when rebuilt.id is null then 'extra' else 'changed' end
                 as kind,
               case when rebuilt.id is null or live.id is null then array[]::text[]
                 else array[{columns}]::text[] end as columns
        from {schema}.{table} rebuilt full join live on live.id = rebuilt.id
        where rebuilt.id is null or live.id is null or {" or ".join(unequal)}
        order by 2, 1
        """


def _text(table: str, side: str, name: str) -> str:
    if (table, name) != ("panels", "metadata"):
        return f"{side}.{name}::text"
    keys = ", ".join(f"'{key}'" for key in (*OUR_KEYS, CHILDREN))
    return f"""(
        select jsonb_object_agg(key, value)::text
        from jsonb_each(case when jsonb_typeof({side}.metadata) = 'object' then {side}.metadata else '{{}}' end)
        where key in ({keys}))"""
