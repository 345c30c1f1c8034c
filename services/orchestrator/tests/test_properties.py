"""Every protocol against a world in any order: late, twice, failing, silent, cancelled, crashed."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import takewhile
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askpanel.contracts.blocks import Block
from askpanel.contracts.configuration import PROTOCOLS
from askpanel.contracts.events import (
    ConsensusCalculated,
    ConsensusRequested,
    Event,
    ExpertRequested,
    ExpertResponded,
    FailureReason,
    HumanRequested,
    HumanResponded,
    PanelDeadlinePassed,
    PanelType,
    RoundStarted,
    Seat,
)
from askpanel.orchestrator.decider import decide
from askpanel.orchestrator.schedule import panel_deadline
from askpanel.orchestrator.state import apply, evolve, fold
from askpanel.orchestrator.timers import Timer, deadline, timers

from .simulator import BUDGET, CANCEL, Simulation, calculated, created, failed, human, responded

STANCES = ["support", "conditional", "oppose", "abstain"]
REASONS: list[FailureReason] = ["timeout", "rate_limited", "bad_output", "refused", "misconfigured"]
STEPS = {"structured": 1, "open": 1, "socratic": 6, "adversarial": 5, "delphi": 1, "hybrid": 1}
"""The most steps a seat can be asked in, in one round (a moderator asks once per expert)."""


@dataclass
class World:
    """Everybody but the orchestrator. `unrest` is the chance of a disturbance instead of an answer."""

    random: Random
    panel: Simulation
    unrest: float
    attempts: Counter[ExpertRequested] = field(default_factory=Counter[ExpertRequested])

    def decide(self) -> None:
        """Append the decision, maybe minutes late, or, after a crash, a part of it; the rest must not change.

        A part is the first events, and any of the requests that come next: they are appended side by side.
        """
        if self.random.random() < self.unrest:
            self.panel.now += timedelta(minutes=self.random.choice([1, 5, 20]))
        wanted = decide(self.panel.state, self.panel.now).events
        for event in wanted:
            if isinstance(event, RoundStarted):
                end = panel_deadline(self.panel.state)
                assert self.panel.now < event.deadline_at <= end or event.deadline_at == end <= self.panel.now
        facts = [(event.TYPE, event.identity()) for event in wanted]
        assert len(facts) == len(set(facts)), "a fact twice in one decision"
        assert not {(event.TYPE, event.identity()) for event in self.panel.events} & set(facts)
        crashed = self.random.random() < self.unrest
        first = self.random.randint(0, len(wanted)) if crashed else len(wanted)
        beside = takewhile(lambda event: isinstance(event, ExpertRequested), wanted[first:])
        kept = (*wanted[:first], *(event for event in beside if self.random.random() < 0.5))
        for event in wanted:
            self.panel.armed += timers(event, self.panel.state, self.panel.now)
        state = self.panel.state
        for event in kept:
            state = apply(state, event, self.panel.now)
        assert decide(state, self.panel.now).events == tuple(event for event in wanted if event not in kept)
        self.panel.append(*kept)

    def waiting(self) -> list[ExpertRequested | ConsensusRequested | HumanRequested]:
        """What somebody may still react to, in time or not."""
        answered = {event.step_identity() for event in self.panel.of(ExpertResponded)}
        counted = {event.round_number for event in self.panel.of(ConsensusCalculated)}
        humans = {event.checkpoint_id for event in self.panel.of(HumanResponded)}
        return [
            *(
                request
                for request in self.panel.of(ExpertRequested)
                if request.step_identity() not in answered and self.attempts[request] < request.attempt_limit
            ),
            *(one for one in self.panel.of(ConsensusRequested) if one.round_number not in counted),
            *(one for one in self.panel.of(HumanRequested) if one.checkpoint_id not in humans),
        ]

    def react(self, what: ExpertRequested | ConsensusRequested | HumanRequested) -> Event:
        """An answer or a failure, a count, a human's word."""
        random = self.random
        match what:
            case ExpertRequested():
                self.attempts[what] += 1
                attempt = self.attempts[what]
                if random.random() < self.unrest:
                    reason = random.choice(REASONS)
                    return failed(what, attempt=attempt, reason=reason, retryable=random.random() < 0.5)
                stance = random.choice(STANCES) if what.role == "expert" else "abstain"
                return responded(what, attempt=attempt, stance=stance)
            case ConsensusRequested():
                return calculated(
                    what,
                    random.choice([0.2, 0.5, 0.7, 1.0]),
                    met=random.random() > self.unrest / 2,
                    metrics={"novelty": random.choice([0.1, 0.5])},
                )
            case HumanRequested():
                return human(what, random.choice(what.actions), "My view", "support")

    def disturb(self) -> None:
        """A cancel, a budget, a timer at any moment, or an old event once more."""
        random, panel = self.random, self.panel
        match random.choice(["cancel", "budget", "timer", "timer", "timer", "again"]):
            case "cancel" if random.random() < 0.2:
                panel.append(CANCEL)
            case "budget" if random.random() < 0.5:
                panel.append(BUDGET)
            case "timer" if panel.armed:
                self.fire(random.choice(panel.armed))
            case _:
                assert evolve(panel.state, random.choice(panel.log)) == panel.state

    def fire(self, timer: Timer) -> bool:
        """Let a timer go off; True when it meant something."""
        passed = deadline(
            self.panel.state, timer.purpose, timer.round_number, timer.checkpoint_id, timer.step
        )
        if passed is None:
            return False
        self.panel.now = max(self.panel.now, timer.at)
        self.panel.armed += timers(passed, self.panel.state, self.panel.now)
        self.panel.append(passed)
        return True

    def live(self, steps: int) -> None:
        """Let things happen in any order, then let timers fire until the panel has ended."""
        for _ in range(steps):
            self.decide()
            waiting = self.waiting()
            if not waiting or self.random.random() < self.unrest:
                self.disturb()
            else:
                self.panel.append(self.react(self.random.choice(waiting)))
        self.unrest = 0.0
        self.decide()
        while self.panel.ending is None:
            due = sorted(self.panel.armed, key=lambda timer: timer.at)
            assert any(self.fire(timer) for timer in due), "the panel hangs and no timer means anything"
            self.decide()


