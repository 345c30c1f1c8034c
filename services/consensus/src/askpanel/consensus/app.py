"""Wiring of the consensus service: the only file here that imports everything."""

import sys
from contextlib import AsyncExitStack

from askpanel.consensus.keypoints import embeddings
from askpanel.consensus.keypoints.likeness import Embed
from askpanel.consensus.settings import ConsensusSettings
from askpanel.consensus.worker import ConsensusCalculator
from askpanel.contracts.topology import CONSENSUS
from askpanel.runtime.process import Runtime, run_worker
from askpanel.runtime.settings import load
from askpanel.runtime.worker import Worker


def main() -> None:
    """Run the service until SIGTERM. Exits 1 with one line when it shall use embeddings and has none."""
    settings = load(ConsensusSettings)
    embed = embeddings_of(settings)

    async def wire(runtime: Runtime, _: AsyncExitStack) -> list[Worker]:
        calculator = ConsensusCalculator(runtime.log, embed, history=settings.consensus_history)
        return [Worker(CONSENSUS, calculator, parallel=settings.consensus_parallel)]

    run_worker("consensus", settings, wire)


def embeddings_of(settings: ConsensusSettings) -> Embed | None:
    """The embedding model, if it is switched on. Raises SystemExit with one line when it is not here."""
    if not settings.consensus_embeddings:
        return None
    try:
        return embeddings.load()
    except embeddings.EmbeddingsUnavailable as error:
        print(
            f"consensus: no embeddings: {error}; build the image with --build-arg EXTRA=embeddings, "
            "or set ASKPANEL_CONSENSUS_EMBEDDINGS to false",
            file=sys.stderr,
        )
        raise SystemExit(1) from None
