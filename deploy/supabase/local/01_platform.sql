-- Stand-in of the Supabase platform. LOCAL ONLY: a hosted project has all of this already.
--
-- Run by a superuser on an empty database; running it again changes nothing. Roles belong to the whole
-- server, everything else to one database. As on the platform, `postgres` is NOT a superuser: it owns
-- the tables, may create roles and overrides row-level security. So whatever `postgres` can do here it
-- can do there, and a migration that needs a superuser fails on the developer's machine first.

-- Roles ---------------------------------------------------------------------------------------------

do $$
declare
  wanted record;
begin
  for wanted in
    select *
    from (values
      ('postgres',      'login createrole createdb replication bypassrls'),
      ('anon',          'nologin noinherit'),
      ('authenticated', 'nologin noinherit'),
      ('service_role',  'nologin noinherit bypassrls'),
      ('authenticator', 'login noinherit')
    ) as role (name, attributes)
  loop
    if not exists (select from pg_catalog.pg_roles where rolname = wanted.name) then
      execute format('create role %I %s', wanted.name, wanted.attributes);
    end if;
  end loop;
end
$$;

grant anon, authenticated, service_role to authenticator;

-- The platform lets `postgres` hand its API roles on; our roles migration grants `authenticated`.
grant anon, authenticated, service_role to postgres with admin option;

-- Role settings count at login only: SET ROLE does not apply them, so the gateway sets its own timeout.
alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';

do $$
begin
  execute format('alter database %I owner to postgres', current_database());
end
$$;

grant usage on schema public to anon, authenticated, service_role;
grant usage, create on schema public to postgres;

-- Schema extensions ---------------------------------------------------------------------------------

create schema if not exists extensions;
grant usage on schema extensions to postgres, anon, authenticated, service_role;

-- The platform installs uuid-ossp; the embedded server does not ship it. Same name, same promise.
create or replace function extensions.uuid_generate_v4() returns uuid
language sql volatile
set search_path = ''
as $$ select gen_random_uuid() $$;

-- On the role, not on the database: a database cloned from a template keeps roles' settings only.
alter role postgres set search_path = "$user", public, extensions;
alter role authenticator set search_path = "$user", public, extensions;

-- Schema auth ---------------------------------------------------------------------------------------

create schema if not exists auth;
grant usage on schema auth to postgres, anon, authenticated, service_role;

create table if not exists auth.users (
  id                 uuid primary key,
  aud                text not null default 'authenticated',
  role               text not null default 'authenticated',
  email              text unique,
  email_confirmed_at timestamptz default now(),
  last_sign_in_at    timestamptz,
  raw_app_meta_data  jsonb not null default '{}',
  raw_user_meta_data jsonb not null default '{}',
  created_at         timestamptz default now(),
  updated_at         timestamptz default now()
);
alter table auth.users enable row level security;
grant all on auth.users to postgres;

-- The platform has set a request's claims in two ways: one setting per claim, later one JSON setting.
create or replace function auth.jwt() returns jsonb
language sql stable
set search_path = ''
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')
  )::jsonb
$$;

create or replace function auth.uid() returns uuid
language sql stable
set search_path = ''
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
  )::uuid
$$;

create or replace function auth.role() returns text
language sql stable
set search_path = ''
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.role', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
  )
$$;

create or replace function auth.email() returns text
language sql stable
set search_path = ''
as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.email', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'
  )
$$;

-- Default privileges --------------------------------------------------------------------------------

-- Every new object in `public` is open to the three API roles: without RLS a table there is public.
alter default privileges for role postgres in schema public
  grant all on tables to anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  grant all on sequences to anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  grant all on functions to anon, authenticated, service_role;

-- Realtime ------------------------------------------------------------------------------------------

-- The tables join it in 02_existing_tables.sql, which runs as its owner.
do $$
begin
  if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
  end if;
  alter publication supabase_realtime owner to postgres;
end
$$;
