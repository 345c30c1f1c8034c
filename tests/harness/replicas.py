"""A second process of each service beside the stack's own: started, ready, ended by SIGTERM, started again."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from askpanel.local import tokens
from askpanel.local.ports import free_port
from askpanel.local.secrets import load_or_make
from askpanel.local.servers.process import tail
from askpanel.local.services import MODULES, clean_environment, model_environment
from tests.harness.databases import with_login
from tests.harness.stack import RunningStack, until

ROOT = Path(__file__).parents[2]
LOGINS: Mapping[str, str] = {"gateway": "panel_api", "projector": "panel_projector"}
"""Who may use the database, as whom."""
LONGEST_START = 180.0
"""Seconds that a start may take on a crowded machine."""
LONGEST_DRAIN = 60.0
"""Seconds until a process that was told to end counts as stuck."""


@dataclass(slots=True)
class Replica:
    """One more process of a service. It keeps its port across restarts, as a pod keeps its Service."""

    name: str
    environment: Mapping[str, str]
    log: Path
    port: int
    arguments: tuple[str, ...]
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    @property
    def url(self) -> str:
        """Where its probes answer, and with the gateway everything else."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it; `ready` says when it can work."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.arguments], env=self.environment, stdout=log, stderr=log, cwd=ROOT
            )

    def terminate(self) -> None:
        """SIGTERM: drain and leave."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)

    async def ended(self) -> int:
        """Its exit code, once it has drained and left."""
        process = self.process
        assert process is not None

        async def code() -> int | None:
            return process.poll()

        found = await until(code, lambda one: one is not None, seconds=LONGEST_DRAIN)
        assert found is not None
        return found

    async def ready(self, *, seconds: float = LONGEST_START) -> float:
        """Wait until its readiness probe answers 200; how long that took."""
        began = time.monotonic()
        async with httpx.AsyncClient(timeout=5) as client:
            while not await answers(client, self.url):
                code = self.process.poll() if self.process else None
                told = f"{self.name} is not ready ({code}): {tail(self.log)}"
                assert code is None, told
                assert time.monotonic() - began < seconds, told
                await asyncio.sleep(0.05)
        return time.monotonic() - began


@contextlib.contextmanager
def replica(
    running: RunningStack, name: str, *, within: str | None = None, **environment: str
) -> Generator[Replica]:
    """A further process of this service, started; it is ended on leaving.

    `within` is a module that runs the service's own, given as its argument.
    """
    port = free_port(0)
    one = Replica(
        name,
        _environment(running, name, port) | environment,
        running.data / f"second-{name}.log",
        port,
        ("-m", *([within] if within else []), MODULES[name]),
    )
    one.start()
    try:
        yield one
    finally:
        process = one.process
        if process is not None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(LONGEST_DRAIN)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)


async def answers(client: httpx.AsyncClient, url: str) -> bool:
    """Whether a process is ready."""
    try:
        return (await client.get(f"{url}/readyz")).status_code == 200
    except httpx.TransportError:
        return False


def _environment(running: RunningStack, name: str, port: int) -> dict[str, str]:
    """What the stack gives its own process of this service, with another port."""
    secrets = load_or_make(running.data)
    address = urlsplit(str(running.told["nats_url"]))
    environment = clean_environment(os.environ) | {
        "ASKPANEL_NATS_URL": f"nats://{address.hostname}:{address.port}",
        "ASKPANEL_NATS_USER": name,
        "ASKPANEL_NATS_PASSWORD": secrets.nats[name],
        "ASKPANEL_PROBE_PORT": str(port),
        "OPENBLAS_NUM_THREADS": "1",
        "ASKPANEL_LIMITS": "off",
    }
    if name in LOGINS:
        environment["ASKPANEL_DATABASE_URL"] = with_login(
            running.told["database_url"], "postgres", LOGINS[name]
        )
    if name == "expert-runner":
        environment |= model_environment(os.environ)
    if name == "gateway":
        environment |= {
            "ASKPANEL_LOCAL": "1",
            "ASKPANEL_PORT": str(port),
            "ASKPANEL_JWT_SECRET": secrets.jwt,
            "ASKPANEL_JWT_ISSUER": tokens.issuer(urlsplit(running.url).port or 0),
            "ASKPANEL_TICKET_SECRET": secrets.tickets,
        }
    return environment
