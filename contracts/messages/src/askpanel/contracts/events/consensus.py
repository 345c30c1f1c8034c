"""The count of a round: asked for, and its result."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from askpanel.contracts.events.fact import (
    Band,
    Data,
    Event,
    Level,
    Round,
    Service,
)


class ConsensusRequested(Event):
    """The ballots of a round are to be counted: the listed responses and, if any, the human's."""

    TYPE: ClassVar[str] = "consensus.requested"
    OWNER: ClassVar[Service] = "orchestrator"

    round_number: Round
    method: str
    responses: tuple[UUID, ...]
    carried: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    degraded: tuple[str, ...] = ()
    threshold: Level

    def identity(self) -> tuple[object, ...]:
        return (self.round_number,)


class Quote(Data):
    """Verbatim words of one answer."""

    agent_id: str
    response_id: UUID | None = None
    text: str


class AgreementPoint(Data):
    """A point several voters made; `n` counts distinct ballots behind it."""

    text: str
    supporters: tuple[str, ...]
    quotes: tuple[Quote, ...] = ()
    n: int


class DisagreementPoint(Data):
    """A contested point: which agents stand on which side."""

    text: str
    sides: Mapping[str, tuple[str, ...]]
    quotes: tuple[Quote, ...] = ()


class Dissent(Data):
    """A voter whose position cannot be reconciled with the leading one, in the voter's own words."""

    agent_id: str
    agent_name: str
    opinion: str
    reasoning: str
    confidence: Level | None = None


class Alternative(Data):
    """A position that does not lead."""

    position: str
    text: str
    supporters: tuple[str, ...]
    conditions: tuple[str, ...] = ()
    confidence: Level
    confidence_stated: bool = True


class ConsensusQuorum(Data):
    """As `RoundQuorum`, with how many different models answered."""

    needed: int
    answered: int
    seats: int
    models: int = 1
    met: bool
    reason: str | None = None


class ConsensusCalculated(Event):
    """What the panel agrees on, counted by code from typed answers."""

    TYPE: ClassVar[str] = "consensus.calculated"
    OWNER: ClassVar[Service] = "consensus"
    SSE: ClassVar[str | None] = "consensus_calculated"

    round_number: Round
    method: str
    consensus_level: Level
    band: Band
    threshold: Level
    agreement_points: tuple[AgreementPoint, ...]
    disagreement_points: tuple[DisagreementPoint, ...]
    dissenting_opinions: tuple[Dissent, ...]
    recommendation: str
    alternatives: tuple[Alternative, ...]
    metrics: Mapping[str, Any]
    degraded: tuple[str, ...] = ()
    quorum: ConsensusQuorum
    matrix: tuple[Mapping[str, Any], ...] = ()
    response_ids: tuple[UUID, ...] = ()
    carried: tuple[int, ...] = ()

    def identity(self) -> tuple[object, ...]:
        return (self.round_number,)
