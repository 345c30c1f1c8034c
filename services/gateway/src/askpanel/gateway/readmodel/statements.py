"""The SQL of the reads. Each answers one JSON document a row, so both shapes of `panels.agents`, enums and
numerics read alike, and no type has to be looked up.

Numbers inside metadata are cast only after a look at their text: rows of other writers must not make a
whole report fail.
"""

# ruff: noqa: S608  (put together from this module's constants only)

from askpanel.gateway.readmodel.views import GroupBy


def begin_as_user(claims: str, timeout: str) -> str:
    """A transaction as the user, in one journey to the server: the claims travel as hexadecimal digits, so that
    nothing in them can be read as SQL."""
    return f"""
        begin isolation level repeatable read, read only;
        select set_config('role', 'authenticated', true),
               set_config('request.jwt.claims', convert_from(decode('{claims.encode().hex()}', 'hex'), 'UTF8'), true),
               set_config('statement_timeout', convert_from(decode('{timeout.encode().hex()}', 'hex'), 'UTF8'), true),
               set_config('timezone', 'UTC', true)
    """


def with_role(statement: str, tenant: int) -> str:
    """One row: the user's role in the tenant of parameter `tenant`, and the documents of the statement, in order."""
    return (
        f"select askpanel.role_in(${tenant}), array(select document from ({statement}) as found (document))"
    )


CHECKPOINT = "select stream_sequence from askpanel.projection_checkpoint where name = $1"

PANEL_HEAD = """
select jsonb_build_object('panel', to_jsonb(head)) from (
  select id, user_id, status, panel_type,
         jsonb_build_object('awaiting', metadata -> 'awaiting', 'sequence', metadata -> 'sequence') as metadata
  from public.panels where id = $1 and tenant_id = $2
) head
"""

_RESPONSES = """
  (select coalesce(jsonb_agg(to_jsonb(response)), '[]') from public.panel_responses response
   where response.panel_id = panel.id and response.tenant_id = panel.tenant_id {and_more})
"""

_CONSENSUS = """
  (select coalesce(jsonb_agg(to_jsonb(consensus)), '[]') from public.panel_consensus consensus
   where consensus.panel_id = panel.id and consensus.tenant_id = panel.tenant_id)
"""

_UNCOSTED = """
  coalesce((select uncosted_calls from askpanel.panel_money money
            where money.panel_id = panel.id and money.tenant_id = panel.tenant_id), 0)
"""

PANEL = f"""
select jsonb_build_object(
  'panel', to_jsonb(panel),
  'uncosted_calls', {_UNCOSTED},
  'responses', {_RESPONSES.format(and_more="")},
  'consensus', {_CONSENSUS}
)
from public.panels panel where panel.id = $1 and panel.tenant_id = $2
"""

RESPONSES = f"""
select jsonb_build_object('responses', {
    _RESPONSES.format(and_more="and ($3::int is null or response.round_number = $3)")
})
from public.panels panel where panel.id = $1 and panel.tenant_id = $2
"""

CONSENSUS = f"""
select jsonb_build_object(
  'panel', jsonb_build_object('metadata', jsonb_build_object('consensus', panel.metadata -> 'consensus')),
  'consensus', {_CONSENSUS}
)
from public.panels panel where panel.id = $1 and panel.tenant_id = $2
"""

_LISTED = """
    tenant_id = $1
    and created_at is not null
    and ($2::text is null or status::text = $2)
    and ($3::text is null or panel_type::text = $3)
    and ($4::timestamptz is null or created_at >= $4)
    and ($5::timestamptz is null or created_at < $5)
    and ($6::text is null or query ilike $6)
"""

PANELS = f"""
with page as (
  select * from public.panels
  where {_LISTED} and ($7::timestamptz is null or (created_at, id) < ($7, $8::uuid))
  order by created_at desc, id desc
  limit $9::int
)
select jsonb_build_object(
  'total', (select count(*) from (select from public.panels where {_LISTED} limit $10::int) as counted),
  'panels', (
    select coalesce(jsonb_agg(to_jsonb(listed) order by created_at desc, id desc), '[]')
    from (
      select id, user_id, status, query, panel_type, agents, created_at, started_at, completed_at,
             last_round, last_level, uncosted_calls,
             jsonb_build_object(
               'awaiting', metadata -> 'awaiting', 'sequence', metadata -> 'sequence',
               'cost_usd', metadata -> 'cost_usd', 'degraded', metadata -> 'degraded',
               'failure', metadata -> 'failure', 'parent_panel_id', metadata -> 'parent_panel_id',
               'consensus', jsonb_build_object(coalesce(last_round::text, ''), jsonb_build_object(
                 'band', metadata #> array['consensus', last_round::text, 'band'],
                 'consensus_level', metadata #> array['consensus', last_round::text, 'consensus_level']
               ))
             ) as metadata
      from page
      left join lateral (
        select round_number as last_round, consensus_level as last_level
        from public.panel_consensus
        where panel_id = page.id and panel_consensus.tenant_id = page.tenant_id
        order by round_number desc limit 1
      ) as last on true
      left join lateral (
        select uncosted_calls from askpanel.panel_money
        where panel_id = page.id and panel_money.tenant_id = page.tenant_id
      ) as money on true
    ) listed
  )
)
"""

