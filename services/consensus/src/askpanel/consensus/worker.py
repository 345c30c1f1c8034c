"""Requests in, consensus out: the only part of the consensus service that touches the log.

1. Take a request. 2. Read its panel. 3. Compute; pure, so a repetition gives the same bytes. 4. Append
the result once.
"""

import time
from datetime import UTC, datetime

from askpanel.consensus.ballots import ConsensusError
from askpanel.consensus.compute import compute
from askpanel.consensus.keypoints.likeness import Embed
from askpanel.consensus.reading import Incomplete, read_request
from askpanel.consensus.result import as_data
from askpanel.contracts.envelope import seal
from askpanel.contracts.events import ConsensusCalculated, ConsensusRequested
from askpanel.runtime.errors import Reject, Retry
from askpanel.runtime.log import EventLog, is_recent
from askpanel.runtime.worker import Delivery

INCOMPLETE_SECONDS = 0.5


class ConsensusCalculator:
    """Computes one consensus at a time; `embed` is None where texts are compared by characters only."""

    def __init__(self, log: EventLog, embed: Embed | None) -> None:
        self._log = log
        self._embed = embed

    async def __call__(self, delivery: Delivery) -> None:
        recorded = delivery.decode()
        asked, panel = recorded.event, recorded.envelope.panel
        if not isinstance(asked, ConsensusRequested):
            raise Reject(f"{recorded.envelope.type} is not a request for consensus")
        try:
            request = read_request(asked, await self._log.read(panel), embeddings=self._embed is not None)
            result = compute(request, self._embed)
        except Incomplete as error:
            raise Retry(INCOMPLETE_SECONDS, str(error)) from None
        except ConsensusError as error:
            raise Reject(str(error)) from None
        calculated = ConsensusCalculated.model_validate(
            as_data(result)
            | {
                "round_number": asked.round_number,
                "threshold": asked.threshold,
                "response_ids": asked.responses,
                "carried": asked.carried,
            }
        )
        event = seal(calculated, panel, time=datetime.now(UTC), cause=recorded.envelope)
        await self._log.append_once(event, recent=is_recent(delivery.stored_at, time.time()))
