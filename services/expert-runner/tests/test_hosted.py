"""What hosted providers and compatible servers are sent, and what their own words come to: models as `open_model` opens
them, against a loopback server that plays bytes as the providers send them."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from askpanel.contracts.blocks import EvidenceBlock, QuestionBlock
from askpanel.contracts.events import FailureReason, TokenUsage
from askpanel.expert_runner.catalogue import load_catalogue
from askpanel.expert_runner.models.opening import Means, budget_within, open_model
from askpanel.expert_runner.models.port import Failure, Reply
from askpanel.expert_runner.models.resolve import ModelEnvironment, parse_model
from askpanel.expert_runner.prompts import HOSTED, Budget, Call, Prompt, build, speaker_of

OPENAI, CHAT, ANTHROPIC = "openai:gpt-5.6-luna", "openai-chat:gpt-5.6-luna", "anthropic:claude-haiku-5-5"
COMPATIBLE = "compatible:llama3.2"

ANSWER = json.dumps(
    {
        "content": "Yes indeed.",
        "key_points": ["One", "Two"],
        "position": "Do it.",
        "stance": "support",
        "conditions": [],
        "confidence": 0.7,
    }
)


class Server:
    """Says the same to every request, and keeps what it was asked."""

    def __init__(self, body: bytes, status: int) -> None:
        self.body, self.status = body, status
        self.asked = list[dict[str, Any]]()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
        length = next(line for line in head if line.startswith(b"content-length:")).partition(b":")[2]
        self.asked.append(json.loads(await reader.readexactly(int(length))))
        kind = "text/event-stream" if self.status == 200 else "application/json"
        head = f"HTTP/1.1 {self.status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(self.body)}\r\n"
        writer.write(f"{head}Connection: close\r\n\r\n".encode() + self.body)
        await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def serving(body: bytes, status: int) -> AsyncGenerator[tuple[Server, str]]:
    server = Server(body, status)
    async with await asyncio.start_server(server.answer, "127.0.0.1", 0) as listening:
        host, port = listening.sockets[0].getsockname()
        yield server, f"http://{host}:{port}"


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> "Ask":
    return Ask(monkeypatch, tmp_path)


class Ask:
    """Asks a model whose server plays `body`; what came of it, and what the server was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
        self._monkeypatch, self._means = monkeypatch, Means(cache=cache)
        for key in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
            monkeypatch.setenv(key, "not-a-real-key")

    async def __call__(
        self, model: str, body: bytes, status: int = 200
    ) -> tuple[Reply | Failure, dict[str, Any]]:
        async with serving(body, status) as (server, url):
            self._monkeypatch.setenv("ASKPANEL_OPENAI_BASE_URL", f"{url}/v1")
            self._monkeypatch.setenv("OPENAI_BASE_URL", f"{url}/v1")
            self._monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
            choice = parse_model(model, ModelEnvironment.of(os.environ), "test")
            opened = await open_model(choice, self._means)
            try:
                outcome = await opened.ask(prompt(opened.budget), seconds=10)
            finally:
                await opened.aclose()
        (asked,) = server.asked
        return outcome, asked


def prompt(budget: Budget, *evidence: str) -> Prompt:
    speaker = speaker_of(load_catalogue()[0])
    blocks = [QuestionBlock(text="Should we?")] + [
        EvidenceBlock(id=f"e{number}", text=text) for number, text in enumerate(evidence)
    ]
    return build(Call("panel-1", speaker.agent_id, 1, "1", 0, "opening"), speaker, "analysis", blocks, budget)


