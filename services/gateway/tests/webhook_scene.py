"""What webhook tests stand on: receivers that answer as they like, and both workers on a real NATS."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import nats.js.errors
import uvicorn
from fastapi import FastAPI, Request, Response
from nats.aio.client import Client
from standardwebhooks import Webhook

from askpanel.contracts.envelope import encode
from askpanel.contracts.subjects import PanelRef
from askpanel.contracts.topology import OPTIONAL_DURABLES, WEBHOOK_DELIVERIES, WEBHOOK_EVENTS, WEBHOOKS
from askpanel.gateway.webhooks import orders
from askpanel.gateway.webhooks.endpoints import Registry
from askpanel.gateway.webhooks.orders import Order
from askpanel.gateway.webhooks.room import Room
from askpanel.gateway.webhooks.sending import Sender
from askpanel.gateway.webhooks.worker import Deliver, FanOut
from askpanel.local.demo import TENANTS
from askpanel.runtime import bootstrap
from askpanel.runtime.log import EventLog
from askpanel.runtime.worker import Worker
from tests.contract.samples import SAMPLES, recorded
from tests.harness.stack import until

from .running import Running, Start, serving

MASTER = "only-for-tests-and-long-enough-for-webhooks"
COMPLETED = next(sample for sample in SAMPLES if sample.TYPE == "panel.completed")


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass(slots=True)
class Receiver:
    """Somebody's server. `answers` are given one after another, then 204."""

    url: str = ""
    got: list[Received] = field(default_factory=list[Received])
    answers: list[Response] = field(default_factory=list[Response])
    hold: asyncio.Event | None = None

    async def has(self, count: int) -> list[Received]:
        async def received() -> int:
            return len(self.got)

        await until(received, lambda found: found >= count)
        return self.got


@asynccontextmanager
async def receiving(certificate: Path | None = None) -> AsyncGenerator[Receiver]:
    receiver = Receiver()
    app = FastAPI()

    @app.post("/{path:path}")
    async def take(path: str, request: Request) -> Response:
        receiver.got.append(Received(path, dict(request.headers), await request.body()))
        if receiver.hold is not None:
            await receiver.hold.wait()
        return receiver.answers.pop(0) if receiver.answers else Response(status_code=204)

    options = {} if certificate is None else {"ssl_certfile": str(certificate)}
    async with serving(app, **options) as server:
        address = "http://127.0.0.1" if certificate is None else "https://hooks.test"
        receiver.url = f"{address}:{port_of(server)}"
        yield receiver


def port_of(server: uvicorn.Server) -> int:
    return server.servers[0].sockets[0].getsockname()[1]


def verify(secret: str, request: Received) -> None:
    """By the reference library."""
    Webhook(secret).verify(request.body, request.headers)


