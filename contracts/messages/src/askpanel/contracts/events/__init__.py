"""Every event of Ask Panel: the facts on the log, one frozen model each.

An event is never changed once released: a new shape is a new `VERSION` with an upcast, a new meaning is
a new name. Readers ignore fields they do not know. Times are UTC, money is a decimal string in USD,
durations are whole milliseconds, confidences and levels lie in [0, 1].

`identity()` is what tells an event from the others of its type in its panel; with panel and type it
makes the event's id (see `ids`).
"""

from collections.abc import Mapping

from askpanel.contracts.events.consensus import (
    AgreementPoint,
    Alternative,
    ConsensusCalculated,
    ConsensusQuorum,
    ConsensusRequested,
    DisagreementPoint,
    Dissent,
    Quote,
)
from askpanel.contracts.events.experts import (
    Answered,
    ExpertFailed,
    ExpertRequested,
    ExpertResponded,
    ExpertStarted,
    Step,
    TokenUsage,
)
from askpanel.contracts.events.fact import (
    Band,
    Data,
    Event,
    FailureReason,
    Level,
    Milliseconds,
    PanelFailureReason,
    PanelType,
    Round,
    Service,
    StopReason,
    Usd,
)
from askpanel.contracts.events.human import HumanRequested, HumanResponded
from askpanel.contracts.events.money import BudgetExceeded, UsageRecorded
from askpanel.contracts.events.panel import (
    Evidence,
    ModelPrice,
    PanelCancelRequested,
    PanelCompleted,
    PanelCreated,
    PanelDeadlinePassed,
    PanelFailed,
    PanelStarted,
    Parent,
    Plan,
    Seat,
    Terms,
)
from askpanel.contracts.events.rounds import RoundCompleted, RoundQuorum, RoundStarted, StepDeadline

EVENTS: Mapping[str, type[Event]] = {
    event.TYPE: event
    for event in (
        PanelCreated,
        PanelStarted,
        PanelCancelRequested,
        PanelDeadlinePassed,
        PanelCompleted,
        PanelFailed,
        RoundStarted,
        RoundCompleted,
        ExpertRequested,
        ExpertStarted,
        ExpertResponded,
        ExpertFailed,
        ConsensusRequested,
        ConsensusCalculated,
        HumanRequested,
        HumanResponded,
        UsageRecorded,
        BudgetExceeded,
    )
}
"""By literal name. `ids`, subjects, permissions, schemas and documents derive from this table."""

TERMINAL = (PanelCompleted.TYPE, PanelFailed.TYPE)

__all__ = [
    "EVENTS",
    "TERMINAL",
    "AgreementPoint",
    "Alternative",
    "Answered",
    "Band",
    "BudgetExceeded",
    "ConsensusCalculated",
    "ConsensusQuorum",
    "ConsensusRequested",
    "Data",
    "DisagreementPoint",
    "Dissent",
    "Event",
    "Evidence",
    "ExpertFailed",
    "ExpertRequested",
    "ExpertResponded",
    "ExpertStarted",
    "FailureReason",
    "HumanRequested",
    "HumanResponded",
    "Level",
    "Milliseconds",
    "ModelPrice",
    "PanelCancelRequested",
    "PanelCompleted",
    "PanelCreated",
    "PanelDeadlinePassed",
    "PanelFailed",
    "PanelFailureReason",
    "PanelStarted",
    "PanelType",
    "Parent",
    "Plan",
    "Quote",
    "Round",
    "RoundCompleted",
    "RoundQuorum",
    "RoundStarted",
    "Seat",
    "Service",
    "Step",
    "StepDeadline",
    "StopReason",
    "Terms",
    "TokenUsage",
    "UsageRecorded",
    "Usd",
]
