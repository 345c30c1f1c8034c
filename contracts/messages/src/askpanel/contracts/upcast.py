"""Reading old versions: one pure step per type and version, applied one after another.

A released event is never rewritten on the log. When a type gets version n+1, its step from n is added
here, and the golden serialisation of version n stays in the tests for good.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from askpanel.contracts.events import Event

Step = Callable[[dict[str, Any]], dict[str, Any]]

UPCASTS: Mapping[tuple[str, int], Step] = {}
"""From (type, version) to the data of version + 1. Empty while every event is at version 1."""


def upcast(known: type[Event], version: int, body: bytes, steps: Mapping[tuple[str, int], Step]) -> Event:
    """Lift data of an old version to today's; pydantic.ValidationError when the result does not fit."""
    data = json.loads(body)
    for current in range(version, known.VERSION):
        data = steps[known.TYPE, current](data)
    return known.model_validate_json(json.dumps(data))
