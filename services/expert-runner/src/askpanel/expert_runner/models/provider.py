"""The adapter to real providers: one request per `ask`, every failure typed. The only user of pydantic-ai.

pydantic-ai is imported when a model is opened, not with this module: it takes 2 s. Its direct API is used
instead of an agent, so nothing retries behind our back, the finish reason is ours to judge, and the
tokens of an answer we cannot use are still known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from pydantic import ValidationError

from askpanel.contracts.events import FailureReason, TokenUsage
from askpanel.expert_runner.answers import MAX_OUTPUT, BadOutput, ContentStream, parse
from askpanel.expert_runner.models.port import CALL_HEADER, Failure, Label, OnDelta, Reply
from askpanel.expert_runner.prompts.prompt import HOSTED, Budget, Call, Prompt
from askpanel.expert_runner.shape import Shape, json_schema
from askpanel.runtime import conventions, tracing

if TYPE_CHECKING:
    from pydantic_ai.models import Model as PydanticModel
    from pydantic_ai.models import ModelRequestParameters, StreamedResponse
    from pydantic_ai.settings import ModelSettings


MOST_TOKENS = 1_000_000_000
"""Of one call: no model reads or writes so many, and the sum of both fits into a column of four bytes."""


REFUSALS = frozenset({"content_filter", "invalid_prompt"})
"""Codes of errors (Azure's, OpenAI's) that mean the prompt was looked at, and not liked."""

PASSING: Mapping[int, FailureReason] = {
    408: "timeout",
    409: "provider_error",
    425: "provider_error",
    499: "provider_error",
}
"""HTTP statuses below 500 that say nothing is wrong with the request: of time, of a conflict, too early, of a call
that the server gave up itself."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """Three limits in seconds: between two reads, until the first output, for the whole call."""

    read: float = 45.0
    first_event: float = 90.0
    total: float = 180.0


PATIENT = Clocks(read=300.0, first_event=600.0, total=900.0)
"""For a model on the user's own, perhaps busy, processor; the round's deadline cuts it shorter."""


@dataclass(frozen=True, slots=True)
class Traits:
    """How a model is to be called. `schema` False is for servers without JSON schema support;
    `loopback` sends the call's identity along, which a server on this machine may want to know;
    `settings` are pydantic-ai's, the same for every call."""

    budget: Budget = HOSTED
    concurrency: int = 8
    clocks: Clocks = field(default_factory=Clocks)
    schema: bool = True
    loopback: bool = False
    settings: Mapping[str, object] = field(default_factory=dict[str, object])


class ProviderModel:
    """A model of a provider; see `models.port.Model`."""

    def __init__(self, model: "PydanticModel", label: Label, traits: Traits) -> None:
        self._model, self._traits = model, traits
        self.label = label
        self.budget = traits.budget
        self.concurrency = traits.concurrency
        self.supports_schema = traits.schema

    async def ask(
        self, prompt: Prompt, *, on_delta: OnDelta | None = None, seconds: float | None = None
    ) -> Reply | Failure:
        """One request, streamed."""
        total = self._traits.clocks.total if seconds is None else min(seconds, self._traits.clocks.total)
        try:
            return await self._request(prompt, on_delta, total)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001  (a server may send any bytes, and what reads them raise anything)
            return failure_of(error)

    async def __aenter__(self) -> "ProviderModel":
        await self._model.__aenter__()
        return self

    async def aclose(self) -> None:
        """Close the HTTP connections."""
        await self._model.__aexit__(None, None, None)

    async def _request(self, prompt: Prompt, on_delta: OnDelta | None, total: float) -> Reply | Failure:
        from pydantic_ai.direct import model_request_stream
        from pydantic_ai.messages import ModelRequest

        async with model_request_stream(
            self._model,
            [ModelRequest.user_text_prompt(prompt.user, instructions=prompt.system)],
            model_settings=self._settings(prompt, total),
            model_request_parameters=_parameters(prompt.shape, native=self._traits.schema),
        ) as stream:
            text = await _read(stream, on_delta)
            usage, finish = _usage(stream), stream.finish_reason
            tracing.note(conventions.response, stream.model_name, finish)
        return _judge(text, finish, usage, prompt.shape)

    def _settings(self, prompt: Prompt, total: float) -> "ModelSettings":
        clocks = self._traits.clocks
        settings: dict[str, object] = {
            **self._traits.settings,
            "max_retries": 0,
            "max_tokens": prompt.max_tokens,
            "timeout": min(clocks.read, total),
            "first_event_timeout": min(clocks.first_event, total),
            "request_timeout": total,
        }
        if self._traits.loopback:
            settings["extra_headers"] = {CALL_HEADER: call_header(prompt.call)}
        return cast("ModelSettings", settings)


