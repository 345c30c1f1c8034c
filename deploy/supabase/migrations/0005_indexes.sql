-- askpanel: outside a transaction
-- The indexes our reads need and the tables lack. CONCURRENTLY: a live table stays writable meanwhile.
-- An interrupted build leaves an invalid index behind, so each is dropped before it is made.

-- The list of a tenant's panels, newest first, by keyset.
drop index concurrently if exists public.askpanel_panels_tenant_created;
create index concurrently askpanel_panels_tenant_created
  on public.panels (tenant_id, created_at desc, id desc);

-- Usage of a tenant over a period.
drop index concurrently if exists public.askpanel_agent_usage_tenant_created;
create index concurrently askpanel_agent_usage_tenant_created
  on public.agent_usage (tenant_id, created_at);

-- Usage of one panel; also spares a table scan when a panel is deleted (ON DELETE SET NULL).
drop index concurrently if exists public.askpanel_agent_usage_panel;
create index concurrently askpanel_agent_usage_panel
  on public.agent_usage (panel_id);
