"""The AsyncAPI 3 document of the log: a channel per event type, who sends it, who receives it."""

import json
from typing import Any

from askpanel.contracts.envelope import SPECVERSION, schema_urn
from askpanel.contracts.events import EVENTS, Event
from askpanel.contracts.schemas import Schema, definitions, event_schemas
from askpanel.contracts.subjects import all_of
from askpanel.contracts.topology import DURABLES, PANELS

SCHEMA_FORMAT = "application/schema+json;version=draft-2020-12"

UUID_TEXT: Schema = {"type": "string", "format": "uuid"}
TRACEPARENT: Schema = {"type": "string", "pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"}


def document() -> dict[str, Any]:
    """The whole document as JSON values; a fresh one each time."""
    schemas = event_schemas()
    built: dict[str, Any] = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Ask Panel events",
            "version": f"{max(event.VERSION for event in EVENTS.values())}.0.0",
            "description": (
                f"Every event on the JetStream stream {PANELS.name}: CloudEvents {SPECVERSION} in binary mode. "
                "Attributes are `ce-` headers, the body is the data as JSON. Delivery is at least once; the "
                "order of the stream is the order of the facts. Readers ignore what they do not know."
            ),
        },
        "defaultContentType": "application/json",
        "servers": {
            "log": {
                "host": "{host}",
                "protocol": "nats",
                "description": "NATS with JetStream.",
                "variables": {"host": {"default": "127.0.0.1:4222"}},
            }
        },
        "channels": {event.TYPE: _channel(event) for event in EVENTS.values()},
        "operations": _operations(),
        "components": {
            "messages": {_key(event): _message(event, schemas[_key(event)]) for event in EVENTS.values()},
            "parameters": {
                "tenantId": {"description": "The tenant, a UUID."},
                "panelId": {"description": "The panel, a UUID."},
            },
            "schemas": {name: _payload(schema) for name, schema in definitions(schemas).items()},
        },
    }
    return json.loads(json.dumps(built))


def headers_schema(event: type[Event]) -> Schema:
    """The headers of a message of this event."""
    return {
        "type": "object",
        "required": [
            "Nats-Msg-Id",
            "content-type",
            "ce-specversion",
            "ce-id",
            "ce-source",
            "ce-type",
            "ce-subject",
            "ce-time",
            "ce-dataschema",
            "ce-tenantid",
            "ce-panelid",
        ],
        "properties": {
            "Nats-Msg-Id": {**UUID_TEXT, "description": "The same as ce-id."},
            "content-type": {"const": "application/json"},
            "ce-specversion": {"const": SPECVERSION},
            "ce-id": {**UUID_TEXT, "description": "The same fact always has the same id: deduplicate by it."},
            "ce-source": {"const": f"/askpanel/{event.OWNER}"},
            "ce-type": {"const": event.TYPE},
            "ce-subject": {**UUID_TEXT, "description": "The panel."},
            "ce-time": {"type": "string", "format": "date-time", "description": "The writer's clock, UTC."},
            "ce-dataschema": {"const": schema_urn(event.TYPE, event.VERSION)},
            "ce-tenantid": UUID_TEXT,
            "ce-panelid": UUID_TEXT,
            "ce-userid": {**UUID_TEXT, "description": "The person on whose behalf, where there is one."},
            "ce-causationid": {**UUID_TEXT, "description": "The event that led to this one."},
            "ce-correlationid": {**UUID_TEXT, "description": "The same for all that belongs together."},
            "traceparent": {**TRACEPARENT, "description": "W3C trace context."},
            "tracestate": {"type": "string", "description": "What tracing systems add to it."},
        },
    }


def _key(event: type[Event]) -> str:
    return f"{event.TYPE}.v{event.VERSION}"


def _channel(event: type[Event]) -> dict[str, Any]:
    return {
        "address": f"{event.TYPE}.{{tenantId}}.{{panelId}}",
        "summary": _first_sentence(event),
        "messages": {_key(event): {"$ref": f"#/components/messages/{_key(event)}"}},
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in ("tenantId", "panelId")},
    }


def _message(event: type[Event], schema: Schema) -> dict[str, Any]:
    return {
        "name": event.TYPE,
        "title": event.__name__,
        "summary": _first_sentence(event),
        "contentType": "application/json",
        "correlationId": {"location": "$message.header#/ce-correlationid"},
        "headers": {"schemaFormat": SCHEMA_FORMAT, "schema": headers_schema(event)},
        "payload": {"schemaFormat": SCHEMA_FORMAT, "schema": _payload(schema)},
    }


def _payload(schema: Schema) -> Schema:
    """With references into the components of this document; an `$id` would give them another base."""
    own = {key: value for key, value in schema.items() if key not in ("$defs", "$schema", "$id")}
    return json.loads(json.dumps(own).replace("#/$defs/", "#/components/schemas/"))


def _operations() -> dict[str, Any]:
    operations = {
        f"{event.OWNER}.sends.{event.TYPE}": _operation("send", event, event.OWNER)
        for event in EVENTS.values()
    }
    for durable in DURABLES:
        for event in EVENTS.values():
            if durable.stream == PANELS.name and all_of(event.TYPE) in durable.filters:
                operations[f"{durable.service}.receives.{event.TYPE}"] = _operation(
                    "receive", event, durable.service
                )
    return operations


def _operation(action: str, event: type[Event], service: str) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{event.TYPE}"},
        "tags": [{"name": service}],
        "messages": [{"$ref": f"#/channels/{event.TYPE}/messages/{_key(event)}"}],
    }


def _first_sentence(event: type[Event]) -> str:
    return " ".join((event.__doc__ or "").split("\n\n")[0].split()).split(". ")[0].rstrip(".") + "."
