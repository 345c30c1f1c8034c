"""Another process of a service beside the stack's own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator

import httpx

from askpanel.local.ports import free_port
from askpanel.local.services import MODULES
from tests.harness.stack import RunningStack, until


@contextlib.contextmanager
def second(running: RunningStack, name: str, number: int = 2, **environment: str) -> Generator[str]:
    """Process `number` of this service; yields the address of its probes."""
    password = json.loads((running.data / "secrets.json").read_text())["nats"][name]
    port = free_port(0)
    settings = {
        "ASKPANEL_NATS_URL": ",".join(running.nats_login["servers"]),
        "ASKPANEL_NATS_USER": name,
        "ASKPANEL_NATS_PASSWORD": password,
        "ASKPANEL_PROBE_PORT": str(port),
    }
    with (running.data / f"{name}-{number}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", MODULES[name]],
            env=os.environ | settings | environment,
            stdout=log,
            stderr=log,
        )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)


async def ready(probe: str) -> None:
    """Wait until it is."""

    async def answers() -> bool:
        with contextlib.suppress(httpx.TransportError):
            return (await client.get(f"{probe}/readyz")).status_code == 200
        return False

    async with httpx.AsyncClient(timeout=5) as client:
        await until(answers, bool, seconds=60)


async def handled(probe: str) -> float:
    """Messages this process has handled."""
    async with httpx.AsyncClient(timeout=5) as client:
        lines = (await client.get(f"{probe}/metrics")).text.splitlines()
    return sum(
        float(line.rpartition(" ")[2])
        for line in lines
        if line.startswith("askpanel_messages_handled_total{")
    )
