"""What a database really has, read from its catalogue by any login, without touching a row.

From pg_attribute, pg_constraint and their like: information_schema shows each role only what it may
touch. Values are judged by Postgres itself: a CHECK is evaluated, its text is never compared.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

import asyncpg

from askpanel.gateway.readmodel.expected import FILLED, FUNCTIONS, ROLES, TABLES
from askpanel.gateway.readmodel.observed import (
    Check,
    ColumnFound,
    Function,
    Key,
    Observed,
    PolicyFound,
    Role,
    Table,
    Trigger,
)

_LITERAL = re.compile(r"'((?:[^']|'')*)'::")


async def observe(connection: asyncpg.Connection) -> Observed:
    """Read it all, in one read-only snapshot. Raises asyncpg's errors if the database is not there."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        # Names come back qualified unless on the search_path: fix it, to compare them and to cast.
        await connection.execute("select set_config('search_path', 'pg_catalog', true)")
        columns = await _columns(connection)
        return Observed(
            tables=await _tables(connection),
            columns=columns,
            keys=await _keys(connection),
            foreign_keys=await _foreign_keys(connection),
            checks=await _checks(connection, columns),
            triggers=await _triggers(connection),
            policies=await _policies(connection),
            functions=await _functions(connection),
            roles=await _roles(connection),
            grants=await _grants(connection),
            realtime=await _realtime(connection),
            own_tables=await _own_tables(connection),
            login=await connection.fetchval("select session_user::text"),
        )


async def _tables(connection: asyncpg.Connection) -> Mapping[str, Table]:
    rows = await connection.fetch(
        """
        select relname, relkind::text, relrowsecurity, relforcerowsecurity
        from pg_class
        where relnamespace = to_regnamespace('public') and relname = any ($1) and relkind <> 'i'
        """,
        list(TABLES),
    )
    return {row["relname"]: Table(*row) for row in rows}


async def _columns(connection: asyncpg.Connection) -> Mapping[tuple[str, str], ColumnFound]:
    rows = await connection.fetch(
        """
        select relname, attname, format_type(atttypid, atttypmod) as type,
               format_type(atttypid, null) as base, attnotnull, atthasdef or attidentity <> '' as has_default,
               attgenerated <> '' or attidentity = 'a' as computed,
               array(select enumlabel::text from pg_enum where enumtypid = atttypid order by enumsortorder)
                 as labels
        from pg_attribute
        join pg_class on pg_class.oid = attrelid
        where relnamespace = to_regnamespace('public') and relname = any ($1) and relkind <> 'i'
          and attnum > 0 and not attisdropped
        """,
        list(TABLES),
    )
    return {
        (row["relname"], row["attname"]): ColumnFound(
            type=row["type"],
            base=row["base"],
            not_null=row["attnotnull"],
            has_default=row["has_default"],
            computed=row["computed"],
            labels=tuple(row["labels"]),
        )
        for row in rows
    }


async def _keys(connection: asyncpg.Connection) -> tuple[Key, ...]:
    # Over the indexes: a unique index without a constraint refuses rows just the same.
    rows = await connection.fetch(
        """
        select t.relname as table_name, i.relname as index_name, indisprimary,
               array(
                 select coalesce(a.attname::text, '(expression)')
                 from unnest(indkey::int2[]) with ordinality as k (attnum, place)
                 left join pg_attribute a on a.attrelid = indrelid and a.attnum = k.attnum and k.attnum > 0
                 where place <= indnkeyatts
                 order by place
               ) as columns
        from pg_index
        join pg_class t on t.oid = indrelid
        join pg_class i on i.oid = indexrelid
        where t.relnamespace = to_regnamespace('public') and t.relname = any ($1) and indisunique
        order by 1, 2
        """,
        list(TABLES),
    )
    return tuple(
        Key(
            row["table_name"],
            "p" if row["indisprimary"] else "u",
            row["index_name"],
            tuple(row["columns"]),
        )
        for row in rows
    )


async def _foreign_keys(connection: asyncpg.Connection) -> frozenset[tuple[str, str, str]]:
    rows = await connection.fetch(
        """
        select t.relname::text, attname::text, n.nspname || '.' || f.relname
        from pg_constraint
        join pg_class t on t.oid = conrelid
        join pg_class f on f.oid = confrelid
        join pg_namespace n on n.oid = f.relnamespace
        join pg_attribute on attrelid = conrelid and attnum = conkey[1]
        where t.relnamespace = to_regnamespace('public') and contype = 'f' and cardinality(conkey) = 1
        """
    )
    return frozenset((row[0], row[1], row[2]) for row in rows)


async def _checks(
    connection: asyncpg.Connection, columns: Mapping[tuple[str, str], ColumnFound]
) -> tuple[Check, ...]:
    rows = await connection.fetch(
        """
        select relname, conname, pg_get_expr(conbin, conrelid) as expression,
               array(select attname::text from pg_attribute where attrelid = conrelid and attnum = any (conkey))
                 as columns
        from pg_constraint
        join pg_class on pg_class.oid = conrelid
        where relnamespace = to_regnamespace('public') and relname = any ($1) and contype = 'c'
        order by 1, 2
        """,
        list(TABLES),
    )
    found: list[Check] = []
    for row in rows:
        table, names, expression = row["relname"], tuple(row["columns"]), row["expression"]
        refused: tuple[str, ...] | None = None
        if len(names) == 1:
            expected = TABLES[table].get(names[0])
            column = columns[table, names[0]]
            values = _castable(expected.values if expected else (), column)
            refused = await _refused(connection, names[0], column.type, expression, values)
        literals = tuple(literal.replace("''", "'") for literal in _LITERAL.findall(expression))
        found.append(Check(table, row["conname"], names, literals, refused))
    return tuple(found)


