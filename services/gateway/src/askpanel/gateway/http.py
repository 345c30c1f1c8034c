"""HTTP/1.1 by httptools, which is several times faster than uvicorn's default, and with what it lacks: bounds
on a request's head and on connections, and a way to go on without HTTP.

| a connection that | ends |
|---|---|
| has sent no request yet, or none since the last answer | after uvicorn's `timeout_keep_alive`, without a word |
| has begun a head and not ended it | after `head_seconds`, however it trickles in: 408 |
| has too long a head, or too many headers | 431 |
| is one too many | in its place the one that has waited longest for a request; itself while all are being served |

The last has no answer: a proxy asks another gateway then, and a browser's EventSource, for which any answer but 200 is
the end, comes again.

What has been handed over is none of these: an event stream has bounds of its own (`limits.streams`, `stream.deliver`).
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from askpanel.runtime import telemetry

LONGEST_HEAD = 32_768
"""Bytes of a request that are not its body: request line, headers, chunk sizes, trailers."""

MOST_HEADERS = 200
"""Trailers included. In memory a header is some hundred bytes more than it is on the wire."""

HEAD_SECONDS = 10.0
MOST_CONNECTIONS = 5_000

_ENDING = b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large" + _ENDING
TOO_SLOW = b"HTTP/1.1 408 Request Timeout" + _ENDING

HAND_OVER = "askpanel.hand_over"
"""An ASGI extension: `scope["extensions"][HAND_OVER]` is a HandOver."""

HandOver = Callable[[asyncio.Protocol], asyncio.Transport | None]
"""Gives the connection of a response that has begun to another protocol, which writes the rest of the body
(in chunks) and closes. None when the client has left. The request is over with it, as far as the server goes."""


class BoundedHttp(HttpToolsProtocol):
    """Ends connections as the table says; the parser alone would take any length, and wait for ever."""

    _head_seconds: ClassVar[float] = HEAD_SECONDS
    _most_connections: ClassVar[int] = MOST_CONNECTIONS
    _waiting: ClassVar[dict["BoundedHttp", None]] = {}
    """Connections without a request that is being served; who has waited longest comes first."""

    _head = 0
    _body = 0
    _head_due: asyncio.TimerHandle | None = None

    @property
    def _serves(self) -> bool:
        """Whether a request is being served: its head has come, its answer has not ended."""
        return bool(self.cycle) and not self.cycle.response_complete  # none before the first

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self._most_connections and not self._make_room():
            telemetry.CONNECTIONS_ENDED.labels("full").inc()
            transport.abort()
            return
        self._waiting[self] = None
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self._waiting.pop(self, None)
        self._head_has_come()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._head = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._waiting.pop(self, None)
        scope: Any = self.scope
        scope["extensions"] = {HAND_OVER: partial(self._hand_over, self.cycle)}

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        super().on_body(body)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._serves:
            self._waiting[self] = None

    def data_received(self, data: bytes) -> None:
        self._body = 0
        super().data_received(data)
        self._head += len(data) - self._body
        if self.transport.is_closing():
            return
        if self._head > LONGEST_HEAD or len(self.headers or ()) > MOST_HEADERS:
            self._end(TOO_LONG)
        elif self._serves:
            self._head_has_come()
        elif self._head_due is None:  # the rest of a body whose answer did not wait for it has this time, too
            self._head_due = self.loop.call_later(self._head_seconds, self._end, TOO_SLOW)

    def _should_upgrade_to_ws(self) -> bool:
        """Nobody speaks WebSocket here; uvicorn would, where it finds a library, and past these bounds."""
        return False

    def _head_has_come(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None

    def _make_room(self) -> bool:
        """End the connection that has waited longest, if one waits."""
        for longest in self._waiting:
            del self._waiting[longest]
            telemetry.CONNECTIONS_ENDED.labels("room").inc()
            longest.transport.abort()  # at once, also if its client does not take the last answer
            return True
        return False

    def _end(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            telemetry.CONNECTIONS_ENDED.labels("head").inc()
            self.transport.write(answer)
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


def bounded(*, head_seconds: float, most_connections: int) -> type[BoundedHttp]:
    """The protocol of one server, with these bounds."""

    class Bounded(BoundedHttp):
        _head_seconds = head_seconds
        _most_connections = most_connections
        _waiting: ClassVar[dict[BoundedHttp, None]] = {}

    return Bounded
