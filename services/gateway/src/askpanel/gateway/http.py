"""HTTP/1.1 by httptools, which is several times faster than uvicorn's default, and with what it lacks: a bound
on a request's head, and a way to go on without HTTP.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

LONGEST_HEAD = 32_768
"""Bytes of a request that are not its body: request line, headers, chunk sizes, trailers."""

TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

HAND_OVER = "askpanel.hand_over"
"""An ASGI extension: `scope["extensions"][HAND_OVER]` is a HandOver."""

HandOver = Callable[[asyncio.Protocol], asyncio.Transport | None]
"""Gives the connection of a response that has begun to another protocol, which writes the rest of the body
(in chunks) and closes. None when the client has left. The request is over with it, as far as the server goes."""


class BoundedHttp(HttpToolsProtocol):
    """Ends a connection whose request has too long a head; the parser alone would take any length."""

    _head = 0
    _body = 0

    def on_message_begin(self) -> None:
        self._head = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        scope: Any = self.scope
        scope["extensions"] = {HAND_OVER: partial(self._hand_over, self.cycle)}

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        super().on_body(body)

    def data_received(self, data: bytes) -> None:
        self._body = 0
        super().data_received(data)
        self._head += len(data) - self._body
        if self._head > LONGEST_HEAD and not self.transport.is_closing():
            self.transport.write(TOO_LONG)
            self.transport.close()

    def _hand_over(self, cycle: RequestResponseCycle, heir: asyncio.Protocol) -> asyncio.Transport | None:
        """As uvicorn does for a websocket: the transport gets another protocol, this one is forgotten."""
        transport = self.transport
        cycle.response_complete = True
        if cycle.disconnected or transport.is_closing():
            return None
        self.connections.discard(self)
        self.pipeline.clear()
        transport.set_protocol(heir)
        transport.resume_reading()  # a pipelined request, which is not answered, may have paused it
        abandoned: Any = self  # nothing calls it any more; this lets it go without the garbage collector
        abandoned.parser = abandoned.cycle = abandoned.scope = abandoned.headers = abandoned.flow = None
        return transport
