"""Leaves a node of a NATS cluster that is there and cannot serve.

A node that is cut off from the others keeps its clients: the connection is fine, pings are answered, and
nothing that is appended there is ever confirmed. The client library sees nothing wrong. So each process asks
for the log every second and moves to another node when the log has no majority there.

And a connection that a server has ended with an error, as it does when a password changes, the client library gives
up for good. Only a new process, which reads the password anew, can mend that.

Measured on nats-server 2.15.1: a leader that is cut off takes itself for the leader for 18 s, then answers
without one. But it tells when it last heard from each replica, and that gives it away within 3 s. No answer, or
no leader, is what an election looks like too, so that has to last longer before it counts.
"""

import asyncio
import logging

import nats.js.errors
from nats.aio.client import Client
from nats.js.api import ClusterInfo, PeerInfo

from askpanel.contracts.topology import PANELS
from askpanel.runtime.errors import LogUnavailable
from askpanel.runtime.unavailable import CLIENT_ERRORS

logger = logging.getLogger(__name__)

EVERY = 1.0
ANSWER_SECONDS = 1.0
UNHEARD = 3.0
"""Seconds without a word from a replica, whose leader hears from each every second."""
ENOUGH = 6
CUT_OFF, NO_LEADER = 3, 1
"""Two looks at a log without majority are enough to leave, or six without a leader or an answer."""
TRIES = 5


async def keep_served(client: Client) -> None:
    """Never returns; raises LogUnavailable once the connection is lost for good.

    With a single server it only looks whether there are more of them by now.
    """
    doubt = 0
    while True:
        await asyncio.sleep(EVERY)
        if client.is_closed:
            raise LogUnavailable(f"nats: the server ended the connection for good: {client.last_error!r}")
        if len(client.servers) < 2 or not client.is_connected:
            doubt = 0
            continue
        found = await _look(client)
        doubt = doubt + found if found else 0
        if doubt >= ENOUGH:
            doubt = 0
            await _move(client)


async def _look(client: Client) -> int:
    """What speaks against this node now."""
    try:
        info = await client.jetstream(timeout=ANSWER_SECONDS).stream_info(PANELS.name)
    except nats.js.errors.NotFoundError:
        return 0
    except CLIENT_ERRORS:
        return NO_LEADER
    return doubt_about(info.cluster)


def doubt_about(cluster: ClusterInfo | None) -> int:
    """What an answer about the log says against the node that gave it; 0: it can serve. Pure."""
    if cluster is None or not cluster.replicas:
        return 0
    if not cluster.leader:
        return NO_LEADER
    heard = sum(_is_heard(replica) for replica in cluster.replicas)
    return 0 if 2 * (heard + 1) > len(cluster.replicas) + 1 else CUT_OFF


def _is_heard(replica: PeerInfo) -> bool:
    """A new leader says 0 of a replica that it has not heard from, and that it is not current."""
    since = replica.active or 0
    return since / 1e9 < UNHEARD and bool(replica.current or since)


async def _move(client: Client) -> None:
    """To any other node; the client tries them all, and may draw the same. It may also close for good meanwhile."""
    left = _address(client)
    logger.warning("nats: %s has no majority of the log: moving to another node", left)
    for _ in range(TRIES):
        await client.force_reconnect()
        while not (client.is_connected or client.is_closed):  # noqa: ASYNC110  (the client tells nobody)
            await asyncio.sleep(0.05)
        if client.is_closed or _address(client) != left:
            return


def _address(client: Client) -> str:
    connected = client.connected_url
    return connected.netloc.rpartition("@")[2] if connected is not None else ""
