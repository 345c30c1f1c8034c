"""Rows as JSON documents into views: pure, and forgiving about what other programs and people wrote.

A user may change the row of a panel of his own. What does not fit a view is therefore shown as absent; it
never makes the whole answer fail.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar, cast, get_args
from uuid import UUID

from pydantic import BaseModel, TypeAdapter, ValidationError

from askpanel.contracts.configuration import PROTOCOLS
from askpanel.gateway.readmodel.rows import HUMAN, Json
from askpanel.gateway.readmodel.views import (
    AwaitingView,
    BrandingView,
    BudgetExceededView,
    ConsensusView,
    EvidenceView,
    FailureView,
    Money,
    OptionView,
    PanelCost,
    PanelHead,
    PanelSummary,
    PanelView,
    PlanView,
    QuotaView,
    ResponseView,
    Role,
    RoundView,
    SeatFailureView,
    SeatView,
    TenantSettings,
    TenantView,
)

DEMO_MODEL = "local:"
"""Prefix of the local demo model's names: its stated confidence means nothing."""

SCRIPTED_MODEL = "scripted"

LONGEST_ROUND = 9
"""Digits of a round's number."""

_Model = TypeVar("_Model", bound=BaseModel)
_Value = TypeVar("_Value")

_MONEY: TypeAdapter[Decimal] = TypeAdapter(Money)
_NUMBER: TypeAdapter[int] = TypeAdapter(int)
_TEXT: TypeAdapter[str] = TypeAdapter(str)
_TEXTS: TypeAdapter[tuple[str, ...]] = TypeAdapter(tuple[str, ...])
_ID: TypeAdapter[UUID] = TypeAdapter(UUID)
_IDS: TypeAdapter[tuple[UUID, ...]] = TypeAdapter(tuple[UUID, ...])


def panel_view(row: Json, responses: Json, consensus: Json, uncosted: int = 0) -> PanelView:
    """A panel whole, from its row and those of the other tables: their `rows`, and whether some are `left_out`."""
    metadata = _object(row.get("metadata"))
    rounds = consensus_views(row, consensus["rows"])
    answers = response_views(responses["rows"])
    stop_reason = _or(_TEXT, metadata.get("stop_reason"), None)
    return _model(
        PanelView,
        {
            **_columns(row),
            "configuration": _object(row.get("configuration")),
            "agents": _or(_TEXTS, row.get("agents"), ()),
            "awaiting": _part(AwaitingView, metadata.get("awaiting")),
            "sequence": _or(_NUMBER, metadata.get("sequence"), None),
            "seats": _parts(SeatView, metadata.get("seats")),
            "options": _parts(OptionView, metadata.get("options")),
            "evidence": _parts(EvidenceView, metadata.get("evidence")),
            "plan": _part(PlanView, metadata.get("plan")),
            "rounds": _rounds(metadata.get("rounds")),
            "responses": answers,
            "rows_left_out": responses["left_out"] or consensus["left_out"],
            "consensus": rounds[-1] if rounds else None,
            "usage": panel_cost(metadata, uncosted),
            "degraded": _or(_TEXTS, metadata.get("degraded"), ()),
            "failure": _part(FailureView, metadata.get("failure")),
            "failures": _parts(SeatFailureView, metadata.get("failures")),
            "budget_exceeded": _part(BudgetExceededView, metadata.get("budget")),
            "stop_reason": stop_reason,
            "ratified_by": _approver(answers) if stop_reason == "human_approved" else None,
            "summary": _or(_TEXT, metadata.get("summary"), None),
            "recommendation": _or(_TEXT, metadata.get("recommendation"), None),
            "parent_panel_id": _or(_ID, metadata.get("parent_panel_id"), None),
            "children": _or(_IDS, metadata.get("children"), ()),
        },
    )


def _approver(answers: Iterable[ResponseView]) -> UUID | None:
    """Who approved: the answer says it, so that panels ended long ago tell it too."""
    approval = next((one for one in answers if one.action == "approve"), None)
    return _or(_ID, approval.agent_id.removeprefix(HUMAN), None) if approval else None


def panel_head(row: Json) -> PanelHead:
    """As much of a panel as a command needs."""
    metadata = _object(row.get("metadata"))
    return _model(
        PanelHead,
        {
            **_columns(row),
            "awaiting": _part(AwaitingView, metadata.get("awaiting")),
            "sequence": _or(_NUMBER, metadata.get("sequence"), None),
        },
    )


def panel_summary(row: Json) -> PanelSummary:
    """A panel in a list; the row has `last_round` and `last_level` of its last consensus row beside."""
    metadata = _object(row.get("metadata"))
    detail = _object(_object(metadata.get("consensus")).get(str(row.get("last_round"))))
    return _model(
        PanelSummary,
        {
            **_columns(row),
            "agents": _or(_TEXTS, row.get("agents"), ()),
            "awaiting": _part(AwaitingView, metadata.get("awaiting")),
            "sequence": _or(_NUMBER, metadata.get("sequence"), None),
            "consensus_level": _exact_level(detail, row.get("last_level")),
            "band": _or(_TEXT, detail.get("band"), None),
            "cost_usd": _or(_MONEY, metadata.get("cost_usd"), None),
            "degraded": _or(_TEXTS, metadata.get("degraded"), ()),
            "failure": _part(FailureView, metadata.get("failure")),
            "parent_panel_id": _or(_ID, metadata.get("parent_panel_id"), None),
        },
    )


