"""A log in memory and everybody who writes on it but the orchestrator, so that panels run as pure values.

`Simulation` appends what `decide` asks for, answers requests with `Cast`, counts ballots like a plain
majority, and fires timers. A test may instead append events itself, in any order.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from askpanel.contracts.answer import Answer, Forecast, Judgement
from askpanel.contracts.blocks import ItemBlock, Option, QuantityBlock
from askpanel.contracts.configuration import PROTOCOLS
from askpanel.contracts.envelope import Recorded, seal
from askpanel.contracts.events import (
    BudgetExceeded,
    ConsensusCalculated,
    ConsensusQuorum,
    ConsensusRequested,
    Event,
    ExpertFailed,
    ExpertRequested,
    ExpertResponded,
    FailureReason,
    HumanRequested,
    HumanResponded,
    PanelCancelRequested,
    PanelCreated,
    PanelType,
    Seat,
    UsageRecorded,
)
from askpanel.contracts.ids import row_id
from askpanel.contracts.subjects import PanelRef
from askpanel.orchestrator.decider import decide
from askpanel.orchestrator.state import PanelState, evolve
from askpanel.orchestrator.timers import Timer, deadline, timers

TENANT = UUID("11111111-1111-4111-8111-111111111111")
PANEL = UUID("22222222-2222-4222-8222-222222222222")
USER = UUID("33333333-3333-4333-8333-333333333333")
REF = PanelRef(TENANT, PANEL)
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def created(
    panel_type: PanelType = "structured",
    experts: int | None = None,
    *,
    configuration: Mapping[str, Any] | None = None,
    options: Iterable[str] = (),
    seats: Iterable[Seat] = (),
) -> PanelCreated:
    """A panel of "Name 0", "Name 1" … with agents "agent-0" …; `seats` are added at the end."""
    count = PROTOCOLS[panel_type].experts if experts is None else experts
    agents = [Seat(agent_id=f"agent-{n}", name=f"Name {n}") for n in range(count)]
    return PanelCreated(
        query="Should we file De Novo?",
        panel_type=panel_type,
        agents=(*agents, *seats),
        configuration=dict(configuration or {}),
        options=tuple(Option(id=text, text=f"Option {text}") for text in options),
        user_id=USER,
        request_hash="",
    )


def answer(request: ExpertRequested, **fields: Any) -> Answer:
    """A plain supporting answer that fits the request; any field can be set."""
    kinds = [block.kind for block in request.context.blocks]
    values: dict[str, Any] = {"position": f"Position of seat {request.seat}", "stance": "support"}
    values["key_points"] = (f"Point of seat {request.seat}", "A shared point")
    if request.purpose == "question":
        values |= {
            "questions": (f"First by {request.seat}?", f"Second by {request.seat}?"),
            "stance": "abstain",
        }
    if request.purpose == "judgement":
        values |= {"judgement": Judgement(strongest_pro="p", strongest_con="c"), "stance": "abstain"}
    if request.role in ("pro", "con"):
        values |= {"stance": "abstain"}
    if request.purpose == "rating":
        values |= {"ratings": (7,) * kinds.count("item") or None}
        if "quantity" in kinds:
            values |= {"forecast": Forecast(value=10.0)}
    return Answer.model_validate(values | fields)


def responded(
    request: ExpertRequested, *, attempt: int = 1, content: str | None = None, **fields: Any
) -> ExpertResponded:
    """The answer of a seat to a request."""
    return ExpertResponded(
        round_number=request.round_number,
        step=request.step,
        seat=request.seat,
        purpose=request.purpose,
        response_id=row_id(PANEL, "panel_responses", *request.identity()),
        agent_id=request.agent_id,
        agent_name=request.agent_name,
        role=request.role,
        response_type=request.response_type,
        content=f"Text of seat {request.seat}, step {request.step}." if content is None else content,
        answer=answer(request, **fields),
        model="scripted",
        execution_time_ms=200,
        attempt=attempt,
    )


def failed(
    request: ExpertRequested, *, attempt: int = 1, reason: FailureReason = "timeout", retryable: bool = False
) -> ExpertFailed:
    """A failed attempt; by default the last."""
    return ExpertFailed(
        round_number=request.round_number,
        step=request.step,
        seat=request.seat,
        purpose=request.purpose,
        agent_id=request.agent_id,
        agent_name=request.agent_name,
        role=request.role,
        model="scripted",
        attempt=attempt,
        reason=reason,
        retryable=retryable,
        execution_time_ms=200,
    )


def calculated(
    request: ConsensusRequested, level: float = 0.5, *, met: bool = True, **fields: Any
) -> ConsensusCalculated:
    """A consensus of this level; any field can be set."""
    values: dict[str, Any] = {
        "round_number": request.round_number,
        "method": request.method,
        "consensus_level": level if met else 0.0,
        "band": "moderate" if met else "none",
        "threshold": request.threshold,
        "agreement_points": (),
        "disagreement_points": (),
        "dissenting_opinions": (),
        "recommendation": f"Recommendation of round {request.round_number}" if met else "Too few ballots.",
        "alternatives": (),
        "metrics": {},
        "degraded": request.degraded,
        "quorum": ConsensusQuorum(needed=2, answered=len(request.responses), seats=5, met=met),
        "response_ids": request.responses,
    }
    return ConsensusCalculated.model_validate(values | fields)


def human(
    request: HumanRequested, action: str, content: str = "", stance: str | None = None
) -> HumanResponded:
    """The human's answer to a checkpoint."""
    return HumanResponded.model_validate(
        {
            "checkpoint_id": request.checkpoint_id,
            "response_id": row_id(PANEL, "panel_responses", "human", request.checkpoint_id),
            "round_number": request.round_number,
            "action": action,
            "content": content,
            "stance": stance,
            "user_id": USER,
            "user_name": "Ada",
        }
    )


