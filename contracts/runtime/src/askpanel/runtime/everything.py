"""The log as if nothing had ever been archived.

The log is taken off from its beginning only, so what it lacks lies before what it has, and is in the archive.
There panels come in the order in which they began, each one's events in the order of the log. That is all a
projection rests on: a panel's rows follow from its own events, and the list of its follow-ups from the order
in which those began.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from askpanel.contracts.archive import Message
from askpanel.runtime.archive import Archive, stored_at
from askpanel.runtime.log import EventLog
from askpanel.runtime.tail import RawEvent, follow


async def everything(
    log: EventLog, *, after: int, epoch: str | None = None, ends: bool = False
) -> AsyncGenerator[RawEvent | None]:
    """Every event after sequence `after`, archived ones among them; None when that is all.

    `ends`: stop where the log ends. As `tail.follow`; also raises LogUnavailable and Damaged.
    """
    position = after
    first, last = await log.extent()
    if first > last:
        async for event in _between(log.archive, after, last + 1):
            yield event
        if ends:
            return
    async with aclosing(follow(log.jetstream, after=after, epoch=epoch)) as events:
        async for event in events:
            if event is not None and event.sequence > position + 1:
                async for earlier in _between(log.archive, position, event.sequence):
                    yield earlier
            yield event
            if event is not None:
                position = event.sequence
                if ends and not event.pending:
                    return


async def _between(archive: Archive, after: int, before: int) -> AsyncGenerator[RawEvent]:
    """Archived events after one sequence and before another; how far was noted before anything was purged."""
    if (await archive.progress()).purged <= after:
        return
    wanted = [entry for entry in await archive.entries() if entry.last > after and entry.first < before]
    async with aclosing(archive.panels(wanted)) as panels:
        async for _, messages in panels:
            for message in messages:
                if after < message.sequence < before:
                    yield _event(message)


def _event(message: Message) -> RawEvent:
    return RawEvent(
        message.subject,
        dict(message.headers),
        message.body,
        message.sequence,
        stored_at(message).timestamp(),
        pending=1,
        archived=True,
    )
