"""TypeScript types of the events, from their JSON Schemas: no dependency, the same text every time."""

import json
from collections.abc import Mapping
from typing import Any

from askpanel.contracts.events import EVENTS
from askpanel.contracts.schemas import Schema, definitions, event_schemas

HEADING = """\
// Generated from the contracts by `make generate`. Do not edit.
//
// Optional fields are absent, never null. Money is a decimal string in USD, times are RFC 3339 in UTC,
// durations are milliseconds. Ignore fields and event types that are not here.
"""


def module() -> str:
    """The whole module: an interface per part and per event, then the table of event types."""
    schemas = event_schemas()
    parts = [HEADING]
    parts += [_declaration(name, schema) for name, schema in definitions(schemas).items()]
    parts += [
        _declaration(event.__name__, schemas[f"{event.TYPE}.v{event.VERSION}"]) for event in EVENTS.values()
    ]
    table = "\n".join(f'  "{event.TYPE}": {event.__name__};' for event in EVENTS.values())
    parts.append(f"/** What each event type carries. */\nexport interface EventData {{\n{table}\n}}\n")
    parts.append("export type EventType = keyof EventData;\n")
    return "\n".join(parts)


def _declaration(name: str, schema: Schema) -> str:
    comment = _comment(schema, "")
    if "properties" not in schema:
        return f"{comment}export type {name} = {_type(schema)};\n"
    required = set(schema.get("required", ()))
    required |= {key for key, value in schema["properties"].items() if "const" in value}
    fields = [
        f"{_comment(value, '  ')}  {key}{'' if key in required else '?'}: {_type(value)};\n"
        for key, value in schema["properties"].items()
    ]
    return f"{comment}export interface {name} {{\n{''.join(fields)}}}\n"


def _type(schema: Schema) -> str:
    match schema:
        case {"$ref": str(reference)}:
            return reference.rpartition("/")[2]
        case {"const": value}:
            return json.dumps(value)
        case {"enum": values}:
            return " | ".join(json.dumps(value) for value in values)
        case {"anyOf": choices} | {"oneOf": choices}:
            return " | ".join(dict.fromkeys(_type(choice) for choice in choices))
        case {"type": "array"}:
            return f"readonly {_grouped(_type(schema.get('items', {})))}[]"
        case {"type": "object"}:
            return f"Readonly<Record<string, {_value_type(schema)}>>"
        case {"type": kind}:
            return _PLAIN[kind]
        case _:
            return "unknown"


_PLAIN: Mapping[str, str] = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}


def _value_type(schema: Schema) -> str:
    values: Any = schema.get("additionalProperties", True)
    return "unknown" if isinstance(values, bool) else _type(values)


def _grouped(text: str) -> str:
    return f"({text})" if " " in text else text


def _comment(schema: Schema, indent: str) -> str:
    text = schema.get("description", "").replace("*/", "* /")
    if not text:
        return ""
    lines = text.split("\n")
    if len(lines) == 1:
        return f"{indent}/** {text} */\n"
    body = "".join(f"{indent} * {line}".rstrip() + "\n" for line in lines)
    return f"{indent}/**\n{body}{indent} */\n"