def usage(event: ExpertResponded | ExpertFailed, cost: str | None = "0.01") -> UsageRecorded:
    """What an attempt cost."""
    return UsageRecorded(
        round_number=event.round_number,
        step=event.step,
        seat=event.seat,
        attempt=event.attempt,
        user_id=USER,
        agent_id=event.agent_id,
        model=event.model,
        tokens_used=0,
        execution_time_ms=1,
        cost_usd=None if cost is None else Decimal(cost),
        unpriced=cost is None,
        purpose="answer" if isinstance(event, ExpertResponded) else "failed_attempt",
        step_purpose=event.purpose,
    )


CANCEL = PanelCancelRequested(user_id=USER, reason="enough")
BUDGET = BudgetExceeded(scope="panel", limit_usd=Decimal(1), spent_usd=Decimal(1))

Speaker = Callable[[ExpertRequested], Event | None]
Counter = Callable[[ConsensusRequested], Event | None]


@dataclass
class Simulation:
    """One panel's log. Each append takes a second of the panel's time."""

    log: list[Recorded] = field(default_factory=list[Recorded])
    now: datetime = START
    armed: list[Timer] = field(default_factory=list[Timer])
    ids: set[UUID] = field(default_factory=set[UUID])
    folded: PanelState | None = None

    @property
    def events(self) -> list[Event]:
        """What stands on the log."""
        return [recorded.event for recorded in self.log]

    @property
    def state(self) -> PanelState:
        """The log, folded."""
        assert self.folded is not None
        return self.folded

    def append(self, *events: Event) -> "Simulation":
        """Append events as they are; a fact that stands on the log already is not written twice."""
        for event in events:
            recorded = seal(event, REF, time=self.now)
            if recorded.envelope.id not in self.ids:
                self.ids.add(recorded.envelope.id)
                self.log.append(recorded.at(len(self.log) + 1))
                self.folded = evolve(self.folded, self.log[-1])
                self.now += SECOND
        return self

    def decide(self) -> list[Event]:
        """Append what the decider wants, and return it."""
        events = decide(self.state, self.now).events
        for event in events:
            self.armed += timers(event, self.state, self.now)
        self.append(*events)
        return list(events)

    def give(self, *events: Event) -> list[Event]:
        """Append inputs, decide after each, and return all that was decided."""
        decided: list[Event] = []
        for event in events:
            self.append(event)
            decided += self.decide()
        return decided

    def fire(self, key: str) -> list[Event]:
        """Let the timer with this key go off; the clock moves on to it."""
        timer = next(timer for timer in reversed(self.armed) if timer.purpose_key == key)
        self.now = max(self.now, timer.at)
        passed = deadline(self.state, timer.purpose, timer.round_number, timer.checkpoint_id, timer.step)
        if passed is None:
            return []
        self.armed += timers(passed, self.state, self.now)
        return self.give(passed)

    def run(self, speak: Speaker | None = None, count: Counter | None = None) -> "Simulation":
        """Play everybody until nobody has anything to say. None from a player is silence."""
        speak = speak or responded
        count = count or calculated
        handled: set[UUID] = set()
        while True:
            self.decide()
            open_ = [r for r in self.log if r.envelope.id not in handled]
            handled |= {recorded.envelope.id for recorded in open_}
            answers = [
                speak(event) if isinstance(event, ExpertRequested) else count(event)
                for event in (recorded.event for recorded in open_)
                if isinstance(event, ExpertRequested | ConsensusRequested)
            ]
            if not answers:
                return self
            self.give(*(event for event in answers if event is not None))

    # -------------------------------------------------------------------------------- reading

    def of(self, kind: type[Event]) -> list[Any]:
        """The events of one type, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def ending(self) -> Any:
        """The one ending; None while the panel runs."""
        endings = [event for event in self.events if event.TYPE in ("panel.completed", "panel.failed")]
        assert len(endings) <= 1
        return endings[0] if endings else None

    def requests(self, step: str, number: int | None = None) -> list[ExpertRequested]:
        """The requests of one step."""
        return [
            event
            for event in self.of(ExpertRequested)
            if event.step == step and number in (None, event.round_number)
        ]

    def request(self, step: str, seat: int) -> ExpertRequested:
        """The request of one seat in one step."""
        return next(request for request in self.requests(step) if request.seat == seat)


def begin(event: PanelCreated) -> Simulation:
    """A panel that has been created and decided upon once."""
    simulation = Simulation().append(event)
    simulation.decide()
    return simulation


def shape(events: Iterable[Event]) -> list[str]:
    """Events in short: type and what tells it apart, for given/when/then tables."""
    return [_short(event) for event in events]


def _short(event: Event) -> str:
    match event:
        case ExpertRequested():
            return f"ask {event.step} {event.role} {event.purpose} {event.seat}"
        case ConsensusRequested():
            return f"count {event.round_number}"
        case HumanRequested():
            return f"human {event.round_number} {event.kind}"
        case _:
            details = [
                str(getattr(event, name))
                for name in ("round_number", "stop_reason", "reason")
                if getattr(event, name, None) is not None
            ]
            return " ".join([event.TYPE, *details])


def kinds(request: ExpertRequested) -> list[str]:
    """The kinds of the blocks, in order."""
    return [block.kind for block in request.context.blocks]


def items(request: ExpertRequested) -> list[ItemBlock | QuantityBlock]:
    """What a rater is to rate."""
    return [block for block in request.context.blocks if isinstance(block, ItemBlock | QuantityBlock)]
