"""`askpanel doctor`: looks at everything a stack needs and says what to do about what is wrong."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg
import httpx

from askpanel.contracts.topology import DEAD, DURABLES
from askpanel.expert_runner.models.resolve import ModelEnvironment, Unusable, resolve
from askpanel.gateway.readmodel.drift import check_schema
from askpanel.gateway.readmodel.drift_finding import Finding as Difference
from askpanel.gateway.readmodel.store import reached
from askpanel.local.invocation import command
from askpanel.local.operator import NoServer, connected, servers
from askpanel.local.running import NoStack
from askpanel.local.servers.nats_nodes import NAME as NATS
from askpanel.runtime import bootstrap
from askpanel.runtime.errors import LogMisconfigured
from askpanel.runtime.log import EventLog
from askpanel.runtime.tail import LogReplaced, check_same

PROBE_SECONDS = 3.0
"""How long a process may take to say whether it is ready."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `fix` is the next step when it is not well."""

    what: str
    ok: bool
    detail: str
    fix: str = ""


def examine() -> list[Finding]:
    """Everything, in the order in which it would have to be mended."""
    return asyncio.run(_examine())


async def _examine() -> list[Finding]:
    try:
        where = servers()
    except NoStack as error:
        return [await _model_here(), Finding("stack", False, str(error), f"{command()} up")]
    if where.model:
        findings = [Finding("model of the running stack", True, where.model)]
    else:
        findings = [await _model_here()]
    findings.append(Finding("stack", True, where.source))
    findings += await processes(where.probes)
    log = await _log(where.nats_url)
    findings += log
    if where.database_url is not None:
        schema = await _schema(where.database_url)
        findings += schema
        if log[0].ok and schema[0].ok:
            findings.append(await _tables(where.nats_url, where.database_url))
    return findings


async def _model_here() -> Finding:
    """Where no stack of ours runs: what services started in this environment would ask."""
    what = "model that a start from here would use"
    try:
        choice = await resolve(ModelEnvironment.of(os.environ))
    except Unusable as error:
        return Finding(what, False, str(error), "see docs/models.md for the model strings")
    return Finding(what, True, f"{choice.label.display} ({choice.reason})")


async def processes(probes: Mapping[str, str]) -> list[Finding]:
    """Each process of the stack that is not ready, or that all are."""
    async with httpx.AsyncClient(timeout=PROBE_SECONDS, trust_env=False) as client:
        answers = await asyncio.gather(*(_unready(client, url) for url in probes.values()))
    ill = [
        Finding(name, False, why, _how_to_mend(name))
        for name, why in zip(probes, answers, strict=True)
        if why
    ]
    return ill or [Finding("processes", True, f"{len(probes)} are ready")] * bool(probes)


async def _unready(client: httpx.AsyncClient, url: str) -> str:
    """Why the process behind this probe is not ready; "" when it is."""
    try:
        answer = await client.get(url)
    except httpx.TransportError as error:
        return f"does not answer: {str(error) or type(error).__name__}"
    return "" if answer.is_success else f"is not ready: {answer.text.strip()}"


def _how_to_mend(process: str) -> str:
    if process.startswith(NATS):
        again = f"`{command()} down` and a new start"
        return f"see its log ({process}/nats.log); after a full disk it wants room, then {again}"
    return f"see its log (logs/{process}.log)"


async def _log(url: str) -> list[Finding]:
    try:
        async with connected(url) as client:
            jetstream = client.jetstream()
            await bootstrap.verify(jetstream, *DURABLES)
            dead = (await jetstream.stream_info(DEAD.name)).state.messages
            waiting = {
                d.name: (await jetstream.consumer_info(d.stream, d.name)).num_pending or 0 for d in DURABLES
            }
    except NoServer as error:
        return [Finding("log", False, str(error), "see the log of NATS (nats/nats.log)")]
    except LogMisconfigured as error:
        mend = "restart the stack, or run the bootstrap Job: that mends this"
        return [Finding("log", False, str(error), mend)]
    return [
        Finding("log", True, f"streams and durables as declared, {_waiting(waiting)}"),
        Finding(
            "dead letters",
            not dead,
            f"{dead} in stream DEAD",
            f"`{command()} dead list` shows them; retry or drop each within 30 days" if dead else "",
        ),
    ]


def _waiting(messages: Mapping[str, int]) -> str:
    behind = ", ".join(f"{name} {count}" for name, count in messages.items() if count)
    return f"{sum(messages.values())} messages waiting" + (f" ({behind})" if behind else "")


async def _schema(dsn: str) -> list[Finding]:
    try:
        connection = await asyncpg.connect(dsn, timeout=3)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        why = f"Postgres does not answer: {str(error) or type(error).__name__}"
        return [Finding("database", False, why, "see the log of Postgres (postgres/postgres.log)")]
    try:
        report = await check_schema(connection)
    finally:
        await connection.close()
    if report.errors:
        return [Finding("schema", False, report.render(), "the differences above say how to fix each")]
    return [Finding("schema", True, as_expected(report.findings))]


async def _tables(url: str, dsn: str) -> Finding:
    """Whether the tables were written from this log, and how far."""
    connection = await asyncpg.connect(dsn, timeout=3)
    try:
        written = await reached(connection)
    except asyncpg.InsufficientPrivilegeError as error:
        return Finding("tables", False, str(error), "set ASKPANEL_DATABASE_URL to the login panel_projector")
    finally:
        await connection.close()
    async with connected(url) as client:
        end = await EventLog(client).position()
    if written is None:
        return Finding("tables", True, f"nothing is written yet of the log's {end.sequence} events")
    try:
        check_same(written, end)
    except LogReplaced as error:
        return Finding("tables", False, str(error), "see The log was replaced in docs/operating.md")
    return Finding(
        "tables", True, f"written from this log, {end.sequence - written.sequence} events behind it"
    )


def as_expected(remarks: Sequence[Difference]) -> str:
    """A schema that will do, with each remark on it in a line of its own."""
    if not remarks:
        return "as expected"
    count = f"{len(remarks)} remark" + ("" if len(remarks) == 1 else "s")
    lines = (f"   {one.level} on {one.object}: {one.found}; {one.fix}" for one in remarks)
    return "\n".join((f"as expected, with {count}", *lines))
