"""Embedded servers: NATS and PostgreSQL from their wheels, started by us and tied to our life.

`postgres.start(...)` and `nats.start(...)` return a handle with `pid`, URLs and `stop()`. The calls
block for well under a second; call them from the main thread (see `process.spawn`) and `stop()` from
anywhere. Data persists in the directory given; a second start reuses it and its port.
"""
