"""The shape the four filled tables have on this database: what each column's value is cast to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from askpanel.gateway.readmodel.expected import FILLED, TABLES
from askpanel.gateway.readmodel.observed import Observed

CONSENSUS_KEY = frozenset({"panel_id", "round_number"})


@dataclass(frozen=True, slots=True)
class Shape:
    """`types`: SQL type by (table, column) for every column we fill; scales in decimals, None: a float.

    `consensus_unique`: the database itself refuses a second consensus row for one round.
    """

    types: Mapping[tuple[str, str], str]
    agents: Literal["jsonb", "jsonb[]"]
    level_scale: int | None
    confidence_scale: int | None
    cost_scale: int | None
    consensus_unique: bool

    def cast(self, table: str, column: str) -> str:
        """The type to cast a column's value to, qualified; KeyError for a column we do not fill."""
        return self.types[table, column]


def shape_of(observed: Observed) -> Shape:
    """The shape of a database whose columns passed the drift check; KeyError if one is missing."""
    types = {
        (table, name): observed.columns[table, name].type
        for table in FILLED
        for name, column in TABLES[table].items()
        if column.writes != "never"
    }
    return Shape(
        types=types,
        agents="jsonb[]" if types["panels", "agents"] == "jsonb[]" else "jsonb",
        level_scale=scale_of(types["panel_consensus", "consensus_level"]),
        confidence_scale=scale_of(types["panel_responses", "confidence_score"]),
        cost_scale=scale_of(types["agent_usage", "cost_usd"]),
        consensus_unique=any(
            key.table == "panel_consensus" and frozenset(key.columns) == CONSENSUS_KEY
            for key in observed.keys
        ),
    )


def scale_of(type_: str) -> int | None:
    """Decimals a column keeps: `numeric(5,2)` 2, `numeric(5)` 0, floats and plain `numeric` None."""
    base, bracket, arguments = type_.partition("(")
    if base != "numeric" or not bracket:
        return None
    _, comma, scale = arguments.rstrip(")").partition(",")
    return int(scale) if comma else 0
