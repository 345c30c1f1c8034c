"""Gateways as processes of their own, several on the same servers."""

import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
from httpx_sse import EventSource, aconnect_sse

from askpanel.local.demo import TENANTS
from askpanel.local.ports import free_port
from services.gateway.tests.running import ISSUER, SECRET, token
from tests.harness.databases import Database

TICKET_SECRET = "only-for-tests-and-shared-by-every-replica"


def headers(user: str = "member", tenant: int = 0) -> dict[str, str]:
    """Headers of a demo user."""
    of = TENANTS[tenant]
    return {"Authorization": f"Bearer {token(of.user(user).id)}", "X-Tenant-ID": str(of.id)}


@dataclass(frozen=True, slots=True)
class Process:
    """One gateway, and where it listens."""

    process: "subprocess.Popen[bytes]"
    url: str

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()


@dataclass(frozen=True, slots=True)
class GatewayProcess:
    """One gateway; `http` speaks as the demo member of the first tenant."""

    process: Process
    http: httpx.AsyncClient

    async def tenant(self, user: str = "member") -> dict[str, Any]:
        """`limits` of GET /tenant."""
        answer = await self.http.get("/api/v1/tenant", headers=headers(user))
        assert answer.status_code == 200, answer.text
        return answer.json()["limits"]

    async def metric(self, line: str) -> float:
        """The value of a metric with its labels, 0 where it was never counted."""
        text = (await self.http.get("/metrics")).text
        found = [each for each in text.splitlines() if each.startswith(f"{line} ")]
        return float(found[0].rpartition(" ")[2]) if found else 0.0

    async def ask(self, user: str = "member") -> str:
        """A new panel's id."""
        body = {"query": "Should we open a second office in Lyon?", "panel_type": "structured"}
        answer = await self.http.post(
            "/api/v1/panels",
            json=body | {"agents": ["expert-0", "expert-1", "expert-2"]},
            headers=headers(user),
        )
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    @asynccontextmanager
    async def stream(self, panel_id: str, user: str = "member") -> AsyncGenerator[EventSource]:
        """An open stream, as a client that takes any status: check `response`."""
        url = f"/api/v1/panels/{panel_id}/stream"
        async with aconnect_sse(self.http, "GET", url, headers=headers(user)) as source:
            yield source


@contextmanager
def gateways(count: int, nats_url: str, database: Database, **settings: object) -> Generator[list[Process]]:
    """So many ready gateways with these settings, by their field names. Blocks until they are ready."""
    with ExitStack() as stack:
        running = [stack.enter_context(_gateway(nats_url, database, settings)) for _ in range(count)]
        for each in running:
            _until_ready(each)
        yield running


@asynccontextmanager
async def spoken_to(processes: Sequence[Process]) -> AsyncGenerator[list[GatewayProcess]]:
    """The same with a client each, of this test's event loop."""
    async with AsyncExitStack() as stack:
        yield [
            GatewayProcess(
                each,
                await stack.enter_async_context(
                    httpx.AsyncClient(base_url=each.url, timeout=20, headers=headers())
                ),
            )
            for each in processes
        ]


@contextmanager
def _gateway(nats_url: str, database: Database, settings: Mapping[str, object]) -> Generator[Process]:
    port = free_port(0)
    own = {
        "ASKPANEL_NATS_URL": nats_url,
        "ASKPANEL_DATABASE_URL": database.api,
        "ASKPANEL_JWT_ISSUER": ISSUER,
        "ASKPANEL_JWT_SECRET": SECRET,
        "ASKPANEL_TICKET_SECRET": TICKET_SECRET,
        "ASKPANEL_PORT": str(port),
        "ASKPANEL_LOG_LEVEL": "warning",
        "ASKPANEL_STREAM_DRAIN_SECONDS": "0.2",  # nobody stands before it who has to notice that it goes
    }
    own |= {f"ASKPANEL_{name.upper()}": str(value) for name, value in settings.items()}
    process = subprocess.Popen([sys.executable, "-m", "askpanel.gateway"], env=os.environ | own)
    try:
        yield Process(process, f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(30)


def _until_ready(gateway: Process, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while True:
        assert gateway.process.poll() is None, "the gateway ended"
        with suppress(httpx.TransportError):
            if httpx.get(f"{gateway.url}/readyz").status_code == 200:
                return
        assert time.monotonic() < deadline, "the gateway does not become ready"
        time.sleep(0.05)
