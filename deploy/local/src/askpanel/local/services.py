"""The services of the local stack as processes: what each is started with, and a watch that restarts them.

Every process gets only the settings it needs: provider keys reach the expert-runner alone, the database
the gateway (as `panel_api`) and the projector (as `panel_projector`) alone.
"""

import http.client
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from askpanel.local import children
from askpanel.local.children import Child
from askpanel.local.servers.process import ServerDied, ServerNotReady, tail

MODULES: Mapping[str, str] = {
    "projector": "askpanel.gateway.projector",
    "gateway": "askpanel.gateway",
    "orchestrator": "askpanel.orchestrator",
    "expert-runner": "askpanel.expert_runner",
    "consensus": "askpanel.consensus",
    "usage": "askpanel.usage",
}
"""In order of start."""

LOCAL_MODULES: Mapping[str, str] = {"sign-in": "askpanel.local.sign_in"}
"""What only a local stack has: people sign in with Supabase elsewhere."""

OPTIONAL_MODULES: Mapping[str, str] = {"webhooks": "askpanel.gateway.webhooks"}
"""What runs where it is switched on."""

IMPORTS: Mapping[str, str] = {
    "projector": "askpanel.gateway.readmodel.store",
    "gateway": "askpanel.gateway.app",
    "orchestrator": "askpanel.orchestrator.app",
    "expert-runner": "askpanel.expert_runner.app",
    "consensus": "askpanel.consensus.app",
    "usage": "askpanel.usage.app",
    "sign-in": "askpanel.local.sign_in.app",
    "webhooks": "askpanel.gateway.readmodel.store",
}
"""What takes each of them long to import."""

MODEL_VARIABLES = ("ASKPANEL_MODEL", "ASKPANEL_OPENAI_BASE_URL", "ASKPANEL_LOCAL_GGUF", "ASKPANEL_CACHE")
KEY_SUFFIX = "_API_KEY"
BACKOFF = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds before a restart, by failures in a row; a process that lived STEADY seconds starts over."""
STEADY = 10.0


def instances(names: Sequence[str], replicas: int) -> list[str]:
    """Names of the processes: of each service `replicas`, the further ones with a number behind."""
    further = [
        f"{name}-{number}" for number in range(2, replicas + 1) for name in names if name not in LOCAL_MODULES
    ]
    return [*names, *further]


def service_of(name: str) -> str:
    """Which service a process is one of."""
    service, _, number = name.rpartition("-")
    return service if number.isdigit() else name


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Ours without secrets and without what the stack sets itself."""
    return {
        name: value
        for name, value in environment.items()
        if not name.endswith(KEY_SUFFIX)
        and name not in ("NATS_URL", "DATABASE_URL", *MODEL_VARIABLES)
        and not name.startswith(("ASKPANEL_NATS", "ASKPANEL_DATABASE"))
    }


def model_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What the expert-runner alone may see: the choice of model and the providers' keys."""
    return {
        name: value
        for name, value in environment.items()
        if name in MODEL_VARIABLES or name.endswith(KEY_SUFFIX)
    }


@dataclass(slots=True)
class Service:
    """One service process and how to start it again."""

    name: str
    environment: Mapping[str, str]
    log: Path
    probe: tuple[str, int]
    begun: Child | None = None
    process: Child | None = None
    started_at: float = 0.0
    failures: int = 0
    restart_at: float | None = None
    restarts: int = field(default=0)

    @property
    def pid(self) -> int:
        """Its process id; 0 while it is down."""
        return self.process.pid if self.process is not None and self.process.poll() is None else 0

    @property
    def probe_url(self) -> str:
        """Where /livez, /readyz and /metrics answer."""
        return f"http://{self.probe[0]}:{self.probe[1]}"

    def start(self) -> None:
        """Start the process; it ends when we end."""
        child, self.begun = self.begun or begin(self.name, self.log), None
        child.go(self.environment)
        self.process = child
        self.started_at, self.restart_at = time.monotonic(), None

    def unready(self) -> str:
        """Why it is not ready; "" when its readiness probe answers 200."""
        connection = http.client.HTTPConnection(*self.probe, timeout=2)
        try:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            return "" if answer.status == 200 else f"is not ready: {answer.read().decode().strip()}"
        except (OSError, http.client.HTTPException) as error:
            return f"does not answer: {str(error) or type(error).__name__}"
        finally:
            connection.close()

    def watch(self) -> bool:
        """Start it again after it ended, with a growing pause. True when it was just restarted."""
        now = time.monotonic()
        if self.process is None or self.process.poll() is None:
            return False
        if self.restart_at is None:
            self.failures = 0 if now - self.started_at > STEADY else self.failures + 1
            self.restart_at = now + BACKOFF[min(self.failures, len(BACKOFF) - 1)]
        if now < self.restart_at:
            return False
        self.restarts += 1
        self.start()
        return True

    def terminate(self) -> None:
        """Ask it to drain and leave."""
        if self.pid and self.process is not None:
            self.process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait for its end, and force it after `seconds`."""
        if self.process is not None:
            self.process.wait(seconds)


def begin(name: str, log: Path) -> Child:
    """A process that will be this service once it is told to go."""
    service = service_of(name)
    module = {**MODULES, **OPTIONAL_MODULES, **LOCAL_MODULES}[service]
    return children.begin(module, IMPORTS[service], log, service)


def wait_ready(services: list[Service], *, seconds: float, told: Callable[[str], None]) -> None:
    """Wait until every service is ready. Raises ServerDied, or ServerNotReady with what each one lacks."""
    deadline = time.monotonic() + seconds
    waiting = services
    while waiting:
        unready: list[tuple[Service, str]] = []
        for service in waiting:
            process = service.process
            if process is not None and process.poll() is not None:
                raise ServerDied(f"{service.name} ended with {process.poll()}: {tail(service.log)}")
            if why := service.unready():
                unready.append((service, why))
            else:
                told(service.name)
        if unready and time.monotonic() > deadline:
            names = ", ".join(service.name for service, _ in unready)
            raise ServerNotReady(
                f"{names} not ready after {seconds:g} s; where the machine is only slow, set "
                f"ASKPANEL_START_SECONDS to more{''.join(_complaint(*one) for one in unready)}"
            )
        waiting = [service for service, _ in unready]
        time.sleep(0.02)


def _complaint(service: Service, why: str) -> str:
    return f"\n{service.name} {why}; {service.log} ends:\n{tail(service.log, 2)}"


def base_environment() -> dict[str, str]:
    """What all services share."""
    return clean_environment(os.environ) | {"PYTHONUNBUFFERED": "1", "OPENBLAS_NUM_THREADS": "1"}
