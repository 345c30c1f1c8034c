"""Panels: asking one, finding them, reading one and its parts."""

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel

from askpanel.contracts.events import PanelType
from askpanel.gateway.api.access import Member, Parts, Reads
from askpanel.gateway.api.answers import Matrix, PublicEvents
from askpanel.gateway.api.documents import problems
from askpanel.gateway.api.problems import Limit, limited, not_found
from askpanel.gateway.bodies import Moment
from askpanel.gateway.export import markdown
from askpanel.gateway.history import read_history
from askpanel.gateway.readmodel.views import (
    ConsensusReport,
    PanelFilter,
    PanelPage,
    PanelUsageReport,
    PanelView,
    ResponsesReport,
)
from askpanel.gateway.stream.payloads import name_of, payload

router = APIRouter(tags=["panels"])

Status = Literal["created", "running", "completed", "failed"]
Round = Annotated[int | None, Query(ge=1, le=100)]
IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match")]
TOKEN_TIED = {"Cache-Control": "private, no-cache", "Vary": "Authorization, X-Tenant-ID"}


async def panel_filter(
    status: Status | None = None,
    panel_type: PanelType | None = None,
    q: Annotated[str | None, Query(min_length=1, max_length=200, pattern=r"^[^\x00]*$")] = None,
    created_after: Moment | None = None,
    created_before: Moment | None = None,
) -> PanelFilter:
    """The query parameters of a list."""
    return PanelFilter(
        status=status, panel_type=panel_type, q=q, created_after=created_after, created_before=created_before
    )


@router.get("/panels", responses=problems(422))
async def list_panels(
    request: Request,
    response: Response,
    parts: Parts,
    reads: Reads,
    wanted: Annotated[PanelFilter, Depends(panel_filter)],
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> PanelPage:
    """The tenant's panels, newest first."""
    async with reads.session() as session:
        page = await session.panels(wanted, limit=limit, cursor=cursor, count_to=parts.settings.count_to)
    if page.next_cursor is not None:
        query = urlencode({**request.query_params, "cursor": page.next_cursor})
        response.headers["Link"] = f'<{request.url.path}?{query}>; rel="next"'
    return page


@router.get(
    "/panels/{panel_id}",
    response_model=PanelView,
    responses=problems(404, 422) | {304: {"description": "Not modified"}},
)
async def get_panel(
    panel_id: UUID, reads: Reads, response: Response, if_none_match: IfNoneMatch = None
) -> Response:
    """One panel with its answers, consensus and cost. Strong ETag; 304 when nothing has changed."""
    async with reads.session() as session:
        panel = await session.panel(panel_id)
    if panel is None:
        raise reads.missing()
    return _tagged(panel, if_none_match, response)


def _tagged(view: BaseModel, if_none_match: str | None, told: Response) -> Response:
    """The view's bytes with a tag of those bytes, or 304."""
    body = view.model_dump_json().encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {**TOKEN_TIED, **dict(told.headers), "ETag": tag}
    headers.pop("content-length", None)
    known = {part.strip().removeprefix("W/") for part in (if_none_match or "").split(",")}
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


@router.get("/panels/{panel_id}/responses", responses=problems(404, 422))
async def get_responses(panel_id: UUID, reads: Reads, round_number: Round = None) -> ResponsesReport:
    """The answers of a panel, or of one round."""
    async with reads.session() as session:
        found = await session.responses(panel_id, round_number)
    if found is None:
        raise reads.missing()
    return found


@router.get("/panels/{panel_id}/consensus", responses=problems(404, 422))
async def get_consensus(panel_id: UUID, reads: Reads, round_number: Round = None) -> ConsensusReport:
    """The consensus of a round (the last, unless told), beside those of all rounds."""
    async with reads.session() as session:
        report = await session.consensus(panel_id, round_number)
    if report is None:
        raise reads.missing()
    return report


@router.get("/panels/{panel_id}/matrix", responses=problems(404, 422))
async def get_matrix(panel_id: UUID, reads: Reads, round_number: Round = None) -> Matrix:
    """Aspects by experts: who supports, opposes, qualifies or says nothing, with quotes. Empty before a result."""
    async with reads.session() as session:
        report = await session.consensus(panel_id, round_number)
    if report is None:
        raise reads.missing()
    found = report.consensus
    return Matrix(
        panel_id=panel_id,
        round_number=found.round_number if found else None,
        aspects=list(found.matrix) if found else [],
        rows_left_out=report.rows_left_out,
    )


@router.get("/panels/{panel_id}/usage", responses=problems(404, 422), tags=["usage"])
async def get_panel_usage(panel_id: UUID, reads: Reads) -> PanelUsageReport:
    """What one panel used and cost; by expert as far as you may see it."""
    async with reads.session() as session:
        report = await session.panel_usage(panel_id)
    if report is None:
        raise reads.missing()
    return report


@router.get("/panels/{panel_id}/events", responses=problems(404, 422))
async def get_events(
    panel_id: UUID, parts: Parts, member: Member, after: Annotated[int, Query(ge=0, le=2**62)] = 0
) -> PublicEvents:
    """The panel's public events in order, straight from the log."""
    history = await read_history(parts.reading, member.panel(panel_id))
    if history.created is None:
        raise not_found()
    public = [
        {"event": name_of(recorded)} | fields
        for recorded in history.events
        if recorded.sequence > after and (fields := payload(recorded)) is not None
    ]
    return PublicEvents(panel_id=panel_id, events=public, last_sequence=history.last_sequence)


@router.get(
    "/panels/{panel_id}/export",
    responses=problems(404, 422)
    | {200: {"content": {"text/markdown": {}, "application/json": {}}, "description": "The whole panel"}},
)
async def export_panel(
    panel_id: UUID,
    reads: Reads,
    member: Member,
    format: Annotated[Literal["md", "json"], Query(description="Markdown or JSON")] = "md",
) -> Response:
    """The whole panel as a file, dissent and cost included."""
    if not member.membership.tenant.settings.enable_exports:
        why = "Exports are switched off for this tenant."
        raise limited(403, "exports-off", why, Limit("enable_exports"))
    async with reads.session() as session:
        panel = await session.panel(panel_id)
    if panel is None:
        raise reads.missing()
    named = {**TOKEN_TIED, "Content-Disposition": f'attachment; filename="panel-{panel_id}.{format}"'}
    if format == "json":
        return Response(panel.model_dump_json(indent=2), headers=named, media_type="application/json")
    text = markdown(panel, exported_at=datetime.now(UTC))
    return Response(text, headers=named, media_type="text/markdown")
