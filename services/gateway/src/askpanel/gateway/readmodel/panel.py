"""One panel folded from its events: its row of `panels`, and the rows its events add to other tables.

The fold looks at the log alone and never at what the tables hold, so a row that somebody changed cannot
lead it astray, and live tables, a restarted projector and a rebuild reach the same bytes.

A round that is closed and a panel that has ended change no more: what comes later in the log is kept,
an answer with `counted: false`, and paid for. A failure too: calls that a deadline cuts are often told of
after the end, and they are why the panel failed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.events import (
    BudgetExceeded,
    ConsensusCalculated,
    Event,
    ExpertFailed,
    ExpertResponded,
    ExpertStarted,
    HumanRequested,
    HumanResponded,
    PanelCompleted,
    PanelCreated,
    PanelFailed,
    PanelStarted,
    RoundCompleted,
    RoundStarted,
    UsageRecorded,
)
from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.readmodel.rows import (
    EXCERPT,
    Json,
    Row,
    Unstorable,
    consensus_detail,
    consensus_row,
    human_row,
    plain,
    response_row,
    usage_row,
)

OUR_KEYS = (
    "awaiting",
    "budget",
    "consensus",
    "cost_usd",
    "degraded",
    "evidence",
    "failure",
    "failures",
    "options",
    "parent_panel_id",
    "plan",
    "recommendation",
    "rounds",
    "seats",
    "sequence",
    "stop_reason",
    "summary",
    "usage",
)
"""What we write into `panels.metadata`; every other key belongs to others. `CHILDREN` is ours too, and is
appended to by other panels' events, so no panel's own fold holds it."""

CHILDREN = "children"

_SILENT_ROLES = frozenset({"moderator", "judge", "chair"})
"""Roles that never vote: not among `panels.agents`."""

Attempt = tuple[object, ...]
"""Round, step, seat, purpose, attempt: one model call."""

_NOTHING: tuple[Row, ...] = ()


class NoPanel(Unstorable):
    """An event of a panel whose `panel.created` is not on the log before it."""


@dataclass(frozen=True)
class Panel:
    """The row of `panels` as the log has it up to `sequence`."""

    ref: PanelRef
    user_id: UUID
    query: str
    panel_type: str
    configuration: Json
    agents: tuple[str, ...]
    created_at: datetime
    sequence: int
    details: Json
    """Our keys of `metadata` but `sequence`."""
    seen: frozenset[UUID]
    """Ids of the panel's events so far: a copy on the log changes nothing."""
    status: Literal["created", "running", "completed", "failed"] = "created"
    started_at: datetime | None = None
    completed_at: datetime | None = None
    closed_rounds: frozenset[int] = frozenset()
    uncosted: frozenset[Attempt] = frozenset()
    """Calls begun, answered or failed whose cost is not recorded yet; also after the end."""
    metered: frozenset[tuple[str, str]] = frozenset()
    firsts: frozenset[str] = frozenset()
    """Of what the last recorded call is the panel's first: of all, of its day, of its expert, of its model."""

    @property
    def ended(self) -> bool:
        """Exactly one event ends a panel; nothing after it counts."""
        return self.status in ("completed", "failed")

    @property
    def metadata(self) -> Json:
        """Our keys of `panels.metadata`, all of them; null where there is nothing."""
        return {**self.details, "sequence": self.sequence}

    @property
    def parent_id(self) -> UUID | None:
        """The panel that this one follows up."""
        parent = self.details["parent_panel_id"]
        return UUID(parent) if parent else None


def project(panel: Panel | None, recorded: Recorded) -> tuple[Panel, tuple[Row, ...]]:
    """The panel after one more of its events, and the rows this event adds.

    Raises NoPanel for an event without a panel, Unstorable for content no column can hold; such an event
    is to be left out of the fold, here and in every rebuild.
    """
    event = recorded.event
    if panel is None:
        if not isinstance(event, PanelCreated):
            raise NoPanel(f"{event.TYPE} of a panel whose panel.created is not on the log")
        return _created(recorded, event), _NOTHING
    if recorded.envelope.id in panel.seen:
        return _changed(panel, sequence=recorded.sequence), _NOTHING
    panel, rows = _evolve(panel, recorded, event)
    return _changed(panel, sequence=recorded.sequence, seen=panel.seen | {recorded.envelope.id}), rows


