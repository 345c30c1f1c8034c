"""What every event is, and the words that several of them use."""

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

PanelType = Literal["structured", "open", "socratic", "adversarial", "delphi", "hybrid"]
Service = Literal["gateway", "orchestrator", "expert-runner", "consensus", "usage"]
FailureReason = Literal[
    "rate_limited",
    "provider_error",
    "misconfigured",
    "network",
    "timeout",
    "bad_output",
    "truncated",
    "refused",
    "interrupted",
    "unknown_expert",
    "budget_exceeded",
]
PanelFailureReason = Literal[
    "quorum_not_met", "providers_unavailable", "deadline_passed", "cancelled", "budget_exceeded", "rejected"
]
StopReason = Literal[
    "threshold_reached",
    "stable",
    "nothing_new",
    "max_rounds",
    "human_approved",
    "deadline_passed",
    "budget_exceeded",
]
Band = Literal["unanimous", "strong", "moderate", "weak", "split", "none"]

Level = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Milliseconds = Annotated[int, Field(ge=0)]
Round = Annotated[int, Field(ge=1)]
Usd = Annotated[Decimal, Field(ge=0), PlainSerializer(lambda value: f"{value:f}", return_type=str)]


class Data(BaseModel):
    """A part of an event."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Data):
    """A fact. `TYPE` is its literal name, `OWNER` the only service that may write it."""

    TYPE: ClassVar[str]
    OWNER: ClassVar[Service]
    VERSION: ClassVar[int] = 1
    SSE: ClassVar[str | None] = None

    @classmethod
    def noun(cls) -> str:
        """What its type begins with; events of one noun are guarded together, see `PanelRef.filter_of`."""
        return cls.TYPE.partition(".")[0]

    def identity(self) -> tuple[object, ...]:
        """What tells this event from others of its type in its panel; nothing where there is but one."""
        return ()
