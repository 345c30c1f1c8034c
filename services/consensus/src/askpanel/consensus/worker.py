"""Requests in, consensus out: the only part of the consensus service that touches the log.

1. Take a request. 2. Read its panel, and for `reliability` the tenant's past answers up to the request.
3. Compute; pure, so a repetition gives the same bytes. 4. Append the result once.
"""

import logging
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from uuid import UUID

from askpanel.consensus.ballots import ConsensusError, PastVote
from askpanel.consensus.compute import compute
from askpanel.consensus.history import past_votes
from askpanel.consensus.keypoints.likeness import Embed
from askpanel.consensus.reading import READ, Incomplete, read_request
from askpanel.consensus.result import as_data
from askpanel.contracts.envelope import Recorded, Unreadable, decode, seal
from askpanel.contracts.events import ConsensusCalculated, ConsensusRequested, ExpertResponded
from askpanel.runtime.errors import Raw, Reject, Retry
from askpanel.runtime.log import EventLog, is_recent
from askpanel.runtime.worker import Delivery

INCOMPLETE_SECONDS = 0.5
LOOKED_THROUGH = 500_000
"""Messages of the log before a request in which its tenant's past answers are looked for. A server that has to look
through more of a long log, for a tenant that seldom asks, loads it from disk and takes no append meanwhile."""

logger = logging.getLogger(__name__)


class ConsensusCalculator:
    """Computes one consensus at a time; `embed` is None where texts are compared by characters only.

    `history`: at most so many of the tenant's newest answers are read, and only for `reliability`.
    """

    def __init__(self, log: EventLog, embed: Embed | None, *, history: int) -> None:
        self._log = log
        self._embed = embed
        self._history = history

    async def __call__(self, delivery: Delivery) -> None:
        recorded = delivery.decode()
        asked, panel = recorded.event, recorded.envelope.panel
        if not isinstance(asked, ConsensusRequested):
            raise Reject(f"{recorded.envelope.type} is not a request for consensus")
        try:
            past = await self._past(recorded) if asked.method == "reliability" else ()
            events = await self._log.read(panel, until=recorded.sequence, types=READ)
            request = read_request(asked, events, embeddings=self._embed is not None, history=past)
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

    async def _past(self, request: Recorded) -> tuple[PastVote, ...]:
        panel = request.envelope.panel
        answers = await newest_answers(self._log, panel.tenant_id, request.sequence, self._history)
        return past_votes(_readable(answers), panel.panel_id)


async def newest_answers(log: EventLog, tenant: UUID, before: int, most: int) -> Sequence[Raw]:
    """The tenant's newest answers before a sequence, at most `most`, oldest first.

    Going back in stretches that double, so that an old tenant is not read whole, over LOOKED_THROUGH messages at
    most, and bounded by the request's own sequence, so that a repetition reads the same.
    """
    found: deque[Raw] = deque(maxlen=most)
    end, width = before - 1, most
    first = max(0, end - LOOKED_THROUGH)
    while end > first and len(found) < most:
        start = max(first, end - width)
        stretch: deque[Raw] = deque(maxlen=most - len(found))
        answers = log.read_raw(f"{ExpertResponded.TYPE}.{tenant}.*", after=start)
        async with aclosing(answers) as messages:
            async for message in messages:
                if message[3] > end:
                    break
                stretch.append(message)
        found.extendleft(reversed(stretch))
        end, width = start, width * 2
    return found


def _readable(answers: Sequence[Raw]) -> Iterator[Recorded]:
    """The answers this build can read; old panels it cannot read do not stop a new one."""
    for message in answers:
        try:
            yield decode(*message)
        except Unreadable as error:
            logger.warning("past answer %d is left out of the history: %s", message[3], error)
