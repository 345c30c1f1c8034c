"""One NATS connection a process: reconnects for ever, counts asynchronous errors, has its own inbox."""

import asyncio
import logging
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from nats.aio.client import PING_PROTO, Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from askpanel.runtime import telemetry
from askpanel.runtime.settings import ServiceSettings

logger = logging.getLogger(__name__)


_BLANK = " \t\r\n\v\f"


Take = Callable[[Msg], object]
"""What is done with a message, at once: it waits for nothing."""


class Connection(Client):
    """The client, with headers read and written in one go, and messages handed on where they are read.

    An event has a dozen headers, and the client looks at every letter of their names: 25 of the 60 µs that a
    message costs it when it comes, and 22 when it goes. And it hands each message through a queue to a task of its
    subscription. The result is the same (`tests/test_connection.py`); should the client come to do it by other
    methods, these are just no longer called.
    """

    def __init__(self) -> None:
        super().__init__()
        self._takes: dict[int, Take] = {}

    async def receive(self, subject: str, take: Take) -> Subscription:
        """Subscribe; see `receive` below."""
        subscription = await self.subscribe(subject)
        self._takes[subscription._id] = take
        while not subscription._pending_queue.empty():  # what came while the subscription was written
            take(await subscription.next_msg())
        return subscription

    async def _process_msg(
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes | None
    ) -> None:
        take = self._takes.get(sid)
        if take is None:
            return await super()._process_msg(sid, subject, reply, data, headers or b"")
        self.stats["in_msgs"] += 1
        self.stats["in_bytes"] += len(data)
        try:
            take(self._build_message(sid, subject, reply, data, await self._process_headers(headers)))
        except Exception as error:  # noqa: BLE001  (as the client does with what a callback raises)
            await self._error_cb(error)
        return None

    def _remove_sub(self, sid: int, max_msgs: int = 0) -> None:
        self._takes.pop(sid, None)
        super()._remove_sub(sid, max_msgs)

    @staticmethod
    def _parse_header_lines(raw: bytes) -> dict[str, str]:
        found: dict[str, str] = {}
        for line in raw.decode("utf-8", "replace").split("\r\n"):
            written, colon, value = line.partition(":")
            if colon and (name := _name(written)) is not None:
                found[name] = value.strip(_BLANK)
        return found

    async def _send_ping(self, future: asyncio.Future[bool] | None = None) -> None:
        """Ask for a sign of life behind all that was written before.

        The client asks ahead of what still waits to be written, so its `flush` and `drain` were answered before the
        server had read the last publishes, or the end of a subscription (nats-py 2.16).
        """
        self._pongs.append(asyncio.get_running_loop().create_future() if future is None else future)
        await self._send_command(PING_PROTO)
        await self._flush_pending()

    async def _send_publish(
        self, subject: str, reply: str, payload: bytes, payload_size: int, headers: dict[str, str] | None
    ) -> None:
        block = "".join([f"{name}: {value}\r\n" for name, value in headers.items()]) if headers else ""
        if not (subject and headers and _is_plain(headers, block)):
            return await super()._send_publish(subject, reply, payload, payload_size, headers)
        head = f"NATS/1.0\r\n{block}\r\n".encode()
        command = f"HPUB {subject} {reply} {len(head)} {len(head) + len(payload)}\r\n".encode()
        self.stats["out_msgs"] += 1
        self.stats["out_bytes"] += payload_size
        await self._send_command(b"".join((command, head, payload, b"\r\n")))
        if self._flush_queue is not None and self._flush_queue.empty():
            await self._flush_pending()
        return None


async def receive(client: Client, subject: str, take: Take) -> Subscription:
    """Subscribe: `take` is called with each message in turn, and must return at once.

    What it raises is told to the connection's `error_cb`. A client that is no Connection has a task do it.
    """
    if isinstance(client, Connection):
        return await client.receive(subject, take)

    async def callback(message: Msg) -> None:
        take(message)

    return await client.subscribe(subject, cb=callback)


def _is_plain(headers: dict[str, str], block: str) -> bool:
    """Whether the client would write these headers as they are: each is one line, and ends its name at its first colon."""
    one_line_each = block.count("\r\n") == len(headers) and ":" not in "".join(headers)
    return one_line_each and _PLAIN.fullmatch(block) is not None


_PLAIN = re.compile(r"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+: (?:[!-~](?:[ -~]*[!-~])?)?\r\n)+")
"""Lines of names that the client takes, and values in ASCII without a space at either end."""


@lru_cache(maxsize=512)
def _name(written: str) -> str | None:
    """A header's name; None for what is none. The same few come with every message."""
    name = written.strip(_BLANK)
    return name if name.isascii() and (not name or name.split() == [name]) else None


async def connect(settings: ServiceSettings, service: str) -> Client:
    """Connect a service. Raises NoServersError when no server answers, else as `Client.connect`."""
    client = Connection()
    await client.connect(**options(settings, service))
    return client


def options(settings: ServiceSettings, service: str) -> dict[str, Any]:
    """Arguments for `Client.connect`.

    The inbox prefix is the service's own, so that its permissions need not cover others' replies.
    """

    async def on_error(error: Exception) -> None:
        kind = "permission" if "permissions violation" in str(error).lower() else type(error).__name__
        telemetry.NATS_ERRORS.labels(kind).inc()
        logger.warning("nats: %s", error or kind, extra={"kind": kind})

    async def on_disconnect() -> None:
        logger.warning("nats: disconnected")

    async def on_reconnect() -> None:
        logger.info("nats: connected again")

    return {
        "servers": settings.nats_url.split(","),
        "name": f"askpanel-{service}",
        "error_cb": on_error,
        "disconnected_cb": on_disconnect,
        "reconnected_cb": on_reconnect,
        "max_reconnect_attempts": -1,
        "reconnect_time_wait": 0.25,
        "connect_timeout": 2,
        "ping_interval": 2,  # a frozen server is left after two unanswered ones
        "max_outstanding_pings": 2,
        "skip_subject_validation": True,  # subjects are made in `contracts.subjects`, of checked ids
        "inbox_prefix": inbox_prefix(service).encode(),
        "user": settings.nats_user or None,
        "password": settings.nats_password.get_secret_value() or None,
    }


def inbox_prefix(service: str) -> str:
    """Where replies to a service arrive."""
    return f"_INBOX_{service}"
