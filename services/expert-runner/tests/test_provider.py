"""The provider adapter against a real HTTP server on loopback that fails in every way we know."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from askpanel.contracts.blocks import QuestionBlock
from askpanel.contracts.events import FailureReason, TokenUsage
from askpanel.expert_runner.catalogue import load_bench_experts
from askpanel.expert_runner.models import scripted_server
from askpanel.expert_runner.models.opening import Means, open_model
from askpanel.expert_runner.models.port import Failure, Label, Reply
from askpanel.expert_runner.models.provider import Clocks, ProviderModel, Traits
from askpanel.expert_runner.models.resolve import ModelEnvironment, parse_model
from askpanel.expert_runner.models.script import parse_script
from askpanel.expert_runner.models.scripted import ScriptedModel
from askpanel.expert_runner.models.scripted_server import ScriptedServer
from askpanel.expert_runner.prompts import HOSTED, Call, Prompt, build, speaker_of

QUICK = Clocks(read=0.4, first_event=0.8, total=1.2)


def prompt(attempt: int = 1) -> Prompt:
    speaker = speaker_of(load_bench_experts()[0])
    call = Call("panel-1", speaker.agent_id, 1, "1", 0, "opening", attempt=attempt)
    return build(call, speaker, "analysis", (QuestionBlock(text="Should we?"),), HOSTED)


@asynccontextmanager
async def model_at(base_url: str, traits: Traits) -> AsyncGenerator[ProviderModel]:
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    provider = OpenAIProvider(base_url=base_url, api_key="none")
    model = ProviderModel(OpenAIChatModel("scripted", provider=provider), Label("x", "x", "x"), traits)
    await model.__aenter__()
    try:
        yield model
    finally:
        await model.aclose()


async def ask(script: str, traits: Traits | None = None) -> tuple[Reply | Failure, int]:
    """One attempt against a server playing `script`: its outcome, and how many HTTP requests it made."""
    async with (
        ScriptedServer(parse_script(script)) as server,
        model_at(server.base_url, traits or Traits(clocks=QUICK, loopback=True)) as model,
    ):
        outcome = await model.ask(prompt())
        return outcome, server.requests


FAILURES: tuple[tuple[str, FailureReason], ...] = (
    ("429", "rate_limited"),
    ("500", "provider_error"),
    ("529", "provider_error"),
    ("401", "misconfigured"),
    ("404", "misconfigured"),
    ("connect", "network"),
    ("hang", "timeout"),
    ("stall", "timeout"),
    ("drip", "timeout"),
    ("cut", "bad_output"),
    ("empty", "bad_output"),
    ("html", "bad_output"),
    ("text", "bad_output"),
    ("schema", "bad_output"),
    ("huge", "bad_output"),
    ("length", "truncated"),
    ("refusal", "refused"),
)


@pytest.mark.parametrize(("kind", "reason"), FAILURES, ids=[kind for kind, _ in FAILURES])
async def test_every_way_a_server_fails_is_one_request_and_one_typed_failure(
    kind: str, reason: FailureReason
) -> None:
    outcome, requests = await ask(f"scripted:fail={kind},retry_after=7")
    assert isinstance(outcome, Failure), outcome
    assert outcome.reason == reason, outcome
    assert outcome.retry_after == (7 if kind == "429" else None)
    assert requests == 1, "hidden retries break attempt counting and budgets"


async def test_a_refused_connection_is_a_network_failure() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    async with model_at(f"http://127.0.0.1:{port}/v1", Traits(clocks=QUICK)) as model:
        outcome = await model.ask(prompt())
    assert isinstance(outcome, Failure)
    assert outcome.reason == "network"


async def test_the_tokens_of_an_answer_we_cannot_use_are_still_known() -> None:
    for kind in ("length", "refusal", "schema"):
        outcome, _ = await ask(f"scripted:fail={kind},usage=500/90")
        assert outcome.usage == TokenUsage(input_tokens=500, output_tokens=90), kind
    outcome, _ = await ask("scripted:fail=500")
    assert outcome.usage is None, "absent is not zero"


@pytest.mark.parametrize("usage", ["10000000000000000000/90", "500/1000000001"])
async def test_a_count_of_tokens_that_cannot_be_is_no_report(
    monkeypatch: pytest.MonkeyPatch, usage: str
) -> None:
    def as_written(*_: object) -> TokenUsage:
        read, written = map(int, usage.split("/"))
        return TokenUsage(input_tokens=read, output_tokens=written)

    monkeypatch.setattr(scripted_server, "usage_of", as_written)
    outcome, _ = await ask("scripted:")
    assert isinstance(outcome, Reply), outcome
    assert outcome.usage is None


async def test_a_failures_detail_holds_nothing_the_provider_said() -> None:
    outcome, _ = await ask("scripted:fail=401")
    assert isinstance(outcome, Failure)
    assert outcome.detail == "ModelAuthenticationError (HTTP 401)"


async def test_over_http_and_in_process_one_script_gives_one_answer() -> None:
    script = "scripted:stance=support:1/oppose:1,seed=3"
    outcome, _ = await ask(script)
    in_process = await ScriptedModel(parse_script(script)).ask(prompt())
    assert isinstance(outcome, Reply)
    assert isinstance(in_process, Reply)
    assert (outcome.content, outcome.answer) == (in_process.content, in_process.answer)


@pytest.mark.parametrize("script", ["scripted:deltas=40", "scripted:deltas=1", "scripted:tps=2000"])
async def test_deltas_add_up_to_the_content(script: str) -> None:
    pieces = list[str]()

    async def hear(text: str) -> None:
        pieces.append(text)

    async with (
        ScriptedServer(parse_script(script)) as server,
        model_at(server.base_url, Traits(loopback=True)) as model,
    ):
        outcome = await model.ask(prompt(), on_delta=hear)
    assert isinstance(outcome, Reply)
    assert "".join(pieces) == outcome.content
    assert len(pieces) > 1 or "deltas=1" in script


async def test_no_answer_outlasts_the_seconds_the_caller_gives() -> None:
    async with (
        ScriptedServer(parse_script("scripted:latency=30")) as server,
        model_at(server.base_url, Traits(loopback=True)) as model,
    ):
        async with asyncio.timeout(15):
            outcome = await model.ask(prompt(), seconds=0.3)
    assert isinstance(outcome, Failure)
    assert outcome.reason == "timeout"


async def test_a_cancelled_ask_is_cancelled() -> None:
    async with (
        ScriptedServer(parse_script("scripted:latency=30")) as server,
        model_at(server.base_url, Traits(loopback=True)) as model,
    ):
        asking = asyncio.create_task(model.ask(prompt()))
        await server.asked.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking


async def test_without_schema_support_the_prompt_alone_asks_for_json() -> None:
    outcome, _ = await ask("scripted", Traits(schema=False, clocks=QUICK))
    assert isinstance(outcome, Failure), "the scripted server speaks JSON only for a schema"
    assert outcome.reason == "bad_output"


async def test_the_calls_identity_is_sent_to_loopback_servers_only() -> None:
    for loopback, agents in ((True, {"expert-0"}), (False, {"anonymous"})):
        outcome, _ = await ask("scripted", Traits(loopback=loopback, clocks=QUICK))
        assert isinstance(outcome, Reply)
        assert {outcome.answer.position.partition(":")[0]} == agents


async def test_a_compatible_server_is_opened_by_its_url(tmp_path: Path) -> None:
    async with ScriptedServer(parse_script("scripted")) as server:
        environment = ModelEnvironment(base_url=server.base_url)
        model = await open_model(
            parse_model("compatible:scripted", environment, "test"), Means(cache=tmp_path)
        )
        try:
            assert isinstance(await model.ask(prompt()), Reply)
            assert model.label.id == "compatible:scripted"
        finally:
            await model.aclose()


@pytest.mark.parametrize(
    ("text", "key", "native"),
    [
        ("openai:gpt-5.6-luna", "OPENAI_API_KEY", True),
        ("openai-chat:gpt-5.6-luna", "OPENAI_API_KEY", True),
        ("anthropic:claude-haiku-5-5", "ANTHROPIC_API_KEY", True),
        ("google:gemini-3.8-flash", "GOOGLE_API_KEY", True),
    ],
)
async def test_every_hosted_provider_opens_without_a_request(
    text: str, key: str, native: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "OPENAI_API_KEY",
        "ANTHROPIC_API_KEY",
        "GOOGLE_API_KEY",
        "GEMINI_API_KEY",
        "OPENAI_BASE_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(key, "not-a-real-key")
    choice = parse_model(text, ModelEnvironment.of(os.environ), "test")
    model = await open_model(choice, Means(cache=tmp_path))
    assert isinstance(model, ProviderModel)
    assert (model.label.id, model.supports_schema) == (text, native)
    await model.aclose()


def test_the_adapter_is_imported_without_its_library() -> None:
    """pydantic-ai takes 2 s to import; only opening a real model may pay for it."""
    program = (
        "import sys, askpanel.expert_runner.models.opening, askpanel.expert_runner.models.scripted_server;"
        "sys.exit('pydantic_ai' in sys.modules or 'xllamacpp' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
