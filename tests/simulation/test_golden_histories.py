"""Finished panels of every protocol, as they were once written, decided and projected by today's code."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import takewhile
from pathlib import Path

import pytest

from askpanel.contracts.configuration import PANEL_TYPES
from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import EVENTS, Event, PanelCompleted, PanelDeadlinePassed
from askpanel.contracts.ids import event_id
from askpanel.contracts.subjects import PanelRef
from askpanel.orchestrator.decider import decide
from askpanel.orchestrator.state import PanelState, evolve
from askpanel.orchestrator.timers import deadline
from askpanel.orchestrator.worker import is_settled
from tests.faults import rows
from tests.faults.evidence import Allowance, Evidence
from tests.faults.invariants import explain, violations
from tests.simulation.golden import FOLDER, read

IN_ANY_TIME = Allowance(lateness=timedelta(hours=2), untold=True)
"""The troubled ones were played with long outages."""

HISTORIES = sorted(FOLDER.glob("*.jsonl.gz"))


MONEY = ("cost_usd", "recorded_usd", "uncosted_calls")


def again(state: PanelState, then: Recorded) -> tuple[Event, ...]:
    """What would be written there today; deadlines were once counted from the last input, as if decided at once."""
    today = _there(decide(state, then.envelope.time).events, then)
    return today if today == (then.event,) else _there(decide(state, state.at).events, then)


def _there(decided: Sequence[Event], then: Recorded) -> tuple[Event, ...]:
    """What is decided first, or, of what is then appended side by side, what stands there."""
    beside = tuple(takewhile(is_settled, decided))
    same = tuple(
        event
        for event in beside
        if event_id(then.envelope.panel.panel_id, event.TYPE, *event.identity()) == then.envelope.id
    )
    return same or tuple(decided[:1])


def told_later(then: Event, now: Event) -> set[str]:
    """What was written before a field existed says nothing of it, nor an end of calls that were at work then."""
    later = set(type(then).model_fields) - then.model_fields_set
    if isinstance(then, PanelCompleted) and isinstance(now, PanelCompleted):
        later |= set(MONEY) if now.uncosted_calls > then.uncosted_calls else set()
    return later


def decided_again(events: Sequence[Recorded]) -> tuple[list[Event], list[Event]]:
    """What the orchestrator wrote, and what it would write today at each of those places."""
    wrote: list[Event] = []
    would_write: list[Event] = []
    states: dict[PanelRef, PanelState | None] = {}
    for recorded in events:
        ref, event = recorded.envelope.panel, recorded.event
        state = states.get(ref)
        if event.OWNER == "orchestrator" and state is not None:
            wrote.append(event)
            if isinstance(event, PanelDeadlinePassed):
                place = (event.purpose, event.round_number, event.checkpoint_id, event.step)
                passed = deadline(state, *place)
                would_write += [] if passed is None else [passed]
            else:
                would_write += again(state, recorded)
        states[ref] = evolve(state, recorded)
    return wrote, would_write


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.name.removesuffix(".jsonl.gz"))
def test_a_history_is_decided_and_projected_as_it_was(path: Path) -> None:
    history = read(path)
    wrote, would_write = decided_again(history.events)
    assert [type(event) for event in wrote] == [type(event) for event in would_write]
    for then, now in zip(wrote, would_write, strict=True):
        assert now == then.model_copy(update={name: getattr(now, name) for name in told_later(then, now)})
    assert rows.expected(history.events) == history.tables
    found = violations(Evidence(history.events, tables=history.tables), IN_ANY_TIME)
    assert not found, explain(found)


def test_there_is_a_history_of_every_protocol() -> None:
    assert {path.name.split("-")[0] for path in HISTORIES} == set(PANEL_TYPES)


def test_there_is_a_history_of_every_event_version() -> None:
    kept = {(r.envelope.type, r.envelope.version) for path in HISTORIES for r in read(path).events}
    assert {(name, event.VERSION) for name, event in EVENTS.items()} - kept == set()