def sse(*events: dict[str, Any] | str, named: bool = False) -> bytes:
    lines = list[str]()
    for event in events:
        if named and isinstance(event, dict):
            lines.append(f"event: {event['type']}")
        lines += [f"data: {event if isinstance(event, str) else json.dumps(event)}", ""]
    return ("\n".join(lines) + "\n").encode()


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    """Of Chat Completions."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {
        "id": "x",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [choice],
    } | more


def chat(**usage: Any) -> bytes:
    told: dict[str, Any] = chunk({}) | {
        "choices": [],
        "usage": {"prompt_tokens": 50, "completion_tokens": 9} | usage,
    }
    return sse(chunk({"content": ANSWER}), chunk({}, "stop"), told, "[DONE]")


def response(status: str, **more: Any) -> dict[str, Any]:
    """Of Responses."""
    return {
        "id": "r", "object": "response", "created_at": 1, "model": "m", "status": status, "output": [],
        "error": None, "incomplete_details": None, "instructions": None, "metadata": {}, "tools": [],
        "parallel_tool_calls": True, "temperature": 1, "tool_choice": "auto", "top_p": 1, **more,
    }  # fmt: skip


def responses(end: dict[str, Any]) -> bytes:
    item: dict[str, Any] = {
        "type": "message",
        "id": "i",
        "role": "assistant",
        "status": "in_progress",
        "content": [],
    }
    part: dict[str, Any] = {"type": "output_text", "text": "", "annotations": []}
    at = {"item_id": "i", "output_index": 0, "content_index": 0}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": response("in_progress")},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.content_part.added", "part": part, **at},
        {"type": "response.output_text.delta", "delta": ANSWER, "logprobs": [], **at},
        {"type": f"response.{end['status']}", "response": end},
    ]
    numbered = [event | {"sequence_number": number} for number, event in enumerate(events)]
    return sse(*numbered, named=True)


def messages(*rest: dict[str, Any], text: str = ANSWER, **usage: int) -> bytes:
    """Of Anthropic."""
    told = {"input_tokens": 50, "output_tokens": 1} | usage
    message: dict[str, Any] = {
        "id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
        "stop_sequence": None, "usage": told,
    }  # fmt: skip
    delta = {"type": "text_delta", "text": text}
    return sse(
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        *rest,
        named=True,
    )


def stopped(reason: str = "end_turn") -> tuple[dict[str, Any], dict[str, Any]]:
    delta = {"stop_reason": reason, "stop_sequence": None}
    return (
        {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
    )


# ----------------------------------------------------------------------------------------- what is sent


COMPLETED = response("completed", usage={"input_tokens": 50, "output_tokens": 9, "total_tokens": 59})


@pytest.mark.parametrize(("model", "body"), [(OPENAI, responses(COMPLETED)), (CHAT, chat())])
async def test_openai_is_told_to_keep_nothing(ask: "Ask", model: str, body: bytes) -> None:
    outcome, asked = await ask(model, body)
    assert isinstance(outcome, Reply), outcome
    assert asked["store"] is False


async def test_a_compatible_server_is_given_a_limit_that_all_of_them_know(ask: "Ask") -> None:
    outcome, asked = await ask(COMPATIBLE, chat())
    assert isinstance(outcome, Reply), outcome
    assert asked["max_tokens"] == 1024
    assert asked.keys().isdisjoint({"max_completion_tokens", "store"})


@pytest.mark.parametrize("context", [2048, 4096, 8192, 32_768, 131_072])
def test_a_prompt_fits_into_the_context_with_its_answer(context: int) -> None:
    budget = budget_within(context)
    made = prompt(budget, *("The trial had 120 patients. " * 500 for _ in range(6)))
    size = len((made.system + made.user).encode())
    assert size / 3 + made.max_tokens < context
    assert size <= HOSTED.prompt_bytes
    assert bool(made.cut) == (context < 131_072), "what does not fit is cut, and said to be"
    assert "Should we?" in made.user


# ------------------------------------------------------------------------------- what it comes to: failures


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (408, "timeout"),
        (409, "provider_error"),
        (425, "provider_error"),
        (499, "provider_error"),
        (400, "misconfigured"),
        (413, "misconfigured"),
        (422, "misconfigured"),
    ],
)
async def test_a_status_is_final_only_where_the_request_is_at_fault(
    ask: "Ask", status: int, reason: FailureReason
) -> None:
    outcome, _ = await ask(COMPATIBLE, b'{"error": {"message": "x"}}', status)
    assert isinstance(outcome, Failure)
    assert outcome.reason == reason


async def test_a_prompt_that_a_filter_did_not_like_is_refused(ask: "Ask") -> None:
    azure = json.dumps({"error": {"message": "filtered", "param": "prompt", "code": "content_filter"}})
    outcome, _ = await ask(COMPATIBLE, azure.encode(), 400)
    assert isinstance(outcome, Failure)
    assert outcome.reason == "refused"
    flagged = response("failed", error={"code": "invalid_prompt", "message": "SECRET"})
    outcome, _ = await ask(OPENAI, responses(flagged))
    assert isinstance(outcome, Failure)
    assert (outcome.reason, "SECRET" in outcome.detail) == ("refused", False)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (sse("null", "[DONE]"), "AttributeError"),
        (sse('"text"', "[DONE]"), "AttributeError"),
        (sse(chunk({"content": ANSWER}, created="now"), "[DONE]"), "ValidationError"),
    ],
    ids=["null", "text", "created"],
)
async def test_bytes_that_nobody_expects_are_an_unusable_answer(ask: "Ask", body: bytes, detail: str) -> None:
    outcome, _ = await ask(COMPATIBLE, body)
    assert isinstance(outcome, Failure), outcome
    assert (outcome.reason, outcome.detail) == ("bad_output", detail)


# ---------------------------------------------------------------------------------- what it comes to: tokens


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
async def test_a_fraction_of_a_token_is_no_report_and_no_failure(ask: "Ask") -> None:
    outcome, _ = await ask(COMPATIBLE, chat(prompt_tokens=50.5))
    assert isinstance(outcome, Reply), outcome
    assert outcome.usage is None


@pytest.mark.parametrize("reason", ["end_turn", "pause_turn"])
async def test_tokens_are_known_once_the_answer_has_ended(ask: "Ask", reason: str) -> None:
    outcome, _ = await ask(ANTHROPIC, messages(*stopped(reason)))
    assert outcome.usage == TokenUsage(input_tokens=50, output_tokens=9)


async def test_what_was_told_before_the_end_is_not_taken_for_all(ask: "Ask") -> None:
    outcome, _ = await ask(ANTHROPIC, messages())
    assert isinstance(outcome, Reply), "all of it came, but for the end"
    assert outcome.usage is None
    overloaded = {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}
    outcome, _ = await ask(ANTHROPIC, messages(overloaded, text=ANSWER[:30]))
    assert isinstance(outcome, Failure)
    assert (outcome.reason, outcome.usage) == ("provider_error", None)


async def test_what_came_from_the_providers_cache_is_told(ask: "Ask") -> None:
    body = messages(*stopped(), cache_read_input_tokens=1000, cache_creation_input_tokens=200)
    outcome, _ = await ask(ANTHROPIC, body)
    assert outcome.usage == TokenUsage(
        input_tokens=1250, output_tokens=9, cache_read_tokens=1000, cache_write_tokens=200
    )
    told = {
        "input_tokens": 10_000, "output_tokens": 300, "total_tokens": 10_300,
        "input_tokens_details": {"cached_tokens": 9_000}, "output_tokens_details": {"reasoning_tokens": 0},
    }  # fmt: skip
    outcome, _ = await ask(OPENAI, responses(response("completed", usage=told)))
    assert outcome.usage == TokenUsage(input_tokens=10_000, output_tokens=300, cache_read_tokens=9_000)


async def test_more_from_the_cache_than_was_read_is_no_report(ask: "Ask") -> None:
    outcome, _ = await ask(COMPATIBLE, chat(prompt_tokens_details={"cached_tokens": 51}))
    assert isinstance(outcome, Reply), outcome
    assert outcome.usage is None