def _evolve(panel: Panel, recorded: Recorded, event: Event) -> tuple[Panel, tuple[Row, ...]]:
    """First what happens even after the end, then what only a live panel does."""
    at = recorded.envelope.time
    if isinstance(event, ExpertStarted | ExpertResponded | ExpertFailed):
        call = (*event.step_identity(), event.attempt)
        panel = _changed(panel, uncosted=panel.uncosted | {call})
    match event:
        case ExpertResponded():
            data = plain(event)
            counted = _open(panel, event.round_number) and event.purpose != "synthesis"
            row = response_row(recorded, event, data, counted=counted, evidence=panel.details["evidence"])
            return panel, (row,)
        case ExpertFailed():
            return _with(panel, failures=[*panel.details["failures"], _failure(event, at)]), _NOTHING
        case HumanResponded():
            plain(event)
            row = human_row(recorded, event, counted=not panel.ended)
            return _answered(panel, event), (row,)
        case UsageRecorded():
            data = plain(event)
            return _metered(_spent(panel, event), event, at), (usage_row(recorded, event, data),)
        case ConsensusCalculated() if not panel.ended:
            data = plain(event)
            rounds = {**panel.details["consensus"], str(event.round_number): consensus_detail(event, data)}
            return _with(panel, consensus=rounds), (consensus_row(recorded, event, data),)
        case _ if not panel.ended:
            return _advance(panel, event, at), _NOTHING
        case _:
            return panel, _NOTHING


def _created(recorded: Recorded, event: PanelCreated) -> Panel:
    data = plain(event)
    seats = [
        {
            "seat": number,
            "agent_id": seat.agent_id,
            "agent_name": seat.name,
            "role": seat.role,
            "weight": seat.weight,
            "model": seat.model,
            "reason": seat.reason,
        }
        for number, seat in enumerate(event.agents)
    ]
    evidence = [
        {"id": piece.id, "title": piece.title, "excerpt": piece.text[:EXCERPT]} for piece in event.evidence
    ]
    details: dict[str, Any] = {name: None for name in OUR_KEYS if name != "sequence"}
    details |= {
        "seats": seats,
        "options": data["options"],
        "evidence": evidence,
        "parent_panel_id": str(event.parent.panel_id) if event.parent else None,
        "rounds": {},
        "consensus": {},
        "failures": [],
        "usage": {
            "tokens_used": 0,
            "input_tokens": 0,
            "output_tokens": 0,
            "calls": 0,
            "unpriced_calls": 0,
            "execution_time_ms": 0,
        },
    }
    return Panel(
        ref=recorded.envelope.panel,
        user_id=event.user_id,
        query=event.query,
        panel_type=event.panel_type,
        configuration=data["configuration"],
        agents=tuple(seat.agent_id for seat in event.agents if seat.role not in _SILENT_ROLES),
        created_at=recorded.envelope.time,
        sequence=recorded.sequence,
        details=details,
        seen=frozenset({recorded.envelope.id}),
    )


