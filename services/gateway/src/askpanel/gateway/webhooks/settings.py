"""Settings of the webhooks process."""

from pydantic import Field, SecretStr, field_validator

from askpanel.gateway.settings import SHORTEST_SECRET
from askpanel.runtime.settings import ServiceSettings


class WebhookSettings(ServiceSettings):
    """What the process that sends can be told."""

    webhook_secret: SecretStr = Field(
        description="Secrets of all webhooks follow from it; the same as the gateway's."
    )
    webhook_private: bool = Field(
        default=False,
        description="Also send to private, link-local and loopback addresses, by http and to any port. For a "
        "local stack only.",
    )
    webhook_seconds: float = Field(
        default=15.0,
        ge=1,
        le=60,
        description="How long a receiver may take to answer, its name's lookup included.",
    )
    webhook_parallel: int = Field(
        default=32, ge=1, le=500, description="Requests made at once, and names looked up."
    )

    @field_validator("webhook_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value().encode()) < SHORTEST_SECRET:
            raise ValueError(f"needs at least {SHORTEST_SECRET} bytes")
        return value
