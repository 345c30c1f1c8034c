"""The askpanel command: embedded NATS, Postgres and every service."""
