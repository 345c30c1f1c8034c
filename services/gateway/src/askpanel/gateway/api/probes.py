"""Outside `/api/v1`: probes, metrics and the event document. None needs a token; none tells a tenant's data."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from askpanel.contracts.asyncapi import document

router = APIRouter(tags=["operations"])


@router.get("/livez", response_class=PlainTextResponse)
async def livez() -> str:
    """The event loop answers. Asks nobody else."""
    return "ok\n"


@router.get("/readyz", responses={503: {"description": "Not ready: failures say why"}})
async def readyz(request: Request) -> JSONResponse:
    """Whether to send traffic here, and which side is down."""
    ready, failures = await request.app.state.sides.report()
    return JSONResponse({"ready": ready, "failures": failures}, 200 if ready else 503)


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics() -> Response:
    """Prometheus metrics of this process."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get("/asyncapi.json")
async def asyncapi() -> JSONResponse:
    """The events on the log as AsyncAPI 3, from the contracts."""
    return JSONResponse(document())
