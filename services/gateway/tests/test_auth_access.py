"""Who gets in: tokens, memberships, roles, and never another tenant's byte."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from askpanel.gateway.permissions import ALLOWED, Role, may, may_act
from askpanel.gateway.settings import GatewaySettings
from askpanel.local.demo import TENANTS
from services.gateway.tests.running import ISSUER, SECRET, Running, Start, serving, token
from services.gateway.tests.stories import Story

BODIES: dict[str, Any] = {
    "/api/v1/panels": {"query": "Should we open a second office?", "panel_type": "open"},
    "/api/v1/agents/select": {"query": "Should we open a second office?", "panel_type": "open"},
    "/api/v1/panels/{panel_id}/cancel": {"reason": ""},
    "/api/v1/panels/{panel_id}/human-input": {"checkpoint_id": str(uuid4()), "action": "approve"},
}


def routes(document: Any) -> list[tuple[str, str]]:
    """Every route of the API, from its own document."""
    found = [
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method in methods
        if path.startswith("/api/v1/")
    ]
    assert set(BODIES) <= {path for _, path in found}
    assert len(found) >= 18
    return found


async def call(gateway: Running, method: str, path: str, headers: dict[str, str], panel_id: object) -> Any:
    url = path.format(panel_id=panel_id, agent_id="expert-0")
    return await gateway.http.request(method, url, headers=headers, json=BODIES.get(path))


async def test_no_route_lets_anybody_in_without_a_valid_token(gateway: Running) -> None:
    document = gateway.app.openapi()
    user, tenant = TENANTS[0].user("owner").id, {"X-Tenant-ID": str(TENANTS[0].id)}
    nothing: Any = None
    unsigned = jwt.encode({"iss": ISSUER, "aud": "authenticated", "role": "authenticated", "sub": str(user),
                           "exp": time.time() + 60}, nothing, algorithm="none")  # fmt: skip
    wrong = {
        "none": {},
        "empty": {"Authorization": "Bearer"},
        "basic": {"Authorization": "Basic dXNlcjpwYXNz"},
        "garbage": {"Authorization": "Bearer garbage"},
        "expired": {"Authorization": f"Bearer {token(user, expires_in=-31)}"},
        "forged": {"Authorization": f"Bearer {token(user, secret='another-secret-of-at-least-32-bytes!')}"},
        "alg none": {"Authorization": f"Bearer {unsigned}"},
        "wrong audience": {"Authorization": f"Bearer {token(user, aud='anon')}"},
        "wrong issuer": {"Authorization": f"Bearer {token(user, iss='https://evil.example')}"},
        "service role": {"Authorization": f"Bearer {token(user, role='service_role')}"},
    }
    for method, path in routes(document):
        for kind, headers in wrong.items():
            answer = await call(gateway, method, path, headers | tenant, uuid4())
            assert answer.status_code == 401, (method, path, kind, answer.text)
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.headers["content-type"] == "application/problem+json"


async def test_only_active_members_get_in_and_the_tenant_is_never_taken_from_the_token(
    gateway: Running,
) -> None:
    document = gateway.app.openapi()
    owner = TENANTS[0].user("owner").id
    claims_other = token(owner, user_metadata={"tenant_id": str(TENANTS[1].id)}, tenant_id=str(TENANTS[1].id))
    strangers = {
        "inactive": gateway.headers("inactive"),
        "invited": gateway.headers("invited"),
        "of another tenant": gateway.headers("owner", tenant=1, of=0),
        "nobody": {"Authorization": f"Bearer {token(uuid4())}", "X-Tenant-ID": str(TENANTS[0].id)},
        "claims": {"Authorization": f"Bearer {claims_other}", "X-Tenant-ID": str(TENANTS[1].id)},
        "unknown tenant": gateway.headers("owner") | {"X-Tenant-ID": str(uuid4())},
    }
    for method, path in routes(document):
        answers = {kind: await call(gateway, method, path, who, uuid4()) for kind, who in strangers.items()}
        assert {kind: answer.status_code for kind, answer in answers.items()} == dict.fromkeys(
            strangers, 403
        ), path
        assert len({answer.json()["detail"] for answer in answers.values()}) == 1
    for tenant in ("", "acme", "1"):
        answer = await gateway.http.get("/api/v1/tenant", headers=gateway.headers() | {"X-Tenant-ID": tenant})
        assert answer.status_code == 400


async def test_every_route_denies_another_tenants_panel_as_if_it_did_not_exist(
    gateway: Running, projected: None
) -> None:
    told = Story(name=str(uuid4())).whole()
    stored = await gateway.append(told.events)
    seen = {"X-Min-Sequence": str(stored[-1].sequence)}
    own = await gateway.get(f"/panels/{told.ref.panel_id}", headers=seen)
    assert own.status_code == 200
    for method, path in routes(gateway.app.openapi()):
        if "{panel_id}" not in path:
            continue
        for user in ("owner", "member", "guest"):
            headers = gateway.headers(user, tenant=1)
            theirs = await call(gateway, method, path, headers, told.ref.panel_id)
            nobodys = await call(gateway, method, path, headers, uuid4())
            assert theirs.status_code == nobodys.status_code == 404, (method, path, user, theirs.text)
            assert _told(theirs) == _told(nobodys)
    listed = (await gateway.get("/panels", tenant=1, headers=seen)).json()
    assert (listed["panels"], listed["total"]) == ([], 0)
    key = {"Idempotency-Key": "the-same-for-both"}
    mine = await gateway.http.post(
        "/api/v1/panels", json=BODIES["/api/v1/panels"], headers=gateway.headers() | key
    )
    theirs = await gateway.http.post(
        "/api/v1/panels", json=BODIES["/api/v1/panels"], headers=gateway.headers(tenant=1) | key
    )
    assert mine.json()["id"] != theirs.json()["id"]


def _told(answer: Any) -> dict[str, Any]:
    return {name: value for name, value in answer.json().items() if name not in ("instance", "trace_id")}


async def test_a_guest_reads_and_nothing_else(gateway: Running, projected: None) -> None:
    body = await gateway.ask()
    panel = f"/panels/{body['id']}"
    seen = {"X-Min-Sequence": str(body["sequence"])}

    assert (await gateway.get(panel, user="guest", headers=seen)).status_code == 200
    assert (await gateway.get("/tenant", user="guest")).json()["role"] == "guest"
    for path, sent in (
        ("/panels", BODIES["/api/v1/panels"]),
        (f"{panel}/cancel", None),
        (f"{panel}/human-input", BODIES["/api/v1/panels/{panel_id}/human-input"]),
    ):
        answer = await gateway.post(path, sent, user="guest")
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:askpanel:problem:role")


@pytest.mark.parametrize(
    ("role", "own", "any_panel"),
    [("guest", False, False), ("member", True, False), ("admin", True, True), ("owner", True, True)],
)
def test_acting_on_panels_by_role(role: Role, own: bool, any_panel: bool) -> None:
    assert may_act(role, own=True) is own
    assert may_act(role, own=False) is any_panel
    assert may(role, "read")
    assert may(role, "create") is (role != "guest")


def test_each_action_is_decided_for_each_role() -> None:
    assert all("owner" in roles for roles in ALLOWED.values())
    assert {action for action, roles in ALLOWED.items() if "guest" in roles} == {"read"}
    assert {action for action, roles in ALLOWED.items() if "member" in roles} == {
        "read",
        "create",
        "act_on_own",
    }


# ----------------------------------------------------------------------------------------- keys and settings


class Authority:
    """A sign-in service whose keys change."""

    def __init__(self) -> None:
        self.keys: dict[str, ec.EllipticCurvePrivateKey] = {}
        self.asked = 0
        self.down = False

    async def answer(self, _: Request) -> Response:
        self.asked += 1
        if self.down:
            return Response(status_code=503)
        made = [
            json.loads(ECAlgorithm.to_jwk(key.public_key())) | {"kid": kid} for kid, key in self.keys.items()
        ]
        return JSONResponse({"keys": made})

    def new_key(self, kid: str) -> None:
        self.keys = {kid: ec.generate_private_key(ec.SECP256R1())}

    def token(self, kid: str) -> dict[str, str]:
        claims = {"iss": ISSUER, "aud": "authenticated", "role": "authenticated",
                  "sub": str(TENANTS[0].user("member").id), "exp": time.time() + 60}  # fmt: skip
        signed = jwt.encode(claims, self.keys[kid], algorithm="ES256", headers={"kid": kid})
        return {"Authorization": f"Bearer {signed}", "X-Tenant-ID": str(TENANTS[0].id)}


async def test_keys_rotate_and_unknown_ones_are_fetched_once(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority()
    authority.new_key("first")
    async with serving(Starlette(routes=[Route("/jwks.json", authority.answer)])) as site:
        port = site.servers[0].sockets[0].getsockname()[1]
        gateway = await start(jwt_secret=None, jwks_url=f"http://127.0.0.1:{port}/jwks.json")

        async def status(headers: dict[str, str]) -> int:
            return (await gateway.http.get("/api/v1/tenant", headers=headers)).status_code

        first = authority.token("first")
        answers = await asyncio.gather(*(status(first) for _ in range(10)))
        assert (set(answers), authority.asked) == ({200}, 1)
        assert await status(gateway.headers()) == 401, "HS256 without a secret"
        authority.new_key("second")
        second = authority.token("second")
        assert await status(second) == 401, "the keys were fetched a moment ago: not again so soon"
        monkeypatch.setattr("askpanel.gateway.auth.keys.REFETCH_EVERY", 0.0)
        assert await status(second) == 200
        assert await status(first) == 401
        asked, authority.down = authority.asked, True
        assert await status(second) == 200, "keys that are known stay good while the authority is down"
        assert authority.asked == asked


async def test_no_keys_at_all_is_503_and_not_401(start: Start) -> None:
    authority = Authority()
    authority.new_key("first")
    gateway = await start(jwt_secret=None, jwks_url="http://127.0.0.1:9/jwks.json")

    answer = await gateway.http.get("/api/v1/tenant", headers=authority.token("first"))

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_keys_from_a_file_need_no_network(start: Start, tmp_path: Path) -> None:
    authority = Authority()
    authority.new_key("filed")
    made = json.loads(ECAlgorithm.to_jwk(authority.keys["filed"].public_key())) | {"kid": "filed"}
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [made]}), encoding="utf-8")

    gateway = await start(jwt_secret=None, jwks_file=str(file))

    assert (await gateway.http.get("/api/v1/tenant", headers=authority.token("filed"))).status_code == 200


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"limits": "off"}, "local stack only"),
        ({"jwt_secret": "short"}, "32 bytes"),
        ({"jwt_secret": None}, "set one of"),
        ({"jwks_url": "http://keys.example/jwks.json"}, "https"),
        ({"jwks_url": "https://keys.example/a", "jwks_file": "/b"}, "either"),
        ({"jwt_issuer": ""}, "at least 1"),
    ],
)
def test_unsafe_settings_stop_the_start(changes: dict[str, Any], why: str) -> None:
    usual: dict[str, Any] = {
        "NATS_URL": "nats://x",
        "DATABASE_URL": "postgresql://x",
        "jwt_issuer": ISSUER,
        "jwt_secret": SECRET,
    }

    local: dict[str, Any] = {"limits": "off", "local": True}

    with pytest.raises(ValidationError, match=why):
        GatewaySettings(**(usual | changes))
    assert GatewaySettings(**(usual | local)).limits == "off"