@dataclass(slots=True)
class Scene:
    """A gateway with webhooks, the process that sends them, and a receiver."""

    gateway: Running
    receiver: Receiver
    waits: list[float]

    async def send(
        self, method: str, path: str, body: Any = None, *, user: str = "admin", tenant: int = 0
    ) -> Any:
        return await self.gateway.http.request(
            method, f"/api/v1/webhooks{path}", json=body, headers=self.gateway.headers(user, tenant)
        )

    async def made(self, *types: str, path: str = "/in", tenant: int = 0) -> dict[str, Any]:
        body = {"url": f"{self.receiver.url}{path}", "types": list(types)}
        answer = await self.send("POST", "", body, tenant=tenant)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def completed(self, tenant: int = 0) -> int:
        """A panel of the tenant ends; the sequence of its end."""
        panel = PanelRef(TENANTS[tenant].id, uuid4())
        subject, headers, body = encode(recorded(COMPLETED))
        changed = {
            "Nats-Msg-Id": str(uuid4()),
            "ce-id": str(uuid4()),
            "ce-tenantid": str(panel.tenant_id),
            "ce-panelid": str(panel.panel_id),
        }
        subject = panel.subject("panel.completed")
        stored = await self.gateway.log.jetstream.publish(subject, body, headers=headers | changed)
        return stored.seq

    async def delivered(self, webhook: dict[str, Any], tenant: int = 0) -> int:
        """A panel of the tenant ended and its webhook has heard of it; the sequence of its end."""
        sequence = await self.completed(tenant)
        await self.became(webhook, "delivered", tenant)
        return sequence

    async def wait_for_hours(self, webhook: dict[str, Any], count: int, tenant: int = 0) -> None:
        """So many orders have failed, and their next attempt is in an hour."""
        for _ in range(count):
            order = Order(event_id=uuid4(), type="panel.completed", attempts=1, due=time.time() + 3600)
            await orders.put(self.gateway.log.jetstream, TENANTS[tenant].id, UUID(webhook["id"]), order)

    async def waiting(self) -> list[Order]:
        """The orders on the stream: what is settled has left it."""
        jetstream = self.gateway.log.jetstream
        state = (await jetstream.stream_info(WEBHOOKS.name)).state
        found: list[Order] = []
        for sequence in range(state.first_seq, state.last_seq + 1):
            with suppress(nats.js.errors.NotFoundError):
                stored = await jetstream.get_msg(WEBHOOKS.name, sequence)
                found.append(Order.model_validate_json(stored.data or b""))
        return found

    async def deliveries(self, webhook: dict[str, Any], tenant: int = 0) -> list[dict[str, Any]]:
        answer = await self.send("GET", f"/{webhook['id']}/deliveries", tenant=tenant)
        assert answer.status_code == 200, answer.text
        return answer.json()["deliveries"]

    async def became(self, webhook: dict[str, Any], state: str, tenant: int = 0) -> dict[str, Any]:
        """The newest delivery, once it is in this state."""

        async def newest() -> dict[str, Any]:
            return next(iter(await self.deliveries(webhook, tenant)), {"state": None})

        await until(newest, lambda found: found["state"] == state)
        return await newest()


@asynccontextmanager
async def sending(client: Client, deliver: Deliver, registry: Registry) -> AsyncGenerator[None]:
    """Both workers as the process runs them."""
    log = EventLog(client)
    workers = [
        Worker(WEBHOOK_EVENTS, FanOut(log.jetstream, registry), parallel=8),
        Worker(WEBHOOK_DELIVERIES, deliver, parallel=16),
    ]
    for worker in workers:
        await worker.start(client, log)
    try:
        yield
    finally:
        await asyncio.gather(*(worker.drain(1.0) for worker in workers))


@asynccontextmanager
async def a_scene(start: Start, **settings: Any) -> AsyncGenerator[Scene]:
    """A gateway with webhooks, both workers, and a receiver that takes what comes; then none are left."""
    gateway = await start(local=True, webhook_secret=MASTER, **settings)
    jetstream = gateway.log.jetstream
    for durable in OPTIONAL_DURABLES:
        await bootstrap.add_durable(jetstream, durable)
    await jetstream.purge_stream(WEBHOOKS.name)  # what earlier tests left waiting
    registry, sender, waits = Registry(gateway.client), Sender(private=True, seconds=1.0), list[float]()
    room = Room(jetstream, WEBHOOK_DELIVERIES)

    def wait(age: float, asked: float | None) -> float | None:
        waits.append(asked or 0.0)
        return None if len(waits) > 3 else 0.05

    async with (
        receiving() as receiver,
        sending(gateway.client, Deliver(jetstream, registry, sender, MASTER, room, wait), registry),
    ):
        yield Scene(gateway, receiver, waits)
        for tenant in TENANTS:
            endpoints, revision = await registry.read(tenant.id)
            if endpoints:
                await registry.write(tenant.id, (), revision=revision, user_id=uuid4())
    await sender.aclose()
