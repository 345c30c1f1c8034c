"""What stands before two gateways: TCP connections go, in turn, to those whose readiness probe is green.

Like an ingress it forwards bytes and judges by /readyz alone. A connection once made stays with its gateway
until one side ends it, as behind a layer-4 balancer; that is harder on a gateway than a proxy that picks
one for each request.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import httpx

from askpanel.runtime.ending import end
from tests.harness.replicas import answers

LOOK_EVERY = 0.1
"""Seconds between two looks at the probes of each gateway."""


@dataclass(slots=True)
class Ingress:
    """The forwarder. `refused` counts connections for which there was no ready gateway."""

    backends: tuple[str, ...]
    url: str = ""
    refused: int = 0
    forwarded: dict[str, int] = field(default_factory=dict[str, int])
    _ready: list[str] = field(default_factory=list[str])
    _turn: int = 0

    def ready(self) -> tuple[str, ...]:
        """The gateways that get new connections now."""
        return tuple(self._ready)

    async def watch(self, backend: str) -> None:
        """Keep looking at one gateway's probe."""
        async with httpx.AsyncClient(timeout=2) as client:
            while True:
                if await answers(client, backend):
                    if backend not in self._ready:
                        self._ready.append(backend)
                elif backend in self._ready:
                    self._ready.remove(backend)
                await asyncio.sleep(LOOK_EVERY)

    async def serve(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Forward one connection until both sides have ended."""
        opened = await self._open()
        if opened is None:
            self.refused += 1
            back.close()
            return
        answered, forth = opened
        try:
            await asyncio.gather(_copy(client, forth), _copy(answered, back))
        finally:
            for writer in (back, forth):
                writer.transport.abort()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """A connection to a ready gateway; the next one where one does not take it."""
        for _ in range(len(self._ready)):
            self._turn += 1
            backend = self._ready[self._turn % len(self._ready)]
            address = httpx.URL(backend)
            with contextlib.suppress(OSError):
                opened = await asyncio.open_connection(address.host, address.port or 80)
                self.forwarded[backend] = self.forwarded.get(backend, 0) + 1
                return opened
        return None


async def _copy(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await source.read(1 << 16):
            to.write(chunk)
            await to.drain()
    to.close()


@contextlib.asynccontextmanager
async def ingress(*backends: str) -> AsyncGenerator[Ingress]:
    """A forwarder on a free port for as long as the block lasts."""
    one = Ingress(backends)
    sessions: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = asyncio.create_task(one.serve(reader, writer))
        sessions.add(session)
        session.add_done_callback(sessions.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    one.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    watches = [asyncio.create_task(one.watch(backend)) for backend in backends]
    try:
        yield one
    finally:
        server.close()
        await end(*watches, *sessions)
        await server.wait_closed()