def response_views(rows: Iterable[Json]) -> tuple[ResponseView, ...]:
    """Answers in the order of the log; those of other programs after ours, by time."""
    views = [response_view(row) for row in rows]
    return tuple(
        sorted(views, key=lambda view: (view.sequence is None, view.sequence or 0, str(view.created_at)))
    )


def response_view(row: Json) -> ResponseView:
    """One answer."""
    metadata = _object(row.get("metadata"))
    answer = _object(metadata.get("answer"))
    model = _or(_TEXT, metadata.get("model"), None)
    demo = model is not None and model.startswith(DEMO_MODEL)
    confidence = answer.get("confidence", row.get("confidence_score"))
    if demo:
        answer = {**answer, "confidence": None}
    known = {name: value for name, value in metadata.items() if name in _RESPONSE_METADATA}
    return _model(
        ResponseView,
        {
            **known,
            **_columns(row),
            "confidence": None if demo else confidence,
            "stance": answer.get("stance"),
            "position": answer.get("position"),
            "option": answer.get("option"),
            "key_points": [_point_text(point) for point in _list(answer.get("key_points"))],
            "conditions": answer.get("conditions", ()),
            "answer": answer or None,
            "demo": demo,
            "model_label": "demo model" if demo else "scripted model" if model == SCRIPTED_MODEL else None,
        },
    )


def consensus_views(panel: Json, rows: Iterable[Json]) -> tuple[ConsensusView, ...]:
    """Every round's result in order: its row, with the detail kept in the panel's metadata."""
    details = _object(_object(panel.get("metadata")).get("consensus"))
    return tuple(
        _consensus_view(row, _object(details.get(str(row["round_number"]))))
        for row in sorted(rows, key=lambda row: (row["round_number"], str(row.get("created_at"))))
    )


def panel_cost(metadata: Json, uncosted: int) -> PanelCost:
    """A panel's totals, which every member may see. `uncosted`: how many calls are not in them yet."""
    known = {**_object(metadata.get("usage")), "cost_usd": metadata.get("cost_usd")}
    return _model(PanelCost, {**known, "uncosted_calls": uncosted})


def tenant_view(row: Json, *, role: Role | None, quota: QuotaView, now: datetime) -> TenantView:
    """A tenant with the platform's defaults where its row says nothing, or nothing usable."""
    trial_ends_at = _or(TypeAdapter(datetime), row.get("trial_ends_at"), None)
    on_trial = row["status"] == "trial" and (trial_ends_at is None or now < trial_ends_at)
    given = _object(row.get("features"))
    features = {f"{name}_panel": name != "hybrid" for name in PROTOCOLS}
    features |= {name: value for name, value in given.items() if isinstance(value, bool)}
    return TenantView(
        id=row["id"],
        name=row["name"],
        slug=row["slug"],
        subdomain=row.get("subdomain"),
        status=row["status"],
        subscription_tier=row.get("subscription_tier"),
        trial_ends_at=trial_ends_at,
        may_create=row["status"] == "active" or on_trial,
        role=role,
        settings=_model(TenantSettings, _object(row.get("settings"))),
        features=features,
        branding=_model(BrandingView, _object(row.get("branding"))),
        quota=quota,
    )


def role_of(value: str | None) -> Role | None:
    """A role we know; another value is no right to do anything."""
    return cast(Role, value) if value in get_args(Role) else None


_RESPONSE_METADATA = frozenset(
    {
        "role",
        "purpose",
        "step",
        "seat",
        "attempt",
        "model",
        "counted",
        "tokens_used",
        "input_tokens",
        "output_tokens",
        "latency_ms",
        "sources",
        "reasoning",
        "action",
        "sequence",
    }
)


def _consensus_view(row: Json, detail: Json) -> ConsensusView:
    return _model(
        ConsensusView,
        {**detail, **_columns(row), "consensus_level": _exact_level(detail, row["consensus_level"])},
    )


def _exact_level(detail: Json, rounded: float | None) -> float | None:
    level = detail.get("consensus_level")
    return level if isinstance(level, int | float) and not isinstance(level, bool) else rounded


def _rounds(value: object) -> tuple[RoundView, ...]:
    numbered = [
        {"round_number": int(number), **_object(course)}
        for number, course in _object(value).items()
        if number.isdecimal() and len(number) <= LONGEST_ROUND
    ]
    return tuple(sorted(_parts(RoundView, numbered), key=lambda one: one.round_number))


def _columns(row: Json) -> Json:
    return {name: value for name, value in row.items() if name != "metadata" and value is not None}


def _point_text(point: object) -> object:
    return cast(Json, point).get("text") if isinstance(point, Mapping) else point


def _object(value: object) -> Json:
    return cast(Json, value) if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[object]:
    return cast(Sequence[object], value) if isinstance(value, list) else ()


def _part(model: type[_Model], value: object) -> _Model | None:
    try:
        return model.model_validate(value) if value is not None else None
    except ValidationError:
        return None


def _parts(model: type[_Model], values: object) -> tuple[_Model, ...]:
    found = (_part(model, value) for value in _list(values))
    return tuple(part for part in found if part is not None)


def _or(adapter: TypeAdapter[_Value], value: object, default: Any) -> Any:
    try:
        return adapter.validate_python(value) if value is not None else default
    except ValidationError:
        return default


def _model(model: type[_Model], values: Json) -> _Model:
    """The model of these values, each one that does not fit left at its default.

    Raises ValidationError only for a field without default: a column, which the schema check guards.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        unfit = {problem["loc"][0] for problem in error.errors(include_url=False, include_input=False)}
        return model.model_validate({name: value for name, value in values.items() if name not in unfit})
