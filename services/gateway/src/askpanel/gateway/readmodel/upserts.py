"""The SQL of the writes, built once for the column types a database really has.

Every value travels as an array of one plain type per column and is cast to the column's own type (text or
enum, float or numeric, `jsonb` or `jsonb[]`). Rows go in by id; the update arm runs only where a written
column differs, so writing the same rows again changes nothing and fires no trigger.
"""

# ruff: noqa: S608  (names are of this module, types of the catalogue: nothing comes from input)

from collections.abc import Mapping
from typing import TypeAlias

from askpanel.gateway.readmodel.panel import CHILDREN

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

LARGEST = 8_000_000
"""Bytes of a panel's metadata that are written anew with every event. A member may write there too, and what one tenant's row
takes all tenants wait for; ours has 4 MB at most."""

GROWING = ("id", "tenant_id", "status", "started_at", "completed_at", "metadata")
"""What changes in a row of `panels` after its insert."""


def agents_array(source: str, column_type: str) -> str:
    """SQL that turns a JSON array of agent ids into what the column takes."""
    if column_type == "jsonb[]":
        return (
            "(select coalesce(array_agg(e order by n), '{}') "
            f"from jsonb_array_elements({source}) with ordinality as agent (e, n))"
        )
    return source


def _given(names: Mapping[str, str]) -> str:
    arrays = ", ".join(f"${position}::{kind}[]" for position, kind in enumerate(names.values(), 1))
    return f"select * from unnest({arrays}) as given ({', '.join(names)})"


def _cast(table: str, name: str, types: Types) -> str:
    column_type = types[table, name]
    if (table, name) == ("panels", "agents"):
        return agents_array("given.agents", column_type)
    return f"given.{name}::{column_type}"


def _merged(ours: str) -> str:
    """Our keys over whatever else the row's metadata holds, unless that is more than LARGEST.

    The size as it is stored is looked at first: it may be compressed, and costs nothing to know.
    """
    theirs = f"""
        case when jsonb_typeof(old.metadata) is distinct from 'object' then '{{}}'
          when pg_column_size(old.metadata) > {LARGEST // 100}
            and pg_column_size(old.metadata || '{{}}') > {LARGEST} then '{{}}'
          else old.metadata end
    """
    return f"({theirs}) || {ours}"


def insert_statement(schema: str, table: str, types: Types) -> str:
    """Insert or correct rows. Returns ids: `foreign` ones are taken by a row which is not ours to touch, the
    others were inserted and not there before."""
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
          returning old.id, old.xmax = 0 as inserted
        )
        select given.id, true as foreign from given join {schema}.{table} old on old.id = given.id where {foreign}
        union all
        select written.id, false from written where inserted
        """


def claim_statement(schema: str) -> str:
    """Give the place and the id of these rounds to rows of ours: (id, tenant, panel, round), as in `panel_consensus`.

    Without hardening anybody may insert a round's row before us, where the table takes one alone, and our id, which
    follows from panel and round, on another row. The row at the place becomes ours, and is then corrected like any
    other; one elsewhere that has the id gets another id.
    """
    return f"""
        with given as (
          select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int4[]) as given (id, tenant_id, panel_id, round_number)
        ),
        moved as (
          update {schema}.panel_consensus old set id = gen_random_uuid() from given
          where old.id = given.id and (old.panel_id, old.round_number) <> (given.panel_id, given.round_number)
          returning old.id
        )
        update {schema}.panel_consensus old set id = given.id, tenant_id = given.tenant_id from given
        where (select count(*) from moved) >= 0  -- first: the id must be free
          and old.panel_id = given.panel_id and old.round_number = given.round_number
          and (old.id, old.tenant_id) <> (given.id, given.tenant_id)
        """


def displace_statement(schema: str, table: str) -> str:
    """Give these rows, of whatever panel, other ids."""
    return f"update {schema}.{table} set id = gen_random_uuid() where id = any ($1::uuid[])"


def grow_statement(schema: str, types: Types) -> str:
    """Bring rows of panels up to date; returns the ids whose row does not exist in that tenant."""
    columns = {name: COLUMNS["panels"][name] for name in GROWING}
    new = {name: _cast("panels", name, types) for name in GROWING[2:]}
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


def link_statement(schema: str) -> str:
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
