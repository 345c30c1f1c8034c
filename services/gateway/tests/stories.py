"""Panels as they stand on the log, told event by event for the read model's tests."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from askpanel.contracts.answer import Answer, KeyPoint
from askpanel.contracts.blocks import Context, Option, QuestionBlock
from askpanel.contracts.envelope import Recorded, seal
from askpanel.contracts.events import (
    AgreementPoint,
    Alternative,
    ConsensusCalculated,
    ConsensusQuorum,
    ConsensusRequested,
    DisagreementPoint,
    Dissent,
    Event,
    Evidence,
    ExpertFailed,
    ExpertRequested,
    ExpertResponded,
    ExpertStarted,
    PanelCompleted,
    PanelCreated,
    PanelStarted,
    Parent,
    Plan,
    Quote,
    RoundCompleted,
    RoundQuorum,
    RoundStarted,
    Seat,
    TokenUsage,
    UsageRecorded,
)
from askpanel.contracts.ids import row_id
from askpanel.contracts.subjects import PanelRef
from askpanel.local.demo import TENANTS

ACME, GLOBEX = TENANTS
MEMBER = ACME.user("member").id
START = datetime(2026, 11, 22, 9, 30, 0, 123456, tzinfo=UTC)
MODEL = "openai:gpt-5-mini"


@dataclass(slots=True)
class Story:
    """One panel's events, each a second after the one before; `add` returns what it added."""

    name: str = "story"
    tenant_id: UUID = ACME.id
    user_id: UUID = MEMBER
    start: datetime = START
    events: list[Recorded] = field(default_factory=list[Recorded])

    @property
    def ref(self) -> PanelRef:
        return PanelRef(self.tenant_id, uuid5(self.tenant_id, self.name))

    def add(self, event: Event) -> Recorded:
        time = self.start + timedelta(seconds=len(self.events))
        recorded = seal(event, self.ref, time=time, user_id=self.user_id)
        self.events.append(recorded)
        return recorded

    def response_id(self, seat: int, round_number: int = 1) -> UUID:
        return row_id(self.ref.panel_id, "panel_responses", round_number, "1", seat, "opening")

    def created(self, seats: int = 3, parent: UUID | None = None, **changes: Any) -> Recorded:
        event = PanelCreated(
            query="Should we ship the new dosing table? 'Quotes', \\u0000 in letters and ümläuts.",
            panel_type="structured",
            agents=tuple(Seat(agent_id=f"expert-{n}", name=f"Expert {n}") for n in range(seats)),
            configuration={"max_rounds": 2, "consensus_threshold": 0.7, "max_cost_usd": "1.00"},
            options=(Option(id="a", text="Ship"), Option(id="b", text="Wait")),
            evidence=(Evidence(id="e1", title="Trial", text="A long trial report. " * 40),),
            parent=Parent(panel_id=parent, query="Before", recommendation="Wait") if parent else None,
            user_id=self.user_id,
            request_hash="hash",
        )
        return self.add(event.model_copy(update=changes))

    def started(self) -> Recorded:
        plan = Plan(rounds=2, seats=3, threshold=0.7, deadline_at=self.start + timedelta(minutes=15))
        return self.add(PanelStarted(protocol="structured", plan=plan))

    def round_started(self, round_number: int = 1, seats: int = 3) -> Recorded:
        deadline = self.start + timedelta(minutes=5)
        return self.add(
            RoundStarted(
                round_number=round_number,
                purpose="opening",
                speakers=tuple(range(seats)),
                deadline_at=deadline,
            )
        )

    def requested(self, seat: int, round_number: int = 1) -> Recorded:
        return self.add(
            ExpertRequested(
                round_number=round_number,
                step="1",
                seat=seat,
                purpose="opening",
                agent_id=f"expert-{seat}",
                agent_name=f"Expert {seat}",
                role="expert",
                response_type="analysis",
                context=Context(blocks=(QuestionBlock(text="Should we?"),)),
                attempt_limit=3,
                deadline_at=self.start + timedelta(minutes=5),
            )
        )

    def speaking(self, seat: int, attempt: int = 1, round_number: int = 1) -> Recorded:
        return self.add(
            ExpertStarted(
                round_number=round_number,
                step="1",
                seat=seat,
                purpose="opening",
                agent_id=f"expert-{seat}",
                agent_name=f"Expert {seat}",
                model=MODEL,
                attempt=attempt,
            )
        )

    def responded(self, seat: int, round_number: int = 1, **changes: Any) -> Recorded:
        answer = Answer(
            position="Ship it",
            stance="support" if seat != 1 else "oppose",
            option="a",
            key_points=("It is safer.", KeyPoint(text="It is tested.", dimension="safety")),
            conditions=("Train the staff",),
            confidence=0.8125,
            citations=("e1", "unknown"),
        )
        event = ExpertResponded(
            round_number=round_number,
            step="1",
            seat=seat,
            purpose="opening",
            response_id=self.response_id(seat, round_number),
            agent_id=f"expert-{seat}",
            agent_name=f"Expert {seat}",
            response_type="analysis",
            content=f"Seat {seat} says: ship it — “carefully”.",
            answer=answer,
            model=MODEL,
            usage=TokenUsage(input_tokens=400, output_tokens=120),
            execution_time_ms=900,
            attempt=1,
        )
        return self.add(event.model_copy(update=changes))

    def attempt_failed(self, seat: int, attempt: int = 1) -> Recorded:
        return self.add(
            ExpertFailed(
                round_number=1,
                step="1",
                seat=seat,
                purpose="opening",
                agent_id=f"expert-{seat}",
                agent_name=f"Expert {seat}",
                model=MODEL,
                attempt=attempt,
                reason="timeout",
                detail="no answer within 30 s",
                retryable=True,
                execution_time_ms=30_000,
            )
        )

    def used(self, seat: int, round_number: int = 1, attempt: int = 1, **changes: Any) -> Recorded:
        event = UsageRecorded(
            round_number=round_number,
            step="1",
            seat=seat,
            attempt=attempt,
            response_id=self.response_id(seat, round_number),
            user_id=self.user_id,
            agent_id=f"expert-{seat}",
            model=MODEL,
            input_tokens=400,
            output_tokens=120,
            tokens_used=520,
            execution_time_ms=900,
            cost_usd=Decimal("0.00001234"),
            unpriced=False,
            prices="genai-prices 0.2.3",
            purpose="answer",
            step_purpose="opening",
        )
        return self.add(event.model_copy(update=changes))

    def round_completed(self, round_number: int = 1, answered: Sequence[int] = (0, 1, 2)) -> Recorded:
        quorum = RoundQuorum(needed=2, answered=len(answered), seats=3, met=True)
        return self.add(
            RoundCompleted(round_number=round_number, answered=tuple(answered), missing=(), quorum=quorum)
        )

    def counting(self, round_number: int = 1) -> Recorded:
        responses = tuple(self.response_id(seat, round_number) for seat in range(3))
        return self.add(
            ConsensusRequested(
                round_number=round_number, method="majority", responses=responses, threshold=0.7
            )
        )

    def calculated(self, round_number: int = 1, **changes: Any) -> Recorded:
        quote = Quote(agent_id="expert-0", response_id=self.response_id(0, round_number), text="ship it")
        event = ConsensusCalculated(
            round_number=round_number,
            method="majority",
            consensus_level=0.6667,
            band="moderate",
            threshold=0.7,
            agreement_points=(
                AgreementPoint(
                    text="It is safer.", supporters=("expert-0", "expert-2"), quotes=(quote,), n=2
                ),
            ),
            disagreement_points=(
                DisagreementPoint(
                    text="Whether to ship",
                    sides={"support": ("expert-0", "expert-2"), "oppose": ("expert-1",)},
                ),
            ),
            dissenting_opinions=(
                Dissent(agent_id="expert-1", agent_name="Expert 1", opinion="Wait", reasoning="Untested."),
            ),
            recommendation="Two of three support: “Ship it”.",
            alternatives=(
                Alternative(position="oppose", text="Wait", supporters=("expert-1",), confidence=0.5),
            ),
            metrics={"percent_agreement": 0.6667, "n_eff": 1.81, "entropy": None},
            quorum=ConsensusQuorum(needed=2, answered=3, seats=3, models=1, met=True),
            response_ids=tuple(self.response_id(seat, round_number) for seat in range(3)),
        )
        return self.add(event.model_copy(update=changes))

    def completed(self, **changes: Any) -> Recorded:
        event = PanelCompleted(
            rounds=1,
            consensus_level=0.6667,
            recommendation="Two of three support: “Ship it”.",
            stop_reason="max_rounds",
            degraded=("seat 1 needed a second attempt",),
            cost_usd=Decimal("0.0001"),
            duration_ms=12_000,
        )
        return self.add(event.model_copy(update=changes))

    def whole(self, parent: UUID | None = None) -> "Story":
        """A panel of three from question to result; one attempt fails, one answer and two bills are late."""
        self.created(parent=parent)
        self.started()
        self.round_started()
        for seat in range(3):
            self.requested(seat)
            self.speaking(seat)
        self.responded(0)
        self.used(0)
        self.attempt_failed(1)
        self.speaking(1, attempt=2)
        self.responded(1, attempt=2)
        self.round_completed(answered=(0, 1))
        self.responded(2)
        self.counting()
        self.calculated()
        self.completed()
        self.used(1, attempt=2)
        self.used(2, cost_usd=None, unpriced=True)
        return self


def numbered(events: Iterable[Recorded], first: int = 1) -> list[Recorded]:
    """The events as the log would have them, from this sequence on."""
    return [recorded.at(sequence) for sequence, recorded in enumerate(events, first)]


def interleaved(stories: Sequence[Story], seed: int = 0) -> list[Recorded]:
    """Several panels on one log: mixed, each in its own order."""
    chance = random.Random(seed)
    waiting = [list(story.events) for story in stories]
    mixed: list[Recorded] = []
    while any(waiting):
        mixed.append(chance.choice([queue for queue in waiting if queue]).pop(0))
    return numbered(mixed)


def with_another_id(recorded: Recorded, other: Recorded) -> Recorded:
    """The event under the id of another one."""
    return replace(recorded, envelope=replace(recorded.envelope, id=other.envelope.id))
