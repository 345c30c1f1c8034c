"""The `askpanel` command as a stranger would use it: start, look, ask, stop, start again."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from askpanel.contracts.topology import CONSENSUS
from tests.harness.servers import scratch_directory
from tests.harness.stack import (
    RunningStack,
    askpanel,
    command_line,
    create,
    follow,
    projected,
    stack_on,
    until,
)

pytestmark = pytest.mark.e2e

PROCESSES = {
    "gateway", "projector", "orchestrator", "expert-runner", "consensus", "usage", "sign-in", "nats",
    "postgres",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder() -> Generator[Path]:
    """A data folder that outlives the stacks on it."""
    with scratch_directory() as data:
        yield data


@pytest.fixture(scope="module")
def first(folder: Path) -> Generator[RunningStack]:
    """The first stack on the folder."""
    with stack_on(folder) as started:
        yield started


def one_line(done: "subprocess.CompletedProcess[str]", *words: str) -> None:
    """A failure that says in one line what is wrong."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


async def test_up_tells_where_everything_is(first: RunningStack) -> None:
    told = first.told
    assert set(told) == {
        "url",
        "auth_url",
        "anon_key",
        "database_url",
        "nats_url",
        "pids",
        "probes",
        "tenants",
    }
    assert set(told["pids"]) == PROCESSES
    assert len(set(told["pids"].values())) == len(PROCESSES)
    for pid in told["pids"].values():
        os.kill(pid, 0)
    assert [tenant["slug"] for tenant in told["tenants"]] == ["acme", "globex"]
    for tenant in told["tenants"]:
        assert set(tenant) == {"id", "slug", "users"}
        roles = [(user["role"], user["status"]) for user in tenant["users"]]
        assert roles == [
            ("owner", "active"),
            ("admin", "active"),
            ("member", "active"),
            ("guest", "active"),
            ("member", "inactive"),
            ("member", "invited"),
        ]
        assert all(
            set(user) == {"id", "email", "password", "role", "status", "token"} for user in tenant["users"]
        )
    async with first.http() as client:
        answer = await client.get("/tenant")
    assert (answer.status_code, answer.json()["slug"]) == (200, "acme")


async def test_a_token_is_printed_for_any_demo_user(first: RunningStack) -> None:
    done = await asyncio.to_thread(askpanel, first, "token", "--tenant", "globex", "--user", "owner")
    assert done.returncode == 0, done.stderr
    async with first.http(slug="globex") as client:
        client.headers["Authorization"] = f"Bearer {done.stdout.strip()}"
        assert (await client.get("/tenant")).json()["role"] == "owner"
    one_line(await asyncio.to_thread(askpanel, first, "token", "--user", "nobody"), "nobody")
    one_line(await asyncio.to_thread(askpanel, first, "token", "--tenant", "nowhere"), "nowhere")


async def test_experts_are_listed_and_found_by_words(first: RunningStack) -> None:
    everyone, found = await asyncio.gather(
        asyncio.to_thread(askpanel, first, "experts"),
        asyncio.to_thread(askpanel, first, "experts", "statistics"),
    )
    assert everyone.returncode == found.returncode == 0, everyone.stderr + found.stderr
    assert 1 < len(found.stdout.splitlines()) < len(everyone.stdout.splitlines())


