"""What quotas, budgets and reports of usage are counted from: `askpanel.panel_money` and `askpanel.usage_daily`.

Both are written in the transaction of the rows they sum. A panel's row is a state and is written whole; sums
grow by the rows of `agent_usage` that were really inserted, so writing a batch twice adds nothing. Where
somebody without these tables has written (an older version, a restore), they are counted anew.
"""

# ruff: noqa: S608  (put together from this module's constants only)

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from askpanel.gateway.readmodel.panel import Panel
from askpanel.gateway.readmodel.rows import UsageRow

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

COUNTED = "money"
"""Row of `projection_checkpoint` that says how far the sums go: where the projection's own row does, or count anew."""
COUNT_SECONDS = 3600.0
"""What counting anew may take a statement: all of a million panels take two minutes (docs/performance.md, Growth)."""

_PANEL = {
    "panel_id": "uuid",
    "tenant_id": "uuid",
    "created_at": "timestamptz",
    "running": "bool",
    "cap_usd": "numeric",
    "spent_usd": "numeric",
    "costed_calls": "int4",
    "uncosted_calls": "int4",
}
_KEY = {
    "tenant_id": "uuid",
    "day": "date",
    "user_id": "uuid",
    "agent_id": "text",
    "model": "text",
    "panel_type": "text",
}
_COUNTS = (
    "calls",
    "unpriced_calls",
    "tokens_used",
    "input_tokens",
    "output_tokens",
    "execution_time_ms",
    "panels",
    "panels_of_day",
    "panels_of_agent",
    "panels_of_model",
)
_CALL = _KEY | dict.fromkeys(_COUNTS, "int8") | {"cost_usd": "numeric"}

_KEYS = ", ".join(_KEY)
_SUMMED = ", ".join(f"sum({name})::bigint as {name}" for name in _COUNTS)

SUMS = "coalesce(old.cost_usd + excluded.cost_usd, old.cost_usd, excluded.cost_usd)"


def _unnest(columns: Mapping[str, str]) -> str:
    arrays = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(columns.values(), 1))
    return f"select * from unnest({arrays}) as given ({', '.join(columns)})"


_STATE = [name for name in _PANEL if name not in ("panel_id", "tenant_id", "created_at")]
PUT_PANELS = f"""
insert into askpanel.panel_money as old ({", ".join(_PANEL)})
{_unnest(_PANEL)}
on conflict (panel_id) do update
  set {", ".join(f"{name} = excluded.{name}" for name in _STATE)}
  where old.tenant_id = excluded.tenant_id
    and ({", ".join(f"old.{name}" for name in _STATE)})
        is distinct from ({", ".join(f"excluded.{name}" for name in _STATE)})
"""

ADD_CALLS = f"""
insert into askpanel.usage_daily as old ({_KEYS}, {", ".join(_COUNTS)}, cost_usd)
select {_KEYS}, {_SUMMED}, sum(cost_usd) from ({_unnest(_CALL)}) call group by {_KEYS} order by {_KEYS}
on conflict ({_KEYS}) do update
  set {", ".join(f"{name} = old.{name} + excluded.{name}" for name in _COUNTS)}, cost_usd = {SUMS}
"""

_EXACT = r"""case when used.metadata ->> 'cost_usd_exact' ~ '^[0-9]{1,9}(\.[0-9]{1,30})?$'
      then (used.metadata ->> 'cost_usd_exact')::numeric else used.cost_usd end"""


def _tokens(name: str) -> str:
    return f"""case when used.metadata ->> '{name}' ~ '^[0-9]{{1,9}}$'
      then (used.metadata ->> '{name}')::bigint else 0 end as {name}"""


def _first(*of: str) -> str:
    over = f"partition by {', '.join(of)} order by created_at, id"
    return f"(row_number() over ({over}) = 1)::int"


SUMS_OF_ROWS = f"""
select {_KEYS}, {_SUMMED}, sum(cost_usd) as cost_usd from (
  select {_KEYS}, 1 as calls, (cost_usd is null)::int as unpriced_calls, tokens_used, input_tokens, output_tokens,
         execution_time_ms, cost_usd,
         {_first("panel_id")} as panels, {_first("panel_id", "day")} as panels_of_day,
         {_first("panel_id", "agent_id")} as panels_of_agent, {_first("panel_id", "model")} as panels_of_model
  from (
    select used.id, used.tenant_id, used.created_at, (used.created_at at time zone 'UTC')::date as day,
           used.user_id, used.agent_id, coalesce(used.metadata ->> 'model', '') as model,
           coalesce(panel.panel_type::text, '') as panel_type, coalesce(used.panel_id, used.id) as panel_id,
           used.tokens_used, coalesce(used.execution_time_ms, 0) as execution_time_ms,
           {_tokens("input_tokens")}, {_tokens("output_tokens")}, {_EXACT} as cost_usd
    from public.agent_usage used left join public.panels panel on panel.id = used.panel_id
    where used.metadata ? 'cost_usd_exact'
      and ($1::uuid[] is null or used.tenant_id = any ($1)) and ($2::uuid is null or used.panel_id = $2)
  ) call
) call group by {_KEYS}
"""
"""What rows of ours in `agent_usage` add up to: of tenants $1 (null: of all), of panel $2 (null: of all)."""

