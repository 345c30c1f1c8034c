"""Which model is used: a pure decision over the environment and what a local server lists.

First match wins:
1. ASKPANEL_MODEL: a model string. Unusable: start fails; there is no silent fallback.
2. A provider's key in the environment: that provider's default. Several keys: the order of PROVIDERS.
3. ASKPANEL_OPENAI_BASE_URL: a model that the server there lists. None: start fails, as with 1.
4. Ollama, where it runs on this machine and lists a model within half a second.
5. The local demo model.
The scripted model is reached by name only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

import httpx

from askpanel.expert_runner.models.port import Label
from askpanel.expert_runner.models.script import ScriptError, parse_script
from askpanel.expert_runner.models.scripted import LABEL as SCRIPTED

OLLAMA = "http://127.0.0.1:11434/v1"
PROBE_SECONDS = 0.5
"""For a server that nobody has named, and that may well not be there."""
NAMED_SECONDS = 10.0
LOCAL_NAME = "qwen2.5-coder-1.5b-instruct"

Kind = Literal["scripted", "local", "compatible", "hosted"]


_NAME_IT = "a server that lists none is used with ASKPANEL_MODEL=compatible:NAME"


class Unusable(Exception):
    """The model that was asked for cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A hosted provider: prefix of its model strings, where its key may stand, its default model."""

    prefix: str
    title: str
    keys: tuple[str, ...]
    default: str


PROVIDERS: tuple[Provider, ...] = (
    Provider("openai", "OpenAI", ("OPENAI_API_KEY",), "gpt-5.6-luna"),
    Provider("anthropic", "Anthropic", ("ANTHROPIC_API_KEY",), "claude-haiku-5-5"),
    Provider("google", "Google", ("GOOGLE_API_KEY", "GEMINI_API_KEY"), "gemini-3.8-flash"),
)
"""The documented order of preference, and the one table of default models."""

_OPENAI_CHAT = Provider("openai-chat", "OpenAI", ("OPENAI_API_KEY",), "gpt-5.6-luna")


@dataclass(frozen=True, slots=True)
class ModelEnvironment:
    """What the choice depends on. `keys` are the names of variables that are set, never their values; `server_key`
    is what the compatible server wants to see, if anything."""

    model: str | None = None
    base_url: str | None = None
    local_gguf: str | None = None
    server_key: str = field(default="none", repr=False)
    keys: frozenset[str] = frozenset()

    @staticmethod
    def of(environment: Mapping[str, str]) -> "ModelEnvironment":
        """Read from a process environment; empty variables count as unset."""
        names = [name for provider in PROVIDERS for name in provider.keys]
        return ModelEnvironment(
            model=environment.get("ASKPANEL_MODEL") or None,
            base_url=environment.get("ASKPANEL_OPENAI_BASE_URL") or None,
            local_gguf=environment.get("ASKPANEL_LOCAL_GGUF") or None,
            server_key=environment.get("ASKPANEL_OPENAI_API_KEY") or "none",
            keys=frozenset(name for name in names if environment.get(name)),
        )

    @property
    def server(self) -> str:
        """The OpenAI-compatible server to look at, without a trailing slash."""
        return (self.base_url or OLLAMA).rstrip("/")


@dataclass(frozen=True, slots=True)
class Choice:
    """The model to use and why. `model` is what opening it needs: the script, or the provider's name."""

    kind: Kind
    model: str
    reason: str
    label: Label
    base_url: str | None = None


def choose(environment: ModelEnvironment, listed: Sequence[str]) -> Choice:
    """Decide, given the models the compatible server lists (none: it was not asked, or is not there). Raises Unusable."""
    if environment.model is not None:
        return parse_model(environment.model, environment, "ASKPANEL_MODEL is set")
    for provider in PROVIDERS:
        if found := [key for key in provider.keys if key in environment.keys]:
            return _hosted(provider, provider.default, f"{found[0]} is set")
    if usable := [name for name in listed if _answers_questions(name)]:
        return _compatible(usable[0], environment.server, f"{environment.server} lists it")
    if environment.base_url is not None:
        raise Unusable(f"{environment.server}/models lists no model that answers questions: {_NAME_IT}")
    return _local(environment, "no model is configured and no model server answers")