async def test_ask_prints_every_event_and_then_the_panel(first: RunningStack) -> None:
    question = "Should we publish the trial's raw data now?"
    done = await asyncio.to_thread(
        askpanel, first, "ask", question, "--type", "open", "--experts", "4", "--json"
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert (lines[0]["event"], lines[-2]["event"], lines[-1]["event"]) == (
        "panel_created",
        "panel_completed",
        "panel",
    )
    panel = lines[-1]["data"]
    assert (panel["query"], panel["panel_type"], len(panel["agents"])) == (question, "open", 4)
    assert panel["usage"]["calls"] == len(panel["responses"])


async def test_ask_shows_a_person_who_speaks_and_what_comes_of_it(first: RunningStack) -> None:
    done = await asyncio.to_thread(askpanel, first, "ask", "Should we publish the trial's raw data now?")
    assert done.returncode == 0, done.stderr
    assert "Should we publish" in done.stdout
    for words in ("answered (support)", "They agree", "Recommendation", "tokens in", "scripted model"):
        assert words in done.stdout


async def test_a_second_stack_on_the_same_folder_is_refused(first: RunningStack) -> None:
    port = {"ASKPANEL_PORT": "0", "ASKPANEL_MODEL": "scripted"}
    one_line(await asyncio.to_thread(command_line, first.data, "up", "--json", **port))
    async with first.http() as client:
        assert (await client.get("/tenant")).status_code == 200


async def test_a_stack_that_lost_a_consumer_says_so_and_is_mended_by_a_new_start(
    first: RunningStack, folder: Path
) -> None:
    model = {"ASKPANEL_MODEL": "scripted"}
    healthy = await asyncio.to_thread(askpanel, first, "doctor", **model)
    assert healthy.returncode == 0, healthy.stdout + healthy.stderr
    async with first.http() as client:
        panel = (await create(client))["id"]
        frames = await follow(client, panel)
        await projected(first, frames[-1].id or 0)
        before = (await client.get(f"/panels/{panel}")).json()
    async with first.log() as log:
        await log.jetstream.delete_consumer(CONSENSUS.stream, CONSENSUS.name)
    ill = await asyncio.to_thread(askpanel, first, "doctor", **model)
    assert ill.returncode == 1
    assert "consensus" in ill.stdout
    assert "restart the stack" in ill.stdout

    stopped = await asyncio.to_thread(askpanel, first, "down")
    assert stopped.returncode == 0, stopped.stderr
    assert first.process.wait(10) in (0, 143, -15)
    one_line(await asyncio.to_thread(askpanel, first, "ask", "Is anybody there at all?"), "askpanel up")
    one_line(await asyncio.to_thread(askpanel, first, "down"), "askpanel up")

    with stack_on(folder) as second:
        async with second.http() as client:
            after = (await client.get(f"/panels/{panel}")).json()
            assert after == before
            created = await create(client)
            assert (await follow(client, created["id"]))[-1].name == "panel_completed"

        async def mended() -> int:
            return (await asyncio.to_thread(askpanel, second, "doctor", **model)).returncode

        await until(mended, lambda code: code == 0)
        assert (await asyncio.to_thread(askpanel, second, "replay")).returncode == 0


# --------------------------------------------------------------------------------------- without a stack


def test_without_a_stack_a_command_says_how_to_start_one(tmp_path: Path) -> None:
    for command in (("token",), ("ask", "Is anybody there at all?"), ("replay",)):
        one_line(command_line(tmp_path, *command), "askpanel up")
    done = command_line(tmp_path, "doctor", ASKPANEL_MODEL="scripted")
    assert done.returncode == 1
    assert "askpanel up" in done.stdout


def test_a_busy_port_is_one_line_and_nothing_is_started(tmp_path: Path) -> None:
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = command_line(tmp_path, "up", "--json", ASKPANEL_PORT=port, ASKPANEL_MODEL="scripted")
    one_line(done, port, "ASKPANEL_PORT")
    assert not (tmp_path / "nats").exists()


def test_a_model_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    done = command_line(tmp_path, "up", ASKPANEL_PORT="0", ASKPANEL_MODEL="scripted:colour=red")
    one_line(done, "colour")


def test_limits_cannot_be_switched_off_but_on_a_local_stack() -> None:
    environment = {
        "ASKPANEL_LIMITS": "off",
        "ASKPANEL_NATS_URL": "nats://127.0.0.1:9",
        "ASKPANEL_DATABASE_URL": "postgresql://panel_api@127.0.0.1:9/postgres",
        "ASKPANEL_JWT_SECRET": "s" * 48,
        "ASKPANEL_JWT_ISSUER": "https://project.example/auth/v1",
        "PATH": "/usr/bin:/bin",
    }
    done = subprocess.run(
        [sys.executable, "-m", "askpanel.gateway"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment,
    )
    assert done.returncode != 0
    assert "local stack only" in done.stderr
    assert "Traceback" not in done.stderr
    assert "s" * 48 not in done.stderr
