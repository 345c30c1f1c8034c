"""The last message of a filter, as the server that decides has it: what an append or a look-up rests on.

    log without replicas  →  DIRECT.GET          any server that answers has everything
    replicated            →  STREAM.MSG.GET      from the leader, for a replica may be behind

The first is answered without passing through the server's queue of API requests: 0.5 instead of 0.9 ms.
"""

import asyncio
import time
from typing import cast

import nats.errors
import nats.js.errors
from nats.js import JetStreamContext

from askpanel.runtime.direct import last_directly
from askpanel.runtime.errors import LogMisconfigured, LogUnavailable, Raw
from askpanel.runtime.replies import Replies
from askpanel.runtime.turns import Replicas
from askpanel.runtime.unavailable import CLIENT_ERRORS, NO_SUCH_STREAM

PAUSE = 0.1


class Latest:
    """Look-ups over one connection. `patience` in seconds bounds every retry, `timeout` one attempt."""

    def __init__(
        self,
        jetstream: JetStreamContext,
        replies: Replies,
        replicas: Replicas,
        *,
        patience: float,
        timeout: float,
    ) -> None:
        self._jetstream = jetstream
        self._replies = replies
        self._replicas = replicas
        self._patience = patience
        self._timeout = timeout

    async def of(self, stream: str, subject_filter: str) -> Raw | None:
        """None when there is none. Raises LogUnavailable, LogMisconfigured."""
        deadline = time.monotonic() + self._patience
        while True:
            try:
                if not await self._replicas.replicated():
                    try:
                        return await last_directly(self._replies, stream, subject_filter, self._timeout)
                    except LogUnavailable as error:
                        if not isinstance(error.__cause__, nats.errors.NoRespondersError):
                            raise  # where nobody listens, the leader can say whether there is such a stream
                return await self._of_leader(stream, subject_filter)
            except nats.js.errors.NotFoundError as error:
                if error.err_code == NO_SUCH_STREAM:
                    raise LogMisconfigured(f"there is no stream {stream}: run the bootstrap step") from None
                return None
            except (LogUnavailable, *CLIENT_ERRORS) as error:
                if time.monotonic() > deadline:
                    raise LogUnavailable(repr(error)) from None
                await asyncio.sleep(PAUSE)

    async def _of_leader(self, stream: str, subject_filter: str) -> Raw:
        found = await self._jetstream.get_last_msg(stream, subject_filter)
        headers = cast("dict[str, str]", found.headers or {})
        return found.subject or "", headers, found.data or b"", found.seq or 0
