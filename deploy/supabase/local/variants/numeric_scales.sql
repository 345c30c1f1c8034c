-- Variant: levels and confidences are kept with two decimals, costs with six.
alter table public.panel_responses alter column confidence_score type numeric(5, 2);
alter table public.panel_consensus alter column consensus_level type numeric(5, 2);
alter table public.agent_usage alter column cost_usd type numeric(12, 6);
