"""Reads of a stream without a consumer: a batch after a sequence, and single messages from the leader.

A batch may come from a replica that is behind; a single message always comes from the leader.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

import nats.errors
import nats.js.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from pydantic_core import to_json

from askpanel.runtime.errors import LogMisconfigured, LogUnavailable, Raw
from askpanel.runtime.replies import Replies, status_of

NO_SUCH_STREAM = 10059
READ_BATCH = 1000
BEHIND = "Nats-Num-Pending"
"""In each message of a batch: how many of the filter are behind it."""


class unavailable:
    """Turns what the client raises into LogUnavailable; into LogMisconfigured where there is no stream."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, nats.js.errors.NotFoundError) and error.err_code == NO_SUCH_STREAM:
            raise LogMisconfigured("there is no such stream: run the bootstrap step") from error
        if isinstance(error, nats.errors.Error | nats.js.errors.Error | TimeoutError):
            raise LogUnavailable(repr(error)) from error


async def batches(
    replies: Replies, stream: str, subject_filter: str, *, after: int = 0, timeout: float = 4.0
) -> AsyncGenerator[Raw]:
    """Every message of a filter after a sequence, until there are none behind the last. Raises LogUnavailable."""
    position, more = after, True
    while more:
        more = False
        async with aclosing(batch(replies, stream, subject_filter, position + 1, timeout)) as messages:
            async for message in messages:
                position = message[3]
                more = message[1].get(BEHIND) != "0"
                yield message


async def batch(
    replies: Replies, stream: str, subject_filter: str, start: int, timeout: float
) -> AsyncGenerator[Raw]:
    """At most READ_BATCH messages of a filter from sequence `start` on. Raises LogUnavailable."""
    request = {"seq": start, "next_by_subj": subject_filter, "batch": READ_BATCH}
    answers = replies.stream(f"$JS.API.DIRECT.GET.{stream}", to_json(request), timeout=timeout)
    with unavailable():
        async with aclosing(answers) as messages:
            async for message in messages:
                status = status_of(message)
                if status in ("204", "404"):
                    return
                if status is not None:
                    raise LogUnavailable(f"direct get answered {status}")
                yield _raw(message)


async def last_of(
    jetstream: JetStreamContext, stream: str, subject_filter: str, *, patience: float
) -> RawStreamMsg | None:
    """The last message of a filter, None when there is none. Raises LogUnavailable, LogMisconfigured."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return await jetstream.get_last_msg(stream, subject_filter)
        except nats.js.errors.NotFoundError as error:
            if error.err_code == NO_SUCH_STREAM:
                raise LogMisconfigured(f"there is no stream {stream}: run the bootstrap step") from None
            return None
        except (nats.errors.Error, nats.js.errors.Error, TimeoutError) as error:
            if time.monotonic() > deadline:
                raise LogUnavailable(repr(error)) from None
            await asyncio.sleep(0.1)


def _raw(message: Msg) -> Raw:
    headers = dict(message.headers or {})
    return headers["Nats-Subject"], headers, message.data, int(headers["Nats-Sequence"])
