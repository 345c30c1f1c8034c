"""Experts: asked, speaking, answered or failed."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from askpanel.contracts.answer import Answer
from askpanel.contracts.blocks import Context, Purpose, ResponseType, Role
from askpanel.contracts.events.fact import Data, Event, FailureReason, Milliseconds, Round, Service


class Step(Data):
    """Identifies a paid step with its panel: at most `attempt_limit` attempts, one answer."""

    round_number: Round
    step: str
    seat: int
    purpose: Purpose

    def step_identity(self) -> tuple[object, ...]:
        return (self.round_number, self.step, self.seat, self.purpose)


class Answered(Data):
    """An earlier response that a step speaks to. What a person said has no seat."""

    response_id: UUID
    seat: int | None = None


class ExpertRequested(Step, Event):
    """A seat is asked to speak; `context` is all it may see.

    `answers` says to which responses the step speaks, for those who watch: it never enters a prompt,
    since the experts know each other by label only. Empty where a step speaks to nobody in particular.
    `agent_shared` is the seat's `shared`.
    """

    TYPE: ClassVar[str] = "expert.requested"
    OWNER: ClassVar[Service] = "orchestrator"

    agent_id: str
    agent_name: str
    agent_version: int = Field(default=1, ge=1)
    agent_shared: bool | None = None
    role: Role
    model: str | None = None
    response_type: ResponseType
    context: Context
    attempt_limit: int = Field(ge=1)
    deadline_at: datetime
    answers: tuple[Answered, ...] = ()

    def identity(self) -> tuple[object, ...]:
        return self.step_identity()


class ExpertStarted(Step, Event):
    """A model is about to be called for this attempt. `answers` is the request's, passed on."""

    TYPE: ClassVar[str] = "expert.started"
    OWNER: ClassVar[Service] = "expert-runner"
    SSE: ClassVar[str | None] = "expert_speaking"

    agent_id: str
    agent_name: str
    model: str
    attempt: int = Field(ge=1)
    answers: tuple[Answered, ...] = ()

    def identity(self) -> tuple[object, ...]:
        return (*self.step_identity(), self.attempt)


class TokenUsage(Data):
    """Tokens as the provider reported them.

    Of the input tokens, `cache_read_tokens` were read from the provider's cache and `cache_write_tokens` written to it,
    which have prices of their own; absent: none, or not told.
    """

    input_tokens: int = Field(ge=0)
    output_tokens: int = Field(ge=0)
    cache_read_tokens: int | None = Field(default=None, ge=0)
    cache_write_tokens: int | None = Field(default=None, ge=0)


class ExpertResponded(Step, Event):
    """A seat answered. One per paid step: its id has no attempt."""

    TYPE: ClassVar[str] = "expert.responded"
    OWNER: ClassVar[Service] = "expert-runner"
    SSE: ClassVar[str | None] = "response_added"

    response_id: UUID
    agent_id: str
    agent_name: str
    role: Role = "expert"
    response_type: ResponseType
    content: str
    answer: Answer
    model: str
    usage: TokenUsage | None = None
    execution_time_ms: Milliseconds
    attempt: int = Field(ge=1)

    def identity(self) -> tuple[object, ...]:
        return self.step_identity()


class ExpertFailed(Step, Event):
    """One attempt failed. It was the last when it is not retryable or has reached the attempt limit."""

    TYPE: ClassVar[str] = "expert.failed"
    OWNER: ClassVar[Service] = "expert-runner"
    SSE: ClassVar[str | None] = "expert_failed"

    agent_id: str
    agent_name: str
    role: Role = "expert"
    model: str
    attempt: int = Field(ge=1)
    reason: FailureReason
    detail: str = ""
    retryable: bool
    usage: TokenUsage | None = None
    execution_time_ms: Milliseconds

    def identity(self) -> tuple[object, ...]:
        return (*self.step_identity(), self.attempt)
