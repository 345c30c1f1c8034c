"""A whole gateway for tests, and what they say to it: see the fixtures in conftest."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import httpx
import jwt
import uvicorn
from fastapi import FastAPI
from nats.aio.client import Client
from starlette.types import Receive, Scope, Send

from askpanel.contracts.catalogue import Expert
from askpanel.contracts.envelope import Recorded, decode
from askpanel.contracts.subjects import PanelRef
from askpanel.local.demo import TENANTS
from askpanel.runtime.health import QuietServer
from askpanel.runtime.log import EventLog
from tests.harness.databases import Database

ISSUER = "http://127.0.0.1/auth/v1"
SECRET = "only-for-tests-and-long-enough-for-hs256"
DOMAINS = ("clinical", "finance", "law", "statistics", "product", "strategy", "ethics")


def token(user_id: object, *, expires_in: float = 600, secret: str = SECRET, **claims: Any) -> str:
    """An access token as the platform would sign it."""
    usual = {"iss": ISSUER, "aud": "authenticated", "role": "authenticated", "sub": str(user_id)}
    return jwt.encode(usual | {"exp": time.time() + expires_in} | claims, secret, algorithm="HS256")


def experts() -> list[Expert]:
    """Enough for every protocol."""
    return [
        Expert(
            agent_id=f"expert-{number}",
            name=f"Expert {number}",
            version=1,
            title=f"Specialist in {DOMAINS[number % len(DOMAINS)]}",
            domain=DOMAINS[number % len(DOMAINS)],
            tags=(DOMAINS[number % len(DOMAINS)], "risk"),
            summary=f"Knows {DOMAINS[number % len(DOMAINS)]} in depth.",
            instructions="SECRET-INSTRUCTIONS: weigh evidence, name what is missing, be brief.",
        )
        for number in range(14)
    ]


@dataclass(slots=True)
class Running:
    """A gateway that serves, and hands on its two sides."""

    app: FastAPI
    url: str
    http: httpx.AsyncClient
    client: Client
    log: EventLog
    database: Database
    server: uvicorn.Server

    def headers(self, user: str = "member", tenant: int = 0, of: int | None = None) -> dict[str, str]:
        """Headers of a demo user of tenant number `tenant`; `of` is the tenant named in X-Tenant-ID."""
        named = TENANTS[tenant if of is None else of].id
        return {
            "Authorization": f"Bearer {token(TENANTS[tenant].user(user).id)}",
            "X-Tenant-ID": str(named),
        }

    async def ask(self, user: str = "member", tenant: int = 0, **body: Any) -> dict[str, Any]:
        """Ask a panel of three and return the answer."""
        usual = {"query": "Should we open a second office in Lyon?", "panel_type": "structured"}
        answer = await self.http.post(
            "/api/v1/panels",
            json=usual | {"agents": ["expert-0", "expert-1", "expert-2"]} | body,
            headers=self.headers(user, tenant),
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def append(self, events: Sequence[Recorded]) -> list[Recorded]:
        """Append in order, from where their panel stands."""
        last = await self.log.last_sequence(events[0].envelope.panel)
        stored: list[Recorded] = []
        for recorded in events:
            last = await self.log.append(recorded, expected=last)
            stored.append(recorded.at(last))
        return stored

    async def get(
        self, path: str, user: str = "member", tenant: int = 0, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """GET below /api/v1 as a demo user."""
        own = self.headers(user, tenant)
        return await self.http.get(f"/api/v1{path}", headers=own | (headers or {}))

    async def post(
        self, path: str, body: Any = None, user: str = "member", tenant: int = 0
    ) -> httpx.Response:
        """POST below /api/v1 as a demo user."""
        return await self.http.post(f"/api/v1{path}", json=body, headers=self.headers(user, tenant))

    async def sql(self, statement: str, *arguments: object) -> None:
        """Change the database behind everybody's back, as a superuser."""
        connection = await asyncpg.connect(self.database.admin)
        try:
            await connection.execute(statement, *arguments)
        finally:
            await connection.close()

    async def stored(self, panel_id: object, tenant: int = 0) -> list[Recorded]:
        """What the log holds of a panel."""
        ref = PanelRef(TENANTS[tenant].id, UUID(str(panel_id)))
        return [decode(*message) async for message in self.log.read_raw(ref.filter)]


Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Start(Protocol):
    """Starts a gateway with changed settings; with `wait`, returns once it is ready."""

    async def __call__(self, *, wait: bool = True, **changes: Any) -> Running: ...


@asynccontextmanager
async def serving(app: Application, **options: Any) -> AsyncGenerator[uvicorn.Server]:
    """The application on a free port of loopback; `options` are uvicorn's."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        **options,
    )
    server = QuietServer(config)
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started or task.done())
    try:
        yield server
    finally:
        server.should_exit = True
        await task


async def until(true: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for a state, not for a time."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110  (a server's state has no event to wait for)
            await asyncio.sleep(0.01)


async def until_ready(http: httpx.AsyncClient, seconds: float = 60) -> None:
    """Wait until the gateway says that it is ready; what still stands in the way after `seconds` fails the test."""
    deadline = time.monotonic() + seconds
    while (answer := await http.get("/readyz")).status_code != 200:
        assert time.monotonic() < deadline, answer.text
        await asyncio.sleep(0.02)
