"""How the OpenAPI document describes errors and common headers: written once, said of every route."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from askpanel.gateway.api.problems import MEDIA_TYPE, ProblemBody

_COMMON = (400, 401, 403, 422, 429, 500, 503)
"""422 too: every route takes a header or a query that may be malformed."""

TENANT = "X-Tenant-ID"
TICKET = "Ticket"
"""The security scheme of a route that lets in by ticket too."""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may also answer these statuses."""
    return {status: _problem(status) for status in sorted({*_COMMON, *statuses})}


def _problem(status: int) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{ProblemBody.__name__}"}
    return {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}


def header(description: str) -> Mapping[str, Any]:
    """A response header that is a string."""
    return {"description": description, "schema": {"type": "string"}}


def install(app: FastAPI) -> None:
    """Have the document of this application say which calls must name a tenant: all but those with a ticket.

    The routes themselves take the header as optional, so that who has no token is told 401 before 400.
    """
    described = app.openapi

    def openapi() -> dict[str, Any]:
        document = described()
        for methods in document["paths"].values():
            for operation in methods.values():
                by_ticket = any(TICKET in scheme for scheme in operation.get("security", ()))
                for parameter in operation.get("parameters", ()):
                    if parameter["name"] == TENANT:
                        parameter["required"] = not by_ticket
                        parameter["schema"] = {"type": "string", "format": "uuid"}
        return document

    app.openapi = openapi
