"""The words a protocol is written in: rows of its table, and what follows a closed round.

A protocol is two pure functions. `rows` is its table: who is asked in a round, step by step, and what
they see. `after` says what follows a round that has closed and, where it holds ballots, been counted.
Everything else (quorum, deadlines, budget, carrying, cancelling, the one ending) is the decider's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from askpanel.contracts.blocks import Purpose, ResponseType, Role
from askpanel.contracts.events import (
    Answered,
    ExpertResponded,
    PanelFailureReason,
    PanelType,
    StopReason,
)
from askpanel.orchestrator.view import View, is_ballot
from askpanel.orchestrator.visibility import Blocks


def nobody(_seat: int) -> tuple[Answered, ...]:
    """A step that speaks to nobody in particular."""
    return ()


def answered(*said: ExpertResponded | None) -> tuple[Answered, ...]:
    """These responses as what a step speaks to; those that never came are left out."""
    return tuple(Answered(response_id=one.response_id, seat=one.seat) for one in said if one is not None)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a protocol's table. Rows of one `step` are asked together; steps follow one another.

    `who` are seats in the order they are asked; for a step not yet reached it may still change. `sees`
    makes the blocks for one seat, once that seat is asked; `answers` names the responses it speaks to,
    for those who watch.
    """

    step: str
    who: tuple[int, ...]
    sees: Callable[[int], Blocks]
    purpose: Purpose
    response_type: ResponseType
    role: Role = "expert"
    answers: Callable[[int], tuple[Answered, ...]] = nobody

    @property
    def ballot(self) -> bool:
        """Whether the answers are ballots."""
        return is_ballot(self.role, self.purpose)


@dataclass(frozen=True, slots=True)
class NextRound:
    """Another round follows, if time and budget allow."""


@dataclass(frozen=True, slots=True)
class Finish:
    """The panel completes with the last consensus."""

    reason: StopReason


@dataclass(frozen=True, slots=True)
class Fail:
    """The panel ends without a result."""

    reason: PanelFailureReason
    detail: str


@dataclass(frozen=True, slots=True)
class AskHuman:
    """The panel waits for a human, after the last concluded round."""

    kind: Literal["input", "ratify"]
    question: str
    actions: tuple[Literal["answer", "approve", "modify", "veto"], ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until the human answers or the deadline passes."""


Next = NextRound | Finish | Fail | AskHuman | Wait


def configured_method(view: View, _number: int) -> str:
    """The same method in every round, as configured."""
    return view.configuration.method


def this_round(number: int) -> range:
    """The ballots of the round itself."""
    return range(number, number + 1)


def answers_alone(_view: View, _number: int) -> Next:
    """Without consensus a panel is one round of answers."""
    return Finish("max_rounds")


def never(_view: View, _number: int) -> None:
    """Nothing halts a round."""


def no_notes(_view: View, _number: int) -> tuple[str, ...]:
    """Nothing beside missing, carried and cut."""
    return ()


def by_first_row(_number: int) -> None:
    """A round is announced by the purpose of its first row."""


@dataclass(frozen=True, slots=True)
class PanelProtocol:
    """One of the six. Limits and defaults stand in `askpanel.contracts.configuration.PROTOCOLS`.

    `rows`            the table's rows of a round, in order
    `after`           what follows a round: closed, with a quorum and, where it has ballots, a consensus
    `announced`       a round's purpose as announced; None: that of its first row
    `method`          the consensus method for a round's ballots
    `counted_rounds`  the rounds whose ballots a round's consensus is over, besides carried ones
    `uncounted`       what follows a round whose ballots are not counted: the tenant has no consensus
    `halted`          why a round cannot go on after a step that has closed: it then misses its quorum
    `notes`           what else makes a closed round's result degraded, as sentences
    """

    name: PanelType
    rows: Callable[[View, int], tuple[Row, ...]]
    after: Callable[[View, int], Next]
    announced: Callable[[int], Purpose | None] = by_first_row
    method: Callable[[View, int], str] = configured_method
    counted_rounds: Callable[[int], range] = this_round
    uncounted: Callable[[View, int], Next] = answers_alone
    halted: Callable[[View, int], str | None] = never
    notes: Callable[[View, int], tuple[str, ...]] = no_notes
