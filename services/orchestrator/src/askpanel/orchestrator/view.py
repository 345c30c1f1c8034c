"""What a protocol may ask about its panel: a read-only view of the folded state, in the field's terms.

A ballot is an answer that an expert gave as itself (not for an assigned side) to a purpose that votes.
It counts when its seat is in `round.completed.answered`, the authoritative list.
"""

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar
from uuid import UUID

from askpanel.contracts.blocks import Purpose, Role
from askpanel.contracts.configuration import NO_CONSENSUS, Configuration
from askpanel.contracts.events import (
    ConsensusCalculated,
    ExpertRequested,
    ExpertResponded,
    PanelDeadlinePassed,
    Seat,
    StopReason,
)
from askpanel.orchestrator.anonymity import Blanking, drawn, labels
from askpanel.orchestrator.schedule import CHAIR_STEP, FINAL, panel_deadline
from askpanel.orchestrator.state import PanelState, step_key

T = TypeVar("T")

BALLOT_PURPOSES: frozenset[Purpose] = frozenset({"opening", "view", "answer", "ballot", "rating"})

JUDGE = Seat(agent_id="judge", name="Judge", role="judge")
CHAIR = Seat(agent_id="chair", name="Chair", role="chair")
"""The built-in seats, taken where the panel has none of its own. Never experts, never counted."""

TIME_UP = PanelDeadlinePassed(purpose="panel")
GRACE_OVER = PanelDeadlinePassed(purpose="panel", step=FINAL)


def is_ballot(role: Role, purpose: Purpose) -> bool:
    """Whether an answer to this request is a ballot; a speech for an assigned side never is."""
    return role == "expert" and purpose in BALLOT_PURPOSES


