"""The projector: second entry point of the gateway, `python -m askpanel.gateway.projector`.

Follows the log and is the only writer of the Supabase tables. Any number may run; one at a time projects
and the others stand by, ready. A log that is not the one of the checkpoint stops the projection and turns
readiness red until the right log is back; nothing is ever written backwards.
"""

import asyncio
import logging
import sys
from contextlib import AsyncExitStack

from nats.errors import NoServersError
from pydantic import AliasChoices, Field, SecretStr

from askpanel.gateway.readmodel.money import COUNT_SECONDS
from askpanel.gateway.readmodel.store import PROJECTION, PostgresStore, history_of
from askpanel.runtime import connection, telemetry, tracing
from askpanel.runtime.announcing import announce
from askpanel.runtime.errors import LogUnavailable
from askpanel.runtime.health import Readiness
from askpanel.runtime.log import EventLog
from askpanel.runtime.process import run, serving, until_signal
from askpanel.runtime.projection import Projection, dead_letters
from askpanel.runtime.serving_node import keep_served
from askpanel.runtime.settings import ServiceSettings, load
from askpanel.runtime.tail import LogReplaced

logger = logging.getLogger(__name__)

SERVICE = "projector"
LOOK_AGAIN = 5.0
"""Seconds after which a log that was not the right one is looked at again."""


class ProjectorSettings(ServiceSettings):
    """Settings of the projector."""

    database_url: SecretStr = Field(
        description="Postgres as login panel_projector; a session connection, no transaction pooler.",
        validation_alias=AliasChoices("ASKPANEL_DATABASE_URL", "DATABASE_URL"),
    )
    projection_batch: int = Field(default=200, ge=1, le=5000, description="Most events in a transaction.")
    count_seconds: float = Field(
        default=COUNT_SECONDS,
        ge=1,
        le=86_400,
        description="How long a statement that counts quotas and usage anew may take; the projection waits for it.",
    )
    projection_silence_seconds: float = Field(
        default=60.0,
        ge=2,
        description="How long nothing, not even a heartbeat, may come from the log before it is not ready.",
    )


class Course:
    """The projection for as long as the process lives, and whether it can go on."""

    def __init__(self, projection: Projection, *, silence: float) -> None:
        self._projection = projection
        self._silence = silence
        self._obstacle: LogReplaced | None = None

    async def run(self) -> None:
        """Project for ever; look again now and then while the log is not the right one."""
        while True:
            try:
                await self._projection.run()
            except LogReplaced as error:
                logger.critical("projection stopped: %s", error)
                self._obstacle = error
                await asyncio.sleep(LOOK_AGAIN)

    async def check(self) -> None:
        """For readiness: raises what keeps the projection from going on."""
        if self._obstacle is not None and not self._projection.following:
            raise self._obstacle
        if self._projection.unheard > self._silence:
            raise LogUnavailable(f"nothing has come from the log for {self._projection.unheard:.0f} s")


async def serve(settings: ProjectorSettings) -> None:
    """Project until SIGTERM or SIGINT. A transaction that is open then is rolled back and done again."""
    async with AsyncExitStack() as stack:
        client = await connection.connect(settings, SERVICE)
        stack.push_async_callback(client.close)
        log = EventLog(client, patience=settings.append_patience_seconds)
        database = settings.database_url.get_secret_value()
        store = PostgresStore(database, history_of(log), count_seconds=settings.count_seconds)
        stack.push_async_callback(store.aclose)
        bury = dead_letters(log, SERVICE)
        projection = Projection(PROJECTION, log, store, bury, batch=settings.projection_batch)
        course = Course(projection, silence=settings.projection_silence_seconds)

        async def log_answers() -> None:
            await log.position()

        readiness = Readiness({"database": store.ping, "log": log_answers, "projection": course.check})
        async with serving(readiness, settings):
            logger.info("started")
            try:
                await until_signal(course.run(), announce(log, PROJECTION, projection), keep_served(client))
            finally:
                readiness.draining = True


def main() -> None:
    """Entry point. Exits 1 with one line when the process cannot do its work."""
    settings = load(ProjectorSettings)
    telemetry.configure(SERVICE, level=settings.log_level, log_format=settings.log_format)
    try:
        with tracing.exported(SERVICE, settings):
            run(serve(settings))
    except* (LogUnavailable, NoServersError, OSError) as group:
        for error in group.exceptions:
            print(f"{SERVICE}: {error}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
