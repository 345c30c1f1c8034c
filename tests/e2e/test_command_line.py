"""The `askpanel` command as a stranger would use it: start, look, ask, stop, start again."""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from askpanel.contracts.topology import CONSENSUS
from askpanel.expert_runner.catalogue import load_bench_experts, load_catalogue
from askpanel.local.question import NAME_THE_ANSWERS
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
    ids = [line.partition("\t")[0] for line in everyone.stdout.splitlines()]
    assert ids == [expert.agent_id for expert in load_catalogue()]
    assert [line.partition("\t")[0] for line in found.stdout.splitlines()] == ["biostatistician"]
    seats = await asyncio.to_thread(askpanel, first, "experts", "--all")
    assert len(seats.stdout.splitlines()) == len(ids) + len(load_bench_experts())
    one_line(await asyncio.to_thread(askpanel, first, "experts", "zzzz"), "no expert has 'zzzz'")


async def test_users_are_listed_one_a_line_for_a_program(first: RunningStack) -> None:
    done = await asyncio.to_thread(askpanel, first, "users", COLUMNS="80")
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    told = [
        (t["slug"], t["id"], u["email"], u["password"]) for t in first.told["tenants"] for u in t["users"]
    ]
    assert [(row[0], row[1], row[3], row[4]) for row in rows[:-2]] == told
    assert rows[-2:] == [["address", first.told["auth_url"]], ["anon key", first.told["anon_key"]]]


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


async def test_a_question_for_a_choice_without_answers_is_told_how_to_name_them(first: RunningStack) -> None:
    question = ("ask", "Which market should we enter first, Germany or France?", "--experts", "3")
    bare = await asyncio.to_thread(askpanel, first, *question)
    named = await asyncio.to_thread(askpanel, first, *question, "--option", "Germany", "--option", "France")
    assert (bare.returncode, named.returncode) == (0, 0), bare.stderr + named.stderr
    assert bare.stderr.splitlines() == [f"· {NAME_THE_ANSWERS}"]
    assert named.stderr == ""
    assert "answered (Germany)" in named.stdout


async def test_a_word_that_cannot_be_meant_is_one_line_with_what_can(first: RunningStack) -> None:
    question = ("ask", "Should we publish the trial's raw data now?")
    for experts in ("13", "-1", "2x"):
        done = await asyncio.to_thread(askpanel, first, *question, "--experts", experts)
        one_line(done, f"--experts {experts}: ", "structured takes 3 to 8 experts")
    one_line(await asyncio.to_thread(askpanel, first, *question, "--type", "chat"), "delphi, hybrid")
    one_line(await asyncio.to_thread(askpanel, first, "answer", "nope", "approve"), "'nope' is no panel's id")
    panel = "9b1e0000-0000-4000-8000-000000000000"
    stance = await asyncio.to_thread(askpanel, first, "answer", panel, "approve", "--stance", "yes")
    one_line(stance, "--stance yes", "support, conditional, oppose, abstain")
    one_line(await asyncio.to_thread(askpanel, first, "ask", "Short?"), "query: must have 10 to 2000")


async def test_doctor_tells_the_model_of_the_running_stack_not_its_own(first: RunningStack) -> None:
    done = await asyncio.to_thread(askpanel, first, "doctor", ASKPANEL_MODEL="openai:gpt-x")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "model of the running stack: scripted" in done.stdout
    assert "gpt-x" not in done.stdout
    assert re.search(r"schema: as expected(, with \d+ remarks?)?\n", done.stdout)


async def test_doctor_names_a_service_that_does_not_answer(first: RunningStack) -> None:
    stopped = first.pid("orchestrator")
    os.kill(stopped, signal.SIGSTOP)
    try:
        done = await asyncio.to_thread(askpanel, first, "doctor")
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert done.returncode == 1, done.stdout
    assert "!! orchestrator: does not answer: ReadTimeout\n" in done.stdout
    assert "logs/orchestrator.log" in done.stdout
    assert "!! gateway" not in done.stdout


async def test_a_second_stack_on_the_same_folder_is_refused(first: RunningStack) -> None:
    port = first.url.rpartition(":")[2]
    for wanted in ("0", port):
        environment = {"ASKPANEL_PORT": wanted, "ASKPANEL_MODEL": "scripted"}
        done = await asyncio.to_thread(command_line, first.data, "up", "--json", **environment)
        one_line(done, "runs already", str(first.process.pid), first.url, "askpanel down`")
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
    assert first.process.wait(10) == 143, "left by SIGTERM, in good order"
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
    assert "model that a start from here would use: scripted" in done.stdout


def test_a_busy_port_is_one_line_and_nothing_is_started(tmp_path: Path) -> None:
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = command_line(tmp_path, "up", ASKPANEL_PORT=port, ASKPANEL_MODEL="scripted")
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
