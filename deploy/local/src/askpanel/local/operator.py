"""Where an operator's command finds NATS and the tables: the running stack, or the servers of a cluster.

`ASKPANEL_NATS_URL` (with name and password of the NATS user `admin`) wins over the stack of the data folder;
what reads or mends tables also needs `ASKPANEL_DATABASE_URL`, as panel_projector on a session connection.
"""

import getpass
import logging
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import nats.errors

from askpanel.local.running import find
from askpanel.local.settings import LocalSettings
from askpanel.runtime.connection import Connection
from askpanel.runtime.settings import load

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 5
PAUSE = 1
"""Seconds: for one try to connect, and before the next."""


class NoServer(Exception):
    """NATS does not answer, refuses the login, or an address is missing."""


@dataclass(frozen=True, slots=True)
class Servers:
    """NATS with every right, the tables as the projector; `source` says whose they are.

    `model` is what answers there; "" where it cannot be told from here.
    """

    nats_url: str
    database_url: str | None
    source: str
    model: str = ""
    probes: Mapping[str, str] = field(default_factory=dict[str, str])
    """Where each process of the stack says whether it is ready; none of a cluster's."""

    @property
    def projector_url(self) -> str:
        """Raises NoServer where only NATS was told."""
        if self.database_url is None:
            raise NoServer("the tables are needed: set ASKPANEL_DATABASE_URL to the login panel_projector")
        return self.database_url


def servers() -> Servers:
    """From the environment, else of the running stack. Raises NoStack."""
    settings = load(LocalSettings)
    if settings.nats_url is not None:
        return Servers(settings.nats_url, settings.database_url, "the servers of the environment")
    found = find(settings)
    serves = f"process {found.pid} serves {found.url}"
    return Servers(found.nats_url, found.projector_url, serves, found.model, found.probes)


@asynccontextmanager
async def connected(url: str, *, reconnects: int = 0) -> AsyncGenerator[Connection]:
    """A connection for one command, which a lost one ends unless it may reconnect. Raises NoServer within seconds."""
    client = Connection()
    refusals: list[Exception] = []

    async def on_error(error: Exception) -> None:
        if client.is_connected:
            logger.warning("NATS: %s", error)
        else:
            refusals.append(error)

    try:
        await client.connect(
            url.split(","),
            name="askpanel-operator",
            error_cb=on_error,
            allow_reconnect=reconnects > 0,
            max_reconnect_attempts=max(reconnects, 1),
            reconnect_time_wait=PAUSE,
            connect_timeout=ANSWER_SECONDS,
        )
    except (nats.errors.Error, OSError) as error:
        why = refusals[-1] if refusals else error
        raise NoServer(
            f"NATS does not answer: {str(why) or type(why).__name__}: see that it runs, and that ASKPANEL_NATS_URL, where it is "
            "set, names the NATS user `admin` with its password"
        ) from None
    try:
        yield client
    finally:
        await client.close()


def who() -> str:
    """Who gives the command, for the audit: the account on this machine."""
    return f"{getpass.getuser()}@{socket.gethostname()}"
