"""Event log client, worker loop, projection loop, telemetry and health."""
