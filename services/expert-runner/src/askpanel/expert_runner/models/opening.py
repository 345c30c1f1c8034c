"""From a choice to a model that can be asked: fetches, starts and connects what it needs."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from askpanel.contracts.blocks import QuestionBlock
from askpanel.expert_runner.models.local import (
    SLOTS,
    LocalModelError,
    LocalServer,
    check_installed,
    start_server,
    weights_path,
)
from askpanel.expert_runner.models.port import Failure, Label, Model, OnDelta, Reply
from askpanel.expert_runner.models.provider import PATIENT, ProviderModel, Traits
from askpanel.expert_runner.models.published import OnProgress
from askpanel.expert_runner.models.resolve import Choice, Unusable, is_loopback
from askpanel.expert_runner.models.script import parse_script
from askpanel.expert_runner.models.scripted import ScriptedModel
from askpanel.expert_runner.prompts import HOSTED, LOCAL, Budget, Call, Prompt, Speaker, build

LOCAL_TRAITS = Traits(
    budget=LOCAL,
    concurrency=SLOTS,
    clocks=PATIENT,
    settings={"temperature": 0.7, "extra_body": {"cache_prompt": True, "repeat_penalty": 1.1}},
)
"""For our own server: every slot busy at most once, the shared start of prompts read once."""

NOT_KEPT: Mapping[str, object] = {"openai_store": False}
"""OpenAI keeps what is asked and answered for 30 days unless told otherwise. Other providers do not read this."""

BYTES_OF_A_TOKEN = 3
"""Of a prompt, at least (`Budget`)."""
FRAME = 64
"""Tokens."""


def _silent(_progress: object) -> None:
    """Reports nothing."""


@dataclass(frozen=True, slots=True)
class Means:
    """What opening a model may need: where weights live, the user's own GGUF, whether the publisher's hub may
    be asked, the key of a compatible server, whether it enforces JSON schemas, how many tokens its model's
    context has, where progress is told."""

    cache: Path
    local_gguf: Path | None = None
    hub: bool = True
    api_key: str = "none"
    schema: bool = True
    context: int = 4096
    report: OnProgress = _silent
    notice: Callable[[str], None] = _silent


async def open_model(choice: Choice, means: Means) -> Model:
    """The chosen model, ready to be asked; close it with `aclose`.

    The local model may take minutes the first time. Raises `weights.WeightsError` or
    `local.LocalModelError` for it, and `resolve.Unusable` for a hosted model nobody knows.
    """
    if choice.kind == "scripted":
        return ScriptedModel(parse_script(choice.model))
    if choice.kind == "local":
        check_installed()
        means.cache.mkdir(parents=True, exist_ok=True)
        path = await weights_path(
            means.cache, means.local_gguf, hub=means.hub, report=means.report, notice=means.notice
        )
        return await LocalModel(choice.label, path, means).start()
    await asyncio.to_thread(_import_provider_library)
    if choice.kind == "compatible":
        base_url = choice.base_url or ""
        traits = Traits(
            budget=budget_within(means.context),
            concurrency=4,
            schema=means.schema,
            loopback=is_loopback(base_url),
        )
        return await _compatible(choice.model, base_url, means.api_key, choice.label, traits)
    return await _hosted(choice)


def budget_within(context: int) -> Budget:
    """For a context of so many tokens, which prompt and answer share. A quarter is the answer's, up to what a hosted
    model has; FRAME is for what the server puts around the messages."""
    answer = min(context // 4, HOSTED.max_tokens)
    prompt = min(BYTES_OF_A_TOKEN * (context - answer - FRAME), HOSTED.prompt_bytes)
    return replace(
        HOSTED, prompt_bytes=prompt, persona_bytes=min(prompt // 6, HOSTED.persona_bytes), max_tokens=answer
    )


class LocalModel:
    """The demo model and the server process it needs, which is started again when it has died."""

    budget = LOCAL
    concurrency = SLOTS

    def __init__(self, label: Label, path: Path, means: Means) -> None:
        self.label = label
        self._path, self._means = path, means
        self._starting = asyncio.Lock()
        self._server: LocalServer | None = None
        self._model: ProviderModel | None = None
        self._warming: asyncio.Task[Reply | Failure] | None = None

    @property
    def server_pid(self) -> int:
        """Of the server process; 0 before it was started."""
        return 0 if self._server is None else self._server.pid

    async def start(self) -> "LocalModel":
        """Start the server; raises LocalModelError."""
        await asyncio.to_thread(_import_provider_library)
        await self._alive()
        return self

    async def ask(
        self, prompt: Prompt, *, on_delta: OnDelta | None = None, seconds: float | None = None
    ) -> Reply | Failure:
        """Ask the server; see `models.port.Model`. If the server dies, the next `ask` finds a new one."""
        try:
            model = await self._alive()
        except LocalModelError as error:
            return Failure("provider_error", str(error))
        outcome = await model.ask(prompt, on_delta=on_delta, seconds=seconds)
        if isinstance(outcome, Failure) and outcome.reason in ("network", "bad_output") and self._server:
            await self._server.died()
        return outcome

    async def aclose(self) -> None:
        """End the server."""
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.wait([self._warming])
        if self._model is not None:
            await self._model.aclose()
        if self._server is not None:
            await self._server.aclose()

    async def _alive(self) -> ProviderModel:
        """The connected model, after starting the server where none runs."""
        async with self._starting:
            if self._server is None or self._model is None or not self._server.running:
                await self.aclose()
                self._server = await start_server(self._path, self._means.cache / "local-model.log")
                self._model = await _compatible(
                    "local", self._server.base_url, self._server.key, self.label, LOCAL_TRAITS
                )
                self._warming = asyncio.create_task(self._model.ask(_warm_up()))
            return self._model


def _warm_up() -> Prompt:
    """A prompt that has the server read, and keep, what all first-round prompts start with: about half."""
    nobody = Speaker("warm-up", "nobody", "nobody", "")
    call = Call("warm-up", nobody.agent_id, 1, "1", 0, "opening")
    prompt = build(call, nobody, "analysis", (QuestionBlock(text="?"),), LOCAL)
    return replace(prompt, max_tokens=1)


def _import_provider_library() -> None:
    """Takes about 2 s, so it runs in a thread and only when a real model is opened."""
    import pydantic_ai.direct  # pyright: ignore[reportUnusedImport]
    import pydantic_ai.models.openai  # noqa: F401  # pyright: ignore[reportUnusedImport]


async def _compatible(name: str, base_url: str, api_key: str, label: Label, traits: Traits) -> ProviderModel:
    """A Chat Completions server. Its name says nothing about it, so no provider's profile is assumed.

    Its limit of the answer is sent as `max_tokens`: all servers know it, and Ollama (0.32) ignores the newer
    `max_completion_tokens` in silence.
    """
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.profiles.openai import OpenAIModelProfile
    from pydantic_ai.providers.openai import OpenAIProvider

    provider = OpenAIProvider(base_url=base_url, api_key=api_key)
    profile = OpenAIModelProfile(openai_chat_supports_max_completion_tokens=False)
    model = OpenAIChatModel(name, provider=provider, profile=profile)
    return await ProviderModel(model, label, traits).__aenter__()


async def _hosted(choice: Choice) -> ProviderModel:
    from pydantic_ai.exceptions import UserError
    from pydantic_ai.models import infer_model

    try:
        model = await asyncio.to_thread(infer_model, choice.model)
    except (UserError, ValueError, ImportError) as error:
        raise Unusable(f"{choice.model!r}: {error}") from error
    schema = bool(model.profile.get("supports_json_schema_output", False))
    traits = Traits(schema=schema, settings=NOT_KEPT)
    return await ProviderModel(model, choice.label, traits).__aenter__()
