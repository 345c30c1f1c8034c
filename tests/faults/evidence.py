"""What a verdict rests on, as plain values: the log, acknowledged commands, streams, model calls, rows.

Readers for real processes are in `readers`; the simulation and the tests build these values directly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.subjects import PanelRef

Invariant = Literal["I1", "I2", "I3", "I4", "I5", "I6", "bug"]
"""The promises, and `bug`: an error that nobody foresaw, whatever became of it."""

Tables = Mapping[str, Mapping[UUID, Mapping[str, Any]]]
"""Rows by table and id, as JSON values: what `rows.expected` makes of events and `readers.rows` of tables."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command whose success was told to somebody: the event that it promised."""

    panel: PanelRef
    event_id: UUID
    what: str


@dataclass(frozen=True, slots=True)
class Received:
    """One event as a client received it: sequence, public name, its data as text."""

    sequence: int
    name: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Transcript:
    """All that one client received of a panel, across its reconnects. `ended`: it stayed to the end."""

    panel: PanelRef
    received: tuple[Received, ...]
    ended: bool = True


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call as the model's own record has it. `text` is what of the prompt was recorded."""

    panel_id: UUID
    agent_id: str
    round_number: int
    step: str
    seat: int
    purpose: str
    attempt: int
    text: str = ""

    def attempt_key(self) -> tuple[object, ...]:
        """The attempt this call was made for."""
        return (self.round_number, self.step, self.seat, self.purpose, self.attempt)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything known about some panels after they ended. None: not recorded, so not checked.

    `secrets` are strings of one tenant that must never be seen with another.
    """

    events: Sequence[Recorded]
    commands: Sequence[Command] = ()
    transcripts: Sequence[Transcript] = ()
    calls: Sequence[ModelCall] | None = None
    tables: Tables | None = None
    secrets: Mapping[UUID, Sequence[str]] = field(default_factory=dict[UUID, Sequence[str]])


@dataclass(frozen=True, slots=True)
class Allowance:
    """What faults may cost: model calls made once more in all, and how late after its time a panel may end.

    `untold`: kept histories from when an attempt whose process died after its round was never told.
    """

    extra_calls: int = 0
    lateness: timedelta = timedelta(seconds=30)
    untold: bool = False


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken, with what shows it."""

    invariant: Invariant
    panel_id: UUID | None
    what: str

    def __str__(self) -> str:
        return f"{self.invariant} {self.panel_id or '-'}: {self.what}"
