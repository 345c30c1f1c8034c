"""Webhooks: events of a tenant's panels, sent to addresses of the tenant, for teams without NATS.

    log ── webhook-events ──► fan-out ── WEBHOOKS ── webhook-deliveries ──► sender ──► https://…
                              (endpoints)   one reference per event and endpoint    (event, signature)

`python -m askpanel.gateway.webhooks` is a process of its own: what talks to strangers' servers holds neither
the database nor a right to make consumers. Endpoints are in bucket `webhooks`, written by the REST routes;
what became of deliveries is in bucket `webhook_attempts`; the next attempt is another order.
Requests follow Standard Webhooks; bodies are CloudEvents in structured mode with the stream's public fields.
"""
