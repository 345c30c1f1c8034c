"""Wiring of the orchestrator: the only file here that imports everything."""

from contextlib import AsyncExitStack

from askpanel.contracts.topology import ORCHESTRATOR, ORCHESTRATOR_TIMERS
from askpanel.orchestrator.panels import Panels
from askpanel.orchestrator.settings import OrchestratorSettings
from askpanel.orchestrator.worker import Orchestrator
from askpanel.runtime.process import Runtime, run_worker
from askpanel.runtime.settings import load
from askpanel.runtime.worker import Worker


def main() -> None:
    """Run the service until SIGTERM."""
    settings = load(OrchestratorSettings)

    async def wire(runtime: Runtime, _: AsyncExitStack) -> list[Worker]:
        orchestrator = Orchestrator(runtime.log, Panels(settings.orchestrator_panels))
        parallel = settings.orchestrator_parallel
        return [
            Worker(ORCHESTRATOR, orchestrator.on_event, parallel=parallel),
            Worker(ORCHESTRATOR_TIMERS, orchestrator.on_alarm, parallel=parallel),
        ]

    run_worker("orchestrator", settings, wire)
