"""`python -m askpanel.runtime.bootstrap_job`: streams, durables and buckets as declared, then the end.

The step before the services of a version: a Job in a cluster, a one-shot container elsewhere. Safe to
repeat and to run twice at once. Needs a NATS user that may create streams (`admin`); no service does.
Exits 0 when the server is as the contract says, 1 with one line when not, 2 for wrong settings.
"""

import asyncio
import sys

from nats.aio.client import Client
from pydantic import Field

from askpanel.contracts.topology import BUCKETS, DURABLES, OPTIONAL_DURABLES, STREAMS
from askpanel.runtime import bootstrap, connection, telemetry
from askpanel.runtime.errors import LogMisconfigured, LogUnavailable
from askpanel.runtime.settings import ServiceSettings, load
from askpanel.runtime.unavailable import CLIENT_ERRORS

SERVICE = "bootstrap"


class BootstrapSettings(ServiceSettings):
    """Settings of the bootstrap step."""

    log_replicas: int = Field(
        default=1, ge=1, le=5, description="Servers that keep each stream: 3 in a cluster."
    )
    log_max_bytes: int = Field(
        default=-1,
        ge=-1,
        description="Largest size of the log, of each other stream a sixteenth; -1: the server's limit.",
    )
    webhooks: bool = Field(
        default=False, description="Also make the durables of the webhooks process: only where it runs."
    )
    bootstrap_seconds: float = Field(default=60.0, gt=0, description="How long NATS may take to answer.")


async def prepare(settings: BootstrapSettings) -> None:
    """Create or bring up to the contract, then assert it.

    Raises LogUnavailable when nobody answers in time, LogMisconfigured when the server refuses.
    """
    client = Client()
    sizing = bootstrap.Sizing(replicas=settings.log_replicas, max_bytes=settings.log_max_bytes)
    try:
        async with asyncio.timeout(settings.bootstrap_seconds):
            await _bring_up(client, settings, sizing)
    except (*CLIENT_ERRORS, LogUnavailable) as error:
        # A refused login or right is told by itself: whoever waits for the answer sees only that none came.
        why = client.last_error or (error if isinstance(error, LogUnavailable) else repr(error))
        who = f"user {settings.nats_user}" if settings.nats_user else "nobody in particular"
        raise LogUnavailable(
            f"no JetStream for {who} within {settings.bootstrap_seconds:g} s: {why}"
        ) from error
    finally:
        await client.close()


async def _bring_up(client: Client, settings: BootstrapSettings, sizing: bootstrap.Sizing) -> None:
    await client.connect(**connection.options(settings, SERVICE))
    jetstream = client.jetstream()
    await bootstrap.create(jetstream, sizing)
    optional = OPTIONAL_DURABLES if settings.webhooks else ()
    for durable in optional:
        await bootstrap.add_durable(jetstream, durable)
    await bootstrap.verify(jetstream, *DURABLES, *optional, sizing=sizing)


def main() -> None:
    """Entry point."""
    settings = load(BootstrapSettings)
    telemetry.configure(SERVICE, level=settings.log_level, log_format=settings.log_format)
    try:
        asyncio.run(prepare(settings))
    except (LogMisconfigured, LogUnavailable) as error:
        print(f"{SERVICE}: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    names = ", ".join(part.name for part in (*STREAMS, *DURABLES, *BUCKETS))
    print(f"{SERVICE}: as declared: {names}")


if __name__ == "__main__":
    main()
