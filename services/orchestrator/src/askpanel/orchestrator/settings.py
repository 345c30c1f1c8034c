"""Settings of the orchestrator."""

from pydantic import Field

from askpanel.runtime.settings import ServiceSettings


class OrchestratorSettings(ServiceSettings):
    """What this service can be told."""

    orchestrator_parallel: int = Field(default=64, ge=1, le=1000, description="Messages handled at once.")
    orchestrator_panels: int = Field(
        default=1000,
        ge=1,
        le=1_000_000,
        description="Panels kept in memory, folded while they run: each its evidence, once, and its answers.",
    )
