"""What a person may still say to a panel: stop, or the answer it waits for.

Decided on the log, never on the tables: the panel is read, the wish is appended as its next event, and
when something else came first, the panel is read again.
"""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter

from askpanel.contracts import ids
from askpanel.contracts.envelope import Recorded, seal
from askpanel.contracts.events import Event, HumanResponded, PanelCancelRequested, PanelCreated
from askpanel.gateway.api.access import Caller, Gateway, Member, Parts
from askpanel.gateway.api.answers import Accepted
from askpanel.gateway.api.documents import problems
from askpanel.gateway.api.problems import Limit, Problem, invalid, limited, not_found, unavailable
from askpanel.gateway.bodies import Cancellation, HumanInput
from askpanel.gateway.history import History, awaited, human_answer, read_event, read_history
from askpanel.gateway.permissions import may_act
from askpanel.runtime.errors import Conflict

router = APIRouter(tags=["panels"])

ATTEMPTS = 20
"""How often a command is decided again because the panel has moved on meanwhile."""


@router.post("/panels/{panel_id}/cancel", status_code=202, responses=problems(404, 408, 409, 413, 415, 422))
async def cancel(panel_id: UUID, parts: Parts, member: Member, body: Cancellation | None = None) -> Accepted:
    """Ask a running panel to stop. Repeating it changes nothing."""
    wish = PanelCancelRequested(user_id=member.user_id, reason=body.reason if body else "")
    for _ in range(ATTEMPTS):
        history = await _actionable(panel_id, parts, member)
        if history.cancel_requested is not None:
            return Accepted(id=panel_id, status="cancelling", sequence=history.cancel_requested.sequence)
        sequence = await _append(wish, history, panel_id, parts, member)
        if sequence is not None:
            return Accepted(id=panel_id, status="cancelling", sequence=sequence)
    raise unavailable("The panel moves too fast: try again.", 1)


@router.post(
    "/panels/{panel_id}/human-input", status_code=202, responses=problems(404, 408, 409, 413, 415, 422)
)
async def human_input(panel_id: UUID, parts: Parts, member: Member, body: HumanInput) -> Accepted:
    """Answer the checkpoint the panel waits at. The first valid answer counts."""
    tenant = member.membership.tenant
    if not tenant.may_create:  # it may stop what runs, and not have it go on
        why = f"The tenant is {tenant.status}: it can read and stop panels, but not answer."
        raise limited(403, "limit-status", why, Limit("status"))
    for _ in range(ATTEMPTS):
        history = await _actionable(panel_id, parts, member, known_answer=body)
        earlier = human_answer(history.events, body.checkpoint_id)
        if earlier is not None:
            return _accept(earlier, body, member)
        answer = _answer(body, history, panel_id, member)
        sequence = await _append(answer, history, panel_id, parts, member)
        if sequence is not None:
            # Two answers to one checkpoint have one event id: the log tells whose it holds.
            stored = await read_event(parts.log, member.panel(panel_id), sequence)
            return _accept(stored, body, member)
    raise unavailable("The panel moves too fast: try again.", 1)


async def _actionable(
    panel_id: UUID, parts: Gateway, member: Caller, known_answer: HumanInput | None = None
) -> History:
    """The panel, if the caller may act on it and it has not ended. Raises Problem."""
    history = await read_history(parts.log, member.panel(panel_id))
    created: PanelCreated | None = history.created
    if created is None:
        raise not_found()
    if not may_act(member.membership.role, own=created.user_id == member.user_id):
        raise Problem(403, "role", "Only its creator, an admin or an owner may act on this panel.")
    answered = known_answer and human_answer(history.events, known_answer.checkpoint_id)
    if history.ended_at is not None and not answered:
        raise Problem(409, "ended", "The panel has ended.")
    return history


async def _append(
    event: Event, history: History, panel_id: UUID, parts: Gateway, member: Caller
) -> int | None:
    """The event's sequence, or None when the panel has moved on. Raises LogUnavailable."""
    recorded = seal(
        event,
        member.panel(panel_id),
        time=datetime.now(UTC),
        cause=history.events[0].envelope,
        user_id=member.user_id,
    )
    try:
        return await parts.log.append(recorded, expected=history.last_sequence)
    except Conflict:
        return None


def _answer(body: HumanInput, history: History, panel_id: UUID, member: Caller) -> HumanResponded:
    """The answer as an event, if the panel waits for it. Raises Problem (409, 422)."""
    request = awaited(history.events, body.checkpoint_id)
    if request is None:
        raise Problem(409, "nothing-awaits", "The panel does not wait at this checkpoint.")
    if body.action not in request.actions:
        raise invalid(("/action", "must be " + " or ".join(request.actions)))
    if body.action in ("answer", "modify") and not body.content:
        raise invalid(("/content", f"is needed to {body.action}"))
    options = history.created.options if history.created else ()
    if body.option is not None and body.option not in {option.id for option in options}:
        raise invalid(("/option", "must be the id of one of the panel's options"))
    return HumanResponded(
        checkpoint_id=body.checkpoint_id,
        response_id=ids.row_id(panel_id, "panel_responses", "human", body.checkpoint_id),
        round_number=request.round_number,
        action=body.action,
        content=body.content,
        stance=body.stance,
        option=body.option,
        user_id=member.user_id,
    )


def _accept(stored: Recorded, body: HumanInput, member: Caller) -> Accepted:
    """The same person's same answer again is accepted again; anything else came too late."""
    answer = stored.event
    assert isinstance(answer, HumanResponded)
    said = (answer.user_id, answer.action, answer.content, answer.stance, answer.option)
    if said != (member.user_id, body.action, body.content, body.stance, body.option):
        raise Problem(409, "answered", "The checkpoint was answered already.")
    return Accepted(id=stored.envelope.panel.panel_id, status="answered", sequence=stored.sequence)
