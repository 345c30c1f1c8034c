"""The whole of Ask Panel on one machine: NATS, Postgres and every service, started, watched and stopped.

Order of start: servers → streams and tables → services → ready. Order of stop: services drain first,
then the servers go. Whatever kills this process, the kernel ends the others after it.
"""

import asyncio
import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import nats as nats_client

from askpanel.contracts.permissions import OPTIONAL_SERVICES, authorization
from askpanel.contracts.topology import OPTIONAL_DURABLES
from askpanel.gateway.readmodel.migrate import migrate
from askpanel.local import children, tokens
from askpanel.local.children import Child
from askpanel.local.demo import EVERY_PROTOCOL, TENANTS, seed
from askpanel.local.ports import free_port
from askpanel.local.secrets import Secrets, load_or_make
from askpanel.local.servers import postgres
from askpanel.local.servers.nats_nodes import NatsNodes
from askpanel.local.servers.postgres import PostgresServer
from askpanel.local.services import (
    LOCAL_MODULES,
    MODULES,
    OPTIONAL_MODULES,
    Service,
    base_environment,
    begin,
    instances,
    model_environment,
    service_of,
    wait_ready,
)
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
    auth_port: int = 0
    services: list[Service] = field(default_factory=list[Service])
    _secrets: Secrets | None = None
    _nats: NatsNodes | None = None
    _postgres: PostgresServer | None = None
    _begun: dict[str, Child] = field(default_factory=dict[str, Child])

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
    def gateways(self) -> list[str]:
        """Where every gateway answers; the first of them at `url`."""
        ports = [service.probe[1] for service in self.services if service_of(service.name) == "gateway"]
        return [f"http://127.0.0.1:{port}" for port in ports]

    @property
    def probes(self) -> dict[str, str]:
        """Where each process says whether it is ready: 200 or 503. Postgres has no such address."""
        services = {service.name: f"{service.probe_url}/readyz" for service in self.services}
        return services | (self._nats.probes() if self._nats is not None else {})

    @property
    def auth_url(self) -> str:
        """What `createClient` of supabase-js takes as the project's address; its auth is at /auth/v1."""
        return f"http://127.0.0.1:{self.auth_port}"

    @property
    def anon_key(self) -> str:
        """What `createClient` takes beside it; public."""
        return tokens.anon_key(self.secrets.jwt)

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
    def migrator_url(self) -> str:
        """For erasure and export: reads and deletes, and writes nothing."""
        return self._database_login("panel_migrator")

    @property
    def secrets(self) -> Secrets:
        """The stack's secrets."""
        assert self._secrets is not None
        return self._secrets

    def pids(self) -> dict[str, int]:
        """Process ids by name; servers that are not ours are left out."""
        pids = {service.name: service.pid for service in self.services}
        if self._nats is not None:
            pids |= self._nats.pids()
        if self._postgres is not None:
            pids["postgres"] = self._postgres.pid
        return pids

    def describe(self) -> dict[str, Any]:
        """What `askpanel up --json` prints."""
        return {
            "url": self.url,
            "auth_url": self.auth_url,
            "anon_key": self.anon_key,
            "database_url": self.database_url,
            "nats_url": self.nats_url,
            "pids": self.pids(),
            "probes": {service.name: service.probe_url for service in self.services},
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
                            "password": self.secrets.passwords[user.email],
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
        if self._nats is not None:
            restarted += self._nats.watch()
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
        for child in self._begun.values():
            child.terminate()
        self._begun = {}
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
        self.auth_port = free_port(0)
        children.warm()
        services = (*MODULES, *(OPTIONAL_MODULES if self.settings.webhooks else ()), *LOCAL_MODULES)
        names = instances(services, self.settings.replicas)
        self._begin(names, data)
        if self._postgres is not None and self._postgres.moved:
            self.told(self._postgres.moved)
        asyncio.run(self._prepare())
        self.services = [self._service(name, data / "logs") for name in names]
        for service in self.services:
            service.begun = self._begun.pop(service.name)
            service.start()
        wait_ready(self.services, seconds=self.settings.start_seconds, told=self.told)

    def _begin(self, names: Sequence[str], data: Path) -> None:
        """Start the servers and, at the same time, the processes that will be services."""

        def children_too() -> None:
            for name in names:
                self._begun[name] = begin(name, data / "logs" / f"{name}.log")

        with ThreadPoolExecutor(1) as pool:
            begun = pool.submit(children_too)
            if self.settings.nats_url is None:
                self._nats = self._start_nats()
            if self.settings.database_url is None:
                self._postgres = postgres.start(data / "postgres")
            begun.result()

    def _start_nats(self) -> NatsNodes:
        nodes = NatsNodes(
            self.settings.data.absolute(),
            access=authorization(self._nats_passwords()),
            sync_always=self.settings.sync_always,
            route_password=self._derived("nats routes"),
            links=self.settings.nats_links,
        )
        nodes.start(self.settings.nats_nodes)
        return nodes

    async def _prepare(self) -> None:
        """Streams, tables, demo tenants: what the bootstrap and migration Jobs do in a cluster."""
        client = await nats_client.connect(self.nats_url.split(","))
        try:
            sizing = bootstrap.Sizing(replicas=min(self.settings.nats_nodes, 3))
            await bootstrap.create(client.jetstream(), sizing)
            for durable in OPTIONAL_DURABLES if self.settings.webhooks else ():
                await bootstrap.add_durable(client.jetstream(), durable)
        finally:
            await client.close()
        await migrate(self.database_url, local=True)
        await seed(self.database_url, features=EVERY_PROTOCOL)

    def _service(self, name: str, logs: Path) -> Service:
        if name == "sign-in":
            environment = base_environment() | self._sign_in_environment()
            return Service(name, environment, logs / f"{name}.log", ("127.0.0.1", self.auth_port))
        service = service_of(name)
        host, probe_port = "127.0.0.1", self.port if name == "gateway" else free_port(0)
        environment = base_environment() | {
            "ASKPANEL_NATS_URL": self.settings.nats_url or self._running_nats().url(),
            "ASKPANEL_PROBE_PORT": str(probe_port),
        }
        if self._nats is not None:
            environment |= {
                "ASKPANEL_NATS_USER": service,
                "ASKPANEL_NATS_PASSWORD": self._nats_passwords()[service],
            }
        environment |= self._own_environment(service, probe_port)
        return Service(name, environment, logs / f"{name}.log", (host, probe_port))

    def _own_environment(self, service: str, port: int) -> Mapping[str, str]:
        match service:
            case "gateway":
                # Nobody stands before it who would have to notice that it goes.
                drain = os.environ.get("ASKPANEL_STREAM_DRAIN_SECONDS", "0.5")
                return {
                    "ASKPANEL_LOCAL": "1",
                    "ASKPANEL_STREAM_DRAIN_SECONDS": drain,
                    "ASKPANEL_HOST": "127.0.0.1",
                    "ASKPANEL_PORT": str(port),
                    "ASKPANEL_DATABASE_URL": self._database_login("panel_api"),
                    "ASKPANEL_JWT_SECRET": self.secrets.jwt,
                    "ASKPANEL_JWT_ISSUER": tokens.issuer(self.port),
                    "ASKPANEL_TICKET_SECRET": self.secrets.tickets,
                    "ASKPANEL_WEBHOOK_SECRET": self._derived("webhooks") if self.settings.webhooks else "",
                    "ASKPANEL_WEB_ROOT": str(WEB_ROOT) if WEB_ROOT.is_dir() else "",
                    "ASKPANEL_SUPABASE_URL": self.auth_url,
                    "ASKPANEL_SUPABASE_ANON_KEY": self.anon_key,
                    "ASKPANEL_WEB_TENANTS": json.dumps({str(t.id): t.name for t in TENANTS}),
                }
            case "projector":
                return {"ASKPANEL_DATABASE_URL": self._database_login("panel_projector")}
            case "expert-runner":
                return model_environment(os.environ)
            case "webhooks":
                return {
                    "ASKPANEL_WEBHOOK_SECRET": self._derived("webhooks"),
                    "ASKPANEL_WEBHOOK_PRIVATE": "1",
                }
            case _:
                return {}

    def _sign_in_environment(self) -> dict[str, str]:
        here = [f"http://{host}:{self.port}" for host in ("127.0.0.1", "localhost")]
        return {
            "ASKPANEL_SIGN_IN_PORT": str(self.auth_port),
            "ASKPANEL_SIGN_IN_SESSIONS": str(self.settings.data.absolute() / "sessions.sqlite"),
            "ASKPANEL_SIGN_IN_ISSUER": tokens.issuer(self.port),
            "ASKPANEL_SIGN_IN_JWT_SECRET": self.secrets.jwt,
            "ASKPANEL_SIGN_IN_REFRESH_SECRET": self.secrets.refresh,
            "ASKPANEL_SIGN_IN_ANON_KEY": self.anon_key,
            "ASKPANEL_SIGN_IN_PASSWORDS": json.dumps(self.secrets.passwords),
            "ASKPANEL_SIGN_IN_ORIGINS": json.dumps(here),
        }

    def _nats_passwords(self) -> Mapping[str, str]:
        return {user: self._derived(f"nats {user}") for user in OPTIONAL_SERVICES} | self.secrets.nats

    def _derived(self, purpose: str) -> str:
        """A secret for what is optional: a folder of secrets made without it has it too."""
        return hmac.digest(self.secrets.tickets.encode(), purpose.encode(), hashlib.sha256).hex()

    def _nats_url(self, user: str) -> str:
        if self.settings.nats_url is not None:
            return self.settings.nats_url
        return self._running_nats().url(f"{user}:{self.secrets.nats[user]}")

    def _database_login(self, role: str) -> str:
        if self.settings.database_url is None:
            return self._running_postgres().url(user=role)
        return self.settings.database_url

    def _running_nats(self) -> NatsNodes:
        assert self._nats is not None
        return self._nats

    def _running_postgres(self) -> PostgresServer:
        assert self._postgres is not None
        return self._postgres
