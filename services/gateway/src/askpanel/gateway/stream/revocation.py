"""Ends the streams of those who lost their membership: one watcher for all streams of the process."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from uuid import UUID

from askpanel.gateway.stream.deliver import Delivery

logger = logging.getLogger(__name__)


async def end_revoked(
    streams: Callable[[], Iterable[Delivery]],
    allowed: Callable[[UUID, UUID], Awaitable[bool]],
    *,
    every: float,
) -> None:
    """Ask again and again, `every` seconds apart, whether user and tenant may go on. Ends by cancellation.

    Each pair is asked for once, whatever the number of its streams, and one after the other, so that many
    streams never mean many questions at the same time.
    """
    while True:
        await asyncio.sleep(every)
        by_member: defaultdict[tuple[UUID, UUID], list[Delivery]] = defaultdict(list)
        for stream in streams():
            by_member[stream.member].append(stream)
        for member, theirs in by_member.items():
            try:
                goes_on = await allowed(*member)
            except Exception:
                logger.exception("nobody can tell whether user %s of tenant %s is still a member", *member)
                continue
            if not goes_on:
                for stream in theirs:
                    stream.cut("revoked")
