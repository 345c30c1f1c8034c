"""Wiring of the usage service: the only file here that imports everything."""

from contextlib import AsyncExitStack

from askpanel.contracts.topology import USAGE
from askpanel.runtime.process import Runtime, run_worker
from askpanel.runtime.settings import load
from askpanel.runtime.worker import Worker
from askpanel.usage.settings import UsageSettings
from askpanel.usage.worker import UsageMeter


def main() -> None:
    """Run the service until SIGTERM."""
    settings = load(UsageSettings)

    async def wire(runtime: Runtime, _: AsyncExitStack) -> list[Worker]:
        return [Worker(USAGE, UsageMeter(runtime.log), parallel=settings.usage_parallel)]

    run_worker("usage", settings, wire)