def panel_of(panel_type: PanelType, random: Random) -> Simulation:
    limits = PROTOCOLS[panel_type]
    configuration: dict[str, Any] = {
        "max_rounds": random.choice(limits.allowed_rounds),
        "chair": random.random() < 0.5,
        "attempt_limit": random.randint(1, 3),
    }
    seats: tuple[Seat, ...] = ()
    if limits.moderated and random.random() < 0.5:
        seats = (Seat(agent_id="moderator-x", name="Moderator X", role="moderator"),)
    if limits.quantity and random.random() < 0.3:
        configuration["quantity"] = {"unit": "days"}
    experts = random.randint(limits.fewest_experts, limits.most_experts)
    options = ("a", "b") if random.random() < 0.5 and "quantity" not in configuration else ()
    event = created(panel_type, experts, configuration=configuration, options=options, seats=seats)
    return Simulation().append(event)


def lived(panel_type: PanelType, random: Random) -> Simulation:
    panel = panel_of(panel_type, random)
    World(random, panel, random.choice([0.0, 0.01, 0.05, 0.3])).live(random.choice([5, 50, 400]))
    return panel


@pytest.mark.parametrize("panel_type", PROTOCOLS)
@settings(max_examples=40, deadline=None)
@given(random=st.randoms(use_true_random=True))
def test_whatever_happens_a_panel_ends_once_and_asks_for_nothing_after(
    panel_type: PanelType, random: Random
) -> None:
    panel = lived(panel_type, random)
    assert panel.ending is not None
    assert decide(panel.state, panel.now).events == ()
    assert panel.state == fold(panel.log)
    ended = panel.events.index(panel.ending)
    assert [e for e in panel.events[ended + 1 :] if e.OWNER == "orchestrator"] == []
    check_requests(panel)
    check_rounds(panel)
    check_visibility(panel)


