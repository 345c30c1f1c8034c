"""Settings of the local stack."""

from pathlib import Path

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class LocalSettings(BaseSettings):
    """What `askpanel up` can be told by the environment."""

    model_config = SettingsConfigDict(env_prefix="ASKPANEL_", frozen=True, extra="ignore")

    data: Path = Field(
        default=Path(".askpanel"), description="Where NATS, Postgres and logs keep their files."
    )
    port: int = Field(default=8080, ge=0, le=65535, description="Port of the API; 0: any free one.")
    nats_url: str | None = Field(
        default=None,
        description="An existing NATS with JetStream, instead of the embedded one.",
        validation_alias=AliasChoices("ASKPANEL_NATS_URL", "NATS_URL"),
    )
    database_url: str | None = Field(
        default=None,
        description="An existing empty or migrated Postgres, as superuser, instead of the embedded one.",
        validation_alias=AliasChoices("ASKPANEL_DATABASE_URL", "DATABASE_URL"),
    )
    sync_always: bool = Field(
        default=True, description="Embedded NATS syncs every event to disk before it acknowledges."
    )
    nats_nodes: int = Field(
        default=1, ge=1, le=5, description="Embedded NATS servers: 1, or a cluster, its log on up to three."
    )
    nats_links: dict[str, int] = Field(
        default={}, description="For tests that cut nodes apart: the port where node 1 dials 2, as `1>2`."
    )
    replicas: int = Field(
        default=1, ge=1, le=4, description="Processes of each service; each gateway has a port of its own."
    )
    start_seconds: float = Field(
        default=180.0,
        ge=1,
        description="How long services may take to be ready; the local model's server alone may take 120 s.",
    )
    webhooks: bool = Field(default=False, description="Also run the process that sends webhooks.")
    reconnects: int = Field(
        default=20,
        ge=0,
        description="How often in a row a command sends a request anew that gets no answer, or connects anew to a "
        "stream that brings no event.",
    )
    purge_seconds: float = Field(
        default=900.0,
        ge=1,
        description="How long an erasure waits for NATS to purge one subject, which takes long on a large log.",
    )
