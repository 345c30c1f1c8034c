"""Which model is used, by which rule."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from urllib.parse import urlsplit

import pytest

from askpanel.expert_runner.models import resolve as resolving
from askpanel.expert_runner.models.resolve import (
    OLLAMA,
    PROVIDERS,
    ModelEnvironment,
    Unusable,
    choose,
    is_loopback,
    models_listed,
    parse_model,
    resolve,
)
from askpanel.expert_runner.models.script import parse_script
from askpanel.expert_runner.models.scripted_server import ScriptedServer

BARE = ModelEnvironment()


def test_a_named_model_comes_before_everything_else() -> None:
    environment = ModelEnvironment.of({"ASKPANEL_MODEL": "scripted:latency=0.05", "OPENAI_API_KEY": "x"})
    choice = choose(environment, ["llama"])
    assert (choice.kind, choice.model, choice.label.id) == ("scripted", "scripted:latency=0.05", "scripted")
    assert choice.reason == "ASKPANEL_MODEL is set"


def test_then_a_key_in_the_documented_order() -> None:
    keys = {"GEMINI_API_KEY": "g", "ANTHROPIC_API_KEY": "a", "OPENAI_API_KEY": ""}
    choice = choose(ModelEnvironment.of(keys), ["llama"])
    assert choice.label.id.startswith("anthropic:")
    assert choice.reason == "ANTHROPIC_API_KEY is set"
    assert [provider.prefix for provider in PROVIDERS] == ["openai", "anthropic", "google"]


def test_then_a_chat_model_that_a_server_lists() -> None:
    choice = choose(BARE, ["nomic-embed-text", "llama3.2"])
    assert (choice.kind, choice.model, choice.base_url) == ("compatible", "llama3.2", OLLAMA)


@pytest.mark.parametrize("listed", [[], ["bge-reranker", "nomic-embed-text"]])
def test_then_the_demo_model_which_says_what_it_is(listed: list[str]) -> None:
    label = choose(BARE, listed).label
    assert label.demo
    assert label.id == "local:qwen2.5-coder-1.5b-instruct"
    assert "demo" in label.display


def test_the_scripted_model_is_never_a_fallback() -> None:
    for keys in ([], ["OPENAI_API_KEY"]):
        assert not choose(ModelEnvironment(keys=frozenset(keys)), ["scripted"]).label.scripted


def test_a_gguf_of_ones_own_shows_its_file_name() -> None:
    choice = choose(ModelEnvironment(model="local", local_gguf="/models/Mistral-7B.Q4.gguf"), [])
    assert choice.label.id == "local:Mistral-7B.Q4"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("gpt-4", "is no model"),
        ("openai:", "is no model"),
        ("compatible:", "is no model"),
        ("openai:gpt-6-luna", "needs OPENAI_API_KEY"),
        ("openai-chat:gpt-6-luna", "needs OPENAI_API_KEY"),
        ("google:gemini", "needs GOOGLE_API_KEY or GEMINI_API_KEY"),
        ("scripted:latency=fast", "latency=fast"),
        ("scripted:colour=red", "is not key=value"),
        ("local:other", "is no model"),
    ],
)
def test_an_unusable_model_is_an_error_that_says_why_and_no_fallback(text: str, why: str) -> None:
    with pytest.raises(Unusable, match=why):
        choose(ModelEnvironment(model=text), ["llama"])


def test_a_seat_may_name_its_own_model() -> None:
    environment = ModelEnvironment(base_url="http://10.0.0.5:8000/v1/", keys=frozenset({"OPENAI_API_KEY"}))
    assert parse_model("openai-chat:gpt-6-luna", environment, "seat").label.provider == "openai-chat"
    choice = parse_model("compatible:qwen3", environment, "seat")
    assert (choice.label.id, choice.base_url) == ("compatible:qwen3", "http://10.0.0.5:8000/v1")


def test_keys_are_known_by_name_and_their_values_never_shown() -> None:
    keys = {"OPENAI_API_KEY": "s3cret", "ASKPANEL_OPENAI_API_KEY": "s3cret"}
    assert "s3cret" not in repr(ModelEnvironment.of(keys))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:11434/v1", True),
        ("http://localhost/v1", True),
        ("http://[::1]:80/v1", True),
        ("https://api.example.com/v1", False),
        ("http://127.0.0.1.example.com/v1", True),
        ("nonsense", False),
    ],
)
def test_loopback_is_recognised(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(parse_script("scripted")) as running:
        yield running


async def test_a_running_server_is_found_by_asking_it(server: ScriptedServer) -> None:
    assert await models_listed(ModelEnvironment(base_url=server.base_url)) == ("scripted",)
    choice = await resolve(ModelEnvironment(base_url=server.base_url + "/"))
    assert (choice.kind, choice.base_url) == ("compatible", server.base_url)
    assert urlsplit(server.base_url).netloc in choice.label.display


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "http://[bad", "nonsense", ""])
async def test_a_named_server_that_does_not_answer_is_an_error_and_no_demo_model(url: str) -> None:
    with pytest.raises(Unusable, match="ASKPANEL_MODEL=compatible:NAME"):
        await resolve(ModelEnvironment(base_url=url))


async def test_without_a_named_server_and_without_ollama_the_demo_model_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resolving, "OLLAMA", "http://127.0.0.1:9/v1")
    assert (await resolve(BARE)).kind == "local"


@contextlib.asynccontextmanager
async def answering(body: str, status: str = "200 OK", key: str = "") -> AsyncGenerator[str]:
    """A server that says the same to everything, without the key it wants 401; its address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        if f"authorization: bearer {key}" not in asked:
            writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            writer.close()
            return
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write((head + body).encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as listening:
        host, port = listening.sockets[0].getsockname()
        yield f"http://{host}:{port}/v1"


LISTING = '{"data": [{"id": "llama3.2"}]}'


async def test_what_a_server_lists_is_taken_from_its_answer() -> None:
    async with answering(LISTING) as url:
        assert await models_listed(ModelEnvironment(base_url=url)) == ("llama3.2",)
    async with answering(LISTING, "404 Not Found") as url:
        with pytest.raises(Unusable, match="HTTP 404"):
            await models_listed(ModelEnvironment(base_url=url))


async def test_a_server_that_wants_a_key_is_asked_with_it() -> None:
    async with answering(LISTING, key="sk-mine") as url:
        named = {"ASKPANEL_OPENAI_BASE_URL": url}
        choice = await resolve(ModelEnvironment.of(named | {"ASKPANEL_OPENAI_API_KEY": "sk-mine"}))
        assert choice.label.id == "compatible:llama3.2"
        with pytest.raises(Unusable, match=r"HTTP 401.*ASKPANEL_OPENAI_API_KEY"):
            await resolve(ModelEnvironment.of(named))


async def test_a_named_server_without_a_chat_model_is_an_error() -> None:
    async with answering(LISTING.replace("llama3.2", "nomic-embed-text")) as url:
        with pytest.raises(Unusable, match="no model that answers questions"):
            await resolve(ModelEnvironment(base_url=url))


@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        "<html>",
        "[]",
        "{}",
        "null",
        '{"data": 1}',
        '{"data": [1]}',
        '{"data": [{}]}',
        '{"data": [{"id": null}]}',
    ],
)
async def test_a_server_that_talks_nonsense_lists_no_model(nonsense: str) -> None:
    async with answering(nonsense) as url:
        with pytest.raises(Unusable, match=r"no list of models|lists no model"):
            await resolve(ModelEnvironment(base_url=url))


async def test_a_named_model_is_resolved_without_asking_any_server(server: ScriptedServer) -> None:
    environment = ModelEnvironment(model="scripted", base_url="http://127.0.0.1:9/v1")
    assert (await resolve(environment)).kind == "scripted"
