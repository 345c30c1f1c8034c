"""The checker itself: a good history passes, and each kind of damage to it is found and named."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from askpanel.contracts.envelope import Recorded, seal
from askpanel.contracts.events import (
    EVENTS,
    TERMINAL,
    Event,
    ExpertRequested,
    ExpertResponded,
    ExpertStarted,
    PanelFailed,
    RoundStarted,
    UsageRecorded,
)
from askpanel.contracts.ids import event_id
from tests.faults import rows
from tests.faults.evidence import Allowance, Command, Evidence, ModelCall, Received, Transcript
from tests.faults.invariants import explain, violations
from tests.faults.sweep import question
from tests.simulation.golden import FOLDER, read

STRANGER = UUID("99999999-9999-4999-8999-999999999999")


def good(path: Path = FOLDER / "structured-calm.jsonl.gz") -> Evidence:
    """A finished panel with everything that can be known of it, and a second tenant's secret."""
    events = read(path).events
    ref = events[0].envelope.panel
    end = next(n for n, recorded in enumerate(events) if recorded.envelope.type in TERMINAL)
    shown = [r for r in events[: end + 1] if EVENTS[r.envelope.type].SSE]
    received = tuple(Received(r.sequence, EVENTS[r.envelope.type].SSE or "", "{}") for r in shown)
    started = [recorded.event for recorded in events if isinstance(recorded.event, ExpertStarted)]
    calls = tuple(
        ModelCall(ref.panel_id, e.agent_id, e.round_number, e.step, e.seat, e.purpose, e.attempt)
        for e in started
    )
    return Evidence(
        events=events,
        commands=(question(ref),),
        transcripts=(Transcript(ref, received),),
        calls=calls,
        tables=rows.expected(events),
        secrets={ref.tenant_id: ("canary-own",), STRANGER: ("canary-strange",)},
    )


def of(evidence: Evidence, kind: type[Event]) -> Recorded:
    return next(recorded for recorded in evidence.events if isinstance(recorded.event, kind))


def without(evidence: Evidence, lost: Recorded) -> Evidence:
    """The log without an event, and tables that agree with it."""
    return with_events(evidence, [recorded for recorded in evidence.events if recorded is not lost])


def with_events(evidence: Evidence, events: Sequence[Recorded]) -> Evidence:
    tables = rows.expected(events) if events and events[0].envelope.type == "panel.created" else None
    return replace(evidence, events=tuple(events), tables=tables)


def changed(evidence: Evidence, kind: type[Event], **fields: Any) -> Evidence:
    """The log with other content in the first event of a type, under the id that then is its own."""
    old = of(evidence, kind)
    event = old.event.model_copy(update=fields)
    own = event_id(old.envelope.panel.panel_id, event.TYPE, *event.identity())
    new = replace(old, event=event, envelope=replace(old.envelope, id=own))
    return with_events(evidence, [new if recorded is old else recorded for recorded in evidence.events])


def added(evidence: Evidence, event: Event) -> Evidence:
    """The log with one more event at its end."""
    last = evidence.events[-1]
    more = seal(event, last.envelope.panel, time=last.envelope.time).at(last.sequence + 1)
    return with_events(evidence, [*evidence.events, more])


def received(evidence: Evidence, change: Callable[[list[Received]], object]) -> Evidence:
    """What the client received, changed."""
    transcript = evidence.transcripts[0]
    got = list(transcript.received)
    change(got)
    return replace(evidence, transcripts=(replace(transcript, received=tuple(got)),))


def row(evidence: Evidence, table: str, **columns: Any) -> Evidence:
    """One row with other content; without columns, gone."""
    tables = {name: dict(found) for name, found in (evidence.tables or {}).items()}
    row_id = next(iter(tables[table]))
    before = tables[table].pop(row_id)
    if columns:
        tables[table][row_id] = {**before, **columns}
    return replace(evidence, tables=tables)


def one_row_more(evidence: Evidence, table: str) -> Evidence:
    tables = {name: dict(found) for name, found in (evidence.tables or {}).items()}
    tables[table][uuid4()] = next(iter(tables[table].values()))
    return replace(evidence, tables=tables)


def called(evidence: Evidence, change: Callable[[list[ModelCall]], object]) -> Evidence:
    calls = list(evidence.calls or ())
    change(calls)
    return replace(evidence, calls=tuple(calls))


def late(evidence: Evidence) -> Evidence:
    """The panel's end, long after its time."""
    end = next(recorded for recorded in evidence.events if recorded.envelope.type in TERMINAL)
    later = replace(end, envelope=replace(end.envelope, time=end.envelope.time + timedelta(days=2)))
    return with_events(evidence, [later if recorded is end else recorded for recorded in evidence.events])


def under_a_foreign_id(evidence: Evidence) -> Evidence:
    old = of(evidence, ExpertResponded)
    new = replace(old, envelope=replace(old.envelope, id=uuid4()))
    return with_events(evidence, [new if recorded is old else recorded for recorded in evidence.events])


