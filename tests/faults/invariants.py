"""The promises of Ask Panel, judged from the outside by one function.

I1  no acknowledged command is lost
I2  each panel ends in exactly one terminal event, by its deadline, and nothing is asked for after it
I3  no effect twice: one event per fact, one answer per step, one charge per attempt, calls within the policy
I4  the tables are the fold of the log
I5  each client sees the panel's public events in order, without gap, duplicate or reorder
I6  no byte crosses tenants

`violations` is pure and finds all it can rather than stopping at the first. See operations.md, section 10.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import (
    EVENTS,
    TERMINAL,
    ConsensusCalculated,
    ConsensusRequested,
    ExpertFailed,
    ExpertRequested,
    ExpertResponded,
    ExpertStarted,
    HumanRequested,
    HumanResponded,
    PanelCreated,
    PanelStarted,
    RoundCompleted,
    RoundStarted,
    UsageRecorded,
)
from askpanel.contracts.ids import event_id
from askpanel.contracts.subjects import PanelRef
from tests.faults import rows
from tests.faults.evidence import Allowance, Evidence, Tables, Violation

GRACE = timedelta(seconds=60)
"""How long after the panel's deadline a last consensus may take (protocols.md)."""

Panels = Mapping[PanelRef, Sequence[Recorded]]
Check = Callable[[Evidence, Panels, Allowance], Iterator[Violation]]


NONE = Allowance()


def violations(evidence: Evidence, allowance: Allowance = NONE) -> tuple[Violation, ...]:
    """Every broken promise in the evidence; empty when all hold."""
    panels = _by_panel(evidence.events)
    checks: tuple[Check, ...] = (_commands, _endings, _facts, _attempts, _calls, _rows, _streams, _tenants)
    return tuple(found for check in checks for found in check(evidence, panels, allowance))


def _by_panel(events: Sequence[Recorded]) -> Panels:
    panels: dict[PanelRef, list[Recorded]] = defaultdict(list)
    for recorded in events:
        panels[recorded.envelope.panel].append(recorded)
    return panels


# --------------------------------------------------------------------------------------- I1, I2


def _commands(evidence: Evidence, panels: Panels, _: Allowance) -> Iterator[Violation]:
    ids = {recorded.envelope.id for recorded in evidence.events}
    for command in evidence.commands:
        if command.event_id not in ids:
            yield Violation("I1", command.panel.panel_id, f"{command.what} was acknowledged and is not there")
    for ref, events in panels.items():
        if not isinstance(events[0].event, PanelCreated):
            yield Violation("I1", ref.panel_id, f"begins with {events[0].envelope.type}")


def _endings(_: Evidence, panels: Panels, allowance: Allowance) -> Iterator[Violation]:
    for ref, events in panels.items():
        endings = [recorded for recorded in events if recorded.envelope.type in TERMINAL]
        if len(endings) != 1:
            types = [recorded.envelope.type for recorded in endings]
            yield Violation("I2", ref.panel_id, f"{len(endings)} endings: {types}")
        if not endings:
            continue
        after = events[events.index(endings[0]) + 1 :]
        wrong = [r.envelope.type for r in after if EVENTS[r.envelope.type].OWNER == "orchestrator"]
        if wrong:
            yield Violation("I2", ref.panel_id, f"after its end: {wrong}")
        limit, ended = _time_is_up(events), endings[0].envelope.time
        if limit is not None and ended > limit + GRACE + allowance.lateness:
            yield Violation("I2", ref.panel_id, f"ended {ended - limit} after its deadline")


def _time_is_up(events: Sequence[Recorded]) -> datetime | None:
    """The latest moment until which the panel said it might run; None when it never began."""
    limits: list[datetime] = []
    for recorded in events:
        match recorded.event:
            case PanelStarted(plan=plan):
                limits.append(plan.deadline_at)
            case RoundStarted(panel_deadline_at=datetime() as moved):
                limits.append(moved)
            case HumanRequested(deadline_at=until):
                limits.append(until)
            case _:
                pass
    return max(limits, default=None)


# --------------------------------------------------------------------------------------- I3


def _facts(_: Evidence, panels: Panels, __: Allowance) -> Iterator[Violation]:
    """One event per fact, under the fact's own id, after what it answers to."""
    for ref, events in panels.items():
        facts = Counter((r.envelope.type, r.event.identity()) for r in events)
        for (kind, identity), count in facts.items():
            if count > 1:
                yield Violation("I3", ref.panel_id, f"{kind} {identity} {count} times")
        sequences = [recorded.sequence for recorded in events]
        if sequences != sorted(set(sequences)):
            yield Violation("I3", ref.panel_id, f"sequences {sequences}")
        for recorded in events:
            own = event_id(ref.panel_id, recorded.envelope.type, *recorded.event.identity())
            if recorded.envelope.id != own:
                yield Violation("I3", ref.panel_id, f"{recorded.envelope.type} under a foreign id")
        yield from _order(ref, events)


