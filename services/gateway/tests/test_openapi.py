"""The gateway's own description: what a generated client has to send."""

import json
from typing import Any

from askpanel.gateway.describe import description

STREAM = "/api/v1/panels/{panel_id}/stream"


def operations() -> dict[tuple[str, str], Any]:
    document = json.loads(description())
    return {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/api/v1/")
    }


def tenant(operation: Any) -> Any:
    (parameter,) = [one for one in operation["parameters"] if one["name"] == "X-Tenant-ID"]
    return parameter


def test_every_call_names_its_tenant_but_a_stream_that_a_ticket_lets_in() -> None:
    found = operations()
    assert len(found) >= 18
    optional = {call for call, operation in found.items() if not tenant(operation)["required"]}
    assert optional == {("get", STREAM)}
    assert {tenant(operation)["schema"]["format"] for operation in found.values()} == {"uuid"}


def test_a_stream_lets_in_by_token_or_by_ticket_and_all_else_by_token_alone() -> None:
    found = operations()
    stream = found.pop(("get", STREAM))
    assert stream["security"] == [{"HTTPBearer": []}, {"Ticket": []}]
    assert all(operation["security"] == [{"HTTPBearer": []}] for operation in found.values())
    scheme = json.loads(description())["components"]["securitySchemes"]["Ticket"]
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "query", "ticket")
