"""Where the weights of the local model are asked for before a stack starts; nothing is fetched here."""

import io
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from rich.console import Console

from askpanel.expert_runner.models.weights import WeightsError
from askpanel.local.model import prepare


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Generator[list[str]]:
    """The hosts that a proxy is asked for; it lets nobody through."""
    hosts: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            hosts.append(self.path)
            self.send_error(403)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{server.server_port}")
        try:
            yield hosts
        finally:
            server.shutdown()
            serving.join()


@pytest.mark.parametrize(("hub", "hosts"), [("true", ["huggingface.co:443"]), ("false", [])])
def test_the_publishers_hub_is_asked_only_where_it_may_be(
    asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: str, hosts: list[str]
) -> None:
    monkeypatch.delenv("ASKPANEL_LOCAL_GGUF", raising=False)
    monkeypatch.setenv("ASKPANEL_MODEL", "local")
    monkeypatch.setenv("ASKPANEL_CACHE", str(tmp_path))
    monkeypatch.setenv("ASKPANEL_MODEL_HUB", hub)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(WeightsError, match="could not download"):
        prepare(Console(file=io.StringIO()))
    assert asked == hosts
