"""Reading old versions: one pure step per type and version, applied one after another.

A released event is never rewritten on the log. When a type gets version n+1, its step from n is added
here, and the golden serialisation of version n stays in the tests for good.
"""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import from_json, to_json

from askpanel.contracts.events import Event

Step = Callable[[dict[str, Any]], dict[str, Any]]

UPCASTS: Mapping[tuple[str, int], Step] = {}
"""From (type, version) to the data of version + 1. Empty while every event is at version 1."""


class CannotLift(ValueError):
    """The data is not what its version promises."""


def upcast(known: type[Event], version: int, body: bytes, steps: Mapping[tuple[str, int], Step]) -> Event:
    """Lift data of an old version to today's.

    Raises CannotLift, or pydantic.ValidationError when the result does not fit.
    """
    data: Any = None
    try:
        data = from_json(body)
        for current in range(version, known.VERSION):
            data = steps[known.TYPE, current](data)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise CannotLift(f"{known.TYPE} version {version}: {type(error).__name__}: {error}") from None
    return known.model_validate_json(to_json(data))
