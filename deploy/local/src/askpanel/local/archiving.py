"""`askpanel archive`: panels that ended long ago go from the log to the archive, now and by hand."""

import asyncio
from datetime import timedelta

from askpanel.local.operator import connected, servers
from askpanel.runtime.archiver import Archiver, Report


def archive(days: float) -> Report:
    """Archive what ended at least so many days ago and may leave the log. Raises the log's errors, NoServer."""

    async def run() -> Report:
        async with connected(servers().nats_url) as client:
            return await Archiver(client, older_than=timedelta(days=days)).run()

    return asyncio.run(run())
