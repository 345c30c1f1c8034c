"""Connections that send no head, or a head that never ends, or are too many: over real sockets."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from askpanel.gateway.http import HAND_OVER, HEAD_SECONDS, MOST_CONNECTIONS, bounded
from services.gateway.tests.running import Start, serving, until

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
BEGUN = b"GET / HTTP/1.1\r\nHost: x\r\n"
SOON = 0.3
"""Seconds for a head, in tests that wait for their end."""

Opened = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Served:
    """GET answers at once, POST when its body has come, PUT when `release` is set; /stream hands over."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/stream":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            scope["extensions"][HAND_OVER](asyncio.Protocol())
            return
        if scope["method"] == "POST":
            await Request(scope, receive).body()
        if scope["method"] == "PUT":
            self.waiting += 1
            await self.release.wait()
        await PlainTextResponse("done")(scope, receive, send)


@asynccontextmanager
async def server(
    *, head_seconds: float = HEAD_SECONDS, most: int = MOST_CONNECTIONS, keep_alive: int = 75
) -> AsyncGenerator[tuple[Served, Callable[[], Awaitable[Opened]]]]:
    """What is served, and how to connect to it; every wait of a test ends within twenty seconds."""
    served, protocol = Served(), bounded(head_seconds=head_seconds, most_connections=most)
    async with (
        asyncio.timeout(20),
        AsyncExitStack() as stack,
        serving(served, http=protocol, lifespan="off", timeout_keep_alive=keep_alive) as running,
    ):
        port = running.servers[0].sockets[0].getsockname()[1]

        async def connect() -> Opened:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            stack.callback(writer.close)
            return reader, writer

        yield served, connect
        served.release.set()


async def status(reader: asyncio.StreamReader) -> int:
    """Of the next answer, whose body is read too."""
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
    return int(head.split()[1])


async def trickle(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"X: a\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "before",
    [b"", GET, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"],
    ids=["the first request", "after an answer", "after a body"],
)
@pytest.mark.parametrize("begun", [b"G", BEGUN, b"\r\n"], ids=["a byte", "a header", "an empty line"])
async def test_a_head_that_does_not_come_to_its_end_is_given_up(before: bytes, begun: bytes) -> None:
    async with server(head_seconds=SOON) as (_, connect):
        reader, writer = await connect()
        if before:
            writer.write(before)
            assert await status(reader) == 200
        writer.write(begun)
        assert await status(reader) == 408
        assert await reader.read() == b"", "the connection is closed"


async def test_a_header_now_and_then_is_no_reason_to_wait_longer() -> None:
    async with server(head_seconds=SOON) as (_, connect):
        reader, writer = await connect()
        writer.write(BEGUN)
        trickling = asyncio.create_task(trickle(writer))
        try:
            assert await status(reader) == 408
        finally:
            trickling.cancel()


async def test_who_sends_nothing_is_let_go_without_a_word() -> None:
    """As between two requests: a proxy may open connections ahead, and would take a 408 for its next answer."""
    async with server(head_seconds=SOON, keep_alive=1) as (_, connect):
        silent, after_one = await connect(), await connect()
        after_one[1].write(GET)
        assert await status(after_one[0]) == 200
        assert await silent[0].read() == await after_one[0].read() == b""


async def test_a_heads_time_is_over_once_it_has_come() -> None:
    """A head in two pieces, then a body and an answer that take longer than a head may."""
    async with server(head_seconds=2.0) as (served, connect):
        late, (body, body_writer), (answer, answer_writer) = [await connect() for _ in range(3)]
        for writer, method in ((body_writer, b"POST"), (answer_writer, b"PUT")):
            writer.write(method + b" / HTTP/1.1\r\nHost: x\r\n")
            await writer.drain()
        probe, probe_writer = await connect()
        probe_writer.write(GET)
        assert await status(probe) == 200, "so the first pieces were read"
        body_writer.write(b"Content-Length: 3\r\n\r\na")
        answer_writer.write(b"\r\n")
        late[1].write(BEGUN)
        assert await status(late[0]) == 408, "a head that began later has had its time"
        body_writer.write(b"bc")
        served.release.set()
        assert await status(body) == await status(answer) == 200


async def test_a_body_that_no_answer_waited_for_keeps_no_connection_either() -> None:
    async with server(head_seconds=SOON) as (_, connect):
        reader, writer = await connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        assert await status(reader) == 200
        trickling = asyncio.create_task(trickle(writer))
        try:
            assert await status(reader) == 408
        finally:
            trickling.cancel()


async def test_of_too_many_connections_the_one_that_waited_longest_is_let_go() -> None:
    async with server(most=3) as (_, connect):
        first, second, third = [await connect() for _ in range(3)]
        first[1].write(GET)  # and has waited a shorter time than the second from here on
        assert await status(first[0]) == 200
        fourth = await connect()
        assert await second[0].read() == b""
        for reader, writer in (fourth, third, first):
            writer.write(GET)
            assert await status(reader) == 200


async def test_while_all_connections_are_being_served_one_more_is_let_go_at_once() -> None:
    async with server(most=2) as (served, connect):
        busy = [await connect() for _ in range(2)]
        for _, writer in busy:
            writer.write(b"PUT / HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: served.waiting == 2)
        reader, _ = await connect()
        assert await reader.read() == b"", "without an answer"
        served.release.set()
        assert [await status(reader) for reader, _ in busy] == [200, 200]
        reader, writer = await connect()
        writer.write(GET)
        assert await status(reader) == 200


async def test_event_streams_are_not_among_these_connections() -> None:
    async with server(most=2, head_seconds=SOON) as (_, connect):
        streams = [await connect() for _ in range(2)]
        for reader, writer in streams:
            writer.write(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\nGE")
            await reader.readuntil(b"\r\n\r\n")
        slow, idle = await connect(), await connect()
        slow[1].write(BEGUN)
        assert await status(slow[0]) == 408, "whose head began after the streams'"
        idle[1].write(GET)
        assert await status(idle[0]) == 200
        assert not [reader for reader, _ in streams if reader.at_eof()]


async def test_a_gateway_has_these_bounds_from_its_settings(start: Start) -> None:
    gateway = await start(head_seconds=SOON, max_connections=10)
    address = urlsplit(gateway.url)
    async with asyncio.timeout(20):
        opened = [await asyncio.open_connection(address.hostname, address.port) for _ in range(11)]
        assert await opened[0][0].read() == b"", "ten are held"
        opened[-1][1].write(BEGUN)
        assert await status(opened[-1][0]) == 408
    for _, writer in opened:
        writer.close()
