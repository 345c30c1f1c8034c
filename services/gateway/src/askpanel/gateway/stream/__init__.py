"""Live streams: one tail of the log in this process, fanned out to every client as server-sent events."""
