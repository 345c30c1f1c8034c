"""Settings of the gateway: environment names are `ASKPANEL_` and the field's name in capitals.

No secret has a default. Tokens need at least one of `jwt_secret` (HS256) and a JWKS (ES256, RS256).
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AliasChoices, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from askpanel.contracts.topology import REQUESTS_BUCKET
from askpanel.gateway.http import HEAD_SECONDS, MOST_CONNECTIONS
from askpanel.gateway.readmodel.queries import COUNT_TO
from askpanel.runtime.settings import ServiceSettings

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
SHORTEST_SECRET = 32


class GatewaySettings(ServiceSettings):
    """Everything the gateway can be told. Times in seconds, sizes in bytes unless said otherwise."""

    # Where it listens and what it serves
    host: str = Field(default="127.0.0.1", description="Address the API listens on.")
    port: int = Field(default=8080, ge=0, le=65535, description="Its port; 0: any free one.")
    local: bool = Field(default=False, description="This is a local stack for one machine.")
    web_root: Path | None = Field(
        default=None, description="Folder of the built web UI, served at /. None or absent: a plain page."
    )
    supabase_url: str | None = Field(
        default=None, description="Where the web UI signs people in. None: it asks for a token."
    )
    supabase_anon_key: str | None = Field(default=None, description="Its public key, for the web UI.")
    web_tenants: Annotated[Mapping[UUID, str], NoDecode] = Field(
        default_factory=dict[UUID, str],
        description='Tenants the sign-in page offers, as JSON {"id": "name"}; public. None: it asks for the id.',
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Origins allowed to call from a browser, comma-separated. None by default."
    )

    # The read model
    database_url: SecretStr = Field(
        description="Postgres as login panel_api; on Supabase the transaction pooler.",
        validation_alias=AliasChoices("ASKPANEL_DATABASE_URL", "DATABASE_URL"),
    )
    database_connections: int = Field(default=10, ge=1, le=200, description="Most connections held open.")
    read_your_write_seconds: float = Field(
        default=2.0, ge=0, le=10, description="How long a GET waits for X-Min-Sequence to be projected."
    )

    # Tokens
    jwt_issuer: str = Field(min_length=1, description="`iss` of tokens: https://<ref>.supabase.co/auth/v1")
    jwt_audience: str = Field(default="authenticated", min_length=1, description="`aud` of tokens.")
    jwt_roles: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("authenticated",), description="Allowed `role` claims, comma-separated."
    )
    jwt_leeway: float = Field(default=30.0, ge=0, le=60, description="Tolerated clock difference.")
    jwt_secret: SecretStr | None = Field(default=None, description="Legacy HS256 secret; enables HS256.")
    jwks_url: str | None = Field(default=None, description="JWKS address; enables ES256 and RS256.")
    jwks_file: Path | None = Field(
        default=None,
        validate_default=True,
        description="JWKS as a file, instead of an address (offline).",
    )
    jwks_seconds: float = Field(default=600.0, ge=10, le=600, description="How long keys are trusted.")
    membership_seconds: float = Field(
        default=10.0, ge=0, le=60, description="How long a membership is taken as read."
    )
    membership_stale_seconds: float = Field(
        default=60.0, ge=0, le=600, description="How long it may be used while Postgres cannot be asked."
    )
    ticket_secret: SecretStr | None = Field(
        default=None,
        description="Signs stream tickets; the same in every replica. None: a ticket is valid only in the "
        "process that issued it.",
    )
    webhook_secret: SecretStr | None = Field(
        default=None,
        description="Secrets of all webhooks follow from it; the same in every replica and in the webhooks "
        "process. None: this installation has no webhooks.",
    )

    # Limits
    limits: Literal["on", "off"] = Field(
        default="on", description="`off` lifts quotas and rates for benchmarks; refused unless local."
    )
    count_to: int = Field(default=COUNT_TO, ge=1, le=1_000_000, description="Panels a list counts at most.")
    head_seconds: float = Field(
        default=HEAD_SECONDS,
        gt=0,
        le=60,
        description="How long a request's head may take, from its first byte.",
    )
    max_connections: int = Field(
        default=MOST_CONNECTIONS,
        ge=10,
        description="Connections that one gateway holds at once, besides event streams.",
    )
    max_body_bytes: int = Field(default=262_144, ge=1024, le=1_000_000, description="Largest request body.")
    body_seconds: float = Field(default=15.0, gt=0, le=600, description="How long one may take to come.")
    max_bodies_bytes: int = Field(
        default=67_108_864, ge=1_000_000, description="Bodies that one gateway holds at once, all together."
    )
    running_panels: int = Field(default=20, ge=1, description="Panels of one tenant that run at once.")
    monthly_budget_usd: Decimal | None = Field(
        default=None, ge=0, description="What a tenant may spend in a calendar month (UTC). None: no limit."
    )
    requests_per_second: float = Field(default=20.0, gt=0, description="Sustained requests of one user.")
    request_burst: int = Field(
        default=60, ge=1, description="Requests a rested user may make at once; full again within an hour."
    )
    streams_per_user: int = Field(default=20, ge=1, description="Open streams of one user.")
    webhook_waiting: int = Field(
        default=5000,
        ge=1,
        description="Webhook deliveries of one tenant that may wait before it may replay more.",
    )

    # Streams
    stream_heartbeat: float = Field(default=15.0, ge=0.05, le=60, description="Longest silence.")
    stream_silence: float = Field(
        default=60.0, ge=2, description="How long nothing may come from the log before no stream is begun."
    )
    stream_age: float = Field(default=600.0, ge=1, le=3600, description="Age of a connection, ± 10 %.")
    stream_queue_events: int = Field(default=256, ge=1, description="Events waiting for one slow client.")
    stream_queue_bytes: int = Field(default=1_048_576, ge=1024, description="Their bytes.")
    stream_drain_seconds: float = Field(
        default=5.0,
        ge=0,
        le=120,
        description="After SIGTERM: streams are ended over this time, requests still answered.",
    )

    @field_validator("cors_origins", "jwt_roles", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("web_tenants", mode="before")
    @classmethod
    def _from_json(cls, value: object) -> object:
        return json.loads(value or "{}") if isinstance(value, str) else value

    @field_validator(
        "jwt_secret",
        "ticket_secret",
        "webhook_secret",
        "jwks_url",
        "jwks_file",
        "web_root",
        "supabase_url",
        "supabase_anon_key",
        "monthly_budget_usd",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("jwt_secret", "ticket_secret", "webhook_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value().encode()) < SHORTEST_SECRET:
            raise ValueError(f"needs at least {SHORTEST_SECRET} bytes")
        return value

    @field_validator("jwks_url", "supabase_url")
    @classmethod
    def _trusted_transport(cls, value: str | None) -> str | None:
        address = urlsplit(value or "https:")
        if address.scheme != "https" and not (address.scheme == "http" and address.hostname in LOOPBACK):
            raise ValueError("must be https, or http on loopback")
        return value

    @field_validator("jwks_file")
    @classmethod
    def _some_key(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is None and not info.data.get("jwks_url") and not info.data.get("jwt_secret"):
            raise ValueError("set one of ASKPANEL_JWT_SECRET, ASKPANEL_JWKS_URL, ASKPANEL_JWKS_FILE")
        if value is not None and info.data.get("jwks_url"):
            raise ValueError("set either ASKPANEL_JWKS_FILE or ASKPANEL_JWKS_URL")
        return value

    @field_validator("request_burst")
    @classmethod
    def _full_in_time(cls, value: int, info: ValidationInfo) -> int:
        rate = info.data.get("requests_per_second")
        if rate is not None and value > rate * REQUESTS_BUCKET.max_age:
            raise ValueError(f"takes longer than {REQUESTS_BUCKET.max_age:.0f} s to fill at {rate:g}/s")
        return value

    @field_validator("limits")
    @classmethod
    def _off_only_locally(cls, value: str, info: ValidationInfo) -> str:
        if value == "off" and not info.data.get("local"):
            raise ValueError("off is for a local stack only (ASKPANEL_LOCAL=1)")
        return value
