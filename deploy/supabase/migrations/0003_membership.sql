-- Who is a member: the one question every policy asks, answered once per statement.
--
-- SECURITY DEFINER because tenant_users has RLS and no policy for users. The owner panel_membership may
-- only read that table, so a mistake in here reveals memberships and nothing else.
-- The user comes from the request's claims; both forms the platform has used are read.
-- A call reads `= any (array(select ...))`: one evaluation per statement, and an index scan.

grant create on schema askpanel to panel_membership;

create or replace function askpanel.current_user_id() returns uuid
language sql stable parallel safe
set search_path = ''
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
  )::uuid
$$;
comment on function askpanel.current_user_id() is 'The verified token''s subject; null without one.';

-- role and status may be text or enum types on a live database: compared as text.
create or replace function askpanel.active_tenant_ids(roles text[] default null) returns setof uuid
language sql stable security definer parallel safe rows 10
set search_path = ''
as $$
  select tenant_id
  from public.tenant_users
  where user_id = (select askpanel.current_user_id())
    and status::text = 'active'
    and (roles is null or role::text = any (roles))
$$;
comment on function askpanel.active_tenant_ids(text[]) is
  'Tenants in which the current user is active; with roles, only where in one of them.';

create or replace function askpanel.role_in(tenant uuid) returns text
language sql stable security definer parallel safe
set search_path = ''
as $$
  select role::text
  from public.tenant_users
  where tenant_id = tenant
    and user_id = (select askpanel.current_user_id())
    and status::text = 'active'
$$;
comment on function askpanel.role_in(uuid) is 'The current user''s active role in a tenant; null if none.';

alter function askpanel.active_tenant_ids(text[]) owner to panel_membership;
alter function askpanel.role_in(uuid) owner to panel_membership;

revoke create on schema askpanel from panel_membership;
grant usage on schema askpanel to panel_membership;

revoke all on function askpanel.current_user_id() from public;
revoke all on function askpanel.active_tenant_ids(text[]) from public;
revoke all on function askpanel.role_in(uuid) from public;
grant execute on function askpanel.current_user_id() to authenticated, panel_membership;
grant execute on function askpanel.active_tenant_ids(text[]) to authenticated;
grant execute on function askpanel.role_in(uuid) to authenticated;

grant select on public.tenant_users to panel_membership;
drop policy if exists askpanel_membership on public.tenant_users;
create policy askpanel_membership on public.tenant_users
  for select to panel_membership using (true);
