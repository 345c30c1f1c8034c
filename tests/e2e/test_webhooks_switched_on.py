"""`ASKPANEL_WEBHOOKS=1 askpanel up`: a tenant registers an address, and its panel's end arrives there signed."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from askpanel.gateway.webhooks.signing import signed
from tests.harness.cast import SHARED_MODEL
from tests.harness.stack import create, follow, stack, until

pytestmark = pytest.mark.e2e


@dataclass(slots=True)
class Receiver:
    """A server that says 204 to everything."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list[tuple[dict[str, str], bytes]])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head)}
        self.got.append((headers, await reader.readexactly(int(headers["content-length"]))))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


@asynccontextmanager
async def receiving() -> AsyncGenerator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/in"
    async with server:
        yield receiver


async def test_a_panels_end_arrives_signed() -> None:
    with stack(SHARED_MODEL, ASKPANEL_WEBHOOKS="1") as running:
        assert "webhooks" in running.pids()
        async with receiving() as receiver, running.http("admin") as client:
            body = {"url": receiver.url, "types": ["panel.completed"]}
            made = await client.post("/webhooks", json=body)
            assert made.status_code == 201, made.text
            panel = await create(client)
            await follow(client, panel["id"])

            async def received() -> int:
                return len(receiver.got)

            await until(received, lambda count: count == 1)
            headers, sent = receiver.got[0]
            assert json.loads(sent)["panelid"] == panel["id"]
            wanted = signed(
                [made.json()["secret"]], headers["webhook-id"], int(headers["webhook-timestamp"]), sent
            )
            assert wanted.items() <= headers.items()
