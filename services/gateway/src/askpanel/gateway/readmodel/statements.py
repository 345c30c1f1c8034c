"""The SQL of the reads. Each answers one JSON document a row, so both shapes of `panels.agents`, enums and
numerics read alike, and no type has to be looked up.

Numbers inside metadata are cast only after a look at their text: rows of other writers must not make a
whole report fail. For the same reason a document that somebody else may write is looked at before it is sent,
see `_readable`.
"""

# ruff: noqa: S608  (put together from this module's constants only)

from askpanel.gateway.readmodel.views import GroupBy

DEEPEST = 32
"""Levels a document may have; what we write has a dozen."""
LONGEST_NUMBER = 400
"""Digits a number may have on either side of its point: the longest that we write are floats, with 325."""
LONGEST = 4_000_000
"""Bytes as text of a document that we write: far beyond what the log's messages, of 1 MB at most, add up to."""
LONGEST_PART = 100_000
"""Bytes of any other document, and of what a list shows of one; characters of a recommendation, which quotes many."""
LONGEST_TEXT = 20_000
"""Characters shown of a question, an answer or a tenant's name; of ours an answer is the longest, with 12,000."""
LONGEST_NAME = 1_000
"""Characters shown of an expert's name."""
LONGEST_ANSWER = 150_000
"""Bytes of what is kept with an answer: a model may send 64,000 characters, of which the points are kept twice."""
LONGEST_RESULT = 1_000_000
"""Bytes of a round's points and dissent: no more fits into a message of the log."""
MOST_RESPONSES = 100
"""Answers of a panel that are read. The longest of ours, 9 experts in 4 rounds with a judge, has 73."""
MOST_CONSENSUS = 10
"""Rounds of a panel that are read; ours have five at most."""
MOST_EXPERTS = 100
"""Experts of a panel whose usage is read."""


def _readable(document: str, longest: int = LONGEST_PART) -> str:
    """SQL: the document, or null where reading it could harm whoever reads it.

    Its numbers are looked at before it is written out: `1e131071` takes two bytes where it is stored and 131,072
    as text, and `0e-16383` is as long. Depth comes first, since looking at numbers goes down to them all.
    """
    return f"""
      case when jsonb_path_exists({document}, 'strict $.**{{{DEEPEST + 1}}}') then null
        when exists (
          select from jsonb_path_query({document}, 'strict $.** ? (@.type() == "number")') as found (number)
          where scale(number::numeric) > {LONGEST_NUMBER} or abs(number::numeric) >= 1e308
        ) then null
        when octet_length(({document})::text) > {longest} then null
        else {document} end
    """


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

_AWAITED = "jsonb_build_object('awaiting', metadata -> 'awaiting', 'sequence', metadata -> 'sequence')"

PANEL_HEAD = f"""
select jsonb_build_object('panel', to_jsonb(head)) from (
  select id, user_id, status, panel_type, {_readable(_AWAITED)} as metadata
  from public.panels where id = $1 and tenant_id = $2
) head
"""


def _cut(text: str, longest: int) -> str:
    """SQL: the text's first characters. They are counted only where its bytes may be more: counting is slow."""
    return f"case when octet_length({text}) > {longest} then left({text}, {longest}) else {text} end"


def _rows(table: str, document: str, *, order: str, most: int, also: str = "") -> str:
    """SQL: the first rows of the panel in a table, as the documents that are made of them, in `rows`.

    Whoever may write to the table may fill it. So no more than `most` are read, and one: then there are some that
    are `left_out`.
    """
    return f"""
      (select jsonb_build_object('rows', coalesce(jsonb_agg({document}), '[]'), 'left_out', count(*) > {most}) from (
         select * from public.{table}
         where panel_id = panel.id and {table}.tenant_id = panel.tenant_id {also}
         order by {order} limit {most + 1}
       ) as given)
    """


def _responses(also: str = "") -> str:
    """SQL: the panel's answers."""
    answer = f"""
      jsonb_build_object(
        'id', id, 'agent_id', {_cut("agent_id", LONGEST_NAME)},
        'agent_name', {_cut("agent_name", LONGEST_NAME)}, 'round_number', round_number, 'response_type', response_type,
        'content', {_cut("content", LONGEST_TEXT)}, 'confidence_score', confidence_score, 'created_at', created_at,
        'metadata', {_readable("metadata", LONGEST_ANSWER)}
      )
    """
    return _rows("panel_responses", answer, order="created_at, id", most=MOST_RESPONSES, also=also)


_POINTS = """
  jsonb_build_object('agreement_points', agreement_points, 'disagreement_points', disagreement_points,
                     'dissenting_opinions', dissenting_opinions)
"""
_CONSENSUS = _rows(
    "panel_consensus",
    f"""
      jsonb_build_object(
        'id', id, 'round_number', round_number, 'consensus_level', consensus_level, 'created_at', created_at,
        'recommendation', {_cut("recommendation", LONGEST_PART)}
      ) || coalesce({_readable(_POINTS, LONGEST_RESULT)}, '{{}}')
    """,
    order="round_number, created_at, id",
    most=MOST_CONSENSUS,
)

