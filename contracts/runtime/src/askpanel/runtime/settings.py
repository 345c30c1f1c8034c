"""Settings every service has. Names in the environment: `ASKPANEL_` and the field's name in capitals;
the two server addresses also answer to the customary `NATS_URL` and `DATABASE_URL`.

A wrong or missing value stops the start with one line per setting.
"""

import sys
from typing import Literal, TypeVar

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Common to all processes; a service adds its own fields."""

    model_config = SettingsConfigDict(env_prefix="ASKPANEL_", frozen=True, extra="ignore")

    nats_url: str = Field(
        description="NATS servers, comma-separated.",
        validation_alias=AliasChoices("ASKPANEL_NATS_URL", "NATS_URL"),
    )
    nats_user: str = Field(default="", description="This service's NATS user; empty: no authentication.")
    nats_password: SecretStr = Field(default=SecretStr(""), description="Its password.")
    probe_host: str = Field(default="127.0.0.1", description="Address of /livez, /readyz and /metrics.")
    probe_port: int = Field(default=0, ge=0, le=65535, description="Its port; 0: any free one.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe log line written."
    )
    log_format: Literal["json", "text"] = Field(
        default="json", description="One JSON object a line, or text."
    )
    drain_seconds: float = Field(
        default=20.0, ge=0, le=600, description="How long work in flight may take to finish after SIGTERM."
    )
    append_patience_seconds: float = Field(
        default=12.0,
        ge=1,
        le=120,
        description="How long an append is retried before it counts as unavailable.",
    )
    otlp_endpoint: str = Field(
        default="",
        pattern=r"^(https?://.+)?$",
        description="Collector of traces and metrics (OTLP over HTTP), as http://collector:4318; empty: none.",
        validation_alias=AliasChoices("ASKPANEL_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
    )
    trace_ratio: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="Share of traces that are recorded, where a caller has not decided it for its own.",
        validation_alias=AliasChoices("ASKPANEL_TRACE_RATIO", "OTEL_TRACES_SAMPLER_ARG"),
    )
    metrics_seconds: float = Field(
        default=60.0, ge=0, le=3600, description="How often metrics go to the collector; 0: never."
    )


SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def load(settings: type[SettingsT]) -> SettingsT:
    """Read the environment or leave with exit code 2 and one line per wrong setting."""
    try:
        return settings()
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            name = str(problem["loc"][-1]) if problem["loc"] else "settings"
            variable = name if name.isupper() else f"ASKPANEL_{name.upper()}"
            print(f"{variable}: {problem['msg']}", file=sys.stderr)
        raise SystemExit(2) from None
