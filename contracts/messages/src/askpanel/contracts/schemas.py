"""JSON Schemas (draft 2020-12) of every event's data, as it is written.

An optional field is absent, never null, so the schemas say so. Unknown properties are allowed: readers
ignore them.
"""

from collections.abc import Mapping
from typing import Any, cast

from askpanel.contracts.envelope import schema_urn
from askpanel.contracts.events import EVENTS, Event

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def event_schema(event: type[Event]) -> Schema:
    """The schema of one event's data; what it is made of stands under `$defs`."""
    schema = cast(Schema, _tidied(event.model_json_schema(mode="serialization")))
    return {
        "$schema": DIALECT,
        "$id": schema_urn(event.TYPE, event.VERSION),
        **schema,
        "x-askpanel": {"type": event.TYPE, "version": event.VERSION, "owner": event.OWNER},
    }


def event_schemas() -> Mapping[str, Schema]:
    """All schemas by `<type>.v<version>`, in the order of the event table."""
    return {f"{event.TYPE}.v{event.VERSION}": event_schema(event) for event in EVENTS.values()}


def definitions(schemas: Mapping[str, Schema]) -> dict[str, Schema]:
    """The `$defs` of all schemas together. ValueError when a name means two things."""
    merged: dict[str, Schema] = {}
    for schema in schemas.values():
        for name, definition in schema.get("$defs", {}).items():
            if merged.setdefault(name, definition) != definition:
                raise ValueError(f"{name} has two definitions")
    return dict(sorted(merged.items()))


def _tidied(node: Any) -> Any:
    """Without generated titles and without null for what is absent instead."""
    if isinstance(node, list):
        return [_tidied(item) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    tidied: Schema = {}
    for key, value in cast(Schema, node).items():
        if key == "properties":
            tidied[key] = {name: _property(schema) for name, schema in value.items()}
        elif key == "$defs":
            tidied[key] = {name: _tidied(schema) for name, schema in value.items()}
        elif key in ("description", "default", "const", "enum", "examples"):
            tidied[key] = _folded(value) if key == "description" else value
        elif key != "title" or "properties" in node:
            tidied[key] = _tidied(value)
    return tidied


def _property(schema: Schema) -> Schema:
    if schema.get("default", ...) is None:
        schema = {key: value for key, value in schema.items() if key != "default"}
        choices = [choice for choice in schema.pop("anyOf", []) if choice != {"type": "null"}]
        schema |= choices[0] if len(choices) == 1 else {"anyOf": choices} if choices else {}
    return cast(Schema, _tidied(schema))


def _folded(text: str) -> str:
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))
