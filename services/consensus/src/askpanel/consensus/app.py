"""Wiring of the consensus service: the only file here that imports everything."""

from contextlib import AsyncExitStack

from askpanel.consensus.settings import ConsensusSettings
from askpanel.consensus.worker import ConsensusCalculator
from askpanel.contracts.topology import CONSENSUS
from askpanel.runtime.process import Runtime, run_worker
from askpanel.runtime.settings import load
from askpanel.runtime.worker import Worker


def main() -> None:
    """Run the service until SIGTERM."""
    settings = load(ConsensusSettings)

    async def wire(runtime: Runtime, _: AsyncExitStack) -> list[Worker]:
        embed = None
        if settings.consensus_embeddings:
            from askpanel.consensus.keypoints.embeddings import load as load_embeddings

            embed = load_embeddings()
        calculator = ConsensusCalculator(runtime.log, embed, history=settings.consensus_history)
        return [Worker(CONSENSUS, calculator, parallel=settings.consensus_parallel)]

    run_worker("consensus", settings, wire)
