"""The line to one model: at most so many calls at once, and a breaker that leaves a broken one alone."""

import asyncio
import time
from contextlib import nullcontext
from typing import Any

from askpanel.expert_runner.models.port import Failure, Model, OnDelta, Reply
from askpanel.expert_runner.models.retry import Circuit
from askpanel.expert_runner.prompts.prompt import Prompt
from askpanel.runtime import conventions, telemetry, tracing


class Line:
    """One model with its limits. All experts on this model share it."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._slots: Any = asyncio.Semaphore(model.concurrency) if model.concurrency else nullcontext()
        self._circuit = Circuit()

    async def ready(self, seconds: float) -> bool:
        """Wait until the breaker permits a call, at most `seconds`; False when it will not by then."""
        deadline = time.monotonic() + seconds
        while (wait := self._circuit.wait(time.monotonic())) > 0:
            if time.monotonic() + wait > deadline:
                return False
            await asyncio.sleep(wait)
        return True

    async def ask(self, prompt: Prompt, *, on_delta: OnDelta, seconds: float) -> Reply | Failure:
        """One attempt, when a slot is free."""
        async with self._slots:
            self._circuit = self._circuit.before_attempt()
            begun = time.monotonic()
            named = tracing.inside(
                conventions.chat, self.model.label.id, prompt.call.panel_id, prompt.max_tokens
            )
            try:
                with named:
                    outcome = await self.model.ask(prompt, on_delta=on_delta, seconds=seconds)
                    tracing.note(conventions.outcome, outcome.usage, getattr(outcome, "reason", None))
            except asyncio.CancelledError:
                self._circuit = self._circuit.after_abandoned()
                raise
        if isinstance(outcome, Failure):
            self._circuit = self._circuit.after_failure(outcome, time.monotonic())
        else:
            self._circuit = self._circuit.after_success()
        self._measure(outcome, time.monotonic() - begun)
        return outcome

    def _measure(self, outcome: Reply | Failure, seconds: float) -> None:
        name = self.model.label.id
        telemetry.MODEL_SECONDS.labels(name).observe(seconds)
        telemetry.MODEL_CALLS.labels(name, getattr(outcome, "reason", "answered")).inc()
        if outcome.usage is not None:
            telemetry.MODEL_TOKENS.labels(name, "input").observe(outcome.usage.input_tokens)
            telemetry.MODEL_TOKENS.labels(name, "output").observe(outcome.usage.output_tokens)
