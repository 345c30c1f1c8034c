"""The consumers of docs/consume, each as a process with the login of a reader, and the promises made there."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from nats.aio.client import Client

from askpanel.contracts import generate
from askpanel.contracts.envelope import Recorded, encode
from askpanel.contracts.permissions import authorization, password_variable, reader_user
from askpanel.contracts.topology import PANELS, reader
from askpanel.runtime import bootstrap
from askpanel.runtime.log import EventLog
from tests.contract.samples import SAMPLES, recorded
from tests.contract.servers import OwnNats, connected, emptied, own_nats
from tests.contract.waiting import until
from tests.harness.node import with_packages

ROOT = Path(__file__).parents[2]
CONSUME = ROOT / "docs" / "consume"
BILLING = reader("billing", "usage.recorded", "panel.completed")
PASSWORDS = {BILLING.name: "only-reads", "admin": "may-all"}
WANTED = [recorded(sample) for sample in SAMPLES if f"{sample.TYPE}.>" in BILLING.filters]

EVENT_LINE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27} ")


@pytest.fixture(scope="module")
def guarded() -> Generator[OwnNats]:
    with own_nats(authorization(PASSWORDS, readers=(BILLING,))) as server:
        yield server


@pytest.fixture
async def admin(guarded: OwnNats) -> AsyncGenerator[Client]:
    """Streams as new, with the team's durable."""
    async with connected(guarded.url, user="admin", password=PASSWORDS["admin"]) as client:
        await emptied(client)
        await bootstrap.add_durable(client.jetstream(), BILLING)
        yield client


@pytest.fixture(scope="module")
def node() -> str:
    """A node with the locked packages."""
    return with_packages(CONSUME / "node")


@asynccontextmanager
async def started(server: OwnNats, folder: Path, *command: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    """A consumer with nothing but its login, as the pages say to start it."""
    login = f"nats://{BILLING.name}:{PASSWORDS[BILLING.name]}@127.0.0.1:{server.port}"
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "NATS_URL": login},
    )
    try:
        yield process
    finally:
        process.kill()
        await process.communicate()


async def lines(process: asyncio.subprocess.Process, count: int) -> list[str]:
    """The first so many lines about events; FastStream writes its own beside them."""
    assert process.stdout is not None
    found: list[str] = []
    while len(found) < count:
        line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        assert line, "the consumer ended"
        if EVENT_LINE.match(line):
            found.append(line.rstrip("\n"))
    return found


async def all_settled(admin: Client) -> bool:
    info = await admin.jetstream().consumer_info(BILLING.stream, BILLING.name)
    return (info.num_pending, info.num_ack_pending) == (0, 0)


async def on_the_log(admin: Client) -> None:
    """A whole panel's worth of samples, of which the team sees two."""
    log = EventLog(admin)
    for sample in SAMPLES:
        await log.append_once(recorded(sample), recent=True)


def check(printed: Sequence[str], events: Sequence[Recorded]) -> None:
    """Id, type and data of each, in the order of the log."""
    for line, event in zip(printed, events, strict=True):
        event_id, event_type, data = line.split(" ", 2)
        assert (event_id, event_type) == (str(event.envelope.id), event.envelope.type)
        assert json.loads(data) == json.loads(encode(event)[2])


@pytest.mark.parametrize(
    "command",
    [("consumer.py",), ("-m", "faststream", "run", "faststream_consumer:app")],
    ids=["nats-py", "faststream"],
)
async def test_the_python_consumers_take_what_they_asked_for_and_acknowledge(
    guarded: OwnNats, admin: Client, command: tuple[str, ...]
) -> None:
    await on_the_log(admin)
    async with started(guarded, CONSUME / "python", sys.executable, *command) as process:
        check(await lines(process, len(WANTED)), WANTED)
        await until(lambda: all_settled(admin))


async def test_the_node_consumer_takes_what_it_asked_for_and_acknowledges(
    guarded: OwnNats, admin: Client, node: str
) -> None:
    await on_the_log(admin)
    async with started(guarded, CONSUME / "node", node, "consumer.mjs") as process:
        check(await lines(process, len(WANTED)), WANTED)
        await until(lambda: all_settled(admin))


async def test_a_consumer_that_died_before_it_acknowledged_gets_the_event_again_under_the_same_id(
    guarded: OwnNats, admin: Client
) -> None:
    """At least once, and the id to tell: what the page tells teams to build on."""
    await EventLog(admin).append_once(WANTED[0], recent=True)
    subscription = await admin.jetstream().pull_subscribe_bind(BILLING.name, stream=PANELS.name)
    (first,) = await subscription.fetch(1, timeout=2)
    await first.nak()
    async with started(guarded, CONSUME / "python", sys.executable, "consumer.py") as process:
        (again,) = await lines(process, 1)
        assert again.split(" ")[0] == (first.headers or {})["ce-id"]
        await until(lambda: all_settled(admin))


async def test_the_line_an_operator_gets_for_a_team_is_a_login_that_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(password_variable(BILLING.name), f'"{PASSWORDS[BILLING.name]}"')
    admin_line = 'user: "admin", password: "may-all"'
    with own_nats(f"authorization: {{ users: [\n{{ {admin_line} }}\n{reader_user(BILLING)}] }}\n") as server:
        async with connected(server.url, user="admin", password="may-all") as client:
            await bootstrap.create(client.jetstream())
            await bootstrap.add_durable(client.jetstream(), BILLING)
            await EventLog(client).append_once(WANTED[0], recent=True)
            async with started(server, CONSUME / "python", sys.executable, "consumer.py") as process:
                check(await lines(process, 1), WANTED[:1])


def test_the_python_consumer_is_ten_lines() -> None:
    """What a team has to write: the body of its main function, and the call."""
    program = (CONSUME / "python" / "consumer.py").read_text().partition("async def main")[2]
    assert len([line for line in program.splitlines() if line.strip()]) <= 10


def test_a_breaking_change_fails_the_check_and_the_release(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As if a field that a release promised were missing today."""
    promised = json.loads((ROOT / generate.RELEASED).read_text())
    promised["usage.recorded.v1"]["properties"]["tokens_used_once"] = {"type": "integer"}
    (tmp_path / generate.MESSAGES).mkdir(parents=True)
    (tmp_path / generate.RELEASED).write_text(json.dumps(promised))
    for option in ("--check", "--release"):
        assert generate.main([option, "--root", str(tmp_path)]) == 1
        assert "usage.recorded.v1/tokens_used_once is gone" in capsys.readouterr().err
    assert json.loads((tmp_path / generate.RELEASED).read_text()) == promised
