"""One NATS connection a process: reconnects for ever, counts asynchronous errors, has its own inbox."""

import logging
import re
from functools import lru_cache
from typing import Any

from nats.aio.client import Client

from askpanel.runtime import telemetry
from askpanel.runtime.settings import ServiceSettings

logger = logging.getLogger(__name__)


_BLANK = " \t\r\n\v\f"


class Connection(Client):
    """The client, with headers read and written in one go.

    An event has a dozen headers, and the client looks at every letter of their names: 25 of the 60 µs that a
    message costs it when it comes, and 22 when it goes. The result is the same (`tests/test_connection.py`); should
    the client come to do it by other methods, these are just no longer called.
    """

    @staticmethod
    def _parse_header_lines(raw: bytes) -> dict[str, str]:
        found: dict[str, str] = {}
        for line in raw.decode("utf-8", "replace").split("\r\n"):
            written, colon, value = line.partition(":")
            if colon and (name := _name(written)) is not None:
                found[name] = value.strip(_BLANK)
        return found

    async def _send_publish(
        self, subject: str, reply: str, payload: bytes, payload_size: int, headers: dict[str, str] | None
    ) -> None:
        block = "".join([f"{name}: {value}\r\n" for name, value in headers.items()]) if headers else ""
        if not subject or _PLAIN.fullmatch(block) is None:
            return await super()._send_publish(subject, reply, payload, payload_size, headers)
        head = f"NATS/1.0\r\n{block}\r\n".encode()
        command = f"HPUB {subject} {reply} {len(head)} {len(head) + len(payload)}\r\n".encode()
        self.stats["out_msgs"] += 1
        self.stats["out_bytes"] += payload_size
        await self._send_command(b"".join((command, head, payload, b"\r\n")))
        if self._flush_queue is not None and self._flush_queue.empty():
            await self._flush_pending()
        return None


_PLAIN = re.compile(r"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+: (?:[!-~](?:[ -~]*[!-~])?)?\r\n)+")
"""Header lines that the client writes as they are: names it takes, values in ASCII without a space at either end."""


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