def _castable(values: Sequence[str], column: ColumnFound) -> tuple[str, ...]:
    """Without those an enum does not know: the cast would fail, and the labels tell it already."""
    return tuple(value for value in values if not column.labels or value in column.labels)


async def _refused(
    connection: asyncpg.Connection, column: str, type_: str, expression: str, values: Iterable[str]
) -> tuple[str, ...] | None:
    """Ask Postgres: the constraint's own expression over our values. NULL counts as allowed, as there.

    None if it cannot be evaluated with this login.
    """
    quoted = '"' + column.replace('"', '""') + '"'
    query = f"""
        select ours from unnest($1::text[]) as ours, lateral (select ours::{type_}) as candidate ({quoted})
        where ({expression}) is false
        """  # noqa: S608 (all three come from the catalogue, none from a user)
    try:
        async with connection.transaction():
            return tuple(row["ours"] for row in await connection.fetch(query, list(values)))
    except asyncpg.PostgresError:  # it calls something this login may not, or takes another type
        return None


async def _triggers(connection: asyncpg.Connection) -> tuple[Trigger, ...]:
    # tgtype bits: 2 BEFORE, 4 INSERT, 8 DELETE, 16 UPDATE
    rows = await connection.fetch(
        """
        select relname, tgname, tgtype & 2 <> 0 as before,
               tgtype & 30 = 18 and prosrc ~* 'new\\.updated_at' as keeps_time
        from pg_trigger
        join pg_class on pg_class.oid = tgrelid
        join pg_proc on pg_proc.oid = tgfoid
        where relnamespace = to_regnamespace('public') and relname = any ($1)
          and not tgisinternal and tgenabled <> 'D'
        order by 1, 2
        """,
        list(FILLED),
    )
    return tuple(Trigger(*row) for row in rows)


async def _policies(connection: asyncpg.Connection) -> tuple[PolicyFound, ...]:
    rows = await connection.fetch(
        """
        select tablename, policyname, permissive = 'PERMISSIVE' as permissive, roles::text[] as roles, cmd,
               with_check
        from pg_policies
        where schemaname = 'public' and tablename = any ($1)
        order by 1, 2
        """,
        list(TABLES),
    )
    return tuple(
        PolicyFound(
            table=row["tablename"],
            name=row["policyname"],
            permissive=row["permissive"],
            roles=frozenset(row["roles"]),
            command=row["cmd"],
            check=row["with_check"],
        )
        for row in rows
    )


async def _functions(connection: asyncpg.Connection) -> Mapping[str, Function]:
    # Read as rows of the catalogue: to_regprocedure() needs USAGE on the schema.
    rows = await connection.fetch(
        """
        select nspname || '.' || proname || '(' || array_to_string(
                 array(select format_type(t, null) from unnest(proargtypes::oid[]) as t), ', ') || ')' as signature,
               prosecdef, coalesce(proconfig, '{}') as settings,
               exists (
                 select from aclexplode(coalesce(proacl, acldefault('f', proowner)))
                 where grantee = 0 and privilege_type = 'EXECUTE'
               ) as public_may_call
        from pg_proc
        join pg_namespace on pg_namespace.oid = pronamespace
        where nspname = 'askpanel'
        """
    )
    return {
        row["signature"]: Function(
            row["signature"], row["prosecdef"], tuple(row["settings"]), row["public_may_call"]
        )
        for row in rows
        if row["signature"] in FUNCTIONS
    }


async def _roles(connection: asyncpg.Connection) -> Mapping[str, Role]:
    rows = await connection.fetch(
        """
        select rolname::text, rolsuper, rolbypassrls from pg_roles
        where rolname = any ($1) or rolname = session_user
        """,
        list(ROLES),
    )
    return {row["rolname"]: Role(*row) for row in rows}


async def _grants(connection: asyncpg.Connection) -> frozenset[tuple[str, str, str]]:
    """(role, table, privilege) on the six tables, inherited and PUBLIC ones included."""
    rows = await connection.fetch(
        """
        select rolname::text, relname::text, privilege
        from pg_roles, pg_class, unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) as privilege
        where rolname = any ($1) and relnamespace = to_regnamespace('public') and relname = any ($2)
          and relkind in ('r', 'p') and has_table_privilege(pg_roles.oid, pg_class.oid, privilege)
        """,
        [*ROLES, "anon", "authenticated"],
        list(TABLES),
    )
    return frozenset((row[0], row[1], row[2]) for row in rows)


async def _realtime(connection: asyncpg.Connection) -> frozenset[str]:
    rows = await connection.fetch(
        """
        select tablename::text from pg_publication_tables
        where pubname = 'supabase_realtime' and schemaname = 'public'
        """
    )
    return frozenset(row["tablename"] for row in rows)


async def _own_tables(connection: asyncpg.Connection) -> frozenset[str]:
    rows = await connection.fetch(
        """
        select relname::text from pg_class
        join pg_namespace on pg_namespace.oid = relnamespace
        where nspname = 'askpanel' and relkind in ('r', 'p')
        """
    )
    return frozenset(row["relname"] for row in rows)
