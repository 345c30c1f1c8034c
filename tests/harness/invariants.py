"""The promises of Ask Panel, checked from the outside: by the log, the tables and what clients received.

I1  no acknowledged command is lost
I2  each panel ends in exactly one terminal event, and nothing is requested after it
I3  no effect twice: one answer per seat and step, one usage record per attempt, attempts in bounds
I4  the tables are the fold of the log (see `askpanel replay` for byte equality)
I5  a client sees the panel's events in order, without gap or repetition
"""

from collections import Counter
from collections.abc import Sequence

import asyncpg

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import (
    EVENTS,
    TERMINAL,
    ConsensusCalculated,
    ExpertFailed,
    ExpertRequested,
    ExpertResponded,
    ExpertStarted,
    HumanResponded,
    PanelCreated,
    UsageRecorded,
)
from tests.harness.stack import Frame


def check_log(events: Sequence[Recorded]) -> None:
    """I1 to I3 on one panel's events."""
    types = Counter(recorded.envelope.type for recorded in events)
    assert isinstance(events[0].event, PanelCreated), "I1: the first event is panel.created"
    assert types["panel.created"] == 1
    assert sum(types[terminal] for terminal in TERMINAL) == 1, f"I2: exactly one ending, not {types}"
    ids = Counter(recorded.envelope.id for recorded in events)
    assert max(ids.values()) == 1, f"I3: an event twice: {ids.most_common(2)}"
    end = next(r.sequence for r in events if r.envelope.type in TERMINAL)
    late = [r.envelope.type for r in events if r.sequence > end and r.envelope.type.endswith(".requested")]
    assert not late, f"I2: {late} after the ending"
    _check_steps(events)


def _check_steps(events: Sequence[Recorded]) -> None:
    requested = {r.event.step_identity(): r.event for r in events if isinstance(r.event, ExpertRequested)}
    answers = Counter(r.event.step_identity() for r in events if isinstance(r.event, ExpertResponded))
    assert all(count == 1 for count in answers.values()), f"I3: answers {answers}"
    assert set(answers) <= set(requested), "I3: an answer nobody asked for"
    attempts = Counter(r.event.step_identity() for r in events if isinstance(r.event, ExpertStarted))
    for step, count in attempts.items():
        assert count <= requested[step].attempt_limit, f"I3: {count} attempts at {step}"
    told = {
        (*r.event.step_identity(), r.event.attempt)
        for r in events
        if isinstance(r.event, ExpertResponded | ExpertFailed)
    }
    charged = Counter(
        (r.event.round_number, r.event.step, r.event.seat, r.event.step_purpose, r.event.attempt)
        for r in events
        if isinstance(r.event, UsageRecorded)
    )
    assert all(count == 1 for count in charged.values()), f"I3: charges {charged}"
    assert set(charged) <= told, "I3: a charge without an attempt"


def usage_complete(events: Sequence[Recorded]) -> bool:
    """Whether every attempt that told its outcome has been charged."""
    told = sum(isinstance(r.event, ExpertResponded | ExpertFailed) for r in events)
    return told == sum(isinstance(r.event, UsageRecorded) for r in events)


def check_frames(frames: Sequence[Frame], events: Sequence[Recorded]) -> None:
    """I5: what one client received, across reconnects, against the log."""
    received = [(frame.id, frame.name) for frame in frames if frame.id is not None]
    ids = [sequence for sequence, _ in received]
    assert ids == sorted(set(ids)), f"I5: order or repetition: {ids}"
    public = [(r.sequence, EVENTS[r.envelope.type].SSE) for r in events if EVENTS[r.envelope.type].SSE]
    end = next(r.sequence for r in events if r.envelope.type in TERMINAL)
    assert received == [pair for pair in public if pair[0] <= end], "I5: a gap"


async def check_rows(connection: asyncpg.Connection, events: Sequence[Recorded]) -> None:
    """I4: the rows of one panel against its events."""
    panel = events[0].envelope.panel.panel_id
    ended = next(r for r in events if r.envelope.type in TERMINAL)
    row = await connection.fetchrow("select status from public.panels where id = $1", panel)
    assert row is not None, "I1: the panel has no row"
    assert row["status"] == ended.envelope.type.split(".")[1]
    for table, kinds in (
        ("panel_responses", (ExpertResponded, HumanResponded)),
        ("panel_consensus", (ConsensusCalculated,)),
        ("agent_usage", (UsageRecorded,)),
    ):
        count = await connection.fetchval(f"select count(*) from public.{table} where panel_id = $1", panel)
        assert count == sum(isinstance(r.event, kinds) for r in events), f"I4: {count} rows in {table}"