TAKE_BACK = f"""
update askpanel.usage_daily old
set {", ".join(f"{name} = old.{name} - gone.{name}" for name in _COUNTS)},
    cost_usd = old.cost_usd - coalesce(gone.cost_usd, 0)
from ({SUMS_OF_ROWS.replace("$1::uuid[] is null or used.tenant_id = any ($1)", "used.tenant_id = $1")}) gone
where {" and ".join(f"old.{name} = gone.{name}" for name in _KEY)}
  and $2::uuid is not null
"""
"""Take the rows of panel $2 of tenant $1 out of the sums, before they are deleted."""

_ZERO = f"""
update askpanel.usage_daily set {", ".join(f"{name} = 0" for name in _COUNTS)}, cost_usd = null
where $1::uuid[] is null or tenant_id = any ($1)
"""
_RECOUNT_CALLS = f"""
insert into askpanel.usage_daily ({_KEYS}, {", ".join(_COUNTS)}, cost_usd) {SUMS_OF_ROWS}
on conflict ({_KEYS}) do update
  set {", ".join(f"{name} = excluded.{name}" for name in _COUNTS)}, cost_usd = excluded.cost_usd
"""
_NUMBER = r"^[0-9]{1,9}(\.[0-9]{1,30})?$"
_RECOUNT_PANELS = f"""
insert into askpanel.panel_money as old ({", ".join(_PANEL)})
select id, tenant_id, created_at, status::text in ('created', 'running'),
       case when configuration ->> 'max_cost_usd' ~ '{_NUMBER}'
         then (configuration ->> 'max_cost_usd')::numeric else 0 end,
       coalesce(spent, 0), coalesce(costed, 0), 0
from public.panels
left join lateral (
  select sum({_EXACT}) as spent, count({_EXACT}) as costed
  from public.agent_usage used where used.panel_id = panels.id
) as calls on true
where jsonb_typeof(metadata -> 'sequence') = 'number' and created_at is not null
  and ($1::uuid[] is null or tenant_id = any ($1))
on conflict (panel_id) do update
  set {", ".join(f"{name} = excluded.{name}" for name in _STATE if name != "uncosted_calls")}
  where old.tenant_id = excluded.tenant_id
"""


@dataclass(frozen=True, slots=True)
class Call:
    """A row of `agent_usage` to sum, with what its panel says of it: `firsts` of Panel."""

    row: UsageRow
    panel_type: str
    firsts: frozenset[str]


async def put_panels(connection: Connection, panels: Collection[Panel]) -> None:
    """Write what these panels may spend and have spent."""
    if panels:
        values = [_panel_values(panel) for panel in panels]
        await connection.execute(PUT_PANELS, *([one[name] for one in values] for name in _PANEL))


async def add_calls(connection: Connection, calls: Sequence[Call]) -> None:
    """Add rows that have just been inserted to the sums."""
    if calls:
        values = [_call_values(call) for call in calls]
        await connection.execute(ADD_CALLS, *([one[name] for one in values] for name in _CALL))


async def count_anew(
    connection: Connection, tenants: Sequence[UUID] | None = None, *, seconds: float = COUNT_SECONDS
) -> None:
    """Both tables from the rows that are there, for these tenants or all, inside the caller's transaction.

    Nobody may write those rows meanwhile. Calls that are not costed yet cannot be told from rows: those of a
    running panel follow with its next event, and its cap stays reserved. Each statement may take so many `seconds`,
    whatever else this connection allows one: the server ends it then (QueryCanceledError), and should that not come
    in time, the client (TimeoutError).
    """
    await connection.execute("select set_config('statement_timeout', $1, true)", f"{seconds * 1000:.0f}ms")
    patience = seconds + 10
    await connection.execute(_RECOUNT_PANELS, tenants, timeout=patience)
    await connection.execute(_ZERO, tenants, timeout=patience)
    await connection.execute(_RECOUNT_CALLS, tenants, None, timeout=patience)


def _panel_values(panel: Panel) -> Mapping[str, Any]:
    usage: Mapping[str, int] = panel.details["usage"]
    return {
        "panel_id": panel.ref.panel_id,
        "tenant_id": panel.ref.tenant_id,
        "created_at": panel.created_at,
        "running": not panel.ended,
        "cap_usd": _amount(panel.configuration.get("max_cost_usd")),
        "spent_usd": Decimal(panel.details["cost_usd"] or 0),
        "costed_calls": usage["calls"] - usage["unpriced_calls"],
        "uncosted_calls": len(panel.uncosted),
    }


def _amount(value: object) -> Decimal:
    """As `count_anew` takes it: 0 for what is no amount that can be counted."""
    text = str(value)
    return Decimal(text) if re.fullmatch(_NUMBER, text, re.ASCII) else Decimal(0)


def _call_values(call: Call) -> Mapping[str, Any]:
    row = call.row
    exact: str | None = row.metadata["cost_usd_exact"]
    return {
        "tenant_id": row.tenant_id,
        "day": row.created_at.astimezone(UTC).date(),
        "user_id": row.user_id,
        "agent_id": row.agent_id,
        "model": row.metadata["model"],
        "panel_type": call.panel_type,
        "calls": 1,
        "unpriced_calls": int(exact is None),
        "tokens_used": row.tokens_used,
        "input_tokens": row.metadata["input_tokens"] or 0,
        "output_tokens": row.metadata["output_tokens"] or 0,
        "execution_time_ms": row.execution_time_ms,
        "panels": int("panel" in call.firsts),
        "panels_of_day": int("day" in call.firsts),
        "panels_of_agent": int("agent" in call.firsts),
        "panels_of_model": int("model" in call.firsts),
        "cost_usd": None if exact is None else Decimal(exact),
    }
