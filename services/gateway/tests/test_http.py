"""The HTTP protocol of the gateway, byte by byte over a real socket."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from askpanel.gateway.http import HAND_OVER, LONGEST_HEAD, MOST_HEADERS, BoundedHttp

from .running import Application, serving


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Says how many bytes it was sent."""
    body = await Request(scope, receive).body()
    await PlainTextResponse(str(len(body)))(scope, receive, send)


async def given_away(scope: Scope, receive: Receive, send: Send) -> None:
    """Begins an answer and hands the connection over."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    transport = scope["extensions"][HAND_OVER](asyncio.Protocol())
    asyncio.get_running_loop().call_soon(transport.write, b"4\r\nheir\r\n0\r\n\r\n")
    asyncio.get_running_loop().call_soon(transport.close)


@asynccontextmanager
async def connection(
    served: Application = app,
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with serving(served, http=BoundedHttp, lifespan="off") as server:
        port = server.servers[0].sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        yield reader, writer
        writer.close()


async def answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Status line and body of one answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    return head.split(b"\r\n")[0], await reader.readexactly(length)


@pytest.mark.parametrize(
    "endless",
    [
        b"GET /" + b"a" * LONGEST_HEAD,
        b"GET / HTTP/1.1\r\nX: " + b"a" * LONGEST_HEAD,
        b"GET / HTTP/1.1\r\n" + b"X: aaaaaaaaaa\r\n" * (LONGEST_HEAD // 14),
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
        + b"X: aaaaaaaaaa\r\n" * (LONGEST_HEAD // 14),
        b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * (MOST_HEADERS + 2),
    ],
    ids=["request line", "one header", "many headers", "trailers", "many short headers"],
)
async def test_a_request_head_without_end_is_cut_off(endless: bytes) -> None:
    async with connection() as (reader, writer):
        writer.write(endless)
        assert (await answer(reader))[0] == b"HTTP/1.1 431 Request Header Fields Too Large"
        assert await reader.read() == b"", "the connection is closed"


async def test_bodies_do_not_count_as_heads_and_a_connection_serves_many_requests() -> None:
    async with connection() as (reader, writer):
        for _ in range(5):
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + b"b" * 100_000)
            assert await answer(reader) == (b"HTTP/1.1 200 OK", b"100000")
            chunks = b"".join(b"%x\r\n%b\r\n" % (1000, b"c" * 1000) for _ in range(60))
            writer.write(
                b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
            )
            assert await answer(reader) == (b"HTTP/1.1 200 OK", b"60000")


async def test_a_request_that_comes_with_the_end_of_a_long_body_is_served() -> None:
    async with connection() as (reader, writer):
        post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n"
        writer.write(post + b"b" * 60_000 + post + b"b" * 60_000)
        assert await answer(reader) == (b"HTTP/1.1 200 OK", b"60000")
        assert await answer(reader) == (b"HTTP/1.1 200 OK", b"60000")


async def test_a_connection_that_was_handed_over_belongs_to_its_heir() -> None:
    async with connection(given_away) as (reader, writer), asyncio.timeout(10):
        writer.write(2 * b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 200 OK")
    assert body == b"4\r\nheir\r\n0\r\n\r\n", "the second request is not answered"
