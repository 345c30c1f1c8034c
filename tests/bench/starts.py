"""How long each service takes until it is ready, on whatever log and tables there are."""

import os
import subprocess
import sys
import time
from tempfile import TemporaryFile
from urllib.error import URLError
from urllib.request import urlopen

from askpanel.local.ports import free_port
from askpanel.local.services import MODULES
from tests.bench.tables import Tables

READY = 300.0
WITH_TABLES = ("projector",)
SERVICES = ("projector", "orchestrator", "expert-runner", "consensus", "usage")
"""All but the gateway, which is timed where it serves."""


def starts(nats_url: str, database: Tables | None) -> dict[str, float]:
    """Seconds from the start of a process until its readiness probe says 200, by service."""
    return {
        f"{name}_start_s": _start(name, nats_url, database)
        for name in SERVICES
        if database is not None or name not in WITH_TABLES
    }


def _start(name: str, nats_url: str, database: Tables | None) -> float:
    port = free_port(0)
    settings = {
        "ASKPANEL_NATS_URL": nats_url,
        "ASKPANEL_PROBE_PORT": str(port),
        "ASKPANEL_MODEL": "scripted",
        "ASKPANEL_LOG_LEVEL": "error",
    }
    if database is not None and name in WITH_TABLES:
        settings["ASKPANEL_DATABASE_URL"] = database.url("panel_projector")
    began = time.monotonic()
    with TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-m", MODULES[name]], env=os.environ | settings, stdout=said, stderr=said
        )
        try:
            while not _is_ready(port):
                if process.poll() is not None or time.monotonic() - began > READY:
                    said.seek(0)
                    raise RuntimeError(f"{name} is not ready: {said.read().decode()}")
                time.sleep(0.02)
            return time.monotonic() - began
        finally:
            process.terminate()
            process.wait(30)


def _is_ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return answer.status == 200
    except (URLError, ConnectionError, TimeoutError):
        return False
