-- Takes back what hardening.sql did, as the tables' owner: `migration.hardening: false` alone only stops applying it.
-- Its line in the ledger goes too, so that hardening can be switched on again.

do $$
declare
  ours record;
begin
  for ours in
    select policyname, tablename from pg_catalog.pg_policies
    where schemaname = 'public'
      and policyname in ('askpanel_no_user_insert', 'askpanel_members_only', 'askpanel_no_anonymous_read')
  loop
    execute format('drop policy %I on public.%I', ours.policyname, ours.tablename);
  end loop;
end
$$;

delete from askpanel.applied_migration where name = 'hardening.sql';
