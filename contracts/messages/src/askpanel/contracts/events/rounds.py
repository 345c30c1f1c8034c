"""Rounds: what is asked when, and who answered."""

from datetime import datetime
from typing import ClassVar

from askpanel.contracts.blocks import Purpose
from askpanel.contracts.events.fact import Data, Event, Round, Service


class StepDeadline(Data):
    """When a step of a round closes with what it has."""

    step: str
    deadline_at: datetime


class RoundStarted(Event):
    """A round begins. `deadline_at` is when it closes with what it has.

    `steps` are the deadlines within a round of several steps. `panel_deadline_at` is the panel's
    deadline where waiting for a human has moved it.
    """

    TYPE: ClassVar[str] = "round.started"
    OWNER: ClassVar[Service] = "orchestrator"
    SSE: ClassVar[str | None] = "round_started"

    round_number: Round
    purpose: Purpose
    speakers: tuple[int, ...]
    deadline_at: datetime
    steps: tuple[StepDeadline, ...] = ()
    panel_deadline_at: datetime | None = None

    def identity(self) -> tuple[object, ...]:
        return (self.round_number,)


class RoundQuorum(Data):
    """How many seats had to answer, and how many did, of those planned."""

    needed: int
    answered: int
    seats: int
    met: bool


class RoundCompleted(Event):
    """A round is closed: whatever answers later is kept and paid for, but neither shown nor counted."""

    TYPE: ClassVar[str] = "round.completed"
    OWNER: ClassVar[Service] = "orchestrator"
    SSE: ClassVar[str | None] = "round_completed"

    round_number: Round
    answered: tuple[int, ...]
    missing: tuple[int, ...]
    quorum: RoundQuorum

    def identity(self) -> tuple[object, ...]:
        return (self.round_number,)
