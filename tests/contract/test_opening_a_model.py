"""A runner while it opens its model: gateways have its experts already, and it takes no requests yet."""

import asyncio
import os
import socket
import sys
from pathlib import Path

from nats.aio.client import Client

from askpanel.contracts.catalogue import BUCKET
from askpanel.contracts.topology import EXPERT_RUNNER
from askpanel.expert_runner.catalogue import load_catalogue
from askpanel.local.ports import free_port
from tests.contract.servers import OwnNats
from tests.contract.waiting import until


def listens(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_the_catalogue_is_there_before_the_model_and_no_request_is_taken(
    log_server: OwnNats, client: Client, tmp_path: Path
) -> None:
    weights, port = tmp_path / "model.gguf", free_port(0)
    os.mkfifo(weights)  # who opens it for reading waits for a writer
    runner = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "askpanel.expert_runner",
        env={
            "PATH": "/usr/bin:/bin",
            "NATS_URL": log_server.url,
            "ASKPANEL_MODEL": "local",
            "ASKPANEL_LOCAL_GGUF": str(weights),
            "ASKPANEL_CACHE": str(tmp_path / "cache"),
            "ASKPANEL_PROBE_PORT": str(port),
        },
        stderr=asyncio.subprocess.PIPE,
    )
    try:

        async def published() -> bool:
            assert runner.returncode is None
            bucket = await client.jetstream().stream_info(f"KV_{BUCKET}")
            return bucket.state.messages == len(load_catalogue())

        await until(published, seconds=30)
        assert not listens(port), "not ready"
        durable = await client.jetstream().consumer_info(EXPERT_RUNNER.stream, EXPERT_RUNNER.name)
        assert durable.num_waiting == 0, "nobody asks for requests"
        await asyncio.to_thread(weights.write_text, "not a model")
        _, said = await runner.communicate()
    finally:
        if runner.returncode is None:
            runner.kill()
            await runner.wait()
    assert runner.returncode == 1
    assert "no usable model: ASKPANEL_LOCAL_GGUF=" in said.decode()
    assert "opening model local:model" in said.decode()
