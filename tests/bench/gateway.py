"""A real gateway process on given servers, and a member who reads."""

import asyncio
import secrets
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import httpx

from askpanel.local import tokens
from askpanel.local.ports import free_port
from tests.bench.filling import TENANT, USER
from tests.bench.tables import Tables

READY = 300.0


@dataclass(frozen=True, slots=True)
class Served:
    """A gateway that is ready; `started` seconds after it was begun."""

    client: httpx.AsyncClient
    started: float

    async def get(self, path: str) -> httpx.Response:
        """Below /api/v1; anything but 200 is an error of the measurement."""
        answer = await self.client.get(f"/api/v1{path}")
        answer.raise_for_status()
        return answer

    async def resume(self, panel_id: UUID) -> None:
        """The stream of an ended panel from its third event on, to its end."""
        events = (await self.get(f"/panels/{panel_id}/events")).json()["events"]
        headers = {"Last-Event-ID": str(events[2]["sequence"])}
        async with self.client.stream("GET", f"/api/v1/panels/{panel_id}/stream", headers=headers) as answer:
            answer.raise_for_status()
            text = "".join([chunk async for chunk in answer.aiter_text()])
        assert "panel_completed" in text or "panel_failed" in text


@asynccontextmanager
async def gateway(nats_url: str, tables: Tables) -> AsyncGenerator[Served]:
    """Start one, wait until it is ready, stop it."""
    port, secret = free_port(0), secrets.token_urlsafe(48)
    issuer = tokens.issuer(port)
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "askpanel.gateway"),
        env={
            "ASKPANEL_NATS_URL": nats_url,
            "ASKPANEL_DATABASE_URL": tables.url("panel_api"),
            "ASKPANEL_PORT": str(port),
            "ASKPANEL_JWT_SECRET": secret,
            "ASKPANEL_JWT_ISSUER": issuer,
            "ASKPANEL_LIMITS": "off",
            "ASKPANEL_LOCAL": "1",
            "ASKPANEL_LOG_LEVEL": "error",
        },
    )
    token = tokens.sign(secret, issuer=issuer, user_id=USER, email="member@acme.example")
    headers = {"Authorization": f"Bearer {token}", "X-Tenant-ID": str(TENANT)}
    base = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(base_url=base, headers=headers, timeout=60) as client:
            await asyncio.wait_for(_ready(client), READY)
            yield Served(client, time.monotonic() - began)
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 30)


async def _ready(client: httpx.AsyncClient) -> None:
    while True:
        try:
            if (await client.get("/api/v1/panels?limit=1")).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.05)
