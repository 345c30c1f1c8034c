-- Our four roles. They carry no password: the operator sets one for each login, for example with
-- `\password panel_api`, and until then nobody can log in over the network.
--
--   panel_api         the gateway's reads; nothing of its own, may only become `authenticated`
--   panel_projector   the only writer of the four tables; no DELETE, no BYPASSRLS
--   panel_migrator    migrations after the first (as the tables' owner), and erasure; never at run time
--   panel_membership  owns the membership functions; its only right is to read tenant_users
--
-- NOINHERIT: forgetting SET ROLE ends in "permission denied", not in a wider view. For panel_migrator also
-- because the tables' owner is a member of `authenticated`, whose restrictive policies would hide from
-- an erasure the rows it is to delete.
-- Roles belong to the server: a second database of the same server finds them, also while it races.

do $$
declare
  wanted record;
begin
  for wanted in
    select *
    from (values
      ('panel_api',        'login noinherit'),
      ('panel_projector',  'login noinherit'),
      ('panel_migrator',   'login noinherit'),
      ('panel_membership', 'nologin')
    ) as role (name, attributes)
  loop
    if not exists (select from pg_catalog.pg_roles where rolname = wanted.name) then
      begin
        execute format('create role %I %s', wanted.name, wanted.attributes);
      exception
        when duplicate_object or unique_violation then null; -- another database's migration was first
      end;
    end if;
  end loop;
end
$$;

-- A grant that exists is left alone: repeating it needs rights that only its grantor has.
do $$
declare
  owner_of_panels    name;
  owner_is_superuser boolean;
begin
  if not pg_has_role('panel_api', 'authenticated', 'member') then
    grant authenticated to panel_api;
  end if;

  -- ALTER FUNCTION ... OWNER TO panel_membership needs membership in it. 'usage', not 'member': from
  -- PostgreSQL 16 a role's creator is a member at once, but one who may neither inherit nor SET ROLE.
  if not pg_has_role(current_user, 'panel_membership', 'usage') then
    execute format('grant panel_membership to %I', current_user);
  end if;

  -- Policies can be written by the tables' owner only. From PostgreSQL 16 this grant is refused to the
  -- owner itself: it made panel_migrator, so it is its member, and membership may not go in a circle.
  -- There the migration Job keeps logging in as the tables' owner, and panel_migrator only erases.
  -- A superuser's membership is never handed out.
  select rolname, rolsuper into owner_of_panels, owner_is_superuser
  from pg_catalog.pg_class join pg_catalog.pg_roles on pg_roles.oid = relowner
  where pg_class.oid = 'public.panels'::regclass;
  if not owner_is_superuser and not pg_has_role('panel_migrator', owner_of_panels, 'member') then
    begin
      execute format('grant %I to panel_migrator', owner_of_panels);
    exception
      when insufficient_privilege or invalid_grant_operation then
        raise notice 'panel_migrator is not a member of %: run migrations as % instead',
          owner_of_panels, owner_of_panels;
    end;
  end if;
end
$$;

grant usage on schema askpanel to authenticated, panel_projector, panel_migrator;
grant select on askpanel.applied_migration to panel_migrator;
