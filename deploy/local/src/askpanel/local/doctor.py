"""`askpanel doctor`: looks at everything a stack needs and says what to do about what is wrong."""

import asyncio
import os
from dataclasses import dataclass

import asyncpg
import nats
import nats.errors

from askpanel.contracts.topology import DEAD, DURABLES
from askpanel.expert_runner.models.resolve import ModelEnvironment, Unusable, resolve
from askpanel.gateway.readmodel.drift import check_schema
from askpanel.local.running import Found, NoStack, find
from askpanel.local.settings import LocalSettings
from askpanel.runtime import bootstrap
from askpanel.runtime.errors import LogMisconfigured


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `fix` is the next step when it is not well."""

    what: str
    ok: bool
    detail: str
    fix: str = ""


def examine(settings: LocalSettings) -> list[Finding]:
    """Everything, in the order in which it would have to be mended."""
    return asyncio.run(_examine(settings))


async def _examine(settings: LocalSettings) -> list[Finding]:
    findings = [await _model()]
    try:
        found = find(settings)
    except NoStack as error:
        return [*findings, Finding("stack", False, str(error), "askpanel up")]
    findings.append(Finding("stack", True, f"process {found.pid} serves {found.url}"))
    for look in (_log, _schema):
        findings += await look(found)
    return findings


async def _model() -> Finding:
    try:
        choice = await resolve(ModelEnvironment.of(os.environ))
    except Unusable as error:
        return Finding("model", False, str(error), "see docs/models.md for the model strings")
    return Finding("model", True, f"{choice.label.display} ({choice.reason})")


async def _log(found: Found) -> list[Finding]:
    try:
        client = await nats.connect(found.nats_url, max_reconnect_attempts=1, connect_timeout=2)
    except (nats.errors.Error, OSError) as error:
        return [Finding("log", False, f"NATS does not answer: {error!r}", f"see {found.data}/nats/nats.log")]
    try:
        jetstream = client.jetstream()
        try:
            await bootstrap.verify(jetstream, *DURABLES)
        except LogMisconfigured as error:
            return [Finding("log", False, str(error), "restart the stack: its bootstrap step mends this")]
        dead = (await jetstream.stream_info(DEAD.name)).state.messages
        lag = sum([(await jetstream.consumer_info(d.stream, d.name)).num_pending or 0 for d in DURABLES])
    finally:
        await client.close()
    return [
        Finding("log", True, f"streams and durables as declared, {lag} messages waiting"),
        Finding(
            "dead letters",
            not dead,
            f"{dead} in stream DEAD",
            "look at them before they expire" if dead else "",
        ),
    ]


async def _schema(found: Found) -> list[Finding]:
    try:
        connection = await asyncpg.connect(found.projector_url, timeout=3)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        return [Finding("database", False, f"{error!r}", f"see {found.data}/postgres/postgres.log")]
    try:
        report = await check_schema(connection)
    finally:
        await connection.close()
    if report.errors:
        return [Finding("schema", False, report.render(), "the differences above say how to fix each")]
    return [Finding("schema", True, f"as expected, {len(report.findings)} remarks")]
