"""Wiring of the expert-runner: the only file here that imports everything."""

import logging
import os
import sys
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from askpanel.contracts.topology import EXPERT_RUNNER, EXPERTS_BUCKET
from askpanel.expert_runner.catalogue import load_bench_experts, load_catalogue
from askpanel.expert_runner.line import Line
from askpanel.expert_runner.models.local import LocalModelError
from askpanel.expert_runner.models.opening import Means, open_model
from askpanel.expert_runner.models.resolve import ModelEnvironment, Unusable, resolve
from askpanel.expert_runner.models.weights import WeightsError
from askpanel.expert_runner.settings import ExpertRunnerSettings
from askpanel.expert_runner.speakers import Speakers, publish
from askpanel.expert_runner.worker import ExpertRunner
from askpanel.runtime.buckets import versions
from askpanel.runtime.process import Runtime, run_worker
from askpanel.runtime.replies import Replies
from askpanel.runtime.settings import load
from askpanel.runtime.worker import Worker

logger = logging.getLogger(__name__)


def main() -> None:
    """Run the service until SIGTERM. Exits 1 with one line when there is no usable model."""
    settings = load(ExpertRunnerSettings)

    async def wire(runtime: Runtime, stack: AsyncExitStack) -> list[Worker]:
        try:
            choice = await resolve(ModelEnvironment.of(os.environ))
            # Before the model, which may take minutes: without a catalogue no gateway is ready.
            bucket = await runtime.log.jetstream.key_value(EXPERTS_BUCKET.name)
            experts = load_catalogue() + (load_bench_experts() if choice.label.scripted else ())
            await publish(bucket, experts)
            logger.info("opening model %s: %s", choice.label.id, choice.reason)
            model = await open_model(choice, means(settings))
        except (Unusable, WeightsError, LocalModelError) as error:
            print(f"expert-runner: no usable model: {error}", file=sys.stderr)
            raise SystemExit(1) from None
        stack.push_async_callback(model.aclose)
        kept = partial(versions, Replies(runtime.client), EXPERTS_BUCKET.name)
        speakers = Speakers(bucket, runtime.client, kept, most=settings.runner_experts)
        await speakers.watch()
        runner = ExpertRunner(runtime.client, runtime.log, speakers, Line(model, calls=settings.runner_calls))
        return [Worker(EXPERT_RUNNER, runner, parallel=settings.runner_parallel)]

    run_worker("expert-runner", settings, wire)


def means(settings: ExpertRunnerSettings) -> Means:
    """What opening a model needs, from the settings."""
    gguf = os.environ.get("ASKPANEL_LOCAL_GGUF")
    return Means(
        cache=settings.cache.expanduser(),
        local_gguf=Path(gguf).expanduser() if gguf else None,
        hub=settings.model_hub,
        api_key=settings.openai_api_key.get_secret_value(),
        schema=settings.openai_schema,
        context=settings.openai_context,
    )
