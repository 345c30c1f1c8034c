"""Ends the streams of those who lost their membership: one watcher for all streams of the process."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from uuid import UUID

from askpanel.gateway.stream.deliver import Delivery


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
            if not await allowed(*member):
                for stream in theirs:
                    stream.cut("revoked")
