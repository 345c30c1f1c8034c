"""Make sure before the services start that there is a model, and show the download if one is needed."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict
from rich.console import Console
from rich.live import Live
from rich.text import Text

from askpanel.expert_runner.models.local import weights_path
from askpanel.expert_runner.models.resolve import Choice, ModelEnvironment, resolve
from askpanel.expert_runner.models.weights import Progress
from askpanel.expert_runner.settings import ExpertRunnerSettings
from askpanel.runtime.settings import load

PLAIN_STEP = 0.1
"""Without a terminal one line is written for every tenth of the download."""


class WeightsSettings(BaseSettings):
    """The settings of the expert-runner that say where its weights come from; it wants others too."""

    model_config = SettingsConfigDict(
        env_prefix="ASKPANEL_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    cache: Path = ExpertRunnerSettings.model_fields["cache"].default
    local_gguf: Path | None = None
    model_hub: bool = ExpertRunnerSettings.model_fields["model_hub"].default


def prepare(console: Console) -> Choice:
    """The model that will answer, its weights in place. Raises Unusable, LocalModelError or WeightsError."""
    return asyncio.run(_prepare(console))


async def _prepare(console: Console) -> Choice:
    choice = await resolve(ModelEnvironment.of(os.environ))
    if choice.kind == "local":
        settings = load(WeightsSettings)
        cache, gguf = settings.cache.expanduser(), settings.local_gguf
        cache.mkdir(parents=True, exist_ok=True)
        with Live(console=console, transient=True, auto_refresh=False) as live:
            await weights_path(
                cache,
                gguf.expanduser() if gguf else None,
                hub=settings.model_hub,
                report=_reporter(console, live),
                notice=lambda text: console.print(text, style="yellow", highlight=False),
            )
    return choice


def _reporter(console: Console, live: Live) -> Callable[[Progress], None]:
    told = -PLAIN_STEP

    def report(progress: Progress) -> None:
        nonlocal told
        share = progress.done / progress.total if progress.total else 1.0
        if console.is_terminal:
            live.update(Text(progress.line()), refresh=True)
        elif share - told >= PLAIN_STEP:
            told = share
            console.print(progress.line(), highlight=False)

    return report
