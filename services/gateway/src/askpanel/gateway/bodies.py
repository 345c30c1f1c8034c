"""What clients may send. Unknown fields are refused; every text is free of control characters.

A NUL or a lone surrogate in any text, or a number no database can hold, would poison the projection of
the panel: it stops here, with a pointer.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from askpanel.contracts.catalogue import AgentId
from askpanel.contracts.events import PanelType

SHORTEST_QUERY = 10
LONGEST_QUERY = 2000
DEEPEST = 6
LARGEST_NUMBER = 1e15
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""What a query may ask about: any time zone and a day before or after stay within what a calendar can hold."""
_LAYOUT = frozenset("\n\t\r")


def clean(text: str) -> str:
    """The text without surrounding space. ValueError for control characters and lone surrogates."""
    for place, character in enumerate(text):
        code = ord(character)
        if (code < 0x20 and character not in _LAYOUT) or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000:
            raise ValueError(f"has a character that is not allowed (U+{code:04X}) at {place}")
    return text.strip()


def clean_json(value: Any, depth: int = 0) -> Any:
    """JSON that any store can hold: finite numbers of ordinary size, clean texts, at most DEEPEST levels."""
    if depth > DEEPEST:
        raise ValueError(f"is nested deeper than {DEEPEST} levels")
    match value:
        case None | bool():
            return value
        case str():
            return clean(value)
        case int() | float():
            if not abs(value) <= LARGEST_NUMBER:  # neither is NaN
                raise ValueError("has a number out of range")
            return value
        case list():
            return [clean_json(item, depth + 1) for item in cast("list[Any]", value)]
        case dict():
            members = cast("dict[str, Any]", value)
            return {clean(name): clean_json(item, depth + 1) for name, item in members.items()}
        case _:
            raise ValueError("is not JSON")


def _option(value: object) -> object:
    return {"text": value} if isinstance(value, str) else value


Text = Annotated[str, AfterValidator(clean)]


def _date_time(value: object) -> object:
    """Pydantic would take a bare number too, and guess its unit."""
    if isinstance(value, str) and "-" not in value[1:]:
        raise ValueError("must be a date and time with its zone (RFC 3339)")
    return value


def _in_our_times(moment: datetime) -> datetime:
    if not EARLIEST <= moment <= LATEST:
        raise ValueError(f"must lie between the years {EARLIEST.year} and {LATEST.year}")
    return moment


Moment = Annotated[AwareDatetime, BeforeValidator(_date_time), AfterValidator(_in_our_times)]
"""A moment in a query, as RFC 3339 writes it."""


def _bounded(shortest: int, longest: int) -> AfterValidator:
    def check(text: str) -> str:
        if not shortest <= len(text) <= longest:
            raise ValueError(f"must have {shortest} to {longest} characters, not {len(text)}")
        return text

    return AfterValidator(check)


class Body(BaseModel):
    """A request body."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Question = Annotated[
    Text,
    _bounded(SHORTEST_QUERY, LONGEST_QUERY),
    Field(json_schema_extra={"minLength": SHORTEST_QUERY, "maxLength": LONGEST_QUERY}),
]


class OptionGiven(Body):
    """A choice to vote on; a plain string is its text. Ids are given out where absent."""

    id: AgentId | None = None
    text: Annotated[Text, _bounded(1, 300)]


OptionIn = Annotated[
    OptionGiven,
    BeforeValidator(_option, json_schema_input_type=str | OptionGiven),
]


class EvidenceGiven(Body):
    """A text the experts may cite by its id."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")] | None = None
    title: Annotated[Text, _bounded(0, 200)] = ""
    text: Annotated[Text, _bounded(1, 20_000)]


Configuration = Annotated[
    dict[str, Any],
    Field(max_length=40, description="Keys and ranges: GET /panel-types."),
    AfterValidator(clean_json),
]


class NewPanel(Body):
    """A question for a panel. Without `agents` the system selects the experts and says why."""

    query: Question
    panel_type: PanelType
    agents: Annotated[list[AgentId], Field(max_length=40)] | None = None
    configuration: Configuration = {}
    options: Annotated[list[OptionIn], Field(max_length=9)] = []
    evidence: Annotated[list[EvidenceGiven], Field(max_length=20)] = []
    parent_panel_id: UUID | None = None


class Selection(Body):
    """A question to propose experts for; `size` defaults to the protocol's."""

    query: Question
    panel_type: PanelType
    size: Annotated[int, Field(ge=1, le=12, strict=True)] | None = None


class Cancellation(Body):
    """Why the panel shall stop."""

    reason: Annotated[Text, _bounded(0, 500)] = ""


class HumanInput(Body):
    """A person's answer to the panel's open checkpoint. Where the panel has options, the vote is one of their ids."""

    checkpoint_id: UUID
    action: Literal["answer", "approve", "modify", "veto"]
    content: Annotated[Text, _bounded(0, 4000)] = ""
    stance: Literal["support", "conditional", "oppose", "abstain"] | None = None
    option: Annotated[Text, _bounded(1, 63)] | None = None
