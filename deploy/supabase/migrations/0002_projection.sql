-- How far the tables follow the log, and a place to rebuild them beside themselves.

create table askpanel.projection_checkpoint (
  name              text primary key,
  stream_sequence   bigint not null check (stream_sequence >= 0),
  stream_created_at timestamptz not null,
  updated_at        timestamptz not null default now()
);
comment on table askpanel.projection_checkpoint is
  'One row per projection, moved in the transaction that writes its rows.';
comment on column askpanel.projection_checkpoint.stream_sequence is
  'Sequence of the last event of stream PANELS whose rows are committed; 0 before the first.';
comment on column askpanel.projection_checkpoint.stream_created_at is
  'Epoch: when the stream was created. Another time, or a stream that ends before stream_sequence, is another or an older log: the projector stops.';

alter table askpanel.projection_checkpoint enable row level security, force row level security;

-- The projector never deletes: going back is a decision of an operator.
grant select, insert, update on askpanel.projection_checkpoint to panel_projector;
create policy askpanel_projector on askpanel.projection_checkpoint
  to panel_projector using (true) with check (true);

-- A read that waits for its own write (X-Min-Sequence) asks how far the tables are.
grant select on askpanel.projection_checkpoint to authenticated;
create policy askpanel_read on askpanel.projection_checkpoint
  for select to authenticated using (true);

-- A rebuild writes here and compares: re-inserting in place would announce old rows as new to the
-- readers of realtime. Outside `public`, so no default privilege opens it to anybody else.
create schema askpanel_shadow;
comment on schema askpanel_shadow is 'Tables rebuilt from the log for comparison; empty between rebuilds.';
grant usage, create on schema askpanel_shadow to panel_projector;
