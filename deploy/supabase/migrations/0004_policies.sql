-- Our policies on the existing tables: what users read, what the projector writes, what erasure deletes.
-- Permissive policies are OR-ed: these open what the flawed ones close. Closing is for hardening.sql.

-- Users: active members read -------------------------------------------------------------------------

drop policy if exists askpanel_read on public.tenants;
create policy askpanel_read on public.tenants
  for select to authenticated
  using (id = any (array(select askpanel.active_tenant_ids())));

drop policy if exists askpanel_read on public.panels;
create policy askpanel_read on public.panels
  for select to authenticated
  using (tenant_id = any (array(select askpanel.active_tenant_ids())));

drop policy if exists askpanel_read on public.panel_responses;
create policy askpanel_read on public.panel_responses
  for select to authenticated
  using (tenant_id = any (array(select askpanel.active_tenant_ids())));

drop policy if exists askpanel_read on public.panel_consensus;
create policy askpanel_read on public.panel_consensus
  for select to authenticated
  using (tenant_id = any (array(select askpanel.active_tenant_ids())));

-- Usage: one's own rows, or all of a tenant for its owners and admins.
drop policy if exists askpanel_read on public.agent_usage;
create policy askpanel_read on public.agent_usage
  for select to authenticated
  using (
    tenant_id = any (array(select askpanel.active_tenant_ids(array['owner', 'admin'])))
    or (
      user_id = (select askpanel.current_user_id())
      and tenant_id = any (array(select askpanel.active_tenant_ids()))
    )
  );

-- The platform's default privileges grant this already; a live database may have revoked it.
grant select on public.tenants, public.panels, public.panel_responses, public.panel_consensus,
  public.agent_usage to authenticated;

-- The projector: insert and update the four, delete nothing ------------------------------------------

grant usage on schema public to panel_projector;
grant select, insert, update on public.panels, public.panel_responses, public.panel_consensus,
  public.agent_usage to panel_projector;

-- Erasure: select and delete, by the migrator --------------------------------------------------------

grant usage on schema public to panel_migrator;
grant select, delete on public.panels, public.panel_responses, public.panel_consensus,
  public.agent_usage to panel_migrator;

do $$
declare
  filled text;
begin
  foreach filled in array array['panels', 'panel_responses', 'panel_consensus', 'agent_usage'] loop
    execute format('drop policy if exists askpanel_project_select on public.%I', filled);
    execute format('drop policy if exists askpanel_project_insert on public.%I', filled);
    execute format('drop policy if exists askpanel_project_update on public.%I', filled);
    execute format('drop policy if exists askpanel_erase_select on public.%I', filled);
    execute format('drop policy if exists askpanel_erase_delete on public.%I', filled);

    execute format(
      'create policy askpanel_project_select on public.%I for select to panel_projector using (true)',
      filled);
    execute format(
      'create policy askpanel_project_insert on public.%I for insert to panel_projector with check (true)',
      filled);
    execute format(
      'create policy askpanel_project_update on public.%I for update to panel_projector
         using (true) with check (true)',
      filled);
    execute format(
      'create policy askpanel_erase_select on public.%I for select to panel_migrator using (true)', filled);
    execute format(
      'create policy askpanel_erase_delete on public.%I for delete to panel_migrator using (true)', filled);
  end loop;
end
$$;
