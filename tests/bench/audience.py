"""Clients of event streams by the thousand, in a process of their own: raw sockets, little work for each.

`Audience` is driven over a pipe by an `Usher` of another process: `usher.do("open", …)`.
"""

import asyncio
import contextlib
import multiprocessing
import socket
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, cast

import uvloop

AT_ONCE = 64
"""Clients that are connecting at the same time."""
SMALL = 4096
"""Bytes of receive buffer of clients that hardly read."""
PATIENCE = 600.0

Manner = Literal["reads", "trickles", "stops"]


@dataclass(slots=True)
class Tally:
    """What one group has heard: seconds from `at` to here, events, heartbeats, ends, refusals."""

    lags: list[float] = field(default_factory=list[float])
    events: int = 0
    heartbeats: int = 0
    ended: int = 0
    refused: int = 0


class Listener(asyncio.Protocol):
    """One client that takes what comes. `begun` gets the answer's head with the first byte of the body."""

    __slots__ = ("begun", "rest", "since", "tally", "transport")

    def __init__(self, tally: Tally, begun: asyncio.Future[bytes]) -> None:
        self.tally = tally
        self.begun: asyncio.Future[bytes] | None = begun
        self.rest: bytes = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        now = time.time()
        data = self.rest + data if self.rest else data
        if self.begun is not None:
            head, found, data = data.partition(b"\r\n\r\n")
            if not found or not data:
                self.rest = head + found
                return
            self.begun.set_result(head)
            self.begun = None
        whole = data.rfind(b"\n\r\n") + 1  # the end of a chunk of whole blocks
        self.rest = data[whole:]
        self._hear(data[:whole], now)

    def _hear(self, text: bytes, now: float) -> None:
        place = 0
        while (place := text.find(b'"at":"', place) + 6) > 5:
            at = datetime.fromisoformat(text[place : text.index(b'"', place)].decode())
            self.tally.events += 1
            self.tally.lags.append(now - at.timestamp())
        self.tally.heartbeats += text.count(b": hb\n")

    def connection_lost(self, exc: Exception | None) -> None:
        self.tally.ended += 1
        if self.begun is not None and not self.begun.done():
            self.begun.set_exception(exc or ConnectionResetError("no answer"))


class Audience:
    """Groups of clients by name. Every public method can be called from the other process."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._tallies: dict[str, Tally] = {}
        self._seated: dict[str, list[Listener | socket.socket]] = {}
        self._trickling: set[asyncio.Task[None]] = set()

    async def open(self, group: str, requests: Sequence[bytes], manner: Manner = "reads") -> float:
        """Connect one client for each request; seconds until the last has its first event."""
        tally = self._tallies.setdefault(group, Tally())
        seated = self._seated.setdefault(group, [])
        slots = asyncio.Semaphore(AT_ONCE)
        began = time.monotonic()

        async def one(request: bytes) -> None:
            async with slots:
                if manner == "reads":
                    seated.append(await self._listen(request, tally))
                else:
                    seated.append(await self._hardly_read(request, manner, tally))

        await asyncio.gather(*(one(request) for request in requests))
        return time.monotonic() - began

    async def take(self, group: str) -> Tally:
        """What the group has heard since it was last asked."""
        tally = self._tallies[group]
        taken = Tally(tally.lags, tally.events, tally.heartbeats, tally.ended, tally.refused)
        tally.lags, tally.events, tally.heartbeats, tally.refused = [], 0, 0, 0
        return taken

    async def close(self, group: str) -> None:
        """All clients of the group leave."""
        for client in self._seated.pop(group):
            if isinstance(client, socket.socket):
                client.close()
            elif client.transport is not None:
                client.transport.abort()

    async def _listen(self, request: bytes, tally: Tally) -> Listener:
        loop = asyncio.get_running_loop()
        while True:
            begun: asyncio.Future[bytes] = loop.create_future()
            listener = Listener(tally, begun)
            transport, _ = await loop.create_connection(lambda made=listener: made, *self._address)
            transport.write(request)
            head = await begun
            if head.startswith(b"HTTP/1.1 200 "):
                return listener
            assert head.startswith(b"HTTP/1.1 503 "), head
            listener.tally = Tally()
            tally.refused += 1
            transport.abort()
            await asyncio.sleep(1)

    async def _hardly_read(self, request: bytes, manner: Manner, tally: Tally) -> socket.socket:
        loop = asyncio.get_running_loop()
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        client.setblocking(False)
        await loop.sock_connect(client, self._address)
        await loop.sock_sendall(client, request)
        if manner == "trickles":
            task = asyncio.create_task(self._trickle(client, tally))
            self._trickling.add(task)
            task.add_done_callback(self._trickling.discard)
        return client

    async def _trickle(self, client: socket.socket, tally: Tally) -> None:
        while client.fileno() >= 0:
            try:
                if not client.recv(1):
                    break
            except BlockingIOError:
                pass
            except OSError:
                break
            await asyncio.sleep(1)
        tally.ended += 1


class Pipe(Protocol):
    """One end of a pipe between processes."""

    def send(self, obj: Any) -> None: ...
    def recv(self) -> Any: ...
    def poll(self, timeout: float | None = 0.0) -> bool: ...


class Usher:
    """The other end of the pipe."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    async def do(self, method: str, *arguments: object) -> Any:
        """Let the audience do it and return what it answers."""
        self._pipe.send((method, arguments))
        answered = await asyncio.to_thread(self._pipe.poll, PATIENCE)
        if not answered:
            raise TimeoutError(f"the audience has not done {method} within {PATIENCE} s")
        return self._pipe.recv()


@contextlib.contextmanager
def audience(host: str, port: int) -> Generator[Usher]:
    """An audience of this server in a process of its own."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(there, host, port))
    process.start()
    try:
        yield Usher(here)
    finally:
        here.send(None)
        process.join(30)
        process.kill()


def _run(pipe: Pipe, host: str, port: int) -> None:
    uvloop.run(_serve(pipe, Audience(host, port)))


async def _serve(pipe: Pipe, seats: Audience) -> None:
    while (asked := await asyncio.to_thread(pipe.recv)) is not None:
        method, arguments = asked
        pipe.send(await getattr(seats, method)(*arguments))
