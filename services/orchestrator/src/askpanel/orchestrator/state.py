"""What the log says about one panel so far: a fold of its events, nothing else.

`evolve` is idempotent (a fact already known changes nothing) and final (what comes after the end changes
nothing). `expert.started` is ignored: no decision rests on it. Of what a request shows its seat only the items to
rate are kept: the rest is the evidence, again in each request, and no decision reads it. Everything is kept by the identity of the
fact, so two facts never overwrite each other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, cast, overload
from uuid import UUID

from askpanel.contracts import configuration
from askpanel.contracts.blocks import Context, ItemBlock, Purpose
from askpanel.contracts.configuration import Configuration
from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import (
    BudgetExceeded,
    ConsensusCalculated,
    ConsensusRequested,
    Event,
    ExpertFailed,
    ExpertRequested,
    ExpertResponded,
    ExpertStarted,
    HumanRequested,
    HumanResponded,
    PanelCancelRequested,
    PanelCompleted,
    PanelCreated,
    PanelDeadlinePassed,
    PanelFailed,
    PanelStarted,
    RoundCompleted,
    RoundStarted,
    Step,
    UsageRecorded,
)
from askpanel.contracts.subjects import PanelRef

StepKey = tuple[int, str, int, Purpose]
"""Round, step, seat, purpose: one paid step."""

AttemptKey = tuple[int, str, int, Purpose, int]

NOTHING = Context()


@dataclass(frozen=True)
class PanelState:
    """One panel as folded from its events.

    `at` is the time of the last input (whatever the orchestrator did not decide itself), so it does not
    depend on how far a decision was written. `answers` and `failures` hold what came in time: before the
    round closed, and before a later step of the round had begun. `failures` is the last failed attempt.
    `cut` are rounds that closed while a seat could still have answered. `waits` are the times when a
    human was asked, and when the wait ended. `attempts` are those that have told their outcome, in time or not; `costs`
    has one entry per recorded attempt.
    """

    panel: PanelRef
    created: PanelCreated
    created_at: datetime
    configuration: Configuration
    at: datetime
    started: PanelStarted | None = None
    rounds: Mapping[int, RoundStarted] = field(default_factory=dict[int, RoundStarted])
    steps: Mapping[int, str] = field(default_factory=dict[int, str])
    completed: Mapping[int, RoundCompleted] = field(default_factory=dict[int, RoundCompleted])
    cut: frozenset[int] = frozenset()
    requested: Mapping[StepKey, ExpertRequested] = field(default_factory=dict[StepKey, ExpertRequested])
    answers: Mapping[StepKey, ExpertResponded] = field(default_factory=dict[StepKey, ExpertResponded])
    failures: Mapping[StepKey, ExpertFailed] = field(default_factory=dict[StepKey, ExpertFailed])
    counting: Mapping[int, ConsensusRequested] = field(default_factory=dict[int, ConsensusRequested])
    consensus: Mapping[int, ConsensusCalculated] = field(default_factory=dict[int, ConsensusCalculated])
    checkpoints: Mapping[UUID, HumanRequested] = field(default_factory=dict[UUID, HumanRequested])
    human: Mapping[UUID, HumanResponded] = field(default_factory=dict[UUID, HumanResponded])
    waits: Mapping[UUID, tuple[datetime, datetime | None]] = field(
        default_factory=dict[UUID, tuple[datetime, datetime | None]]
    )
    passed: frozenset[tuple[object, ...]] = frozenset()
    cancelled: PanelCancelRequested | None = None
    budget: BudgetExceeded | None = None
    attempts: frozenset[AttemptKey] = frozenset()
    costs: Mapping[tuple[object, ...], Decimal | None] = field(
        default_factory=dict[tuple[object, ...], Decimal | None]
    )
    ending: PanelCompleted | PanelFailed | None = None

    @property
    def round_number(self) -> int:
        """The last round begun; 0 before the first."""
        return max(self.rounds, default=0)

    def has_passed(self, deadline: PanelDeadlinePassed) -> bool:
        """Whether this deadline is on the log already."""
        return deadline.identity() in self.passed

    def awaits(self, checkpoint: UUID) -> bool:
        """Whether a human has been asked and neither answered nor let the deadline pass."""
        wait = self.waits.get(checkpoint)
        return wait is not None and wait[1] is None

    def is_done(self, key: StepKey) -> bool:
        """Whether a seat has answered or finally failed: not retryable, or the last attempt."""
        failure = self.failures.get(key)
        if key in self.answers or failure is None:
            return key in self.answers
        return not failure.retryable or failure.attempt >= self.requested[key].attempt_limit

    def in_flight(self) -> int:
        """Steps whose model may be at work: not done, and no later outcome has been told, not even too late."""
        told: dict[StepKey, int] = {}
        for *step, attempt in self.attempts:
            key = cast("StepKey", tuple(step))
            told[key] = max(attempt, told.get(key, 0))
        return sum(
            not self.is_done(key)
            and told.get(key, 0) == (self.failures[key].attempt if key in self.failures else 0)
            for key in self.requested
        )


def step_key(step: Step) -> StepKey:
    """Which paid step a request, answer or failure belongs to."""
    return (step.round_number, step.step, step.seat, step.purpose)


def fold(events: Iterable[Recorded]) -> PanelState | None:
    """The panel after these events; None while nobody created it."""
    state: PanelState | None = None
    for recorded in events:
        state = evolve(state, recorded)
    return state


@overload
def evolve(state: PanelState, recorded: Recorded) -> PanelState: ...
@overload
def evolve(state: PanelState | None, recorded: Recorded) -> PanelState | None: ...
def evolve(state: PanelState | None, recorded: Recorded) -> PanelState | None:
    """The state after one more event of the log."""
    event, time = recorded.event, recorded.envelope.time
    if state is not None:
        return apply(state, event, time)
    if not isinstance(event, PanelCreated):
        return None
    return PanelState(
        panel=recorded.envelope.panel,
        created=event,
        created_at=time,
        configuration=configuration.read(event.panel_type, event.configuration),
        at=time,
    )


def apply(state: PanelState, event: Event, time: datetime) -> PanelState:
    """`evolve` for an event that may not have its envelope yet."""
    if state.ending is not None or isinstance(event, PanelCreated | ExpertStarted):
        return state
    decided = event.OWNER == "orchestrator" and not isinstance(event, PanelDeadlinePassed)
    if not decided and time > state.at:
        state = _with(state, at=time)
    if isinstance(event, Step):
        return _expert(state, event)
    return _panel(state, event, time)


def _with(state: PanelState, **changes: Any) -> PanelState:
    """`dataclasses.replace` without the constructor: a tenth of its time, once or twice per event."""
    changed = object.__new__(PanelState)
    changed.__dict__.update(state.__dict__, **changes)
    return changed


def _panel(state: PanelState, event: Event, time: datetime) -> PanelState:
    match event:
        case PanelStarted() if state.started is None:
            return _with(state, started=event)
        case PanelCancelRequested() if state.cancelled is None:
            return _with(state, cancelled=event)
        case PanelDeadlinePassed():
            return _deadline_passed(state, event, time)
        case PanelCompleted() | PanelFailed():
            return _with(state, ending=event)
        case RoundStarted(round_number=number) if number not in state.rounds:
            return _with(state, rounds={**state.rounds, number: event})
        case RoundCompleted(round_number=number) if number not in state.completed:
            return _round_completed(state, event)
        case ConsensusRequested(round_number=number) if number not in state.counting:
            return _with(state, counting={**state.counting, number: event})
        case ConsensusCalculated(round_number=number) if number not in state.consensus:
            return _with(state, consensus={**state.consensus, number: event})
        case HumanRequested(checkpoint_id=checkpoint) if checkpoint not in state.checkpoints:
            checkpoints = {**state.checkpoints, checkpoint: event}
            return _with(state, checkpoints=checkpoints, waits={**state.waits, checkpoint: (time, None)})
        case HumanResponded(checkpoint_id=checkpoint) if state.awaits(checkpoint):
            state = _with(state, human={**state.human, checkpoint: event})
            return _wait_ended(state, checkpoint, time)
        case UsageRecorded() if event.identity() not in state.costs:
            return _with(state, costs={**state.costs, event.identity(): event.cost_usd})
        case BudgetExceeded() if state.budget is None:
            return _with(state, budget=event)
        case _:
            return state


def _expert(state: PanelState, event: Step) -> PanelState:
    key = step_key(event)
    match event:
        case ExpertRequested() if key not in state.requested:
            steps = {**state.steps, event.round_number: event.step}
            return _with(state, requested={**state.requested, key: _kept(event)}, steps=steps)
        case ExpertResponded() if key in state.requested:
            state = _with(state, attempts=state.attempts | {(*key, event.attempt)})
            if key in state.answers or not _in_time(state, key):
                return state
            return _with(state, answers={**state.answers, key: event})
        case ExpertFailed() if key in state.requested:
            state = _with(state, attempts=state.attempts | {(*key, event.attempt)})
            known = state.failures.get(key)
            if not _in_time(state, key) or (known is not None and known.attempt >= event.attempt):
                return state
            return _with(state, failures={**state.failures, key: event})
        case _:
            return state


def _kept(request: ExpertRequested) -> ExpertRequested:
    items = tuple(block for block in request.context.blocks if isinstance(block, ItemBlock))
    return request.model_copy(update={"context": Context(blocks=items) if items else NOTHING})


def _in_time(state: PanelState, key: StepKey) -> bool:
    """Whether the log still waits for this step: its round is open and no later step has begun.

    The chair speaks after the last round has closed, until the panel ends.
    """
    number, step, _, purpose = key
    return purpose == "synthesis" or (number not in state.completed and state.steps.get(number) == step)


def _round_completed(state: PanelState, event: RoundCompleted) -> PanelState:
    number = event.round_number
    waiting = any(key[0] == number and not state.is_done(key) for key in state.requested)
    cut = state.cut | {number} if waiting else state.cut
    return _with(state, completed={**state.completed, number: event}, cut=cut)


def _deadline_passed(state: PanelState, event: PanelDeadlinePassed, time: datetime) -> PanelState:
    if event.purpose == "human" and event.checkpoint_id is not None:
        if not state.awaits(event.checkpoint_id):
            return state
        state = _wait_ended(state, event.checkpoint_id, time)
    return _with(state, passed=state.passed | {event.identity()})


def _wait_ended(state: PanelState, checkpoint: UUID, time: datetime) -> PanelState:
    begun, _ = state.waits[checkpoint]
    return _with(state, waits={**state.waits, checkpoint: (begun, max(begun, time))})
