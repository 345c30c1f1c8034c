"""Settings of the consensus service."""

from pydantic import Field

from askpanel.runtime.settings import ServiceSettings


class ConsensusSettings(ServiceSettings):
    """What this service can be told."""

    consensus_parallel: int = Field(default=16, ge=1, le=256, description="Requests in hand at once.")
    consensus_embeddings: bool = Field(
        default=False,
        description="Compare texts by meaning too (MiniLM, about 260 MB more memory), not by characters only.",
    )
    consensus_history: int = Field(
        default=5000,
        ge=100,
        le=100_000,
        description="The tenant's newest answers that the method `reliability` measures its experts by.",
    )
