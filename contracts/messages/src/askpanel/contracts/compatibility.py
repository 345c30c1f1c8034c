"""What changed between a released schema and today's, and would break somebody.

Allowed without a new version: a new optional property, a further value of an enum, a further alternative,
other words. Everything else is a new version with an upcast: readers of today meet old events on the log,
and readers of yesterday meet today's.
"""

from collections.abc import Iterable
from typing import Any, cast

from askpanel.contracts.schemas import Schema

WORDS = frozenset({"$id", "$schema", "description", "title", "default", "x-askpanel"})
_STRUCTURE = frozenset(
    {"properties", "required", "items", "anyOf", "oneOf", "enum", "$defs", "discriminator"}
)


def breaking_changes(released: Schema, today: Schema) -> list[str]:
    """One sentence per change that is not allowed; empty when all is well."""
    return list(_Comparison(released, today).of(released, today, ""))


def without_words(schema: Any) -> Any:
    """A schema's structure alone: what is recorded as released."""
    if isinstance(schema, list):
        return [without_words(item) for item in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    kept: Schema = {}
    for key, value in cast(Schema, schema).items():
        if key in ("properties", "$defs"):
            kept[key] = {name: without_words(part) for name, part in value.items()}
        elif key not in WORDS:
            kept[key] = without_words(value)
    return kept


class _Comparison:
    """Two whole schemas, so that references can be followed; a pair of definitions is compared once."""

    def __init__(self, released: Schema, today: Schema) -> None:
        self._released: Schema = released.get("$defs", {})
        self._today: Schema = today.get("$defs", {})
        self._seen: set[tuple[str, str]] = set()

    def of(self, old: Schema, new: Schema, place: str) -> Iterable[str]:
        old_name, new_name = _reference(old), _reference(new)
        if old_name and new_name:
            if (old_name, new_name) in self._seen:
                return
            self._seen.add((old_name, new_name))
        old, new = self._released.get(old_name, old), self._today.get(new_name, new)
        yield from self._properties(old, new, place)
        yield from self._alternatives(old, new, place)
        for value in old.get("enum", []):
            if value not in new.get("enum", [value]):
                yield f"{place or '/'}: {value!r} is no value any more"
        if "items" in old or "items" in new:
            yield from self.of(old.get("items", {}), new.get("items", {}), f"{place}/*")
        for rule in sorted((old.keys() | new.keys()) - _STRUCTURE - WORDS):
            if old.get(rule) != new.get(rule):
                yield f"{place or '/'}: {rule} was {old.get(rule)!r} and is {new.get(rule)!r}"
        if "enum" in new and "enum" not in old:
            yield f"{place or '/'}: only some values are left"

    def _properties(self, old: Schema, new: Schema, place: str) -> Iterable[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in before:
            if name not in after:
                yield f"{place}/{name} is gone"
            else:
                yield from self.of(before[name], after[name], f"{place}/{name}")
        required, now = set(old.get("required", ())), set(new.get("required", ()))
        for name in sorted(now - required):
            yield f"{place}/{name} is required and was not"
        for name in sorted((required - now) & after.keys()):
            yield f"{place}/{name} was always there and may be absent"

    def _alternatives(self, old: Schema, new: Schema, place: str) -> Iterable[str]:
        key = "oneOf" if "oneOf" in old else "anyOf"
        after = {_label(choice): choice for choice in new.get(key, [])}
        if key not in old and key in new:
            yield f"{place or '/'}: has alternatives now"
        for choice in old.get(key, []):
            if _label(choice) not in after:
                yield f"{place or '/'}: {_label(choice)} is no alternative any more"
            else:
                yield from self.of(choice, after[_label(choice)], place)


def _reference(schema: Schema) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _label(schema: Schema) -> str:
    return _reference(schema) or f"{schema.get('type')}"
