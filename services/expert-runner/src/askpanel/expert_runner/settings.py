"""Settings of the expert-runner. Which model answers is chosen in `models.resolve`, from
`ASKPANEL_MODEL`, the providers' keys, `ASKPANEL_OPENAI_BASE_URL` and `ASKPANEL_LOCAL_GGUF`."""

from pathlib import Path

from pydantic import Field, SecretStr

from askpanel.runtime.settings import ServiceSettings


class ExpertRunnerSettings(ServiceSettings):
    """What this service can be told."""

    runner_parallel: int = Field(
        default=256,
        ge=1,
        le=1000,
        description="Requests in hand at once, waiting ones too; among these each tenant has its turn.",
    )
    runner_calls: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="Calls of the model at once, dealt to tenants in turn. 0: 8 of a hosted provider, 4 of a "
        "compatible server or the local model, without limit of the scripted one.",
    )
    runner_experts: int = Field(
        default=5_000,
        ge=1,
        description="Experts kept in memory, or that a tenant has none of a name; at most 30 kB each.",
    )
    cache: Path = Field(
        default=Path("~/.cache/askpanel"), description="Where the local model's weights are kept."
    )
    openai_api_key: SecretStr = Field(
        default=SecretStr("none"),
        description="Key for the server at ASKPANEL_OPENAI_BASE_URL, if it wants one.",
    )
    openai_schema: bool = Field(
        default=True, description="Whether that server enforces JSON schemas; if not, they are prompted."
    )
    openai_context: int = Field(
        default=4096,
        ge=2048,
        description="Tokens that a model of that server takes, prompt and answer together; more is cut.",
    )
    model_hub: bool = Field(default=True, description="Whether weights may be fetched from their publisher.")
