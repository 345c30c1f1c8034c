"""Two processes of a service share its work, and no step is done twice."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from urllib.parse import urlsplit

import httpx
import pytest

from askpanel.contracts.events import ExpertStarted
from askpanel.local.services import MODULES
from askpanel.local.stack import free_port
from tests.harness.invariants import check_frames, check_log, usage_complete
from tests.harness.stack import RunningStack, create, follow, stack, until

pytestmark = pytest.mark.e2e

SHARED = ("orchestrator", "expert-runner", "consensus", "usage")
PANELS = 12


async def test_twelve_panels_on_two_of_each_end_once_and_exactly() -> None:
    with stack("scripted:latency=0.2") as running, contextlib.ExitStack() as more:
        probes = {name: more.enter_context(second(running, name)) for name in SHARED}
        async with httpx.AsyncClient(timeout=5) as client:
            for probe in probes.values():
                await until(lambda probe=probe: ready(client, probe), bool, seconds=40)

        async def one() -> None:
            async with running.http() as client:
                created = await create(client, configuration={"max_rounds": 2, "consensus_threshold": 1.0})
                frames = await follow(client, created["id"])
            events = await until(lambda: running.events(created["id"]), usage_complete)
            check_log(events)
            check_frames(frames, events)
            answered = sum(frame.name == "response_added" for frame in frames)
            assert sum(isinstance(r.event, ExpertStarted) for r in events) == answered

        await asyncio.gather(*(one() for _ in range(PANELS)))
        async with httpx.AsyncClient(timeout=5) as client:
            for name, probe in probes.items():
                assert await handled(client, probe) > 0, f"the second {name} did nothing"


@contextlib.contextmanager
def second(running: RunningStack, name: str) -> Generator[str]:
    """Another process of this service beside the stack's; yields the address of its probes."""
    password = json.loads((running.data / "secrets.json").read_text())["nats"][name]
    address = urlsplit(str(running.told["nats_url"]))
    port = free_port(0)
    environment = os.environ | {
        "ASKPANEL_NATS_URL": f"nats://{address.hostname}:{address.port}",
        "ASKPANEL_NATS_USER": name,
        "ASKPANEL_NATS_PASSWORD": password,
        "ASKPANEL_PROBE_PORT": str(port),
        "ASKPANEL_MODEL": "scripted:latency=0.2",
    }
    with (running.data / f"second-{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", MODULES[name]], env=environment, stdout=log, stderr=log
        )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)


async def ready(client: httpx.AsyncClient, probe: str) -> bool:
    try:
        return (await client.get(f"{probe}/readyz")).status_code == 200
    except httpx.TransportError:
        return False


async def handled(client: httpx.AsyncClient, probe: str) -> float:
    """Messages this process has handled."""
    lines = (await client.get(f"{probe}/metrics")).text.splitlines()
    return sum(
        float(line.rpartition(" ")[2])
        for line in lines
        if line.startswith("askpanel_messages_handled_total{")
    )
