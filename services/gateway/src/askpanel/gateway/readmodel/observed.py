"""What a database has, as far as the drift check cares: frozen values, read by `observe`."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """`kind` is pg_class.relkind: r an ordinary table, p a partitioned one."""

    name: str
    kind: str
    row_security: bool
    forced: bool


@dataclass(frozen=True, slots=True)
class ColumnFound:
    """`type` as SQL would cast to it; `labels` of an enum, else empty; `computed`: we cannot write it."""

    type: str
    base: str
    not_null: bool
    has_default: bool
    computed: bool
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """A primary key, unique constraint or unique index: kind p or u."""

    table: str
    kind: str
    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """A CHECK constraint; `refused` are the values of ours it refuses, None if that cannot be told."""

    table: str
    name: str
    columns: tuple[str, ...]
    literals: tuple[str, ...]
    refused: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Trigger:
    """An enabled trigger of somebody's. `keeps_time`: BEFORE UPDATE, and sets updated_at."""

    table: str
    name: str
    before: bool
    keeps_time: bool


@dataclass(frozen=True, slots=True)
class PolicyFound:
    table: str
    name: str
    permissive: bool
    roles: frozenset[str]
    command: str
    check: str | None


@dataclass(frozen=True, slots=True)
class Function:
    """`settings` are those fixed at the function, such as its search_path."""

    signature: str
    definer: bool
    settings: tuple[str, ...]
    public_may_call: bool


@dataclass(frozen=True, slots=True)
class Role:
    name: str
    superuser: bool
    bypasses_row_security: bool


@dataclass(frozen=True, slots=True)
class Observed:
    """One database, as far as we care."""

    tables: Mapping[str, Table]
    columns: Mapping[tuple[str, str], ColumnFound]
    keys: tuple[Key, ...]
    foreign_keys: frozenset[tuple[str, str, str]]
    checks: tuple[Check, ...]
    triggers: tuple[Trigger, ...]
    policies: tuple[PolicyFound, ...]
    functions: Mapping[str, Function]
    roles: Mapping[str, Role]
    grants: frozenset[tuple[str, str, str]]
    realtime: frozenset[str]
    own_tables: frozenset[str]
    login: str
