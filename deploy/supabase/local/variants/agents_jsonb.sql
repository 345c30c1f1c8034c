-- Variant: panels.agents is one JSON array instead of a Postgres array of JSON strings.
alter table public.panels alter column agents type jsonb using to_jsonb(agents);
alter table public.panels alter column agents set default '[]';
