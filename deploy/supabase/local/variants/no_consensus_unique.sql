-- Variant: nothing forbids two consensus rows for one round.
alter table public.panel_consensus drop constraint panel_consensus_panel_id_round_number_key;
