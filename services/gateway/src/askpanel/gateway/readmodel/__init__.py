"""The Supabase tables as projections of the log: their schema, who writes them, how they are read."""