def twice_under_new_ids(evidence: Evidence) -> Evidence:
    old = of(evidence, ExpertResponded)
    last = evidence.events[-1].sequence
    copy = replace(old, envelope=replace(old.envelope, id=uuid4()), sequence=last + 1)
    return replace(evidence, events=(*evidence.events, copy), tables=None)


def before_its_request(evidence: Evidence) -> Evidence:
    request = of(evidence, ExpertRequested)
    others = [recorded for recorded in evidence.events if recorded is not request]
    return with_events(evidence, [*others, replace(request, sequence=others[-1].sequence + 1)])


def test_a_good_history_keeps_every_promise() -> None:
    found = violations(good())
    assert not found, explain(found)


DAMAGE: dict[str, tuple[str, Callable[[Evidence], Evidence]]] = {
    "an acknowledged question that is not there": (
        "I1",
        lambda e: replace(e, commands=(Command(e.events[0].envelope.panel, uuid4(), "panel.created"),)),
    ),
    "a panel without its beginning": ("I1", lambda e: without(e, e.events[0])),
    "a panel that never ends": (
        "I2",
        lambda e: with_events(e, [r for r in e.events if r.envelope.type not in TERMINAL]),
    ),
    "a panel that ends twice": ("I2", lambda e: added(e, PanelFailed(reason="cancelled", detail="again"))),
    "a round after the end": ("I2", lambda e: added(e, _another_round(e))),
    "an end after its time": ("I2", late),
    "a fact under an id that is not its own": ("I3", under_a_foreign_id),
    "a fact twice": ("I3", twice_under_new_ids),
    "an answer before its request": ("I3", before_its_request),
    "an attempt beyond the limit": ("I3", lambda e: changed(e, ExpertStarted, attempt=9)),
    "an attempt that is not charged": ("I3", lambda e: without(e, of(e, UsageRecorded))),
    "a charge without an attempt": ("I3", lambda e: changed(e, UsageRecorded, attempt=2)),
    "a call that was not announced": (
        "I3",
        lambda e: called(e, lambda calls: calls.append(replace(calls[0], attempt=3))),
    ),
    "an answer without a call": ("I3", lambda e: called(e, lambda calls: calls.pop())),
    "a call made twice": ("I3", lambda e: called(e, lambda calls: calls.append(calls[0]))),
    "a call for no panel": (
        "I3",
        lambda e: called(e, lambda calls: calls.append(replace(calls[0], panel_id=STRANGER))),
    ),
    "a row that is missing": ("I4", lambda e: row(e, "panel_responses")),
    "a row too many": ("I4", lambda e: one_row_more(e, "agent_usage")),
    "a row with other content": ("I4", lambda e: row(e, "panel_responses", content="changed")),
    "a panel's row that is behind": ("I4", lambda e: row(e, "panels", status="running")),
    "a gap in a stream": ("I5", lambda e: received(e, lambda got: got.pop(2))),
    "a repetition in a stream": ("I5", lambda e: received(e, lambda got: got.insert(2, got[2]))),
    "a reordering in a stream": ("I5", lambda e: received(e, lambda got: got.reverse())),
    "a stream that stops before the end": ("I5", lambda e: received(e, lambda got: got.pop())),
    "another tenant's secret in a stream": (
        "I6",
        lambda e: received(e, lambda got: got.append(replace(got.pop(), text="canary-strange"))),
    ),
    "another tenant's secret in a prompt": (
        "I6",
        lambda e: called(e, lambda calls: calls.append(replace(calls.pop(), text="canary-strange"))),
    ),
    "another tenant's secret on the log": (
        "I6",
        lambda e: changed(e, ExpertResponded, content="canary-strange"),
    ),
    "a row of another tenant": ("I6", lambda e: row(e, "panel_consensus", tenant_id=str(STRANGER))),
}


def _another_round(evidence: Evidence) -> RoundStarted:
    began = of(evidence, RoundStarted).event
    assert isinstance(began, RoundStarted)
    return began.model_copy(update={"round_number": 9})


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_found(name: str) -> None:
    invariant, damage = DAMAGE[name]
    found = violations(damage(good()))
    assert invariant in {violation.invariant for violation in found}, explain(found)


def test_faults_may_cost_as_many_calls_as_allowed_and_no_more() -> None:
    twice = called(good(), lambda calls: calls.append(calls[0]))
    assert not violations(twice, Allowance(extra_calls=1))
    thrice = called(twice, lambda calls: calls.append(calls[0]))
    assert violations(thrice, Allowance(extra_calls=1))


def test_a_client_that_left_has_seen_the_beginning_only() -> None:
    evidence = received(good(), lambda got: got.pop())
    left = replace(evidence, transcripts=(replace(evidence.transcripts[0], ended=False),))
    assert not violations(left)
