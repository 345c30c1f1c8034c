-- The six existing tables as we know them, with their policies AS THEY ARE, weaknesses included.
-- LOCAL ONLY: on a live database they exist, hold other programs' data and are never altered by us.
--
-- Run as `postgres` on an empty database, after 01_platform.sql. What may differ on a live database is
-- in variants/: small files that alter this one's result, so that tests meet every shape.

-- Tables --------------------------------------------------------------------------------------------

create table public.tenants (
  id                uuid primary key default extensions.uuid_generate_v4(),
  name              text not null,
  slug              text not null unique,
  subdomain         text not null unique,
  status            text not null default 'active'
                    check (status in ('active', 'trial', 'suspended', 'cancelled')),
  subscription_tier text not null default 'professional'
                    check (subscription_tier in ('basic', 'professional', 'enterprise')),
  trial_ends_at     timestamptz,
  settings          jsonb default '{
                      "max_panels_per_month": 100,
                      "max_experts_per_panel": 12,
                      "enable_streaming": true,
                      "enable_exports": true,
                      "enable_consensus": true,
                      "enable_api_access": true
                    }',
  features          jsonb default '{
                      "structured_panel": true,
                      "open_panel": true,
                      "socratic_panel": true,
                      "adversarial_panel": true,
                      "delphi_panel": true,
                      "hybrid_panel": false
                    }',
  branding          jsonb default '{
                      "primary_color": "#3B82F6",
                      "font_family": "Inter",
                      "logo_url": null,
                      "custom_css": null
                    }',
  metadata          jsonb default '{}',
  created_at        timestamptz default now(),
  updated_at        timestamptz default now()
);
create index idx_tenants_slug on public.tenants (slug);
create index idx_tenants_subdomain on public.tenants (subdomain);
create index idx_tenants_status on public.tenants (status);

create table public.tenant_users (
  id             uuid primary key default extensions.uuid_generate_v4(),
  tenant_id      uuid not null references public.tenants (id) on delete cascade,
  user_id        uuid not null references auth.users (id) on delete cascade,
  role           text not null default 'member' check (role in ('owner', 'admin', 'member', 'guest')),
  status         text not null default 'active' check (status in ('active', 'inactive', 'invited')),
  created_at     timestamptz default now(),
  last_active_at timestamptz,
  unique (tenant_id, user_id)
);
create index idx_tenant_users_tenant_id on public.tenant_users (tenant_id);
create index idx_tenant_users_user_id on public.tenant_users (user_id);
create index idx_tenant_users_role on public.tenant_users (role);

create table public.panels (
  id            uuid primary key default extensions.uuid_generate_v4(),
  tenant_id     uuid not null references public.tenants (id) on delete cascade,
  user_id       uuid not null references auth.users (id),
  query         text not null,
  panel_type    text not null
                check (panel_type in ('structured', 'open', 'socratic', 'adversarial', 'delphi', 'hybrid')),
  status        text not null default 'created' check (status in ('created', 'running', 'completed', 'failed')),
  configuration jsonb default '{"max_rounds": 3, "min_consensus": 0.7}',
  agents        jsonb[],
  created_at    timestamptz default now(),
  updated_at    timestamptz default now(),
  started_at    timestamptz,
  completed_at  timestamptz,
  metadata      jsonb default '{}'
);
create index idx_panels_tenant_id on public.panels (tenant_id);
create index idx_panels_user_id on public.panels (user_id);
create index idx_panels_panel_type on public.panels (panel_type);
create index idx_panels_status on public.panels (status);
create index idx_panels_created_at on public.panels (created_at desc);
create index idx_panels_completed_at on public.panels (completed_at desc);

create table public.panel_responses (
  id               uuid primary key default extensions.uuid_generate_v4(),
  tenant_id        uuid not null references public.tenants (id) on delete cascade,
  panel_id         uuid not null references public.panels (id) on delete cascade,
  agent_id         text not null,
  agent_name       text not null,
  round_number     integer not null default 1,
  response_type    text not null check (response_type in ('analysis', 'statement', 'rebuttal', 'question')),
  content          text not null,
  confidence_score double precision check (confidence_score between 0 and 1),
  created_at       timestamptz default now(),
  metadata         jsonb default '{}'
);
create index idx_panel_responses_tenant_id on public.panel_responses (tenant_id);
create index idx_panel_responses_panel_id on public.panel_responses (panel_id);
create index idx_panel_responses_panel_round on public.panel_responses (panel_id, round_number);