def parse_model(text: str, environment: ModelEnvironment, reason: str) -> Choice:
    """A model string, as in ASKPANEL_MODEL or a seat's `model`; raises Unusable.

    `local`, `scripted[:…]`, `openai:`, `openai-chat:`, `anthropic:`, `google:` or `compatible:` + name.
    """
    prefix, _, name = text.partition(":")
    if prefix == "scripted":
        try:
            parse_script(text)
        except ScriptError as error:
            raise Unusable(f"{text!r}: {error}") from error
        return Choice("scripted", text, reason, SCRIPTED)
    if text == "local":
        return _local(environment, reason)
    if prefix == "compatible" and name:
        return _compatible(name, environment.server, reason)
    for provider in (*PROVIDERS, _OPENAI_CHAT):
        if prefix == provider.prefix and name:
            if not any(key in environment.keys for key in provider.keys):
                raise Unusable(f"{text!r} needs {' or '.join(provider.keys)} in the environment")
            return _hosted(provider, name, reason)
    raise Unusable(
        f"{text!r} is no model: use local, scripted, compatible:NAME, openai:NAME, openai-chat:NAME, "
        "anthropic:NAME or google:NAME"
    )


async def resolve(environment: ModelEnvironment) -> Choice:
    """`choose`, after looking at the compatible server only if the answer depends on it. Raises Unusable."""
    needs_no_look = environment.model is not None or any(
        key in environment.keys for provider in PROVIDERS for key in provider.keys
    )
    if needs_no_look:
        return choose(environment, ())
    try:
        listed = await models_listed(environment)
    except Unusable:
        if environment.base_url is not None:
            raise
        listed = ()
    return choose(environment, listed)


async def models_listed(environment: ModelEnvironment) -> tuple[str, ...]:
    """The ids that `GET /models` of the compatible server lists. Raises Unusable when nothing sensible answers in time."""
    url = f"{environment.server}/models"
    seconds = NAMED_SECONDS if environment.base_url else PROBE_SECONDS
    headers = {"Authorization": f"Bearer {environment.server_key}"}
    try:
        async with httpx.AsyncClient(timeout=seconds, trust_env=not is_loopback(url)) as client:
            answer = (await client.get(url, headers=headers)).raise_for_status()
            return tuple(entry["id"] for entry in answer.json()["data"] if isinstance(entry["id"], str))
    except httpx.HTTPStatusError as error:
        why = f"HTTP {error.response.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        why = type(error).__name__
    except (ValueError, KeyError, TypeError):
        why = "no list of models"
    raise Unusable(f"{url}: {why}: see whether it runs, and wants ASKPANEL_OPENAI_API_KEY; {_NAME_IT}")


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def _hosted(provider: Provider, name: str, reason: str) -> Choice:
    model = f"{provider.prefix}:{name}"
    return Choice("hosted", model, reason, Label(model, provider.prefix, f"{name} ({provider.title})"))


def _compatible(name: str, server: str, reason: str) -> Choice:
    label = Label(f"compatible:{name}", "compatible", f"{name} (server at {urlsplit(server).netloc})")
    return Choice("compatible", name, reason, label, server)


def _local(environment: ModelEnvironment, reason: str) -> Choice:
    name = LOCAL_NAME
    if environment.local_gguf:
        name = environment.local_gguf.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".gguf")
    label = Label(f"local:{name}", "local", f"demo model {name}", demo=True)
    return Choice("local", name, reason, label)


def _answers_questions(name: str) -> bool:
    """Whether a listed model is likely to chat, and not one for embeddings, ranking or speech."""
    return not any(word in name.lower() for word in ("embed", "rerank", "whisper", "tts", "moderation"))
