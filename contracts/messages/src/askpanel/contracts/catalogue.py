"""The published expert catalogue: what KV bucket `experts` holds.

One key per expert, `<tenant id or "global">.<agent id>`; the value is the expert as JSON. A tenant
sees the global experts and its own; its own wins where both have an id, until it is retired. A new version
replaces the value (the bucket's history keeps the older ones); a retired expert stays, with `retired` set.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

BUCKET = "experts"
GLOBAL = "global"

AgentId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", min_length=2, max_length=63)]
"""A stable slug, also a valid NATS KV key token."""

BUILT_IN = frozenset({"judge", "moderator", "chair"})
"""Ids of the personas that every panel may seat and nobody publishes."""

Tag = Annotated[str, Field(min_length=2, max_length=40)]

Temperament = Literal["sceptic", "balanced", "optimist", "pragmatist"]
"""How the expert leans when evidence is thin. It colours a prompt and is never a vote or a weight."""


class Expert(BaseModel):
    """One expert as published. `bench` experts are plain seats for load tests, never proposed to users."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    agent_id: AgentId
    name: str = Field(min_length=2, max_length=80)
    version: int = Field(ge=1)
    title: str = Field(min_length=2, max_length=120)
    domain: str = Field(min_length=2, max_length=40)
    tags: tuple[Tag, ...] = Field(default=(), max_length=40)
    summary: str = Field(min_length=10, max_length=400)
    instructions: str = Field(min_length=20, max_length=4000)
    temperament: Temperament = "balanced"
    bench: bool = False
    retired: bool = False


def catalogue_key(agent_id: str, tenant_id: str | None = None) -> str:
    """The KV key of an expert: of all tenants, or of one."""
    return f"{tenant_id or GLOBAL}.{agent_id}"


def encode_expert(expert: Expert) -> bytes:
    """The KV value: JSON in UTF-8, fields in declaration order, so equal experts are equal bytes."""
    return expert.model_dump_json().encode()


def decode_expert(value: bytes) -> Expert:
    """Read a KV value; pydantic.ValidationError when it is not an expert."""
    return Expert.model_validate_json(value)