create table public.panel_consensus (
  id                  uuid primary key default extensions.uuid_generate_v4(),
  tenant_id           uuid not null references public.tenants (id) on delete cascade,
  panel_id            uuid not null references public.panels (id) on delete cascade,
  round_number        integer not null,
  consensus_level     double precision not null check (consensus_level between 0 and 1),
  agreement_points    jsonb not null default '[]',
  disagreement_points jsonb not null default '[]',
  recommendation      text not null,
  dissenting_opinions jsonb default '[]',
  created_at          timestamptz default now(),
  constraint panel_consensus_panel_id_round_number_key unique (panel_id, round_number)
);
create index idx_panel_consensus_tenant_id on public.panel_consensus (tenant_id);
create index idx_panel_consensus_panel_id on public.panel_consensus (panel_id);

create table public.agent_usage (
  id                uuid primary key default extensions.uuid_generate_v4(),
  tenant_id         uuid not null references public.tenants (id) on delete cascade,
  user_id           uuid not null references auth.users (id),
  panel_id          uuid references public.panels (id) on delete set null,
  agent_id          text not null,
  tokens_used       integer not null default 0,
  execution_time_ms integer,
  cost_usd          numeric(10, 4),
  created_at        timestamptz default now(),
  metadata          jsonb default '{}'
);
create index idx_agent_usage_tenant_id on public.agent_usage (tenant_id);
create index idx_agent_usage_user_id on public.agent_usage (user_id);
create index idx_agent_usage_agent_id on public.agent_usage (agent_id);
create index idx_agent_usage_created_at on public.agent_usage (created_at desc);

create function public.update_updated_at_column() returns trigger
language plpgsql
as $$
begin
  new.updated_at = now();
  return new;
end
$$;

create trigger update_tenants_updated_at before update on public.tenants
  for each row execute function public.update_updated_at_column();
create trigger update_panels_updated_at before update on public.panels
  for each row execute function public.update_updated_at_column();

alter publication supabase_realtime add table public.panel_responses, public.panel_consensus;

-- Policies, as they are -----------------------------------------------------------------------------

-- FORCE is ours, local only: the owner's own statements meet the policies too.
alter table public.tenants enable row level security, force row level security;
alter table public.tenant_users enable row level security, force row level security;
alter table public.panels enable row level security, force row level security;
alter table public.panel_responses enable row level security, force row level security;
alter table public.panel_consensus enable row level security, force row level security;
alter table public.agent_usage enable row level security, force row level security;

-- Weakness: tenant_users has RLS and no policy, so each subselect below finds nothing.
-- Weakness: status and role of the membership are not tested.
create policy "Users can view their tenants" on public.tenants for select
  using (id in (select tenant_id from public.tenant_users where user_id = auth.uid()));

create policy "Owners can update their tenants" on public.tenants for update
  using (id in (select tenant_id from public.tenant_users where user_id = auth.uid() and role = 'owner'));

create policy "Users can view panels of their tenants" on public.panels for select
  using (tenant_id in (select tenant_id from public.tenant_users where user_id = auth.uid()));

create policy "Users can create panels in their tenants" on public.panels for insert
  with check (
    user_id = auth.uid()
    and tenant_id in (select tenant_id from public.tenant_users where user_id = auth.uid())
  );

create policy "Users can update their own panels" on public.panels for update
  using (
    user_id = auth.uid()
    and tenant_id in (select tenant_id from public.tenant_users where user_id = auth.uid())
  );

create policy "Users can delete their own panels" on public.panels for delete
  using (
    user_id = auth.uid()
    and tenant_id in (select tenant_id from public.tenant_users where user_id = auth.uid())
  );

create policy "Users can view responses of their tenants" on public.panel_responses for select
  using (tenant_id in (select tenant_id from public.tenant_users where user_id = auth.uid()));

-- Weakness: no TO clause and CHECK (true): even `anon` may insert, for any tenant. Three times.
create policy "System can insert responses" on public.panel_responses for insert with check (true);

create policy "Users can view consensus of their tenants" on public.panel_consensus for select
  using (tenant_id in (select tenant_id from public.tenant_users where user_id = auth.uid()));

create policy "System can insert consensus" on public.panel_consensus for insert with check (true);

create policy "Users can view usage" on public.agent_usage for select
  using (
    user_id = auth.uid()
    or tenant_id in (
      select tenant_id from public.tenant_users where user_id = auth.uid() and role in ('owner', 'admin')
    )
  );

create policy "System can insert usage" on public.agent_usage for insert with check (true);
