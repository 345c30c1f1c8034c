"""A client that costs next to nothing: one kept connection, GETs one after another."""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit


class Wire:
    """One connection to a server of HTTP/1.1 whose answers have a Content-Length."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader = reader
        self._writer = writer
        self._host = host

    @classmethod
    async def open(cls, url: str) -> "Wire":
        """Connect."""
        address = urlsplit(url)
        assert address.hostname is not None
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        return cls(reader, writer, address.netloc)

    async def get(self, path: str, headers: Mapping[str, str]) -> int:
        """The status of one GET, once its whole answer is here."""
        lines = [f"GET {path} HTTP/1.1", f"Host: {self._host}", *(f"{k}: {v}" for k, v in headers.items())]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.partition(b":")[2])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        )
        await self._reader.readexactly(length)
        return int(head[9:12])

    def close(self) -> None:
        """Disconnect."""
        self._writer.close()
