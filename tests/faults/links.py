"""Go-betweens on the routes of a NATS cluster, so that a node can be cut off from the others.

Each node dials each other one through a port of its own here. A cut is silent, as in a network: connections
stay open and nothing passes; what was under way passes when the cut is healed. They run on a thread of their
own, since the nodes dial while whoever starts them waits.
"""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Generator
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path
from typing import Any

from askpanel.runtime.ending import end

CHUNK = 1 << 16


@dataclass(slots=True)
class Links:
    """`ports` is where node a dials node b, as `a>b`."""

    data: Path
    nodes: int
    ports: dict[str, int] = field(default_factory=dict[str, int])
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: threading.Thread = field(init=False)
    _away: int = 0
    _whole: asyncio.Event = field(default_factory=asyncio.Event)
    _sessions: set["asyncio.Task[None]"] = field(default_factory=set["asyncio.Task[None]"])
    _servers: list[asyncio.Server] = field(default_factory=list[asyncio.Server])

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._loop.run_forever, name="links", daemon=True)

    def cut(self, node: int) -> None:
        """Nothing passes between this node and the others any more."""
        self._do(self._set(node))

    def heal(self) -> None:
        """Everything passes again."""
        self._do(self._set(0))

    def start(self) -> None:
        """Listen for every pair."""
        self._thread.start()
        self._do(self._listen())

    def stop(self) -> None:
        """End every connection."""
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _set(self, away: int) -> None:
        self._away = away
        if away:
            self._whole.clear()
        else:
            self._whole.set()

    async def _listen(self) -> None:
        self._whole.set()
        for one, other in permutations(range(1, self.nodes + 1), 2):

            async def accept(
                reader: asyncio.StreamReader,
                writer: asyncio.StreamWriter,
                pair: tuple[int, int] = (one, other),
            ) -> None:
                session = asyncio.create_task(self._session(pair, reader, writer))
                self._sessions.add(session)
                session.add_done_callback(self._sessions.discard)

            server = await asyncio.start_server(accept, "127.0.0.1", 0)
            self._servers.append(server)
            self.ports[f"{one}>{other}"] = server.sockets[0].getsockname()[1]

    async def _session(
        self, pair: tuple[int, int], dialled: asyncio.StreamReader, back: asyncio.StreamWriter
    ) -> None:
        """Copy both ways until either side ends."""
        await self._passable(pair)
        port = int((self.data / f"nats-{pair[1]}" / "route-port").read_text())
        writers = [back]
        try:
            answers, forth = await asyncio.open_connection("127.0.0.1", port)
            writers.append(forth)
            copies = [
                asyncio.create_task(self._copy(pair, dialled, forth)),
                asyncio.create_task(self._copy(pair, answers, back)),
            ]
            await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
            await end(*copies)
        except OSError:
            pass  # that node is down: whoever dialled sees its connection end, and dials again
        finally:
            for writer in writers:
                writer.close()

    async def _copy(
        self, pair: tuple[int, int], source: asyncio.StreamReader, to: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(OSError):
            while chunk := await source.read(CHUNK):
                await self._passable(pair)
                to.write(chunk)
                await to.drain()

    async def _passable(self, pair: tuple[int, int]) -> None:
        while self._away in pair:
            await self._whole.wait()

    async def _end(self) -> None:
        await self._set(0)
        for server in self._servers:
            server.close()
        for session in list(self._sessions):
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)
        for server in self._servers:
            await server.wait_closed()


@contextlib.contextmanager
def links(data: Path, nodes: int) -> Generator[Links]:
    """Between the nodes of a cluster that will be started on this data folder."""
    made = Links(data, nodes)
    made.start()
    try:
        yield made
    finally:
        made.stop()
