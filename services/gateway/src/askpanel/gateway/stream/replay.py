"""What a panel's log holds already, as frames: read and encoded once for all who ask at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from askpanel.contracts.envelope import Envelope
from askpanel.contracts.subjects import PanelRef
from askpanel.gateway.history import History
from askpanel.gateway.stream.encode import Frame, event_frame


@dataclass(frozen=True, slots=True)
class Replay:
    """The public past of a panel. `frames` go to the panel's end at most; `sequences` are of all its events."""

    exists: bool
    ended_at: int | None
    sequences: frozenset[int]
    frames: tuple[Frame, ...]
    began_with: Envelope | None

    def after(self, sequence: int) -> list[Frame]:
        """The frames that a client with this sequence lacks."""
        return [frame for frame in self.frames if (frame.sequence or 0) > sequence]


def replay_of(history: History) -> Replay:
    """The replay of a panel. Pure."""
    frames = [frame for frame in map(event_frame, history.events) if frame is not None]
    end = next((number for number, frame in enumerate(frames, 1) if frame.last), len(frames))
    return Replay(
        exists=history.created is not None,
        ended_at=history.ended_at,
        sequences=frozenset(recorded.sequence for recorded in history.events),
        frames=tuple(frames[:end]),
        began_with=history.events[0].envelope if history.events else None,
    )


class Replays:
    """Reads panels for those who have just subscribed. `read` raises LogUnavailable.

    Whoever asks joins a read that has not begun, never one under way: that one may have passed the end of the
    log before the asker's subscription. So a thousand clients that come back at once cost two reads.
    """

    def __init__(self, read: Callable[[PanelRef], Awaitable[History]]) -> None:
        self._read = read
        self._next: dict[PanelRef, asyncio.Task[Replay]] = {}
        self._under_way: dict[PanelRef, asyncio.Task[Replay]] = {}

    async def read(self, panel: PanelRef) -> Replay:
        """The panel as it is now, or later."""
        task = self._next.get(panel)
        if task is None:
            task = asyncio.create_task(self._after(self._under_way.get(panel), panel))
            self._next[panel] = task
        return await asyncio.shield(task)

    async def _after(self, previous: asyncio.Task[Replay] | None, panel: PanelRef) -> Replay:
        if previous is not None:
            await asyncio.wait([previous])
        task = self._under_way[panel] = self._next.pop(panel)
        try:
            return replay_of(await self._read(panel))
        finally:
            if self._under_way.get(panel) is task:
                del self._under_way[panel]
