"""The life of a worker process: it starts when its durables are as declared, drains, and leaves."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from nats.aio.client import Client

from askpanel.contracts.events import ExpertFailed
from askpanel.contracts.topology import USAGE
from askpanel.local.ports import free_port
from askpanel.runtime import bootstrap
from askpanel.runtime.log import EventLog
from askpanel.runtime.settings import ServiceSettings, load
from tests.contract.made import sealed, some_panel
from tests.contract.samples import SAMPLES
from tests.contract.servers import OwnNats, connected, own_nats
from tests.contract.waiting import until

ROOT = Path(__file__).parents[2]
FAILED = next(sample for sample in SAMPLES if isinstance(sample, ExpertFailed))


@dataclass(slots=True)
class Sample:
    """A running sample service."""

    process: asyncio.subprocess.Process
    go: Path

    async def says(self, wanted: str) -> None:
        """Wait for this line."""
        assert self.process.stdout is not None
        async with asyncio.timeout(20):
            while (line := (await self.process.stdout.readline()).decode().strip()) != wanted:
                assert line, f"ended before it said {wanted!r}: {await self.complaints()}"

    async def is_ready(self) -> None:
        """Wait for its log line `ready`."""
        assert self.process.stderr is not None
        async with asyncio.timeout(20):
            while line := await self.process.stderr.readline():
                if line.startswith(b"{") and json.loads(line)["message"] == "ready":
                    return
        raise AssertionError("it never got ready")

    async def complaints(self) -> str:
        """What is left of its standard error."""
        assert self.process.stderr is not None
        return (await self.process.stderr.read()).decode()

    async def ended(self) -> int:
        """Its exit code."""
        return await asyncio.wait_for(self.process.wait(), 20)


@asynccontextmanager
async def started(url: str, go: Path, **environment: str) -> AsyncGenerator[Sample]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.contract.sample_service",
        cwd=ROOT,
        env={**os.environ, "NATS_URL": url, "SAMPLE_GO": str(go), **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Sample(process, go)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def put(client: Client) -> int:
    return await EventLog(client).append(sealed(some_panel(), FAILED), expected=0)


async def test_sigterm_finishes_what_is_in_flight_and_closes_in_order(
    log_server: OwnNats, client: Client, tmp_path: Path
) -> None:
    sequence = await put(client)
    async with started(log_server.url, tmp_path / "go") as sample:
        await sample.says(f"begun {sequence}")
        sample.process.send_signal(signal.SIGTERM)
        (tmp_path / "go").touch()
        await sample.says(f"done {sequence}")
        await sample.says("closed")
        assert await sample.ended() == 0
    info = await client.jetstream().consumer_info(USAGE.stream, USAGE.name)
    assert (info.num_pending, info.num_ack_pending) == (0, 0)


async def test_what_does_not_end_in_time_is_taken_over_by_another(
    log_server: OwnNats, client: Client, tmp_path: Path
) -> None:
    sequence = await put(client)
    async with started(log_server.url, tmp_path / "go", ASKPANEL_DRAIN_SECONDS="0.1") as sample:
        await sample.says(f"begun {sequence}")
        sample.process.send_signal(signal.SIGTERM)
        assert await sample.ended() == 0
    (tmp_path / "go").touch()
    async with started(log_server.url, tmp_path / "go") as successor:
        await successor.says(f"done {sequence}")


async def test_probes_answer_while_it_runs(log_server: OwnNats, client: Client, tmp_path: Path) -> None:
    port = free_port(0)
    async with started(log_server.url, tmp_path / "go", ASKPANEL_PROBE_PORT=str(port)) as sample:
        await sample.is_ready()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:

            async def answers() -> bool:
                try:
                    return (await http.get("/readyz")).json() == {"ready": True, "failures": {}}
                except httpx.ConnectError:
                    return False

            await until(answers)
            assert (await http.get("/livez")).status_code == 200


async def test_a_port_that_is_taken_ends_the_process_with_one_line(
    log_server: OwnNats, client: Client, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with started(log_server.url, tmp_path / "go", ASKPANEL_PROBE_PORT=str(port)) as sample:
            assert await sample.ended() == 1
            last = (await sample.complaints()).splitlines()[-1]
    assert last == f"usage: [Errno 98] cannot listen on 127.0.0.1 port {port}: Address already in use"


async def test_a_durable_that_goes_ends_the_process(
    log_server: OwnNats, client: Client, tmp_path: Path
) -> None:
    async with started(log_server.url, tmp_path / "go") as sample:
        await sample.is_ready()
        await client.jetstream().delete_consumer(USAGE.stream, USAGE.name)
        await sample.says("closed")
        assert await sample.ended() == 1
        assert (await sample.complaints()).splitlines()[
            -1
        ] == "usage: consumer usage of PANELS does not exist"


@pytest.mark.parametrize(
    ("subject", "task"),
    [("$JS.API.CONSUMER.MSG.NEXT.", "the pull of usage"), ("$JS.ACK.", "the keep-alive of usage")],
)
async def test_a_bug_in_what_takes_messages_or_keeps_them_in_hand_ends_the_process(
    log_server: OwnNats, client: Client, tmp_path: Path, subject: str, task: str
) -> None:
    """Else it would never take a message again, or never keep one, and be ready all the same."""
    await put(client)
    named = {"SAMPLE_BUG": subject, "ASKPANEL_DRAIN_SECONDS": "0.1"}
    async with started(log_server.url, tmp_path / "go", **named) as sample:
        await sample.says("closed")
        assert await sample.ended() == 1
        *before, last = (await sample.complaints()).splitlines()
    assert last == f"usage: ended, since {task} did: see the log"
    told = next(line for line in before if f'"{task} ended"' in line)
    assert json.loads(told)["exception"].endswith("RuntimeError: a bug")


async def test_a_changed_password_ends_the_process_so_that_the_next_one_reads_it(tmp_path: Path) -> None:
    access = 'authorization { users: [ { user: "usage", password: "first" } ] }'
    with own_nats(access) as server:
        async with connected(server.url, user="usage", password="first") as client:
            await bootstrap.create(client.jetstream())
        named = {"ASKPANEL_NATS_USER": "usage", "ASKPANEL_NATS_PASSWORD": "first"}
        async with started(server.url, tmp_path / "go", **named) as sample:
            await sample.is_ready()
            server.reconfigure('"first"', '"second"')
            await sample.says("closed")
            assert await sample.ended() == 1
            last = (await sample.complaints()).splitlines()[-1]
    assert last.startswith("usage: nats: the server ended the connection for good")


async def test_without_streams_the_process_says_so_in_one_line(tmp_path: Path) -> None:
    with own_nats() as server:
        async with started(server.url, tmp_path / "go") as sample:
            assert await sample.ended() == 1
            last = (await sample.complaints()).splitlines()[-1]
    assert last.startswith("usage: stream PANELS does not exist: run the bootstrap step; consumer usage")


async def test_wrong_settings_are_named_one_a_line(tmp_path: Path) -> None:
    async with started("nats://127.0.0.1:1", tmp_path / "go", ASKPANEL_LOG_LEVEL="loud") as sample:
        assert await sample.ended() == 2
        (line,) = (await sample.complaints()).splitlines()
    assert line.startswith("ASKPANEL_LOG_LEVEL: Input should be 'debug', 'info', 'warning' or 'error'")


def test_a_missing_address_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NATS_URL", raising=False)
    monkeypatch.delenv("ASKPANEL_NATS_URL", raising=False)
    with pytest.raises(SystemExit, match="2"):
        load(ServiceSettings)
    assert capsys.readouterr().err == "ASKPANEL_NATS_URL: Field required\n"
