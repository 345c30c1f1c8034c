"""Services that are not ready in time: what is told of each, and what to do about it."""

import errno
import os
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from askpanel.local.ports import free_port
from askpanel.local.servers.process import ServerNotReady
from askpanel.local.services import Service, wait_ready

LACKS = '{"ready":false,"failures":{"sides":"the expert catalogue was not read yet"}}'


class Probe(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(503)
        self.end_headers()
        self.wfile.write(LACKS.encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def unready() -> Generator[int]:
    """The port of a readiness probe that says what is lacking."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Probe) as server:
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            serving.join()


def test_each_service_that_is_not_ready_says_why_and_the_setting_is_named(
    tmp_path: Path, unready: int
) -> None:
    services: list[Service] = []
    for name, port in (("gateway", unready), ("expert-runner", free_port(0))):
        log = tmp_path / f"{name}.log"
        log.write_text(f"earlier\nthe {name} begins\nand waits\n")
        services.append(Service(name, {}, log, ("127.0.0.1", port)))
    with pytest.raises(ServerNotReady) as failed:
        wait_ready(services, seconds=0, told=lambda _: None)
    refused = f"[Errno {errno.ECONNREFUSED}] {os.strerror(errno.ECONNREFUSED)}"
    first, *each = str(failed.value).splitlines()
    assert first.startswith("gateway, expert-runner not ready after 0 s; ")
    assert "ASKPANEL_START_SECONDS" in first
    assert each == [
        f"gateway is not ready: {LACKS}; {tmp_path}/gateway.log ends:",
        "the gateway begins",
        "and waits",
        f"expert-runner does not answer: {refused}; {tmp_path}/expert-runner.log ends:",
        "the expert-runner begins",
        "and waits",
    ]
