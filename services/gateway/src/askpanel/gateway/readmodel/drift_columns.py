"""Drift rules for tables, columns, values, keys and triggers. Pure."""

from collections.abc import Iterator

from askpanel.gateway.readmodel.drift_finding import Finding
from askpanel.gateway.readmodel.expected import (
    FILLED,
    FOREIGN_KEYS,
    KNOWN_VALUES,
    SCALES,
    TABLES,
    Column,
    Family,
)
from askpanel.gateway.readmodel.observed import ColumnFound, Observed
from askpanel.gateway.readmodel.shape import CONSENSUS_KEY

PLATFORM = "ask the owner of the schema: we never alter these tables"

_TABLE_KINDS = ("r", "p")  # ordinary, partitioned

_FAMILIES: dict[Family, frozenset[str]] = {
    "uuid": frozenset({"uuid"}),
    "text": frozenset({"text", "character varying"}),
    "integer": frozenset({"integer", "bigint"}),
    "number": frozenset({"double precision", "real", "numeric"}),
    "time": frozenset({"timestamp with time zone"}),
    "json": frozenset({"jsonb"}),
    "json or json list": frozenset({"jsonb", "jsonb[]"}),
}


def tables(observed: Observed) -> Iterator[Finding]:
    """Each of the six is a table of this application, not a view and not somebody else's namesake."""
    for name, columns in TABLES.items():
        found = observed.tables.get(name)
        if found is None:
            yield Finding(
                "error",
                f"public.{name}",
                "table",
                "nothing",
                "is this the right database? locally: `migrate` with local=True",
            )
        elif found.kind not in _TABLE_KINDS:
            yield Finding("error", f"public.{name}", "table", f"relation of kind {found.kind!r}", PLATFORM)
        elif _is_stranger(observed, name):
            yield Finding(
                "error",
                f"public.{name}",
                f"a table with {', '.join(columns)}",
                "another application's table of the same name: it has no tenant_id",
                "use the database, or move the table, that Ask Panel was made for",
            )


def usable(observed: Observed) -> frozenset[str]:
    """The tables worth looking into: real tables, and not somebody else's namesakes."""
    return frozenset(
        table.name
        for table in observed.tables.values()
        if table.kind in _TABLE_KINDS and not _is_stranger(observed, table.name)
    )


def _is_stranger(observed: Observed, table: str) -> bool:
    """Without tenant_id (tenants: without slug) it is a namesake; its other columns say nothing more."""
    telling = "slug" if table == "tenants" else "tenant_id"
    return (table, telling) not in observed.columns


def columns(observed: Observed) -> Iterator[Finding]:
    """Existence, type family, nullability; what we do not know may not stand in a row's way."""
    for table, expected in TABLES.items():
        if table not in observed.tables:
            continue
        for name, column in expected.items():
            yield from _column(table, name, column, observed.columns.get((table, name)))
        for (of, name), found in observed.columns.items():
            if of == table and name not in expected:
                yield from _unknown_column(table, name, found)


def _column(table: str, name: str, expected: Column, found: ColumnFound | None) -> Iterator[Finding]:
    where = f"public.{table}.{name}"
    if found is None:
        if not expected.optional:
            yield Finding("error", where, expected.family, "no such column", PLATFORM)
        return
    if not _is_of(found, expected.family):
        yield Finding("error", where, expected.family, found.type, PLATFORM)
        return
    if expected.writes != "never" and found.computed:
        yield Finding("error", where, "a column we can fill", "generated always", PLATFORM)
    if expected.writes == "sometimes null" and found.not_null:
        yield Finding(
            "error", where, "nullable: we write NULL where a value is unknown", "NOT NULL", PLATFORM
        )
    kept = SCALES.get((table, name))
    if kept is not None and found.type not in kept:
        yield Finding(
            "warning", where, " or ".join(kept), found.type, "none needed: exact values are kept in metadata"
        )


def _is_of(found: ColumnFound, family: Family) -> bool:
    return found.base in _FAMILIES[family] or (family == "text" and bool(found.labels))


def _unknown_column(table: str, name: str, found: ColumnFound) -> Iterator[Finding]:
    where = f"public.{table}.{name}"
    if table in FILLED and found.not_null and not found.has_default and not found.computed:
        yield Finding(
            "error",
            where,
            "a default, or nullable: we do not fill it",
            f"{found.type} NOT NULL without default",
            f"alter table public.{table} alter column {name} drop not null (by the schema's owner)",
        )
    elif table in FILLED:
        yield Finding("warning", where, "no such column", found.type, "none needed: we leave it alone")


