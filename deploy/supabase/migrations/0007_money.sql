-- What quotas, budgets and reports of usage are counted from: narrow tables of ours, which the projector writes
-- in the transaction of the rows they sum. Summing agent_usage and panels.metadata themselves takes seconds for
-- a month of 100,000 calls; and a user may change the row of his own panel, which must not move a budget.
-- Nothing is filled in here: the projector counts what is there when it starts, and after a version without these
-- tables has written. No foreign key to the existing tables: it would put triggers on them.

create table askpanel.panel_money (
  panel_id       uuid primary key,
  tenant_id      uuid not null,
  created_at     timestamptz not null,
  running        boolean not null,
  cap_usd        numeric not null,
  spent_usd      numeric not null,
  costed_calls   integer not null,
  uncosted_calls integer not null
);
comment on table askpanel.panel_money is 'One row per panel of ours: what it may cost and what it has cost.';
comment on column askpanel.panel_money.cap_usd is 'configuration.max_cost_usd: reserved while the panel runs or a call is not costed.';
comment on column askpanel.panel_money.costed_calls is 'Recorded calls with a known price, whose sum is spent_usd.';
comment on column askpanel.panel_money.uncosted_calls is 'Calls begun and not recorded yet.';

-- A tenant's month, and what still runs from before it.
create index panel_money_tenant_created on askpanel.panel_money (tenant_id, created_at);
create index panel_money_open on askpanel.panel_money (tenant_id) where running or uncosted_calls > 0;

create table askpanel.usage_daily (
  tenant_id         uuid not null,
  day               date not null,
  user_id           uuid not null,
  agent_id          text not null,
  model             text not null,
  panel_type        text not null,
  calls             bigint not null,
  unpriced_calls    bigint not null,
  tokens_used       bigint not null,
  input_tokens      bigint not null,
  output_tokens     bigint not null,
  execution_time_ms bigint not null,
  cost_usd          numeric,
  panels            bigint not null,
  panels_of_day     bigint not null,
  panels_of_agent   bigint not null,
  panels_of_model   bigint not null,
  primary key (tenant_id, day, user_id, agent_id, model, panel_type)
);
comment on table askpanel.usage_daily is 'Sums of agent_usage by UTC day, user, expert, model and panel type; exact.';
comment on column askpanel.usage_daily.cost_usd is 'Sum of the known costs; null when no call has one, which is not 0.';
comment on column askpanel.usage_daily.panels is 'Panels whose first call of all is among these.';
comment on column askpanel.usage_daily.panels_of_day is 'Panels whose first call of this day is; panels_of_agent, panels_of_model likewise.';

-- A member's own usage.
create index usage_daily_user_tenant_day on askpanel.usage_daily (user_id, tenant_id, day);

alter table askpanel.panel_money enable row level security, force row level security;
alter table askpanel.usage_daily enable row level security, force row level security;

grant select on askpanel.panel_money, askpanel.usage_daily to authenticated;
create policy askpanel_read on askpanel.panel_money
  for select to authenticated
  using (tenant_id = any (array(select askpanel.active_tenant_ids())));
-- As agent_usage: one's own, or all of a tenant for its owners and admins.
create policy askpanel_read on askpanel.usage_daily
  for select to authenticated
  using (
    tenant_id = any (array(select askpanel.active_tenant_ids(array['owner', 'admin'])))
    or (
      user_id = (select askpanel.current_user_id())
      and tenant_id = any (array(select askpanel.active_tenant_ids()))
    )
  );

grant select, insert, update on askpanel.panel_money, askpanel.usage_daily to panel_projector;
create policy askpanel_projector on askpanel.panel_money to panel_projector using (true) with check (true);
create policy askpanel_projector on askpanel.usage_daily to panel_projector using (true) with check (true);

-- Erasure takes a panel out, and counts its tenant anew.
grant usage on schema askpanel to panel_migrator;
grant select, insert, update, delete on askpanel.panel_money, askpanel.usage_daily to panel_migrator;
create policy askpanel_erase on askpanel.panel_money to panel_migrator using (true) with check (true);
create policy askpanel_erase on askpanel.usage_daily to panel_migrator using (true) with check (true);
