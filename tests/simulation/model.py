"""The simulated model: the scripted one, with failures that the schedule draws and a record of its calls."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from nats.js.errors import KeyNotFoundError

from askpanel.contracts.catalogue import catalogue_key, encode_expert
from askpanel.contracts.events import FailureReason
from askpanel.expert_runner.catalogue import load_bench_experts
from askpanel.expert_runner.models.port import Failure, Label, OnDelta, Reply
from askpanel.expert_runner.models.script import parse_script
from askpanel.expert_runner.models.scripted import ScriptedModel
from askpanel.expert_runner.prompts.prompt import HOSTED, Budget, Prompt
from tests.faults.evidence import ModelCall
from tests.simulation.process import Process

SCRIPT = parse_script(
    "scripted:words=8,points=2,deltas=1,stance=support:3/oppose:1/conditional:1,change=0.3,confidence=none,usage=2000/200"
)
FREE = Label("scripted", "scripted", "scripted", scripted=True)
PRICED = Label("openai:gpt-4o", "openai", "a model with a price")

FAILURES: tuple[FailureReason, ...] = (
    "rate_limited",
    "provider_error",
    "network",
    "timeout",
    "bad_output",
    "truncated",
    "refused",
    "misconfigured",
)


class SimulatedModel:
    """One runner's model. `calls` is the provider's own record: it survives the process."""

    budget: Budget = HOSTED
    concurrency = 0

    def __init__(self, process: Process, calls: list[ModelCall], label: Label) -> None:
        self.label = label
        self._process = process
        self._calls = calls
        self._scripted = ScriptedModel(SCRIPT)

    async def ask(
        self, prompt: Prompt, *, on_delta: OnDelta | None = None, seconds: float | None = None
    ) -> Reply | Failure:
        """See `askpanel.expert_runner.models.port.Model`."""
        call, dice = prompt.call, self._process.dice
        place = f"{call.agent_id} {call.round_number} {call.step} {call.attempt}"
        await self._process.step(f"call {place}")
        self._calls.append(
            ModelCall(
                panel_id=UUID(call.panel_id),
                agent_id=call.agent_id,
                round_number=call.round_number,
                step=call.step,
                seat=call.seat,
                purpose=call.purpose,
                attempt=call.attempt,
                text=prompt.user,
            )
        )
        slow = dice.strikes("slow-model", place, 0.1)
        wait = (
            dice.between(f"model {place}", 20.0, 200.0) if slow else dice.between(f"model {place}", 0.5, 5.0)
        )
        allowed = 600.0 if seconds is None else max(seconds, 0.0)
        await asyncio.sleep(min(wait, allowed))
        await self._process.step(f"called {place}")
        if wait > allowed:
            return Failure("timeout", "simulated")
        if dice.strikes("model-fails", place, 0.1):
            reason = dice.choice(f"reason {place}", FAILURES)
            return Failure(reason, "simulated", retry_after=2.0 if reason == "rate_limited" else None)
        return await self._scripted.ask(prompt)

    async def aclose(self) -> None:
        """Nothing to let go of."""


class Entry:
    """A catalogue entry as the bucket gives it."""

    def __init__(self, value: bytes) -> None:
        self.value = value


class Catalogue:
    """The published experts; a bucket that is always there."""

    _entries: ClassVar[dict[str, bytes]] = {
        catalogue_key(one.agent_id): encode_expert(one) for one in load_bench_experts()
    }

    async def get(self, key: str) -> Entry:
        if key not in self._entries:
            raise KeyNotFoundError
        return Entry(self._entries[key])

    async def versions(self, key: str) -> Sequence[bytes]:
        """What is kept of a key: each was written once."""
        return [self._entries[key]] if key in self._entries else []