def call_header(call: Call) -> str:
    """The value of `CALL_HEADER`; no part of it holds a space."""
    step = f"{call.step}/{call.purpose}"
    return f"{call.panel_id} {call.agent_id} {call.round_number} {step} {call.attempt}"


def failure_of(error: Exception) -> Failure:
    """The typed failure for an exception of pydantic-ai, or of what lies below it and read the server's bytes. No
    provider text is passed on: it may hold prompts or parts of keys."""
    from pydantic_ai import exceptions as known

    table: tuple[tuple[type[Exception], FailureReason], ...] = (
        (known.ContentFilterError, "refused"),
        (known.OutputTokenLimitExceeded, "truncated"),
        (known.ModelRateLimitError, "rate_limited"),
        (known.ModelQuotaExceededError, "misconfigured"),
        (known.ModelRequestRejectedError, "misconfigured"),
        (known.ModelTimeoutError, "timeout"),
        (known.ModelRequestTimeout, "timeout"),
        (known.ModelConnectionError, "network"),
        (known.ModelServerError, "provider_error"),
        (known.ModelUnavailableError, "provider_error"),
        (known.ModelHTTPError, "misconfigured"),
        (known.UserError, "misconfigured"),
    )
    status: int | None = getattr(error, "status_code", None)
    said = type(error).__name__.removeprefix("_HTTP") + (f" (HTTP {status})" if status else "")
    reasons: list[FailureReason] = [reason for kind, reason in table if isinstance(error, kind)]
    reason = reasons[0] if reasons else "bad_output"
    if getattr(error, "provider_error_code", None) in REFUSALS:
        reason = "refused"
    elif status is not None:
        reason = PASSING.get(status, reason)
    return Failure(reason, said, getattr(error, "retry_after", None))


def _parameters(shape: Shape, *, native: bool) -> "ModelRequestParameters":
    """The answer's JSON schema for the server to enforce; without `native` the prompt alone asks for it."""
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.output import OutputObjectDefinition

    if not native:
        return ModelRequestParameters()
    schema = OutputObjectDefinition(json_schema=dict(json_schema(shape)), name="answer", strict=True)
    return ModelRequestParameters(output_mode="native", output_object=schema, allow_text_output=True)


async def _read(stream: "StreamedResponse", on_delta: OnDelta | None) -> str:
    """The text of the answer, shown while it comes; stops reading where no answer can be that long."""
    from pydantic_ai.messages import PartDeltaEvent, PartStartEvent, TextPart, TextPartDelta

    pieces, length, live = list[str](), 0, ContentStream()
    async for event in stream:
        if isinstance(event, PartStartEvent) and isinstance(event.part, TextPart):
            piece = event.part.content
        elif isinstance(event, PartDeltaEvent) and isinstance(event.delta, TextPartDelta):
            piece = event.delta.content_delta
        else:
            continue
        pieces.append(piece)
        length += len(piece)
        if length > MAX_OUTPUT:
            break
        if on_delta is not None and (shown := live.feed(piece)):
            await on_delta(shown)
    return "".join(pieces)


def _usage(stream: "StreamedResponse") -> TokenUsage | None:
    """What the provider reports, if that can be; nothing before it says that the answer has ended.

    Until then Anthropic and Gemini have told a part. No count is a fraction, negative or of more than MOST_TOKENS,
    and no more was read from the cache and written to it than was read in all.
    """
    if stream.finish_reason is None and "finish_reason" not in (stream.provider_details or {}):
        return None
    told = stream.usage
    try:
        usage = TokenUsage(
            input_tokens=told.input_tokens,
            output_tokens=told.output_tokens,
            cache_read_tokens=told.cache_read_tokens or None,
            cache_write_tokens=told.cache_write_tokens or None,
        )
    except ValidationError:
        return None
    cached = (usage.cache_read_tokens or 0) + (usage.cache_write_tokens or 0)
    most = max(usage.input_tokens, usage.output_tokens)
    return usage if 0 < most <= MOST_TOKENS and cached <= usage.input_tokens else None


def _judge(text: str, finish: str | None, usage: TokenUsage | None, shape: Shape) -> Reply | Failure:
    if finish == "content_filter":
        return Failure("refused", "the provider's content filter stopped the answer", usage=usage)
    if finish == "length":
        return Failure("truncated", "the answer reached the token limit", usage=usage)
    try:
        parsed = parse(text, shape)
    except BadOutput as bad:
        return Failure("bad_output", str(bad), usage=usage)
    return Reply(parsed.content, parsed.answer, usage)
