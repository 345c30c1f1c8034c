"""A TCP proxy before NATS that loses answers, of appends or what a test names, or the connection with them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

PUBLISH_ACKNOWLEDGED = b'"stream":"PANELS"'


@dataclass(slots=True)
class Proxy:
    """`lose` is what the next answer with `words` in it does; `lost` counts the answers that never came.

    With `silence` no answer comes through after it.
    """

    url: str = ""
    lose: Literal["acknowledgement", "connection", "silence"] | None = None
    words: bytes = PUBLISH_ACKNOWLEDGED
    lost: int = 0
    _writers: list[asyncio.StreamWriter] = field(default_factory=list[asyncio.StreamWriter])

    def swallows(self, answer: bytes) -> bool:
        """Whether this answer of the server gets lost; only one does, but for a silence."""
        if self.lose == "silence" and self.lost:
            return True
        if self.lose is None or self.words not in answer:
            return False
        if self.lose == "connection":
            self.cut()
        if self.lose != "silence":
            self.lose = None
        self.lost += 1
        return True

    def cut(self) -> None:
        """End every connection that is open now."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def serve(self, server_port: int, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Copy both ways until either side ends."""
        answers, forth = await asyncio.open_connection("127.0.0.1", server_port)
        self._writers += [back, forth]
        await asyncio.gather(self._copy(client, forth), self._copy(answers, back, lossy=True))
        for writer in (back, forth):
            with suppress(OSError):
                await writer.wait_closed()

    async def _copy(
        self, source: asyncio.StreamReader, to: asyncio.StreamWriter, lossy: bool = False
    ) -> None:
        with suppress(OSError):
            while chunk := await source.read(1 << 16):
                if lossy and self.swallows(chunk):
                    continue
                to.write(chunk)
                await to.drain()
        to.close()


@asynccontextmanager
async def proxy_to(server_port: int) -> AsyncGenerator[Proxy]:
    """A proxy on a free port for as long as the block lasts."""
    proxy = Proxy()
    sessions: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = asyncio.create_task(proxy.serve(server_port, reader, writer))
        sessions.add(session)
        session.add_done_callback(sessions.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    proxy.url = f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
        await asyncio.gather(*sessions, return_exceptions=True)
        await server.wait_closed()