def values(observed: Observed) -> Iterator[Finding]:
    """What we write is allowed; what else is allowed is worth knowing."""
    for (table, name), found in observed.columns.items():
        expected = TABLES.get(table, {}).get(name)
        ours = KNOWN_VALUES.get((table, name)) or (expected.values if expected else ())
        if found.labels and ours:
            yield from _compared(f"public.{table}.{name}", ours, found.labels, writes=expected)
    for check in observed.checks:
        where = f"public.{check.table}.{check.columns[0] if check.columns else check.name}"
        if check.refused is None:
            if check.table in FILLED:
                yield Finding(
                    "warning",
                    f"public.{check.table} constraint {check.name}",
                    "a CHECK over one column",
                    "one over " + (", ".join(sorted(check.columns)) or "none"),
                    "read it: whether it refuses rows of ours cannot be told from here",
                )
            continue
        expected = TABLES[check.table].get(check.columns[0])
        ours = KNOWN_VALUES.get((check.table, check.columns[0])) or (expected.values if expected else ())
        if check.refused:
            yield Finding(
                "error",
                where,
                "allows " + ", ".join(check.refused),
                f"refused by {check.name}",
                PLATFORM,
            )
        extra = [literal for literal in check.literals if ours and literal not in ours]
        if extra:
            yield _extra(where, ours, extra)


def _compared(
    where: str, ours: tuple[str, ...], labels: tuple[str, ...], *, writes: Column | None
) -> Iterator[Finding]:
    missing = [value for value in ours if value not in labels]
    if missing and writes is not None and writes.writes != "never":
        yield Finding(
            "error", where, "allows " + ", ".join(missing), "enum of " + ", ".join(labels), PLATFORM
        )
    extra = [label for label in labels if label not in ours]
    if extra:
        yield _extra(where, ours, extra)


def _extra(where: str, ours: tuple[str, ...], extra: list[str]) -> Finding:
    return Finding(
        "warning",
        where,
        "only " + ", ".join(ours),
        "also allows " + ", ".join(extra),
        "none needed: we never write it; rows of other writers may have it",
    )


def keys(observed: Observed) -> Iterator[Finding]:
    """Primary keys carry our upserts; an unknown UNIQUE may refuse rows; a missing FK is a word."""
    for table in observed.tables:
        if not any(
            key.table == table and key.kind == "p" and key.columns == ("id",) for key in observed.keys
        ):
            level = "error" if table in FILLED else "warning"
            yield Finding(level, f"public.{table}", "primary key (id)", "none", PLATFORM)
    yield from _unknown_unique(observed)
    for table, column, target in FOREIGN_KEYS:
        if (table, column) in observed.columns and (table, column, target) not in observed.foreign_keys:
            yield Finding(
                "warning", f"public.{table}.{column}", f"references {target}", "no such key", PLATFORM
            )


def _unknown_unique(observed: Observed) -> Iterator[Finding]:
    if "panel_consensus" in observed.tables and not any(
        key.table == "panel_consensus" and frozenset(key.columns) == CONSENSUS_KEY for key in observed.keys
    ):
        yield Finding(
            "note",
            "public.panel_consensus",
            "UNIQUE (panel_id, round_number) or none",
            "none",
            "none needed: our ids are derived from panel and round",
        )
    for key in observed.keys:
        if key.table not in FILLED or key.kind == "p":
            continue
        of_rounds = key.table == "panel_consensus" and frozenset(key.columns) == CONSENSUS_KEY
        yield Finding(
            "note" if of_rounds else "warning",
            f"public.{key.table} index {key.name}",
            "UNIQUE (panel_id, round_number) or none" if of_rounds else "no UNIQUE but the primary key",
            f"UNIQUE ({', '.join(key.columns)})",
            "none needed: another writer's row of the same round goes to the dead letters"
            if of_rounds
            else "rows of ours that it refuses go to the dead letters",
        )


def triggers(observed: Observed) -> Iterator[Finding]:
    """A BEFORE trigger may change or drop our rows; an AFTER trigger reacts to them."""
    for trigger in observed.triggers:
        where = f"public.{trigger.table} trigger {trigger.name}"
        if trigger.before and not trigger.keeps_time:
            yield Finding(
                "error",
                where,
                "no BEFORE trigger but updated_at's",
                "a BEFORE trigger",
                "remove it: a row it changes never equals the log",
            )
        elif not trigger.before:
            yield Finding(
                "warning", where, "no AFTER trigger", "one", "know what it does: a replay must not repeat it"
            )
