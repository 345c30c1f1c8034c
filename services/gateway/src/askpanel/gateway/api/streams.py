"""`GET /panels/{id}/stream` and its tickets."""

import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Response

from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.api.access import Bearer, Caller, Gateway, Member, Parts, TenantHeader, admitted, caller
from askpanel.gateway.api.answers import Ticket
from askpanel.gateway.api.documents import problems
from askpanel.gateway.api.problems import Problem, not_found, unavailable
from askpanel.gateway.auth.membership import MembershipUnknown, NotAMember
from askpanel.gateway.history import History, read_history
from askpanel.gateway.stream.deliver import EventStream, Terms, deliver
from askpanel.gateway.stream.encode import LIMITED_RETRY_MS, Frame, event_frame, reset_frame
from askpanel.gateway.stream.mailbox import Mailbox
from askpanel.gateway.stream.tickets import LIFETIME
from askpanel.runtime import tracing

router = APIRouter(tags=["stream"])

EVENT_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {}}, "description": "The panel's events, then live"},
    204: {"description": "The panel has ended and the client has all of it"},
}


async def stream_caller(
    panel_id: UUID,
    parts: Parts,
    bearer: Bearer,
    tenant: TenantHeader = None,
    ticket: Annotated[str | None, Query(max_length=2000, description="Instead of the two headers.")] = None,
) -> Caller:
    """The caller, by ticket or by headers."""
    if ticket is None:
        return await caller(parts, bearer, tenant)
    holder = parts.tickets.redeem(ticket, panel_id)
    return await admitted(parts, holder.identity, holder.panel.tenant_id)


@router.post("/panels/{panel_id}/stream-tickets", responses=problems(404, 422))
async def issue_ticket(panel_id: UUID, parts: Parts, member: Member) -> Ticket:
    """A ticket for one stream of this panel, for browsers' EventSource."""
    _streaming_allowed(member)
    panel = member.panel(panel_id)
    if not await parts.reading.last_sequence(panel):
        raise not_found()
    return Ticket(ticket=parts.tickets.issue(member.identity, panel), expires_in=LIFETIME)


@router.get(
    "/panels/{panel_id}/stream",
    response_class=Response,
    responses=problems(404, 422) | EVENT_STREAM,
)
async def stream(
    panel_id: UUID,
    parts: Parts,
    member: Annotated[Caller, Depends(stream_caller)],
    last_event_header: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
    last_event_query: Annotated[str | None, Query(alias="last_event_id", max_length=200)] = None,
) -> Response:
    """The panel as server-sent events: from its first, or after Last-Event-ID, then live until it ends."""
    _streaming_allowed(member)
    if not parts.hub.following:
        raise unavailable("The event log was not found yet.")
    if not parts.slots.take(member.user_id):
        raise Problem(
            429,
            "streams",
            f"You have {parts.slots.most} streams open.",
            headers={"Retry-After": str(LIMITED_RETRY_MS // 1000)},
            more={"limit": {"name": "streams_per_user", "limit": parts.slots.most, "remaining": 0}},
        )
    panel = member.panel(panel_id)
    mailbox = parts.hub.subscribe(panel)
    release = _releasing(parts, panel, mailbox, member)
    try:
        # In this order: what the tail passed before the subscription is in the history read after it.
        history = await read_history(parts.reading, panel)
        answer = _answer(
            history, last_event_header or last_event_query, panel, mailbox, parts, member, release
        )
    except BaseException:
        release()
        raise
    if not isinstance(answer, EventStream):
        release()
    return answer


def _answer(
    history: History,
    last_event_id: str | None,
    panel: PanelRef,
    mailbox: Mailbox,
    parts: Gateway,
    member: Caller,
    release: Callable[[], None],
) -> Response:
    if history.created is None:
        raise not_found()
    tracing.link(history.events[0].envelope)
    after = _resume_after(history, last_event_id)
    if history.ended_at is not None and after is not None and after >= history.ended_at:
        return Response(status_code=204)
    blocks = deliver(
        _opening(history, after, panel.panel_id),
        mailbox,
        after=after or 0,
        terms=_terms(parts, member),
        still_allowed=_still_allowed(parts, member),
    )
    return EventStream(blocks, mailbox, release)


def _resume_after(history: History, last_event_id: str | None) -> int | None:
    """The sequence the client has; 0 for a new client, None for an id that is not on this panel's log."""
    if not last_event_id:
        return 0
    known = {str(recorded.sequence): recorded.sequence for recorded in history.events}
    return known.get(last_event_id.strip())


def _opening(history: History, after: int | None, panel_id: UUID) -> list[Frame]:
    """What is on the log already, up to the panel's end."""
    events = [recorded for recorded in history.events if recorded.sequence > (after or 0)]
    frames = [frame for frame in map(event_frame, events) if frame is not None]
    end = next((number for number, frame in enumerate(frames, 1) if frame.last), len(frames))
    reset = [reset_frame(panel_id, datetime.now(UTC))] if after is None else []
    return reset + frames[:end]


def _terms(parts: Gateway, member: Caller) -> Terms:
    """Until the token expires or the connection is old, whichever is first. Ages differ, so that clients
    that came together do not come back together."""
    settings = parts.settings
    age = settings.stream_age * random.uniform(0.9, 1.1)  # noqa: S311  (spreads load, guards nothing)
    expires_in = member.identity.expires_at - time.time()
    if expires_in <= 0:
        expires_in += settings.jwt_leeway
    return Terms(
        heartbeat=settings.stream_heartbeat,
        recheck=max(settings.membership_seconds, 0.1),
        lasts=min(age, max(expires_in, 0)),
        ends_because="age" if age < expires_in else "expired",
    )


def _still_allowed(parts: Gateway, member: Caller) -> Callable[[], Awaitable[bool]]:
    """Whether the membership lasts. While nobody can tell, an open stream goes on."""

    async def ask() -> bool:
        try:
            found = await parts.members.find(member.user_id, member.tenant_id)
        except NotAMember:
            return False
        except MembershipUnknown:
            return True
        return found.tenant.settings.enable_streaming

    return ask


def _releasing(parts: Gateway, panel: PanelRef, mailbox: Mailbox, member: Caller) -> Callable[[], None]:
    def release() -> None:
        parts.hub.unsubscribe(panel, mailbox)
        parts.slots.give_back(member.user_id)

    return release


def _streaming_allowed(member: Caller) -> None:
    if not member.membership.tenant.settings.enable_streaming:
        raise Problem(
            403, "streaming-off", "Streams are switched off for this tenant: poll the panel instead."
        )