def quorum_needed(seats: int) -> int:
    """At least half of the expert seats planned, rounded up, never fewer than two."""
    return max(2, (seats + 1) // 2)


@dataclass(frozen=True)
class View:
    """A panel as its protocol sees it. `at` is the moment of the decision, never before its last input."""

    state: PanelState
    at: datetime

    @property
    def panel_id(self) -> UUID:
        """The seed of every draw."""
        return self.state.panel.panel_id

    @property
    def configuration(self) -> Configuration:
        """As frozen in `panel.created`."""
        return self.state.configuration

    @cached_property
    def experts(self) -> tuple[int, ...]:
        """The voting seats, in seat order."""
        return tuple(seat for seat, who in enumerate(self.state.created.agents) if who.role == "expert")

    @cached_property
    def labels(self) -> dict[int, str]:
        """Each expert's label, for the whole panel."""
        return dict(labels(self.panel_id, self.experts))

    @cached_property
    def _blanking(self) -> Blanking:
        agents = self.state.created.agents
        untitled = (re.sub(r"^(\S+\.\s+)+", "", agent.name) for agent in agents)
        return Blanking([*(a.agent_id for a in agents), *(a.name for a in agents), *untitled])

    def blank(self, text: str) -> str:
        """The text without agent names (with and without "Dr.") and ids."""
        return self.once(("blank", text), lambda: self._blanking(text))

    def draw(self, *draw: object, of: tuple[int, ...]) -> tuple[int, ...]:
        """Seats in an order drawn for this panel."""
        return drawn(self.panel_id, draw, of)

    def seat(self, number: int) -> Seat:
        """Who sits there: of `panel.created`, or built in (the judge, then the chair)."""
        agents = self.state.created.agents
        return agents[number] if number < len(agents) else (JUDGE, CHAIR)[number - len(agents)]

    def role_seat(self, role: Role) -> int | None:
        """The seat of the moderator or judge that the panel was given."""
        given = (seat for seat, who in enumerate(self.state.created.agents) if who.role == role)
        return next(given, None)

    @property
    def judge(self) -> int:
        """The judge's seat: the panel's own (its moderator), else the built-in one."""
        own = (seat for role in ("judge", "moderator") if (seat := self.role_seat(role)) is not None)
        return next(own, len(self.state.created.agents))

    @property
    def chair(self) -> int:
        """The seat of the built-in chair."""
        return len(self.state.created.agents) + 1

    @cached_property
    def _made(self) -> dict[Hashable, Any]:
        return {}

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` makes, made once per view: the same block goes to many readers."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    # ---------------------------------------------------------------------------- what was said

    @cached_property
    def _ballots(self) -> dict[tuple[int, int], ExpertResponded]:
        given: dict[tuple[int, int], ExpertResponded] = {}
        for key, answer in self.state.answers.items():
            number, _, seat, purpose = key
            closed = self.state.completed.get(number)
            in_time = closed is None or seat in closed.answered
            if in_time and is_ballot(self.state.requested[key].role, purpose):
                given[number, seat] = answer
        return given

    def ballot(self, seat: int, number: int) -> ExpertResponded | None:
        """The seat's ballot in this round, if it counts."""
        return self._ballots.get((number, seat))

    def last_ballot(self, seat: int, number: int) -> ExpertResponded | None:
        """The seat's last ballot up to and including this round."""
        for earlier in range(number, 0, -1):
            given = self._ballots.get((earlier, seat))
            if given is not None:
                return given
        return None

    def ballots(self, number: int) -> dict[int, ExpertResponded]:
        """Every ballot of the round by seat, in seat order."""
        found = ((seat, self.ballot(seat, number)) for seat in self.experts)
        return {seat: given for seat, given in found if given is not None}

    def carried(self, number: int) -> dict[int, ExpertResponded]:
        """Earlier ballots that stand in for seats without one in this round, by seat.

        Ratings and stances do not stand in for each other.
        """
        rating = any(given.purpose == "rating" for given in self.ballots(number).values())
        return {
            seat: given
            for seat in self.experts
            if self.ballot(seat, number) is None
            and (given := self.last_ballot(seat, number)) is not None
            and (given.purpose == "rating") == rating
        }

    @cached_property
    def members(self) -> tuple[int, ...]:
        """The seats that answered round 1: who failed there is not asked again."""
        return tuple(seat for seat in self.experts if self.ballot(seat, 1) is not None)

    def said(self, number: int, step: str, seat: int, purpose: Purpose) -> ExpertResponded | None:
        """What a seat answered in one step, in time."""
        return self.state.answers.get((number, step, seat, purpose))

    def asked(self, number: int, step: str) -> tuple[ExpertRequested, ...]:
        """The requests of a step, in the order they were made."""
        wanted = self.state.requested.values()
        return tuple(request for request in wanted if (request.round_number, request.step) == (number, step))

    def is_closed(self, number: int, step: str) -> bool:
        """Whether nobody can answer this step any more, or everybody has."""
        if number in self.state.completed or self.has_passed(number, step):
            return True
        asked = self.asked(number, step)
        return bool(asked) and all(self.state.is_done(step_key(request)) for request in asked)

    def has_passed(self, number: int, step: str | None = None) -> bool:
        """Whether the deadline of this round, or of this step or a later one of it, is on the log."""
        begun = self.state.rounds.get(number)
        steps = [] if begun is None else [planned.step for planned in begun.steps]
        later = steps[steps.index(step) :] if step in steps else [step]
        return any(self._has_passed(number, due) for due in (None, *later))

    @property
    def chair_has_passed(self) -> bool:
        """Whether the chair's own deadline is on the log: it speaks after its round, however that closed."""
        return self._has_passed(self.concluded, CHAIR_STEP)

    def _has_passed(self, number: int, step: str | None) -> bool:
        return self.state.has_passed(PanelDeadlinePassed(purpose="round", round_number=number, step=step))

    # ---------------------------------------------------------------------------- how it stands

    @cached_property
    def concluded(self) -> int:
        """The last round that has a result: a consensus with a quorum, or answers alone; 0 when none has."""
        if self.configuration.method == NO_CONSENSUS:
            return max((n for n, closed in self.state.completed.items() if closed.quorum.met), default=0)
        return max((n for n, found in self.state.consensus.items() if has_result(found)), default=0)

    @property
    def result(self) -> ConsensusCalculated | None:
        """The last consensus that has a quorum."""
        return self.state.consensus.get(self.concluded)

    @cached_property
    def over(self) -> StopReason | None:
        """Why nothing more may be asked: the time is up, or the budget is used up."""
        if self.state.has_passed(TIME_UP) or self.grace_is_over:
            return "deadline_passed"
        return "budget_exceeded" if self.state.budget is not None else None

    @property
    def time_is_up(self) -> bool:
        """Whether the panel's deadline has passed and no alarm has told it yet. A clock says so, not the log."""
        return not self.state.has_passed(TIME_UP) and self.at >= panel_deadline(self.state)

    @property
    def grace_is_over(self) -> bool:
        """Whether even a consensus under way is waited for no longer."""
        return self.state.has_passed(GRACE_OVER)


def has_result(consensus: ConsensusCalculated) -> bool:
    """False when the consensus service found no quorum of readable ballots."""
    return consensus.quorum.met and consensus.band != "none"
