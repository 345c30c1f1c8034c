"""The port to every model: a prompt in, an answer or a typed failure out.

One `ask` is one attempt is one request: no adapter retries. Retrying, deadlines, budgets and recording
belong to the caller.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from askpanel.contracts.answer import Answer
from askpanel.contracts.events import FailureReason, TokenUsage
from askpanel.expert_runner.prompts.prompt import Budget, Prompt

OnDelta = Callable[[str], Awaitable[None]]
"""Hears newly written characters of `content` while the answer comes. For display only."""

CALL_HEADER = "X-Askpanel-Call"
"""`panel agent round step attempt`: sent to servers on loopback only, read by the scripted server."""

RETRYABLE: frozenset[FailureReason] = frozenset(
    {"rate_limited", "provider_error", "network", "timeout", "bad_output", "truncated"}
)
"""Reasons another attempt may help with; the rest are final."""


@dataclass(frozen=True, slots=True)
class Label:
    """What is said of a model wherever its answers appear.

    `id` is stored with every answer: `<provider>:<name>`, or `scripted`. `local:` is the demo model.
    """

    id: str
    provider: str
    display: str
    demo: bool = False
    scripted: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """A valid answer. `usage` is None where the provider reported none; absent is not zero."""

    content: str
    answer: Answer
    usage: TokenUsage | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt gave no answer; `retry_after` in seconds, as the provider asked for it."""

    reason: FailureReason
    detail: str
    retry_after: float | None = None
    usage: TokenUsage | None = None

    @property
    def retryable(self) -> bool:
        """Whether another attempt may help."""
        return self.reason in RETRYABLE


class Model(Protocol):
    """A model ready to be asked. `concurrency` is how many calls at once it takes; 0 is no limit."""

    @property
    def label(self) -> Label: ...

    @property
    def budget(self) -> Budget: ...

    @property
    def concurrency(self) -> int: ...

    async def ask(
        self, prompt: Prompt, *, on_delta: OnDelta | None = None, seconds: float | None = None
    ) -> Reply | Failure:
        """Ask once, for at most `seconds`. Raises nothing but CancelledError."""
        ...

    async def aclose(self) -> None:
        """Let go of connections and processes."""
        ...