def _order(ref: PanelRef, events: Sequence[Recorded]) -> Iterator[Violation]:
    known: set[UUID] = set()
    asked: set[tuple[object, ...]] = set()
    for recorded in events:
        event, cause = recorded.event, recorded.envelope.causation_id
        if cause is not None and cause not in known:
            yield Violation("I3", ref.panel_id, f"{event.TYPE} before its cause")
        wanted: tuple[object, ...] | None = None
        match event:
            case ExpertRequested():
                asked.add(("step", *event.step_identity()))
            case ExpertStarted() | ExpertResponded() | ExpertFailed():
                wanted = ("step", *event.step_identity())
            case RoundStarted() | ConsensusRequested():
                asked.add((event.TYPE, event.round_number))
            case RoundCompleted():
                wanted = (RoundStarted.TYPE, event.round_number)
            case ConsensusCalculated():
                wanted = (ConsensusRequested.TYPE, event.round_number)
            case HumanRequested():
                asked.add(("human", event.checkpoint_id))
            case HumanResponded():
                wanted = ("human", event.checkpoint_id)
            case _:
                pass
        if wanted is not None and wanted not in asked:
            yield Violation("I3", ref.panel_id, f"{event.TYPE} {wanted} that nobody asked for")
        known.add(recorded.envelope.id)


def _attempts(_: Evidence, panels: Panels, allowance: Allowance) -> Iterator[Violation]:
    """Attempts within the policy, each charged once and none that was not made."""
    for ref, events in panels.items():
        requests = [r.event for r in events if isinstance(r.event, ExpertRequested)]
        limits = {request.step_identity(): request.attempt_limit for request in requests}
        begun: set[tuple[object, ...]] = set()
        told: set[tuple[object, ...]] = set()
        charged: set[tuple[object, ...]] = set()
        for recorded in events:
            match recorded.event:
                case ExpertStarted() as event:
                    begun.add((*event.step_identity(), event.attempt))
                case ExpertResponded() | ExpertFailed() as event:
                    told.add((*event.step_identity(), event.attempt))
                case UsageRecorded() as event:
                    charged.add(
                        (event.round_number, event.step, event.seat, event.step_purpose, event.attempt)
                    )
                case _:
                    pass
        for *step, attempt in begun | told:
            limit = limits.get(tuple(step), 0)
            if not isinstance(attempt, int) or attempt > limit:
                yield Violation("I3", ref.panel_id, f"attempt {attempt} of {limit} at {tuple(step)}")
        untold = {one for one in begun - told if not _answered_before(one, events)}
        if untold and not allowance.untold:
            yield Violation("I3", ref.panel_id, f"begun and never told: {sorted(map(str, untold))}")
        if charged - told:
            yield Violation(
                "I3", ref.panel_id, f"charged without an attempt: {sorted(map(str, charged - told))}"
            )
        if told - charged:
            yield Violation("I3", ref.panel_id, f"not charged: {sorted(map(str, told - charged))}")


def _answered_before(attempt: tuple[object, ...], events: Sequence[Recorded]) -> bool:
    """Whether an earlier attempt, given up as lost, answered the step after all.

    Both processes then hold one delivery. When the first settles it and the second dies in its call, nobody
    comes back to tell: the one call that can go uncounted (docs/reliability.md).
    """
    *step, number = attempt
    return any(
        isinstance(r.event, ExpertResponded)
        and r.event.step_identity() == tuple(step)
        and r.event.attempt < cast("int", number)
        for r in events
    )


def _calls(evidence: Evidence, panels: Panels, allowance: Allowance) -> Iterator[Violation]:
    """The model's own record against the log: each call announced, no answer without one, few repeated."""
    if evidence.calls is None:
        return
    made: dict[UUID, Counter[tuple[object, ...]]] = defaultdict(Counter)
    for call in evidence.calls:
        made[call.panel_id][call.attempt_key()] += 1
    repeated = 0
    for ref, events in panels.items():
        calls = made.pop(ref.panel_id, Counter[tuple[object, ...]]())
        begun = {
            (*r.event.step_identity(), r.event.attempt) for r in events if isinstance(r.event, ExpertStarted)
        }
        answers = {
            (*r.event.step_identity(), r.event.attempt)
            for r in events
            if isinstance(r.event, ExpertResponded)
        }
        for attempt in set(calls) - begun:
            yield Violation("I3", ref.panel_id, f"a call that the log does not know: {attempt}")
        for attempt in answers - set(calls):
            yield Violation("I3", ref.panel_id, f"an answer without a call: {attempt}")
        answered = {attempt[:-1] for attempt in answers}
        needed = len(answered) + _failures_that_cost(events)
        repeated += max(0, sum(calls.values()) - needed)
    for panel_id in made:
        yield Violation("I3", panel_id, "calls for a panel that is not on the log")
    if repeated > allowance.extra_calls:
        yield Violation("I3", None, f"{repeated} calls more than needed, {allowance.extra_calls} allowed")