def test_the_random_worlds_reach_every_way_to_end() -> None:
    """Otherwise the properties would be true of nothing."""
    seen = {
        (panel_type, getattr(ending, "stop_reason", None) or ending.reason)
        for panel_type in PROTOCOLS
        for seed in range(20)
        if (ending := lived(panel_type, Random(seed)).ending) is not None
    }
    reasons = Counter(reason for _, reason in seen)
    assert set(reasons) >= {
        *("threshold_reached", "stable", "nothing_new", "max_rounds", "human_approved"),
        *("deadline_passed", "budget_exceeded", "cancelled", "quorum_not_met", "rejected"),
    }


def check_requests(panel: Simulation) -> None:
    """Never more model calls than seats x rounds x steps x attempts, besides the chair's one."""
    requests: list[ExpertRequested] = panel.of(ExpertRequested)
    asked = Counter((r.seat, r.round_number) for r in requests if r.role != "chair")
    assert max(asked.values(), default=0) <= STEPS[panel.state.created.panel_type]
    assert all(request.attempt_limit <= panel.state.configuration.attempt_limit for request in requests)


def check_rounds(panel: Simulation) -> None:
    """A round begins only when the one before is closed, never beyond the plan; speakers were blind once."""
    numbers = [event.round_number for event in panel.of(RoundStarted)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) <= panel.state.configuration.max_rounds
    for number in numbers[:-1]:
        assert number in panel.state.completed
    for request in panel.of(ExpertRequested):
        if request.role == "expert" and request.round_number > 1:
            assert request.seat in panel.state.completed[1].answered


def check_visibility(panel: Simulation) -> None:
    """Round 1 is private; nobody is named; nobody sees a number of the consensus but delphi's own."""
    for request in panel.of(ExpertRequested):
        kinds = {block.kind for block in request.context.blocks}
        if request.round_number == 1 and request.role == "expert":
            assert kinds <= {"question", "item", "quantity"}
        if request.role != "chair":
            text = "".join(_quoted(block) for block in request.context.blocks)
            assert "agent-" not in text
            assert "Name " not in text


def _quoted(block: Block) -> str:
    return block.model_dump_json() if block.kind != "own_answer" else ""


@pytest.mark.parametrize("panel_type", PROTOCOLS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_the_order_in_which_answers_arrive_changes_nothing(
    panel_type: PanelType, data: st.DataObject
) -> None:
    """Deadlines aside: they are counted from the last answer."""
    configuration = {"time_limit_minutes": 60}
    plays: list[list[Event]] = []
    for shuffled in (False, True):
        panel = Simulation().append(created(panel_type, configuration=configuration))
        while wanted := panel.decide():
            asked = [event for event in wanted if isinstance(event, ExpertRequested)]
            order = data.draw(st.permutations(asked)) if shuffled else asked
            answers: list[Event] = [
                failed(request) if request.seat == 1 and request.round_number == 2 else responded(request)
                for request in order
            ]
            answers += [calculated(event) for event in wanted if isinstance(event, ConsensusRequested)]
            answers += [human(event, "approve") for event in wanted if isinstance(event, HumanRequested)]
            panel.append(*answers)
        plays.append([_timeless(event) for event in panel.events if event.OWNER == "orchestrator"])
    assert plays[0] == plays[1]


def _timeless(event: Event) -> Event:
    times = {"deadline_at", "steps", "duration_ms", "plan"} & set(type(event).model_fields)
    return event.model_copy(update=dict.fromkeys(times))


def test_a_hung_panel_of_any_type_is_ended_by_its_own_timers() -> None:
    for panel_type in PROTOCOLS:
        panel = Simulation().append(created(panel_type))
        panel.decide()
        while panel.ending is None:
            fired = [timer.purpose_key for timer in sorted(panel.armed, key=lambda timer: timer.at)]
            assert any(panel.fire(key) for key in fired)
        assert panel.ending.reason in ("quorum_not_met", "deadline_passed")
        assert any(isinstance(event, PanelDeadlinePassed) for event in panel.events)
