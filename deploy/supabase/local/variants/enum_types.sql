-- Variant: the closed sets are enum types instead of text with a CHECK.
create type public.panel_status as enum ('created', 'running', 'completed', 'failed');
create type public.panel_type as enum ('structured', 'open', 'socratic', 'adversarial', 'delphi', 'hybrid');
create type public.response_type as enum ('analysis', 'statement', 'rebuttal', 'question');

alter table public.panels
  drop constraint panels_status_check,
  drop constraint panels_panel_type_check,
  alter column status drop default;
alter table public.panels
  alter column status type public.panel_status using status::public.panel_status,
  alter column panel_type type public.panel_type using panel_type::public.panel_type;
alter table public.panels alter column status set default 'created';

alter table public.panel_responses drop constraint panel_responses_response_type_check;
alter table public.panel_responses
  alter column response_type type public.response_type using response_type::public.response_type;
