-- LOCAL ONLY, after the migrations, by a superuser: panel_migrator joins the tables' owner.
--
-- The owner cannot do this itself from PostgreSQL 16 on (see 0001_roles.sql); a superuser unties the knot.
-- Where `postgres` is itself the superuser, nobody joins it.
do $$
begin
  if pg_has_role('panel_migrator', 'postgres', 'member')
    or (select rolsuper from pg_catalog.pg_roles where rolname = 'postgres') then
    return;
  end if;
  revoke panel_migrator from postgres;
  grant postgres to panel_migrator;
end
$$;
