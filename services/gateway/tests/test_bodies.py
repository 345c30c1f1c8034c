"""Bodies that come slowly, or many at once, from whoever connects: over real sockets, before anybody has signed in."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from services.gateway.tests.running import Running, Start

MEGABYTE = 1_000_000
PART = 250_000
"""Bytes of an unfinished body; four of them are a megabyte."""
LONG = 60.0
"""Seconds that no test takes, and no body here is given up after."""


@dataclass(frozen=True, slots=True)
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def answer(self) -> tuple[int, dict[str, str], dict[str, Any]]:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower().splitlines()
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        body = await self.reader.readexactly(int(headers["content-length"]))
        return int(head[0].split()[1]), headers, json.loads(body)


@asynccontextmanager
async def sending(gateway: Running, count: int, sent: int, of: int) -> AsyncGenerator[Sequence[Connection]]:
    """Connections that announce bodies of `of` bytes and have sent `sent` of them."""
    address = urlsplit(gateway.url)
    opened = [
        Connection(*await asyncio.open_connection(address.hostname, address.port)) for _ in range(count)
    ]
    for one in opened:
        head = f"POST /api/v1/panels HTTP/1.1\r\nHost: x\r\nContent-Length: {of}\r\n\r\n"
        one.writer.write(head.encode() + b" " * sent)
        await one.writer.drain()
    try:
        yield opened
    finally:
        for one in opened:
            one.writer.close()


async def until_asking_gets(gateway: Running, status: int) -> dict[str, str]:
    """Ask, without a token, until that is the answer's status; its headers."""
    async with asyncio.timeout(20):
        while True:
            answer = await gateway.http.post("/api/v1/panels", content=b"{}")
            if answer.status_code == status:
                return dict(answer.headers)
            assert answer.status_code in (401, 503), answer.text


async def test_a_body_that_does_not_come_to_its_end_is_given_up(start: Start) -> None:
    gateway = await start(body_seconds=0.3)
    async with asyncio.timeout(10), sending(gateway, 1, sent=10, of=100) as (slow,):
        status, headers, problem = await slow.answer()
        assert await slow.reader.read() == b"", "the connection is closed"
    assert (status, headers["content-type"]) == (408, "application/problem+json")
    assert (problem["type"], problem["status"]) == ("urn:askpanel:problem:timeout", 408)
    assert headers["x-content-type-options"] == "nosniff"


async def test_a_byte_now_and_then_is_no_reason_to_wait_longer(start: Start) -> None:
    gateway = await start(body_seconds=0.5)

    async def drip(one: Connection) -> None:
        while True:
            one.writer.write(b" ")
            await one.writer.drain()
            await asyncio.sleep(0.05)

    async with asyncio.timeout(10), sending(gateway, 1, sent=10, of=100_000) as (slow,):
        dripping = asyncio.create_task(drip(slow))
        try:
            assert (await slow.answer())[0] == 408
        finally:
            dripping.cancel()


async def test_all_bodies_together_have_a_bound_and_room_comes_back(start: Start) -> None:
    gateway = await start(body_seconds=LONG, max_bodies_bytes=MEGABYTE)
    async with sending(gateway, 4, sent=PART, of=PART + 1) as slow:
        refused = await until_asking_gets(gateway, 503)
        assert (refused["retry-after"], refused["content-type"]) == ("1", "application/problem+json")
        assert (await gateway.get("/panel-types")).status_code == 200, "what has no body is served"
        slow[0].writer.close()
        await until_asking_gets(gateway, 401)
        slow[1].writer.write(b" ")
        assert (await slow[1].answer())[0] == 401, "a body that came to its end"
    for _ in range(8):
        assert (await gateway.http.post("/api/v1/panels", content=b" " * PART)).status_code == 401


async def test_too_large_a_body_is_dropped_at_once_however_long_its_end_takes(start: Start) -> None:
    gateway = await start(body_seconds=LONG, max_bodies_bytes=MEGABYTE, max_body_bytes=PART)
    async with sending(gateway, 4, sent=PART, of=PART * 4) as slow:
        await until_asking_gets(gateway, 503)
        for one in slow:
            one.writer.write(b" ")
        await until_asking_gets(gateway, 401)
        slow[0].writer.write(b" " * (PART * 3 - 1))
        assert (await slow[0].answer())[0] == 413


async def test_what_is_given_up_is_not_held(start: Start) -> None:
    gateway = await start(body_seconds=0.3, max_bodies_bytes=MEGABYTE)
    async with sending(gateway, 4, sent=PART, of=PART + 1) as slow:
        assert {(await one.answer())[0] for one in slow} == {408}
        await until_asking_gets(gateway, 401)
