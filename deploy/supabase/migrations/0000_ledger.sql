-- Which files of this folder this database has had. Run before every migration: it must stay repeatable.
--
-- As the tables' owner, who needs CREATE on the database the first time.

do $$
begin
  if to_regnamespace('askpanel') is null then
    create schema askpanel;
    comment on schema askpanel is 'Ask Panel''s own objects; not exposed by the REST layer.';
  end if;
  if to_regclass('askpanel.applied_migration') is null then
    create table askpanel.applied_migration (
      name       text primary key,
      sha256     text not null,
      applied_at timestamptz not null default now(),
      applied_by text not null default current_user
    );
    alter table askpanel.applied_migration enable row level security, force row level security;
    -- Only the owner and panel_migrator hold grants here; the policy lets them see what they own.
    create policy askpanel_ledger on askpanel.applied_migration using (true) with check (true);
  end if;
end
$$;
