"""One difference between the schema we rely on and the one we found."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`object` is a table, column, role or the like by its qualified name; `fix` is what to do."""

    level: Level
    object: str
    expected: str
    found: str
    fix: str
