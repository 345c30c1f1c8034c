"""A model that answers when the test lets it: what is tested is who may ask it, and when."""

import asyncio

from askpanel.contracts.answer import Answer
from askpanel.expert_runner.models.port import Failure, Label, OnDelta, Reply
from askpanel.expert_runner.prompts.prompt import HOSTED, Budget, Prompt

REPLY = Reply("Yes.", Answer(position="Yes.", stance="support"))
DOWN = Failure("provider_error", "500")


class HeldModel:
    """Takes `concurrency` calls at once. Holds them until `go`; counts them, and the most at once."""

    def __init__(self, concurrency: int = 1) -> None:
        self.concurrency = concurrency
        self.outcome: Reply | Failure = REPLY
        self.go = asyncio.Event()
        self.calls = self.now = self.most = 0

    @property
    def label(self) -> Label:
        return Label("held:model", "held", "Held")

    @property
    def budget(self) -> Budget:
        return HOSTED

    async def ask(
        self, prompt: Prompt, *, on_delta: OnDelta | None = None, seconds: float | None = None
    ) -> Reply | Failure:
        """Count, wait, answer; a timeout after `seconds`."""
        self.calls += 1
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            async with asyncio.timeout(seconds):
                await self.go.wait()
        except TimeoutError:
            return Failure("timeout", "held")
        finally:
            self.now -= 1
        return self.outcome

    async def aclose(self) -> None:
        """Nothing to let go of."""