def _failures_that_cost(events: Sequence[Recorded]) -> int:
    """Failed attempts that may well have called the model; one whose process died is a repeated call."""
    return sum(isinstance(r.event, ExpertFailed) and r.event.reason != "interrupted" for r in events)


# --------------------------------------------------------------------------------------- I4, I5, I6


def _rows(evidence: Evidence, panels: Panels, _: Allowance) -> Iterator[Violation]:
    if evidence.tables is None:
        return
    wanted = rows.expected(evidence.events)
    for table, found in evidence.tables.items():
        for row_id in wanted[table].keys() - found.keys():
            yield Violation("I4", _panel_of(wanted, table, row_id), f"no row {row_id} in {table}")
        for row_id in found.keys() - wanted[table].keys():
            yield Violation(
                "I4", _panel_of(evidence.tables, table, row_id), f"row {row_id} too many in {table}"
            )
        for row_id in found.keys() & wanted[table].keys():
            here, there = found[row_id], wanted[table][row_id]
            differing = [name for name in there if here.get(name) != there[name]]
            if differing:
                yield Violation(
                    "I4", _panel_of(wanted, table, row_id), f"{table} {row_id} differs in {differing}"
                )


def _panel_of(tables: Tables, table: str, row_id: UUID) -> UUID:
    return row_id if table == "panels" else UUID(str(tables[table][row_id]["panel_id"]))


def _streams(evidence: Evidence, panels: Panels, _: Allowance) -> Iterator[Violation]:
    for transcript in evidence.transcripts:
        events = panels.get(transcript.panel, ())
        wanted = [
            (recorded.sequence, name)
            for recorded in _through_end(events)
            if (name := EVENTS[recorded.envelope.type].SSE) is not None
        ]
        received = [(one.sequence, one.name) for one in transcript.received]
        if not transcript.ended:
            wanted = wanted[: len(received)]
        if received != wanted:
            yield Violation("I5", transcript.panel.panel_id, _first_difference(received, wanted))


def _through_end(events: Sequence[Recorded]) -> Iterator[Recorded]:
    for recorded in events:
        yield recorded
        if recorded.envelope.type in TERMINAL:
            return


def _first_difference(received: Sequence[tuple[int, str]], wanted: Sequence[tuple[int, str]]) -> str:
    place = next(
        (n for n, pair in enumerate(zip(received, wanted, strict=False)) if pair[0] != pair[1]),
        min(len(received), len(wanted)),
    )
    return f"a client received {received[place : place + 2]} where the log has {wanted[place : place + 2]}"


def _tenants(evidence: Evidence, panels: Panels, _: Allowance) -> Iterator[Violation]:
    owners = {ref.panel_id: ref.tenant_id for ref in panels}
    if len(owners) != len(panels):
        yield Violation("I6", None, "one panel id under two tenants")
    for owner, panel_id, place, text in _texts(evidence, owners):
        for tenant, secrets in evidence.secrets.items():
            shown = [secret for secret in secrets if secret in text] if tenant != owner else []
            if shown:
                yield Violation("I6", panel_id, f"{place} shows {shown[0]!r} of tenant {tenant}")
    for table, found in (evidence.tables or {}).items():
        for row_id, row in found.items():
            panel_id = _panel_of(evidence.tables or {}, table, row_id)
            if panel_id in owners and row["tenant_id"] != str(owners[panel_id]):
                yield Violation("I6", panel_id, f"{table} {row_id} has tenant {row['tenant_id']}")


def _texts(evidence: Evidence, owners: Mapping[UUID, UUID]) -> Iterator[tuple[UUID | None, UUID, str, str]]:
    """Tenant, panel, place and text of everything that somebody of that tenant, or its expert, may read."""
    if not evidence.secrets:
        return
    for recorded in evidence.events:
        panel = recorded.envelope.panel
        yield panel.tenant_id, panel.panel_id, recorded.envelope.type, recorded.event.model_dump_json()
    for transcript in evidence.transcripts:
        for one in transcript.received:
            yield transcript.panel.tenant_id, transcript.panel.panel_id, f"stream event {one.name}", one.text
    for call in evidence.calls or ():
        yield owners.get(call.panel_id), call.panel_id, "a prompt", call.text


def explain(found: Sequence[Violation]) -> str:
    """For an assertion: one line each."""
    return "\n".join(map(str, found))
