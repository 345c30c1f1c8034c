"""The local demo model: its server process, and, where its weights are, real answers."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from askpanel.contracts.blocks import QuestionBlock
from askpanel.expert_runner.catalogue import load_catalogue
from askpanel.expert_runner.models.local import LocalModelError, start_server, weights_path
from askpanel.expert_runner.models.local_server import threads
from askpanel.expert_runner.models.opening import LocalModel, Means, open_model
from askpanel.expert_runner.models.port import Failure, Reply
from askpanel.expert_runner.models.resolve import ModelEnvironment, parse_model
from askpanel.expert_runner.models.weights import cached
from askpanel.expert_runner.prompts import Call, Prompt, build, speaker_of

CACHE = Path(os.environ.get("ASKPANEL_CACHE", "~/.cache/askpanel")).expanduser()
WEIGHTS = cached(CACHE)

needs_weights = pytest.mark.skipif(
    WEIGHTS is None, reason=f"the local model's weights are not in {CACHE}; `make run` fetches them"
)


async def test_a_file_that_is_no_gguf_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "model.gguf"
    other.write_text("not a model")
    for path in (other, tmp_path / "missing.gguf"):
        with pytest.raises(LocalModelError, match="is not a readable GGUF file"):
            await weights_path(tmp_path, path)


async def test_without_its_server_nothing_is_fetched_and_the_next_step_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    choice = parse_model("local", ModelEnvironment(), "test")
    with pytest.raises(LocalModelError, match="--build-arg EXTRA=local"):
        await open_model(choice, Means(cache=tmp_path / "cache"))
    assert not list(tmp_path.iterdir())


async def test_a_server_that_does_not_start_says_where_its_words_are(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(LocalModelError, match="did not start") as error:
        await start_server(broken, tmp_path / "server.log")
    assert str(tmp_path / "server.log") in str(error.value)


def test_writing_leaves_a_core_to_the_rest_of_the_machine_and_reading_takes_all() -> None:
    assert [threads(cores) for cores in (1, 2, 4)] == [(1, 1), (1, 2), (3, 4)]


@pytest.fixture
async def model() -> AsyncIterator[LocalModel]:
    choice = parse_model("local", ModelEnvironment(), "test")
    opened = await open_model(choice, Means(cache=CACHE, hub=False))
    assert isinstance(opened, LocalModel)
    yield opened
    await opened.aclose()


def prompt(agent_id: str, model: LocalModel) -> Prompt:
    expert = next(expert for expert in load_catalogue() if expert.agent_id == agent_id)
    call = Call("panel", agent_id, 1, "1", 0, "opening")
    question = QuestionBlock(
        text="Should a small town replace its diesel buses with electric ones this year?"
    )
    return build(call, speaker_of(expert), "analysis", (question,), model.budget)


@needs_weights
@pytest.mark.slow
async def test_three_experts_answer_at_once_validly_briefly_and_in_their_own_words(model: LocalModel) -> None:
    agents = ("sustainability-analyst", "finance-director", "public-policy-analyst")
    shown: dict[str, str] = dict.fromkeys(agents, "")

    async def ask(agent: str) -> object:
        async def hear(text: str) -> None:
            shown[agent] += text

        return await model.ask(prompt(agent, model), on_delta=hear)

    outcomes = await asyncio.gather(*(ask(agent) for agent in agents))
    replies = [outcome for outcome in outcomes if isinstance(outcome, Reply)]
    assert len(replies) == 3, outcomes
    assert all(
        reply.usage is not None and reply.usage.output_tokens <= model.budget.max_tokens for reply in replies
    )
    assert all(
        len(reply.content.split()) <= 200 and 1 <= len(reply.answer.key_points) <= 4 for reply in replies
    )
    assert len({reply.content for reply in replies}) == 3
    assert [shown[agent].strip() for agent in agents] == [reply.content for reply in replies]
    assert all("bus" in reply.content.lower() or "electric" in reply.content.lower() for reply in replies)


@needs_weights
@pytest.mark.slow
async def test_a_server_that_died_is_started_again_for_the_next_question(model: LocalModel) -> None:
    os.kill(model.server_pid, signal.SIGKILL)
    first = await model.ask(replace(prompt("finance-director", model), max_tokens=1))
    second = await model.ask(replace(prompt("finance-director", model), max_tokens=1))
    assert isinstance(first, Failure)
    assert isinstance(second, Failure)
    assert (first.reason, second.reason) == ("network", "truncated"), (
        "the second one was written by a new server"
    )


@needs_weights
@pytest.mark.slow
def test_the_server_ends_with_the_process_that_started_it() -> None:
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from askpanel.expert_runner.models.local import start_server\n"
        "async def main():\n"
        "    server = await start_server(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "    print(server.pid, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", program, str(WEIGHTS), os.devnull]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        server = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    psutil.wait_procs([server], timeout=10)
    assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE
