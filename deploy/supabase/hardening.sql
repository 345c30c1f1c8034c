-- Closes the holes of the existing policies. Always applied locally; on a live database the operator's
-- choice (the web app that shares the tables feels it). Repeatable: applied again when this file changes.
--
-- Permissive policies are OR-ed, so adding one never closes anything: these are RESTRICTIVE (AND-ed).
-- service_role overrides row-level security and is not touched.

do $$
declare
  closed text;
begin
  -- Answers, consensus and costs are written from the log only, never by a user.
  foreach closed in array array['panel_responses', 'panel_consensus', 'agent_usage'] loop
    execute format('drop policy if exists askpanel_no_user_insert on public.%I', closed);
    execute format(
      'create policy askpanel_no_user_insert on public.%I as restrictive for insert
         to anon, authenticated with check (false)',
      closed);
  end loop;

  -- Reading needs an active membership; without a user there is none.
  foreach closed in array array['panels', 'panel_responses', 'panel_consensus', 'agent_usage'] loop
    execute format('drop policy if exists askpanel_members_only on public.%I', closed);
    execute format(
      'create policy askpanel_members_only on public.%I as restrictive for select to authenticated
         using (tenant_id = any (array(select askpanel.active_tenant_ids())))',
      closed);
    execute format('drop policy if exists askpanel_no_anonymous_read on public.%I', closed);
    execute format(
      'create policy askpanel_no_anonymous_read on public.%I as restrictive for select to anon using (false)',
      closed);
  end loop;
end
$$;

drop policy if exists askpanel_members_only on public.tenants;
create policy askpanel_members_only on public.tenants as restrictive for select to authenticated
  using (id = any (array(select askpanel.active_tenant_ids())));
drop policy if exists askpanel_no_anonymous_read on public.tenants;
create policy askpanel_no_anonymous_read on public.tenants as restrictive for select to anon using (false);
