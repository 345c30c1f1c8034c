"""Tells on NATS how far a projection is, for those who may take off the log only what it has passed.

What is told may be higher than what a crash of the store leaves; a projection that finds itself behind what
was archived takes it from the archive.
"""

import asyncio
import json
import logging

from askpanel.contracts.archive import bucket_subject, projected_key
from askpanel.runtime.log import EventLog
from askpanel.runtime.projection import Projection
from askpanel.runtime.unavailable import CLIENT_ERRORS

logger = logging.getLogger(__name__)

EVERY = 5.0
"""Seconds between looks at the position."""


async def announce(log: EventLog, name: str, projection: Projection, *, every: float = EVERY) -> None:
    """Tell the position whenever it has moved, for ever. While NATS is away it is told later."""
    told = (-1, "")
    while True:
        reached = (projection.position, projection.epoch)
        if projection.following and reached != told:
            value = json.dumps({"sequence": reached[0], "epoch": reached[1]}).encode()
            try:
                await log.jetstream.publish(bucket_subject(projected_key(name)), value)
                told = reached
            except CLIENT_ERRORS as error:
                logger.warning("projection %s: could not tell its position: %r", name, error)
        await asyncio.sleep(every)
