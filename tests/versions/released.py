"""The reader of a released version, made of its recorded schemas alone and nothing of today's code.

As ours do, it takes what it knows, ignores what it does not, and refuses what is missing or of another type.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model

RELEASED = Path(__file__).parents[2] / "contracts/messages/released.json"
Schema = dict[str, Any]
PLAIN: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "null": type(None),
    "object": dict[str, Any],
}


@cache
def schemas() -> dict[str, Schema]:
    """The structure of every event ever released, by `<type>.v<version>`."""
    return json.loads(RELEASED.read_text())


@cache
def reader(key: str) -> TypeAdapter[Any]:
    """The reader of a released event."""
    return reader_of(schemas()[key])


def reader_of(schema: Schema) -> TypeAdapter[Any]:
    """A reader of one schema."""
    return TypeAdapter(_Types(schema.get("$defs", {})).of(schema, "Event"))


def read(reader: TypeAdapter[Any], body: bytes) -> Any:
    """What the reader sees in a body, as JSON data. Raises pydantic.ValidationError."""
    return reader.dump_python(reader.validate_json(body), mode="json", exclude_unset=True)


class _Types:
    """Python types of one schema's parts; a definition is made once."""

    def __init__(self, definitions: Schema) -> None:
        self._definitions = definitions
        self._made: dict[str, Any] = {}

    def of(self, schema: Schema, name: str) -> Any:
        """The type that takes what this schema describes."""
        if "$ref" in schema:
            return self._named(str(schema["$ref"]).rpartition("/")[2])
        choices = schema.get("oneOf") or schema.get("anyOf")
        if choices:
            return Union[tuple(self.of(choice, f"{name}Choice") for choice in choices)]  # noqa: UP007
        values = schema.get("enum", [schema["const"]] if "const" in schema else None)
        if values is not None:
            return Literal[tuple(values)]
        if "properties" in schema:
            return self._model(schema, name)
        if schema.get("type") == "array":
            return list[self.of(schema.get("items", {}), f"{name}Item")]
        inner = schema.get("additionalProperties")
        if schema.get("type") == "object" and isinstance(inner, dict):
            return dict[str, self.of(cast(Schema, inner), f"{name}Value")]
        return PLAIN[schema["type"]] if "type" in schema else Any

    def _named(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = self.of(self._definitions[name], name)
        return self._made[name]

    def _model(self, schema: Schema, name: str) -> type[BaseModel]:
        required = schema.get("required", ())
        fields: dict[str, Any] = {}
        for place, (field, part) in enumerate(schema["properties"].items()):
            kind = self.of(part, f"{name}_{field}")
            default = ... if field in required else None
            # By alias: a field may have a name that is none in Python, or one of pydantic's.
            fields[f"field_{place}"] = (
                kind if field in required else kind | None,
                Field(default, alias=field),
            )
        config = ConfigDict(extra="ignore", strict=True, frozen=True, serialize_by_alias=True)
        return create_model(name, __config__=config, **fields)


def only_required(schema: Schema, data: Any, definitions: Schema | None = None) -> Any:
    """Data without all that the schema does not insist on: the least that a released version may have written."""
    known: Schema = schema.get("$defs", {}) if definitions is None else definitions
    if "$ref" in schema:
        schema = known[str(schema["$ref"]).rpartition("/")[2]]
    choices = schema.get("oneOf") or schema.get("anyOf")
    if choices:
        schema = next(one for one in choices if _fits(one, data, known))
        return only_required(schema, data, known)
    if "properties" in schema:
        parts = schema["properties"]
        return {name: only_required(parts[name], data[name], known) for name in schema.get("required", ())}
    if schema.get("type") == "array":
        return [only_required(schema.get("items", {}), item, known) for item in data]
    return data


def _fits(schema: Schema, data: Any, definitions: Schema) -> bool:
    try:
        read(TypeAdapter(_Types(definitions).of(schema, "Choice")), json.dumps(data).encode())
    except ValueError:
        return False
    return True
