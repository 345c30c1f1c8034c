"""The whole of Ask Panel on one machine: NATS, Postgres and every service, started, watched and stopped.

Order of start: servers → streams and tables → services → ready. Order of stop: services drain first,
then the servers go. Whatever kills this process, the kernel ends the others after it.
"""

import asyncio
import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import nats as nats_client

from askpanel.contracts.permissions import authorization
from askpanel.gateway.readmodel.migrate import migrate
from askpanel.local import tokens
from askpanel.local.demo import EVERY_PROTOCOL, TENANTS, seed
from askpanel.local.secrets import Secrets, load_or_make
from askpanel.local.servers import nats, postgres
from askpanel.local.servers.nats import NatsServer
from askpanel.local.servers.postgres import PostgresServer
from askpanel.local.services import MODULES, Service, base_environment, model_environment, wait_ready
from askpanel.local.settings import LocalSettings
from askpanel.runtime import bootstrap

WATCH_SECONDS = 0.2
STOP_SECONDS = 25.0
WEB_ROOT = Path(__file__).parents[5] / "apps" / "web" / "out"
"""The built web UI; without it the gateway says how to use the API."""


@dataclass(slots=True)
class Stack:
    """A running stack; a context manager that starts it and stops it."""

    settings: LocalSettings
    told: Callable[[str], None] = lambda _: None
    restarted: Callable[[], None] = lambda: None
    port: int = 0
    services: list[Service] = field(default_factory=list[Service])
    _secrets: Secrets | None = None
    _nats: NatsServer | None = None
    _postgres: PostgresServer | None = None

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.callback(self.stop)
            self._start()
            undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where the API answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def nats_url(self) -> str:
        """For operators: every right."""
        return self._nats_url("admin")

    @property
    def database_url(self) -> str:
        """For operators: superuser."""
        return self.settings.database_url or self._running_postgres().url()

    @property
    def projector_url(self) -> str:
        """The only writer's login."""
        return self._database_login("panel_projector")

    @property
    def secrets(self) -> Secrets:
        """The stack's secrets."""
        assert self._secrets is not None
        return self._secrets

    def pids(self) -> dict[str, int]:
        """Process ids by name; servers that are not ours are left out."""
        pids = {service.name: service.pid for service in self.services}
        if self._nats is not None:
            pids["nats"] = self._nats.pid
        if self._postgres is not None:
            pids["postgres"] = self._postgres.pid
        return pids

    def describe(self) -> dict[str, Any]:
        """What `askpanel up --json` prints."""
        return {
            "url": self.url,
            "database_url": self.database_url,
            "nats_url": self.nats_url,
            "pids": self.pids(),
            "tenants": [
                {
                    "id": str(tenant.id),
                    "slug": tenant.slug,
                    "users": [
                        {
                            "id": str(user.id),
                            "email": user.email,
                            "role": user.role,
                            "status": user.status,
                            "token": self.token(user.id, user.email),
                        }
                        for user in tenant.users
                    ],
                }
                for tenant in TENANTS
            ],
        }

    def token(self, user_id: Any, email: str) -> str:
        """A fresh token for a demo user."""
        return tokens.sign(self.secrets.jwt, issuer=tokens.issuer(self.port), user_id=user_id, email=email)

    def watch(self) -> list[str]:
        """Restart what has ended; names of what was restarted."""
        restarted = [service.name for service in self.services if service.watch()]
        if self._nats is not None and self._nats.poll() is not None:
            self._nats.stop()
            self._nats = self._start_nats()
            restarted.append("nats")
        if self._postgres is not None and self._postgres.poll() is not None:
            self._postgres.stop()
            self._postgres = postgres.start(self.settings.data.absolute() / "postgres")
            restarted.append("postgres")
        if restarted:
            self.restarted()
        return restarted

    def stop(self) -> None:
        """Drain and end the services, then the servers. Stopping twice is harmless."""
        deadline = time.monotonic() + STOP_SECONDS
        for service in self.services:
            service.terminate()
        for service in self.services:
            service.wait(deadline - time.monotonic())
        self.services = []
        for server in (self._nats, self._postgres):
            if server is not None:
                server.stop()
        self._nats = self._postgres = None

    def _start(self) -> None:
        data = self.settings.data.absolute()
        data.mkdir(parents=True, exist_ok=True)
        (data / "logs").mkdir(exist_ok=True)
        self._secrets = load_or_make(data)
        self.port = free_port(self.settings.port)
        if self.settings.nats_url is None:
            self._nats = self._start_nats()
        if self.settings.database_url is None:
            self._postgres = postgres.start(data / "postgres")
            if self._postgres.moved:
                self.told(self._postgres.moved)
        asyncio.run(self._prepare())
        self.services = [self._service(name, data / "logs") for name in MODULES]
        for service in self.services:
            service.start()
        wait_ready(self.services, seconds=self.settings.start_seconds, told=self.told)

    def _start_nats(self) -> NatsServer:
        return nats.start(
            self.settings.data.absolute() / "nats",
            access=authorization(self.secrets.nats),
            sync_always=self.settings.sync_always,
        )

    async def _prepare(self) -> None:
        """Streams, tables, demo tenants: what the bootstrap and migration Jobs do in a cluster."""
        client = await nats_client.connect(self.nats_url)
        try:
            await bootstrap.create(client.jetstream())
        finally:
            await client.close()
        await migrate(self.database_url, local=True)
        await seed(self.database_url, features=EVERY_PROTOCOL)

    def _service(self, name: str, logs: Path) -> Service:
        host, probe_port = "127.0.0.1", self.port if name == "gateway" else free_port(0)
        environment = base_environment() | {
            "ASKPANEL_NATS_URL": self.settings.nats_url or f"nats://127.0.0.1:{self._running_nats().port}",
            "ASKPANEL_PROBE_PORT": str(probe_port),
        }
        if self._nats is not None:
            environment |= {"ASKPANEL_NATS_USER": name, "ASKPANEL_NATS_PASSWORD": self.secrets.nats[name]}
        environment |= self._own_environment(name)
        return Service(name, environment, logs / f"{name}.log", (host, probe_port))

    def _own_environment(self, name: str) -> Mapping[str, str]:
        match name:
            case "gateway":
                return {
                    "ASKPANEL_LOCAL": "1",
                    "ASKPANEL_HOST": "127.0.0.1",
                    "ASKPANEL_PORT": str(self.port),
                    "ASKPANEL_DATABASE_URL": self._database_login("panel_api"),
                    "ASKPANEL_JWT_SECRET": self.secrets.jwt,
                    "ASKPANEL_JWT_ISSUER": tokens.issuer(self.port),
                    "ASKPANEL_TICKET_SECRET": self.secrets.tickets,
                    "ASKPANEL_WEB_ROOT": str(WEB_ROOT) if WEB_ROOT.is_dir() else "",
                }
            case "projector":
                return {"ASKPANEL_DATABASE_URL": self._database_login("panel_projector")}
            case "expert-runner":
                return model_environment(os.environ)
            case _:
                return {}

    def _nats_url(self, user: str) -> str:
        if self.settings.nats_url is not None:
            return self.settings.nats_url
        return f"nats://{user}:{self.secrets.nats[user]}@127.0.0.1:{self._running_nats().port}"

    def _database_login(self, role: str) -> str:
        if self.settings.database_url is None:
            return self._running_postgres().url(user=role)
        return self.settings.database_url

    def _running_nats(self) -> NatsServer:
        assert self._nats is not None
        return self._nats

    def _running_postgres(self) -> PostgresServer:
        assert self._postgres is not None
        return self._postgres


class PortTaken(Exception):
    """Another program listens on the wanted port."""


def free_port(wanted: int) -> int:
    """`wanted` if nobody listens there, any free one for 0. Raises PortTaken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            raise PortTaken(
                f"port {wanted} is taken on 127.0.0.1: set ASKPANEL_PORT to another one, or 0 for any"
            ) from None
        return int(probe.getsockname()[1])
