"""Settings of the usage service."""

from pydantic import Field

from askpanel.runtime.settings import ServiceSettings


class UsageSettings(ServiceSettings):
    """What this service can be told."""

    usage_parallel: int = Field(default=64, ge=1, le=1000, description="Attempts recorded at once.")
