"""How the OpenAPI document describes errors and common headers: written once, used by every route."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from askpanel.gateway.api.problems import MEDIA_TYPE, ProblemBody

_COMMON = (400, 401, 403, 422, 429, 500, 503)
"""422 too: every route takes a header or a query that may be malformed."""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may also answer these statuses."""
    return {status: _problem(status) for status in sorted({*_COMMON, *statuses})}


def _problem(status: int) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{ProblemBody.__name__}"}
    return {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}


def header(description: str) -> Mapping[str, Any]:
    """A response header that is a string."""
    return {"description": description, "schema": {"type": "string"}}
