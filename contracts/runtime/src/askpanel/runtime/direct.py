"""Reads of a stream without a consumer, from whichever server answers: of replicas, one that may be behind."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from nats.aio.msg import Msg
from pydantic_core import to_json

from askpanel.runtime.errors import LogUnavailable, Raw
from askpanel.runtime.replies import Replies, status_of
from askpanel.runtime.unavailable import unavailable_or_absent

READ_BATCH = 1000
BEHIND = "Nats-Num-Pending"
"""In each message of a batch: how many of the filter are behind it."""


async def batches(
    replies: Replies, stream: str, subject_filter: str, *, after: int = 0, timeout: float = 4.0
) -> AsyncGenerator[Raw]:
    """Every message of a filter after a sequence, until there are none behind the last. Raises LogUnavailable."""
    position, more = after, True
    while more:
        more = False
        answers = batch(replies, stream, subject_filter, position + 1, READ_BATCH, timeout)
        async with aclosing(answers) as messages:
            async for message in messages:
                position = message[3]
                more = message[1].get(BEHIND) != "0"
                yield message


async def few(
    replies: Replies, stream: str, subject_filter: str, *, after: int = 0, timeout: float = 4.0
) -> AsyncGenerator[Raw]:
    """As `batches`, for a filter that has few messages in a long stream, wherever they stand. Raises LogUnavailable.

    Behind the last message of a batch that is not full the server looks on to the end of the stream. And where a
    batch begins in the second half, it counts what is behind in every later block. It loads them from disk for that,
    seconds for a long stream, and takes no append meanwhile. Of the whole stream its index knows where the first
    message is and how many there are: so it is asked for one, which tells the number, and then for just these.
    """
    wanted, position = 1, after
    for _ in ("how many", "all"):
        behind = 0
        async with aclosing(batch(replies, stream, subject_filter, 1, wanted, timeout)) as messages:
            async for message in messages:
                behind = int(message[1].get(BEHIND, 0))
                if message[3] > position and (wanted > 1 or not behind):
                    position = message[3]
                    yield message
        if not behind:
            return
        wanted = min(behind + 1, READ_BATCH)
    async with aclosing(batches(replies, stream, subject_filter, after=position, timeout=timeout)) as rest:
        async for message in rest:
            yield message


async def batch(
    replies: Replies, stream: str, subject_filter: str, start: int, most: int, timeout: float
) -> AsyncGenerator[Raw]:
    """At most `most` messages of a filter from sequence `start` on. Raises LogUnavailable."""
    request = {"seq": start, "next_by_subj": subject_filter, "batch": most}
    answers = replies.stream(f"$JS.API.DIRECT.GET.{stream}", to_json(request), timeout=timeout)
    with unavailable_or_absent():
        async with aclosing(answers) as messages:
            async for message in messages:
                status = status_of(message)
                if status in ("204", "404"):
                    return
                if status is not None:
                    raise LogUnavailable(f"direct get answered {status}")
                yield _raw(message)


async def last_directly(replies: Replies, stream: str, subject_filter: str, timeout: float) -> Raw | None:
    """The last message of a filter, None when there is none. Raises LogUnavailable."""
    request = to_json({"last_by_subj": subject_filter})
    with unavailable_or_absent():
        message = await replies.one(f"$JS.API.DIRECT.GET.{stream}", request, timeout=timeout)
    status = status_of(message)
    if status == "404":
        return None
    if status is not None:
        raise LogUnavailable(f"direct get answered {status}")
    return _raw(message)


def _raw(message: Msg) -> Raw:
    headers = dict(message.headers or {})
    return headers["Nats-Subject"], headers, message.data, int(headers["Nats-Sequence"])
