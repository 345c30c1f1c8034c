"""The line to one model: at most so many calls at once, and a breaker that leaves a broken one alone.

A call is allowed in its turn: only once it has one of the model's slots (`slots.py` deals them to tenants) and the
breaker lets it through is it announced and made, so that whatever was decided while it stood in line (a deadline, a budget, a cancellation)
is still heard.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

from askpanel.contracts.events import TokenUsage
from askpanel.expert_runner.models.port import Failure, Model, OnDelta, Reply
from askpanel.expert_runner.models.retry import Circuit
from askpanel.expert_runner.prompts.prompt import Prompt
from askpanel.expert_runner.slots import Slots
from askpanel.runtime import conventions, telemetry, tracing

NONE = TokenUsage(input_tokens=0, output_tokens=0)
"""What an attempt used that never reached a model; a call that does not say what it used has no usage."""

TOO_LATE = Failure("timeout", "the round's deadline passed before the model could be asked", usage=NONE)
LEFT_ALONE = Failure("provider_error", "the provider keeps failing and is left alone for now", usage=NONE)


class Line:
    """One model with its limits. All experts on this model share it.

    `calls` at once; 0: as many as the model says, which may be without limit.
    """

    def __init__(self, model: Model, circuit: Circuit | None = None, *, calls: int = 0) -> None:
        self.model = model
        number = calls or model.concurrency
        self._slots = Slots(number) if number else None
        self.circuit = circuit or Circuit()

    @asynccontextmanager
    async def turn(self, tenant_id: UUID, seconds: float) -> AsyncGenerator["Turn | Failure"]:
        """The right to one call, waited for at most `seconds`; a failure where there is none by then."""
        deadline = time.monotonic() + seconds
        if not await self._slot(tenant_id, deadline):
            yield TOO_LATE
            return
        try:
            if not await self._let_through(deadline):
                yield LEFT_ALONE
                return
            turn = Turn(self.model, probe=not self.circuit.closed)
            try:
                yield turn
            finally:
                self.circuit = turn.told(self.circuit)
        finally:
            if self._slots is not None:
                self._slots.give_back(tenant_id)

    async def _slot(self, tenant_id: UUID, deadline: float) -> bool:
        if self._slots is not None:
            try:
                async with asyncio.timeout(max(deadline - time.monotonic(), 0.0)):
                    await self._slots.take(tenant_id)
            except TimeoutError:
                return False
            if time.monotonic() >= deadline:
                self._slots.give_back(tenant_id)
                return False
        return time.monotonic() < deadline

    async def _let_through(self, deadline: float) -> bool:
        """Wait for the breaker. No await between its leave and our taking it: one call alone probes."""
        while (wait := self.circuit.wait(time.monotonic())) > 0:
            if time.monotonic() + wait > deadline:
                return False
            await asyncio.sleep(wait)
        self.circuit = self.circuit.before_attempt()
        return True


class Turn:
    """The right to one call. Not used, or cut off, it tells the breaker nothing."""

    def __init__(self, model: Model, *, probe: bool) -> None:
        self._model = model
        self._probe = probe
        self._outcome: Reply | Failure | None = None
        self._seconds = 0.0

    async def ask(self, prompt: Prompt, *, on_delta: OnDelta, seconds: float) -> Reply | Failure:
        """One attempt, for at most `seconds`."""
        begun = time.monotonic()
        label = self._model.label.id
        with tracing.inside(conventions.chat, label, prompt.call.panel_id, prompt.max_tokens):
            outcome = await self._model.ask(prompt, on_delta=on_delta, seconds=seconds)
            tracing.note(conventions.outcome, outcome.usage, getattr(outcome, "reason", None))
        self._outcome, self._seconds = outcome, time.monotonic() - begun
        _measure(label, outcome, self._seconds)
        return outcome

    def told(self, circuit: Circuit) -> Circuit:
        """The breaker's state once this turn is over."""
        if isinstance(self._outcome, Reply):
            return circuit.after_success()
        if not (circuit.closed or self._probe):
            return circuit  # made before it opened: what was known then is in it
        if self._outcome is None:
            return circuit.after_abandoned()
        return circuit.after_failure(self._outcome, time.monotonic(), waited=self._seconds)


def _measure(label: str, outcome: Reply | Failure, seconds: float) -> None:
    telemetry.MODEL_SECONDS.labels(label).observe(seconds)
    telemetry.MODEL_CALLS.labels(label, getattr(outcome, "reason", "answered")).inc()
    if outcome.usage is not None:
        telemetry.MODEL_TOKENS.labels(label, "input").observe(outcome.usage.input_tokens)
        telemetry.MODEL_TOKENS.labels(label, "output").observe(outcome.usage.output_tokens)
