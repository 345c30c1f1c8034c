"""What waits for one client of a stream: bounded, so that a slow client costs it its stream, not us memory."""

import asyncio
from collections import deque
from typing import Literal

from askpanel.gateway.stream.encode import Frame

Why = Literal["slow", "drain", "reset", "age", "expired", "revoked", "finished"]
"""Why the server ended a stream. After any but `finished` the client resumes from its last event."""


class Mailbox:
    """Frames of one panel for one client. Once `cut`, it takes no more and gives none."""

    def __init__(self, *, most_frames: int, most_bytes: int) -> None:
        self._frames: deque[Frame] = deque()
        self._bytes = 0
        self._most_frames = most_frames
        self._most_bytes = most_bytes
        self._filled = asyncio.Event()
        self.cut_because: Why | None = None
        self.takes_deltas = False

    def put(self, frame: Frame) -> None:
        """Add an event; too many waiting cut the stream."""
        if self.cut_because is not None:
            return
        if len(self._frames) >= self._most_frames or self._bytes + len(frame.block) > self._most_bytes:
            self.cut("slow")
            return
        self._frames.append(frame)
        self._bytes += len(frame.block)
        self._filled.set()

    def put_delta(self, frame: Frame) -> None:
        """Add a delta while there is ample room; deltas never cost a client its stream."""
        room = len(self._frames) < self._most_frames // 2 and self._bytes < self._most_bytes // 2
        if self.takes_deltas and room:
            self.put(frame)

    def cut(self, why: Why) -> None:
        """End the stream at the next event boundary; the client resumes from the log."""
        if self.cut_because is None:
            self.cut_because = why
            self._frames.clear()
            self._bytes = 0
            self._filled.set()

    async def wait(self, timeout: float) -> bool:
        """Whether something is there, or the stream was cut, within `timeout` seconds."""
        if self._filled.is_set():
            return True
        try:
            async with asyncio.timeout(timeout):
                await self._filled.wait()
        except TimeoutError:
            return False
        return True

    def take(self) -> list[Frame]:
        """All frames that wait."""
        frames = list(self._frames)
        self._frames.clear()
        self._bytes = 0
        if self.cut_because is None:
            self._filled.clear()
        return frames
