"""`GET /panels/{id}/stream` and its tickets."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextvars import copy_context
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.security import APIKeyQuery
from starlette.types import Receive, Scope, Send

from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.api.access import Bearer, Caller, Gateway, Member, Parts, TenantHeader, admitted, caller
from askpanel.gateway.api.answers import Ticket
from askpanel.gateway.api.documents import TICKET, problems
from askpanel.gateway.api.problems import Limit, limited, not_found, unavailable
from askpanel.gateway.http import HAND_OVER, HandOver
from askpanel.gateway.stream.deliver import Delivery, Terms
from askpanel.gateway.stream.encode import LIMITED_RETRY_MS, Frame, reset_frame
from askpanel.gateway.stream.replay import Replay
from askpanel.gateway.stream.tickets import LIFETIME
from askpanel.runtime import tracing

router = APIRouter(tags=["stream"])

HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no", "Connection": "close"}
EVENT_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {}}, "description": "The panel's events, then live"},
    204: {"description": "The panel has ended and the client has all of it"},
}

TicketQuery = Annotated[
    str | None,
    Depends(
        APIKeyQuery(
            name="ticket",
            scheme_name=TICKET,
            description="Of POST …/stream-tickets: in place of the token and X-Tenant-ID.",
            auto_error=False,
        )
    ),
]


async def stream_caller(
    panel_id: UUID,
    parts: Parts,
    bearer: Bearer,
    ticket: TicketQuery,
    tenant: TenantHeader = None,
) -> Caller:
    """The caller, by ticket or by headers."""
    if ticket is None:
        return await caller(parts, bearer, tenant)
    holder = parts.tickets.read(ticket, panel_id)
    await parts.limits.tickets.use(holder.number)
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
        raise unavailable("The event log cannot be followed now.")
    slots = parts.limits.streams
    if not await slots.take(member.user_id):
        met = Limit("streams_per_user", slots.most)
        why = f"You have {slots.most} streams open."
        raise limited(429, "streams", why, met, retry=LIMITED_RETRY_MS // 1000)
    panel = member.panel(panel_id)
    delivery = Delivery(parts.room, (member.user_id, member.tenant_id))
    delivery.on_end = _releasing(parts, panel, delivery, member)
    try:
        # In this order: what the tail passed before the subscription is in the replay made after it.
        parts.hub.subscribe(panel, delivery)
        resumes_after = last_event_header or last_event_query
        begun = None if resumes_after else parts.hub.beginnings.of(panel)
        replay = begun or await parts.replays.read(panel)
        answer = _answer(replay, resumes_after, panel, delivery, _terms(parts, member))
    except BaseException:
        delivery.end()
        raise
    if not isinstance(answer, EventStream):
        delivery.end()
    return answer


def _answer(
    replay: Replay, last_event_id: str | None, panel: PanelRef, delivery: Delivery, terms: Terms
) -> Response:
    if not replay.exists:
        raise not_found()
    if replay.began_with is not None:
        tracing.link(replay.began_with)
    after = _resume_after(replay, last_event_id)
    if replay.ended_at is not None and after is not None and after >= replay.ended_at:
        return Response(status_code=204)
    reset = [reset_frame(panel.panel_id, datetime.now(UTC))] if after is None else []
    opening = [*reset, *replay.after(after or 0)]
    return EventStream(delivery, opening, after=after or 0, terms=terms)


class EventStream(Response):
    """The head of a raw event stream; the rest is the delivery's, without a request that waits for it."""

    media_type = "text/event-stream"

    def __init__(self, delivery: Delivery, opening: Sequence[Frame], *, after: int, terms: Terms) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["Content-Length"]
        self._delivery = delivery
        self._opening = opening
        self._after = after
        self._terms = terms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  (ASGI)
        connection: asyncio.Transport | None = None
        try:
            head = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            await send(head)
            hand_over: HandOver = scope["extensions"][HAND_OVER]
            connection = hand_over(self._delivery)
        finally:
            if connection is None:
                self._delivery.end()
        if connection is None:
            return
        ended = asyncio.Event() if tracing.recording() else None
        if ended is not None:
            self._delivery.mark = partial(copy_context().run, tracing.mark)
            self._delivery.on_end = _also(self._delivery.on_end, ended.set)
        self._delivery.begin(connection, self._opening, after=self._after, terms=self._terms)
        if ended is not None:
            await ended.wait()  # the request's span is the stream's: only a recorded one costs a task


def _also(first: Callable[[], None] | None, second: Callable[[], None]) -> Callable[[], None]:
    def both() -> None:
        if first is not None:
            first()
        second()

    return both


def _resume_after(replay: Replay, last_event_id: str | None) -> int | None:
    """The sequence the client has; 0 for a new client, None for an id that is not on this panel's log."""
    if not last_event_id:
        return 0
    known = {str(sequence): sequence for sequence in replay.sequences}
    return known.get(last_event_id.strip())


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
        lasts=min(age, max(expires_in, 0)),
        ends_because="age" if age < expires_in else "expired",
    )


def _releasing(parts: Gateway, panel: PanelRef, delivery: Delivery, member: Caller) -> Callable[[], None]:
    hub, slots, user_id = parts.hub, parts.limits.streams, member.user_id

    def release() -> None:
        hub.unsubscribe(panel, delivery)
        slots.give_back(user_id)

    return release


def _streaming_allowed(member: Caller) -> None:
    if not member.membership.tenant.settings.enable_streaming:
        why = "Streams are switched off for this tenant: poll the panel instead."
        raise limited(403, "streaming-off", why, Limit("enable_streaming"))
