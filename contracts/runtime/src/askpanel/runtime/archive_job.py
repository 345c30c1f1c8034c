"""`python -m askpanel.runtime.archive_job`: panels that ended long ago go from the log to the archive, then the end.

Run now and then (a CronJob in a cluster), as NATS user `archiver`. Safe to repeat, to run twice at once and
to kill. Exits 0 when all that may leave the log has left it or its time is up, 1 with one line when
not, 2 for wrong settings.
"""

import asyncio
import sys
from datetime import timedelta

from nats.aio.client import Client
from pydantic import Field

from askpanel.contracts.archive import Damaged
from askpanel.contracts.topology import DEAD, WEBHOOKS
from askpanel.runtime import connection, telemetry
from askpanel.runtime.archiver import Archiver, Report
from askpanel.runtime.errors import LogMisconfigured, LogUnavailable
from askpanel.runtime.settings import ServiceSettings, load
from askpanel.runtime.unavailable import unavailable

SERVICE = "archiver"
DAY = 86_400.0
FEWEST_DAYS = WEBHOOKS.max_age / DAY
"""A webhook's delivery names a sequence of the log for so long."""


class ArchiveSettings(ServiceSettings):
    """Settings of the archive step."""

    archive_after_days: float = Field(
        default=DEAD.max_age / DAY,
        ge=FEWEST_DAYS,
        le=3650,
        description="Days without an event after which an ended panel leaves the log. Dead letters live as long, "
        "so what they are about can still be retried where it stood.",
    )
    archive_seconds: float = Field(
        default=1800.0, ge=10, description="How long one run may take; the next goes on."
    )


async def archive(settings: ArchiveSettings) -> Report:
    """Archive what may be. Raises LogUnavailable, LogMisconfigured or Damaged."""
    client = Client()
    try:
        with unavailable("NATS does not answer"):
            async with asyncio.timeout(30):
                await client.connect(**connection.options(settings, SERVICE))
            archiver = Archiver(client, older_than=timedelta(days=settings.archive_after_days))
            return await archiver.run(seconds=settings.archive_seconds)
    finally:
        await client.close()


def main() -> None:
    """Entry point."""
    settings = load(ArchiveSettings)
    telemetry.configure(SERVICE, level=settings.log_level, log_format=settings.log_format)
    try:
        report = asyncio.run(archive(settings))
    except* (LogMisconfigured, LogUnavailable, Damaged) as group:
        for error in group.exceptions:
            print(f"{SERVICE}: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    print(f"{SERVICE}: {report}")


if __name__ == "__main__":
    main()