def _advance(panel: Panel, event: Event, at: datetime) -> Panel:
    """Events that only change the panel's own row, while it has not ended."""
    match event:
        case PanelStarted():
            data = plain(event)
            return _changed(_with(panel, plan=data["plan"]), status="running", started_at=at)
        case RoundStarted():
            data = plain(event)
            started = {
                "purpose": event.purpose,
                "speakers": data["speakers"],
                "deadline_at": data["deadline_at"],
                "started_at": _iso(at),
                "completed_at": None,
                "answered": None,
                "missing": None,
                "quorum": None,
            }
            return _with_round(panel, event.round_number, started)
        case RoundCompleted():
            data = plain(event)
            completed = {name: data[name] for name in ("answered", "missing", "quorum")}
            panel = _with_round(panel, event.round_number, {**completed, "completed_at": _iso(at)})
            return _changed(panel, closed_rounds=panel.closed_rounds | {event.round_number})
        case HumanRequested():
            data = plain(event)
            return _with(panel, awaiting={**data, "requested_at": _iso(at)})
        case BudgetExceeded():
            data = plain(event)
            return _with(panel, budget={**data, "at": _iso(at)})
        case PanelCompleted():
            data = plain(event)
            names = ("degraded", "stop_reason", "summary", "recommendation")
            panel = _with(panel, awaiting=None, **{name: data[name] for name in names})
            return _changed(panel, status="completed", completed_at=at)
        case PanelFailed():
            plain(event)
            failure = {"reason": event.reason, "detail": event.detail, "at": _iso(at)}
            return _changed(_with(panel, awaiting=None, failure=failure), status="failed")
        case _:
            return panel


def _failure(event: ExpertFailed, at: datetime) -> Json:
    data = plain(event)
    names = (
        "round_number",
        "step",
        "seat",
        "purpose",
        "agent_id",
        "agent_name",
        "role",
        "model",
        "attempt",
        "reason",
        "detail",
        "retryable",
    )
    return {**{name: data[name] for name in names}, "at": _iso(at)}


def _answered(panel: Panel, event: HumanResponded) -> Panel:
    """The wait ends with the answer to its own checkpoint."""
    awaiting: Mapping[str, Any] | None = panel.details["awaiting"]
    if awaiting and awaiting["checkpoint_id"] == str(event.checkpoint_id):
        return _with(panel, awaiting=None)
    return panel


def _spent(panel: Panel, event: UsageRecorded) -> Panel:
    """Totals of the panel, exact. No priced call yet: `cost_usd` is null, which is not 0."""
    before: Mapping[str, int] = panel.details["usage"]
    usage = {
        "tokens_used": before["tokens_used"] + event.tokens_used,
        "input_tokens": before["input_tokens"] + (event.input_tokens or 0),
        "output_tokens": before["output_tokens"] + (event.output_tokens or 0),
        "calls": before["calls"] + 1,
        "unpriced_calls": before["unpriced_calls"] + event.unpriced,
        "execution_time_ms": before["execution_time_ms"] + event.execution_time_ms,
    }
    cost: str | None = panel.details["cost_usd"]
    if event.cost_usd is not None:
        cost = f"{Decimal(cost or 0) + event.cost_usd:f}"
    return _with(panel, usage=usage, cost_usd=cost)


def _metered(panel: Panel, event: UsageRecorded, at: datetime) -> Panel:
    day = at.astimezone(UTC).date().isoformat()
    marks = {("panel", ""), ("day", day), ("agent", event.agent_id), ("model", event.model)}
    return _changed(
        panel,
        uncosted=panel.uncosted - {event.identity()},
        metered=panel.metered | marks,
        firsts=frozenset(kind for kind, _ in marks - panel.metered),
    )


def _open(panel: Panel, round_number: int) -> bool:
    return not panel.ended and round_number not in panel.closed_rounds


def _changed(panel: Panel, **changes: Any) -> Panel:
    """`dataclasses.replace` without the constructor, in which an eighth of a replay was spent."""
    changed = object.__new__(Panel)
    changed.__dict__.update(panel.__dict__, **changes)
    return changed


def _with(panel: Panel, **details: Any) -> Panel:
    return _changed(panel, details={**panel.details, **details})


def _with_round(panel: Panel, number: int, changed: Json) -> Panel:
    rounds: Mapping[str, Json] = panel.details["rounds"]
    return _with(panel, rounds={**rounds, str(number): {**rounds.get(str(number), {}), **changed}})


def _iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