_UNCOSTED = """
  coalesce((select uncosted_calls from askpanel.panel_money money
            where money.panel_id = panel.id and money.tenant_id = panel.tenant_id), 0)
"""

PANEL = f"""
select jsonb_build_object(
  'panel', to_jsonb(panel),
  'uncosted_calls', {_UNCOSTED},
  'responses', {_responses()},
  'consensus', {_CONSENSUS}
)
from (
  select id, tenant_id, user_id, left(query, {LONGEST_TEXT}) as query, panel_type, status,
         {_readable("configuration", LONGEST)} as configuration, {_readable("to_jsonb(agents)")} as agents,
         created_at, updated_at, started_at, completed_at, {_readable("metadata", LONGEST)} as metadata
  from public.panels where id = $1 and tenant_id = $2
) panel
"""

RESPONSES = f"""
select jsonb_build_object('responses', {_responses("and ($3::int is null or round_number = $3)")})
from public.panels panel where panel.id = $1 and panel.tenant_id = $2
"""

CONSENSUS = f"""
select jsonb_build_object(
  'panel', jsonb_build_object('metadata', jsonb_build_object(
    'consensus', {_readable("(panel.metadata -> 'consensus')", LONGEST)}
  )),
  'consensus', {_CONSENSUS}
)
from public.panels panel where panel.id = $1 and panel.tenant_id = $2
"""

_LISTED = """
    tenant_id = $1
    and created_at between '0001-01-02' and '9999-12-30'
    and ($2::text is null or status::text = $2)
    and ($3::text is null or panel_type::text = $3)
    and ($4::timestamptz is null or created_at >= $4)
    and ($5::timestamptz is null or created_at < $5)
    and ($6::text is null or query ilike $6)
"""

_SUMMED_UP = """jsonb_build_object(
    'awaiting', metadata -> 'awaiting', 'sequence', metadata -> 'sequence',
    'cost_usd', metadata -> 'cost_usd', 'degraded', metadata -> 'degraded',
    'failure', metadata -> 'failure', 'parent_panel_id', metadata -> 'parent_panel_id',
    'consensus', jsonb_build_object(coalesce(last_round::text, ''), jsonb_build_object(
      'band', metadata #> array['consensus', last_round::text, 'band'],
      'consensus_level', metadata #> array['consensus', last_round::text, 'consensus_level']
    ))
  )"""
"""What a list shows of a panel's metadata."""

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
      select id, user_id, status, left(query, {LONGEST_TEXT}) as query, panel_type,
             {_readable("to_jsonb(agents)")} as agents, created_at, started_at, completed_at,
             last_round, last_level, uncosted_calls, {_readable("summed_up")} as metadata
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
      cross join lateral (select {_SUMMED_UP} as summed_up offset 0) as once
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

_USED = "jsonb_build_object('usage', panel.metadata -> 'usage', 'cost_usd', panel.metadata -> 'cost_usd')"

_BY_EXPERT = f"""
  (select jsonb_build_object(
     'rows', coalesce(jsonb_agg(document order by place) filter (where place <= {MOST_EXPERTS}), '[]'),
     'left_out', count(*) > {MOST_EXPERTS}
   ) from (
     select row_number() over (order by agent_id) as place,
            jsonb_build_object('key', left(agent_id, {LONGEST_TEXT}), 'panels_count', 1, {_TOTALS}) as document
     from public.agent_usage
     where panel_id = panel.id and agent_usage.tenant_id = panel.tenant_id
     group by agent_id order by place limit {MOST_EXPERTS + 1}
   ) as experts)
"""

PANEL_USAGE = f"""
select jsonb_build_object(
  'uncosted_calls', {_UNCOSTED},
  'metadata', {_readable(_USED)},
  'groups', {_BY_EXPERT}
)
from public.panels panel where panel.id = $1 and panel.tenant_id = $2
"""

_TENANT = {name: name for name in ("settings", "features", "branding")} | {
    name: f"(whole -> '{name}')" for name in ("subdomain", "subscription_tier", "trial_ends_at")
}
"""Documents of `tenants`, and columns that a database may not have."""

TENANT = f"""
select jsonb_build_object('tenant', jsonb_build_object(
  'id', id, 'name', left(name, {LONGEST_TEXT}), 'slug', left(slug, {LONGEST_TEXT}), 'status', status,
  {", ".join(f"'{name}', {_readable(document)}" for name, document in _TENANT.items())}
))
from (select *, to_jsonb(tenants) as whole from public.tenants where id = $1) as tenant
"""

NEWEST = 50
"""Panels of a tenant that are named with what it has used. Of more that it asks within two minutes some count twice
while the database is away, see `ledger`."""

QUOTA = f"""
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
  'shown', coalesce(jsonb_agg(panel_id) filter (where panel_id = any ($2)), '[]') || (
    select coalesce(jsonb_agg(panel_id), '[]') from (
      select panel_id from askpanel.panel_money where tenant_id = $1 order by created_at desc limit {NEWEST}
    ) as newest
  )
)
from askpanel.panel_money, month
where tenant_id = $1 and (created_at >= starts_at or running or panel_id = any ($2))
"""
"""Of tenant $1; `shown` are those of the panels $2 that are counted, and the newest. A panel's money counts in the
month in which it was asked."""

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