_TOKENS = r"""coalesce(sum(case when metadata ->> '{name}' ~ '^[0-9]{{1,9}}$'
    then (metadata ->> '{name}')::int end), 0)"""

_EXACT_COST = r"""case when metadata ->> 'cost_usd_exact' ~ '^[0-9]{1,9}(\.[0-9]{1,30})?$'
    then (metadata ->> 'cost_usd_exact')::numeric else cost_usd end"""

_TOTALS = f"""
  'tokens_used', coalesce(sum(tokens_used), 0),
  'input_tokens', {_TOKENS.format(name="input_tokens")},
  'output_tokens', {_TOKENS.format(name="output_tokens")},
  'cost_usd', sum({_EXACT_COST})::text,
  'calls', count(*),
  'unpriced_calls', count(*) filter (where cost_usd is null),
  'execution_time_ms', coalesce(sum(execution_time_ms), 0)
"""

PANEL_USAGE = f"""
select jsonb_build_object(
  'uncosted_calls', {_UNCOSTED},
  'metadata', jsonb_build_object('usage', panel.metadata -> 'usage', 'cost_usd', panel.metadata -> 'cost_usd'),
  'groups', (
    select coalesce(jsonb_agg(expert order by expert ->> 'key'), '[]') from (
      select jsonb_build_object('key', agent_id, 'panels_count', 1, {_TOTALS}) as expert
      from public.agent_usage
      where panel_id = panel.id and agent_usage.tenant_id = panel.tenant_id
      group by agent_id
    ) experts
  )
)
from public.panels panel where panel.id = $1 and panel.tenant_id = $2
"""

TENANT = "select jsonb_build_object('tenant', to_jsonb(tenants)) from public.tenants where id = $1"

QUOTA = """
with month as (
  select date_trunc('month', now(), 'UTC') as starts_at,
         date_trunc('month', now(), 'UTC') + interval '1 month' as ends_at
)
select jsonb_build_object(
  'panels_this_month', count(*) filter (where created_at >= starts_at),
  'running_panels', count(*) filter (where running),
  'spent_usd_this_month', coalesce(sum(spent_usd) filter (where created_at >= starts_at), 0)::text,
  'reserved_usd_this_month', coalesce(sum(greatest(cap_usd - spent_usd, 0)) filter (
    where created_at >= starts_at and (running or uncosted_calls > 0)
  ), 0)::text,
  'costed_calls_this_month', coalesce(sum(costed_calls) filter (where created_at >= starts_at), 0),
  'month_ends_at', (select ends_at from month),
  'shown', coalesce(jsonb_agg(panel_id) filter (where panel_id = any ($2)), '[]')
)
from askpanel.panel_money, month
where tenant_id = $1 and (created_at >= starts_at or running or panel_id = any ($2))
"""
"""Of tenant $1; `shown` are those of the panels $2 that are counted. A panel's money counts in the month in
which it was asked."""

_KEYS: dict[GroupBy, tuple[str, str]] = {
    "day": ("to_char(day, 'YYYY-MM-DD')", "panels_of_day"),
    "agent": ("agent_id", "panels_of_agent"),
    "model": ("nullif(model, '')", "panels_of_model"),
    "panel_type": ("nullif(panel_type, '')", "panels"),
}


def usage(group_by: GroupBy | None) -> str:
    """Usage of tenant $1 by group, in the groups' order, and once as a total: the UTC days from the one of $2
    to that of the last moment before $3."""
    key, panels = _KEYS[group_by] if group_by else ("null::text", "panels")
    total = "grouping(key) = 1" if group_by else "true"
    return f"""
        with used as (
          select {key} as key, sum(calls) as calls, sum(unpriced_calls) as unpriced_calls,
                 sum(tokens_used) as tokens_used, sum(input_tokens) as input_tokens,
                 sum(output_tokens) as output_tokens, sum(execution_time_ms) as execution_time_ms,
                 sum(cost_usd) as cost_usd, sum(panels) as panels, sum({panels}) as group_panels
          from askpanel.usage_daily
          where tenant_id = $1 and calls > 0
            and ($2::timestamptz is null or day >= ($2 at time zone 'UTC')::date)
            and ($3::timestamptz is null or day <= ($3 at time zone 'UTC' - interval '1 microsecond')::date)
          group by 1
        )
        select jsonb_build_object(
          'key', {"key" if group_by else "null"},
          'is_total', {total},
          'panels_count', coalesce(case when {total} then sum(panels) else sum(group_panels) end, 0),
          'tokens_used', coalesce(sum(tokens_used), 0),
          'input_tokens', coalesce(sum(input_tokens), 0),
          'output_tokens', coalesce(sum(output_tokens), 0),
          'cost_usd', sum(cost_usd)::text,
          'calls', coalesce(sum(calls), 0),
          'unpriced_calls', coalesce(sum(unpriced_calls), 0),
          'execution_time_ms', coalesce(sum(execution_time_ms), 0)
        )
        from used
        group by grouping sets ({"(key), ()" if group_by else "()"})
        {"order by grouping(key), key" if group_by else ""}
        """


def containing(text: str) -> str:
    """The ILIKE pattern of texts that hold this one literally."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, f"\\{special}")
    return f"%{text}%"
