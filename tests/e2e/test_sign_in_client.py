"""The npm package that a web app signs in with, unmodified, against the local stack; then the gateway."""

import contextlib
import json
import os
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.harness.node import installed, printed
from tests.harness.stack import RunningStack, until

pytestmark = pytest.mark.e2e

WEB = Path(__file__).parents[2] / "apps" / "web"
SCRIPT = Path(__file__).parent / "node" / "sign_in.mjs"


NODE_WITH_WEBSOCKET = 22


@pytest.fixture(scope="module")
def node() -> tuple[str, ...]:
    """How to run node; skips where it, or the web UI's packages, are not installed.

    The client makes its realtime part at once, which wants the WebSocket that browsers and node 22 have.
    """
    if not (WEB / "node_modules/@supabase/supabase-js/package.json").is_file():
        pytest.skip("the web UI's packages are not installed: run `npm ci` in apps/web")
    program, major = installed()
    return (program,) if major >= NODE_WITH_WEBSOCKET else (program, "--experimental-websocket")


async def signed_in(node: tuple[str, ...], running: RunningStack, name: str) -> dict[str, Any]:
    """What the script says after a whole session of a demo user."""
    user = running.user(name)
    told = {
        "authUrl": running.told["auth_url"],
        "anonKey": running.told["anon_key"],
        "apiUrl": running.url,
        "tenant": str(running.tenant()),
        "email": user["email"],
        "password": user["password"],
    }
    return json.loads(await printed(*node, str(SCRIPT), str(WEB), json.dumps(told), folder=SCRIPT.parent))


async def test_supabase_js_signs_in_stays_and_leaves(running: RunningStack, node: tuple[str, ...]) -> None:
    user = running.user("member")
    said = await signed_in(node, running, "member")
    assert said["wrong"] == {"status": 400, "code": "invalid_credentials", "name": "AuthApiError"}
    assert said["signedIn"] == {"error": None, "email": user["email"]}
    assert said["user"] == {"error": None, "id": user["id"]}
    assert said["claims"] == {"error": None, "sub": user["id"]}
    assert said["refreshed"] == {"error": None, "rotated": True}
    assert said["gateway"] == [{"status": 200, "role": "member"}] * 2
    assert said["signedOut"] == {"error": None, "session": None}
    assert said["again"]["code"] == "refresh_token_not_found"
    assert said["gone"]["name"] == "AuthSessionMissingError"
    assert said["events"] == ["INITIAL_SESSION", "SIGNED_IN", "TOKEN_REFRESHED", "SIGNED_OUT"]


async def test_who_is_no_active_member_signs_in_and_gets_no_further(
    running: RunningStack, node: tuple[str, ...]
) -> None:
    said = await signed_in(node, running, "inactive")
    assert said["signedIn"]["error"] is None
    assert said["gateway"] == [{"status": 403, "role": None}] * 2


async def test_a_session_survives_a_kill_of_the_sign_in_process(running: RunningStack) -> None:
    user = running.user("guest")
    async with httpx.AsyncClient(
        base_url=f"{running.told['auth_url']}/auth/v1", headers={"apikey": running.told["anon_key"]}
    ) as client:
        opened = await client.post(
            "/token?grant_type=password", json={"email": user["email"], "password": user["password"]}
        )
        before = running.pid("sign-in")
        os.kill(before, signal.SIGKILL)

        async def refreshed() -> httpx.Response | None:
            with contextlib.suppress(httpx.TransportError):
                token = {"refresh_token": opened.json()["refresh_token"]}
                return await client.post("/token?grant_type=refresh_token", json=token)
            return None

        answer = await until(refreshed, lambda found: found is not None)
    assert answer is not None
    assert answer.status_code == 200, answer.text
    assert running.pid("sign-in") != before


async def test_the_stack_tells_where_to_sign_in_and_no_service_log_holds_a_password(
    running: RunningStack,
) -> None:
    told = json.loads((running.data / "stack.json").read_text())
    assert (told["auth_url"], told["anon_key"]) == (running.told["auth_url"], running.told["anon_key"])
    passwords = [user["password"] for tenant in running.told["tenants"] for user in tenant["users"]]
    logs = list((running.data / "logs").glob("*.log"))
    assert {"gateway.log", "sign-in.log"} <= {log.name for log in logs}
    assert passwords
    for log in logs:
        text = log.read_text()
        assert not [password for password in passwords if password in text], log.name
