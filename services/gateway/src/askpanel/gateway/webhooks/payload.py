"""The body of a webhook: CloudEvents 1.0, structured mode, with the public fields of the stream as data. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from askpanel.contracts.envelope import Recorded
from askpanel.gateway.stream.encode import json_line
from askpanel.gateway.stream.payloads import payload

MEDIA_TYPE = "application/cloudevents+json"
TEST_TYPE = "webhook.test"


def event_body(recorded: Recorded) -> bytes | None:
    """None for an event that is not for the outside."""
    data = payload(recorded)
    if data is None:
        return None
    envelope = recorded.envelope
    panel = {"panelid": str(envelope.panel.panel_id), "sequence": str(recorded.sequence)}
    return _body(
        str(envelope.id),
        envelope.type,
        envelope.source,
        envelope.time,
        envelope.panel.tenant_id,
        data,
        {"subject": str(envelope.panel.panel_id), **panel},
    )


def check_body(event_id: str, tenant_id: UUID, endpoint_id: UUID, at: datetime) -> bytes:
    """What a test sends: an event of no panel."""
    data = {"endpoint_id": str(endpoint_id), "message": "This is a test of your webhook."}
    return _body(event_id, TEST_TYPE, "/askpanel/webhooks", at, tenant_id, data, {})


def _body(
    event_id: str,
    event_type: str,
    source: str,
    time: datetime,
    tenant_id: UUID,
    data: Mapping[str, Any],
    more: Mapping[str, str],
) -> bytes:
    event = {
        "specversion": "1.0",
        "id": event_id,
        "type": event_type,
        "source": source,
        "time": time.isoformat().replace("+00:00", "Z"),
        "tenantid": str(tenant_id),
        **more,
        "datacontenttype": "application/json",
        "data": data,
    }
    return json_line(event).encode()
