"""Takes out of log and tables what people asked and were answered: one panel, or all of a tenant that is ours.

In this order: an audit line that it begins; then, again and again until nothing is found for a while, what is
on the log, what is archived, the timers, a tenant's own experts and webhooks, the dead letters that quote it,
and the rows; then an audit line with the counts. A crash on the way leaves the first line, and the same
command goes on where it stopped, be it only to write the last line. The audit names ids, counts, who and why,
and nothing of what was erased.

    EraseRefused         nothing was erased
    ├── NoRight          this login may not delete the rows
    ├── NotConfirmed     without --yes; the text says what there is
    ├── StillAtWork      a panel has not ended, or a model call of it has not returned
    ├── NothingThere     neither log nor tables have it
    └── NotQuiet         something came back again and again, or NATS is still at it: the same command goes on

Rights: NATS as `admin` (a purge), Postgres as `panel_migrator` (select and delete on four tables; the metadata of a
parent, to take its follow-up out).
The tenant's own row, its members and its users belong to the platform and stay.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.js import JetStreamContext

from askpanel.contracts.envelope import Unreadable, decode
from askpanel.contracts.events import TERMINAL, ExpertFailed, ExpertResponded, ExpertStarted
from askpanel.contracts.subjects import PanelRef, tenant_filter
from askpanel.contracts.topology import BUCKETS, DEAD, PANELS, TIMERS, WEBHOOKS
from askpanel.gateway.readmodel.money import TAKE_BACK
from askpanel.local import archived
from askpanel.runtime import letters
from askpanel.runtime.log import EventLog

SETTLE = 2.0
"""Seconds without a find after which nothing is under way any more: the projector is milliseconds behind."""
PATIENCE = 60.0
"""Seconds after the first sweep in which nothing more must come."""
PAUSE = 0.25
ANSWER_SECONDS = 30.0
"""How long the answer to one purge is waited for; the server purges on without anybody who waits."""
TABLES = ("agent_usage", "panel_consensus", "panel_responses", "panels")
"""Those we fill, dependents first."""
DELETED_FROM = (*(f"public.{table}" for table in TABLES), "askpanel.panel_money", "askpanel.usage_daily")
FORGET_CHILD = """
update public.panels set metadata = case
    when metadata -> 'children' = to_jsonb(array[$2::text]) then metadata - 'children'
    else jsonb_set(metadata, '{children}', (metadata -> 'children') - $2::text)
  end
where tenant_id = $1 and metadata -> 'children' @> to_jsonb($2::text)
"""
"""Takes an erased follow-up out of its parent, which then is as if it had never had one."""
MAY_NOT_DELETE = """
select nspname || '.' || relname from pg_catalog.pg_class join pg_catalog.pg_namespace n on n.oid = relnamespace
where nspname || '.' || relname = any($1) and not has_table_privilege(pg_class.oid, 'delete')
order by 1
"""
"""By the catalogue: a login without the schema may not even name its tables."""
FORGET_MONEY = (
    "delete from askpanel.panel_money where tenant_id = $1 and ($2::uuid is null or panel_id = $2)",
    "delete from askpanel.usage_daily where tenant_id = $1 and $2::uuid is null",
    TAKE_BACK,
    "delete from askpanel.usage_daily where tenant_id = $1 and calls = 0 and $2::uuid is not null",
)
"""What quotas and reports are counted from, before the rows that say how much to take back."""
GONE = frozenset({10037, 10057})
"""JetStream's codes for a message that is not there any more."""

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class EraseRefused(Exception):
    """Nothing was erased."""


class NoRight(EraseRefused):
    """The database login is another one."""


class NotConfirmed(EraseRefused):
    """--yes is missing."""


class StillAtWork(EraseRefused):
    """Something would be written after the erasure."""


class NothingThere(EraseRefused):
    """There is no such panel, or nothing of such a tenant."""


class NotQuiet(EraseRefused):
    """Something keeps coming."""


@dataclass(frozen=True, slots=True)
class Target:
    """A tenant, or one panel of it."""

    tenant_id: UUID
    panel_id: UUID | None = None

    def __str__(self) -> str:
        return f"tenant {self.tenant_id}" if self.panel_id is None else f"panel {self.panel_id}"

    @property
    def events(self) -> str:
        """Subjects on the log."""
        if self.panel_id is None:
            return tenant_filter(self.tenant_id)
        return PanelRef(self.tenant_id, self.panel_id).filter

    @property
    def timers(self) -> str:
        """Subjects of timers, waiting and fired."""
        if self.panel_id is None:
            return f"timer.*.{self.tenant_id}.>"
        return PanelRef(self.tenant_id, self.panel_id).timers()

    def covers(self, subject: str) -> bool:
        """Whether a message on this subject is of the target: noun, verb, tenant, panel, and maybe more."""
        parts = subject.split(".")
        return parts[2:3] == [str(self.tenant_id)] and (
            self.panel_id is None or parts[3:4] == [str(self.panel_id)]
        )


@dataclass(frozen=True, slots=True)
class Found:
    """What there is, or what was taken away."""

    events: int = 0
    archived: int = 0
    timers: int = 0
    keys: int = 0
    deliveries: int = 0
    letters: int = 0
    rows: int = 0

    def __add__(self, other: "Found") -> "Found":
        return Found(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __bool__(self) -> bool:
        return self != Found()

    def __str__(self) -> str:
        return ", ".join(f"{count} {name}" for name, count in asdict(self).items())


async def erase(
    client: Client,
    connection: Connection,
    target: Target,
    *,
    by: str,
    because: str,
    confirmed: bool,
    purge_seconds: float,
    settle: float = SETTLE,
) -> Found:
    """Erase the target and return what was taken away. Raises EraseRefused, and the servers' errors.

    `purge_seconds` is how long the purge of one subject may take the server.
    """
    jetstream = client.jetstream()
    there = await look(client, connection, target)
    if not there and target not in await cut_off(jetstream):
        raise NothingThere(f"there is nothing of {target}")
    await _refuse_at_work(EventLog(client), target)
    if not confirmed:
        has = f"{target} has {there}" if there else f"an erasure of {target} was cut off after its last find"
        raise NotConfirmed(f"{has}: say --yes to erase for good")
    ids = {"tenant_id": str(target.tenant_id), "panel_id": str(target.panel_id or "")}
    facts: dict[str, Any] = {**ids, "by": by, "because": because}
    await letters.record(jetstream, "erasure.started", facts | {"found": asdict(there)})
    erased = await _sweep(client, connection, target, purge_seconds)
    quiet_since = time.monotonic()
    deadline = quiet_since + PATIENCE
    while time.monotonic() - quiet_since < settle:
        swept = await _sweep(client, connection, target, purge_seconds)
        if swept:
            erased, quiet_since = erased + swept, time.monotonic()
        if time.monotonic() > deadline:
            raise NotQuiet(f"something of {target} comes back after {PATIENCE:g} s; erased so far: {erased}")
        await asyncio.sleep(PAUSE)
    await letters.record(jetstream, "erasure.done", facts | {"erased": asdict(erased)})
    return erased


async def cut_off(jetstream: JetStreamContext) -> set[Target]:
    """Whose erasure stands in the audit without its end."""
    begun: set[Target] = set()
    for line in await letters.read_audit(jetstream):
        if line["action"] in ("erasure.started", "erasure.done"):
            panel = line["panel_id"]
            target = Target(UUID(line["tenant_id"]), UUID(panel) if panel else None)
            (begun.add if line["action"] == "erasure.started" else begun.discard)(target)
    return begun


async def may_erase(connection: Connection) -> None:
    """Raise NoRight unless this login may delete all that an erasure deletes: rows go last, after the log."""
    if kept := [row[0] for row in await connection.fetch(MAY_NOT_DELETE, DELETED_FROM)]:
        login = await connection.fetchval("select current_user")
        raise NoRight(
            f"login {login} may not erase rows of {', '.join(kept)}: set ASKPANEL_DATABASE_URL to the login "
            "panel_migrator; nothing was erased"
        )


async def look(client: Client, connection: Connection, target: Target) -> Found:
    """What there is."""
    jetstream = client.jetstream()
    found = [letter for letter in await letters.read_letters(jetstream) if target.covers(letter.subject)]
    return Found(
        events=await _messages(jetstream, PANELS.name, target.events),
        archived=len(await archived.find(client, target.tenant_id, target.panel_id)),
        timers=await _messages(jetstream, TIMERS.name, target.timers),
        keys=len(await _keys(jetstream, target)),
        letters=len(found),
        rows=sum([await connection.fetchval(_count(table), *_ids(target)) for table in TABLES]),
    )


async def follow_ups(connection: Connection, target: Target) -> list[UUID]:
    """Panels that ask on from a panel to be erased: their own first event quotes its question and result."""
    if target.panel_id is None:
        return []
    statement = "select id from public.panels where tenant_id = $1 and metadata ->> 'parent_panel_id' = $2 order by created_at"
    rows = await connection.fetch(statement, target.tenant_id, str(target.panel_id))
    return [row["id"] for row in rows]


async def _refuse_at_work(log: EventLog, target: Target) -> None:
    """Refuse what somebody still writes about. Raises StillAtWork."""
    open_panels: set[str] = set()
    calls: set[tuple[object, ...]] = set()
    async for subject, headers, body, sequence in log.read_raw(target.events):
        noun, verb, _, panel = subject.split(".")
        kind = f"{noun}.{verb}"
        if kind == "panel.created":
            open_panels.add(panel)
        elif kind in TERMINAL:
            open_panels.discard(panel)
        try:
            event = decode(subject, headers, body, sequence).event
        except Unreadable:
            continue
        if isinstance(event, ExpertStarted):
            calls.add((panel, *event.step_identity(), event.attempt))
        elif isinstance(event, ExpertResponded | ExpertFailed):
            calls.discard((panel, *event.step_identity(), event.attempt))
    if open_panels:
        named = ", ".join(sorted(open_panels)[:3])
        raise StillAtWork(
            f"{len(open_panels)} panels of {target} have not ended ({named}): cancel them first"
        )
    if calls:
        raise StillAtWork(f"{len(calls)} model calls of {target} have not returned: try again in a minute")


async def _sweep(client: Client, connection: Connection, target: Target, seconds: float) -> Found:
    """Take away what there is now. The log first: nothing can be projected from it again."""
    jetstream = client.jetstream()
    return Found(
        events=await _purge(client, PANELS.name, target.events, seconds),
        archived=await archived.forget(client, target.tenant_id, target.panel_id),
        timers=await _purge(client, TIMERS.name, target.timers, seconds),
        keys=await _forget_keys(client, target, seconds),
        deliveries=await _forget_deliveries(client, target, seconds),
        letters=await _drop_letters(jetstream, target),
        rows=await _delete_rows(connection, target),
    )


async def _purge(client: Client, stream: str, subject: str, seconds: float) -> int:
    """Purge a subject of a stream; how many messages went. The client's own method does not say.

    Of a large log that takes the server minutes, before which it does not answer.
    """
    there = await _messages(client.jetstream(), stream, subject)
    request = json.dumps({"filter": subject}).encode()
    patience = min(ANSWER_SECONDS, seconds)
    try:
        answered = await client.request(f"$JS.API.STREAM.PURGE.{stream}", request, timeout=patience)
    except nats.errors.TimeoutError:
        await _until_empty(client.jetstream(), stream, subject, seconds - patience)
        return there
    answer = json.loads(answered.data)
    if "error" in answer:
        raise nats.js.errors.APIError(**_known(answer["error"]))
    return int(answer["purged"])


async def _until_empty(jetstream: JetStreamContext, stream: str, subject: str, seconds: float) -> None:
    """Wait for a purge that has not answered in time. Raises NotQuiet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            await jetstream.get_last_msg(stream, subject)
        except nats.js.errors.NotFoundError:
            return
        except nats.errors.TimeoutError:  # a stream that is purged answers nobody
            pass
        if time.monotonic() > deadline:
            raise NotQuiet(
                f"NATS has not purged {subject} of stream {stream} in time (ASKPANEL_PURGE_SECONDS) and goes on with it: "
                "give the same command again later"
            )
        await asyncio.sleep(PAUSE)


def _known(error: Mapping[str, Any]) -> dict[str, Any]:
    return {name: error.get(name) for name in ("code", "err_code", "description")}


async def _keys(jetstream: JetStreamContext, target: Target) -> list[tuple[str, str]]:
    """Bucket and key of what a tenant keeps there: its experts, its webhooks. One panel keeps nothing."""
    if target.panel_id is not None:
        return []
    found: list[tuple[str, str]] = []
    for bucket in BUCKETS:
        prefix = f"$KV.{bucket.name}."
        for subject in (f"{prefix}{target.tenant_id}", f"{prefix}{target.tenant_id}.>"):
            info = await jetstream.stream_info(f"KV_{bucket.name}", subjects_filter=subject)
            found += [(bucket.name, key.removeprefix(prefix)) for key in info.state.subjects or {}]
    return found


async def _forget_keys(client: Client, target: Target, seconds: float) -> int:
    """Every version of each. A marker goes out first: it tells those who keep the bucket in memory."""
    keys = await _keys(client.jetstream(), target)
    for bucket, key in keys:
        await (await client.jetstream().key_value(bucket)).purge(key)
        await _purge(client, f"KV_{bucket}", f"$KV.{bucket}.{key}", seconds)
    return len(keys)


async def _forget_deliveries(client: Client, target: Target, seconds: float) -> int:
    """What still waits to be sent to a tenant's webhooks: references, which nothing answers to any more."""
    if target.panel_id is not None:
        return 0
    return await _purge(client, WEBHOOKS.name, f"webhook.delivery.{target.tenant_id}.>", seconds)


async def _drop_letters(jetstream: JetStreamContext, target: Target) -> int:
    """Dead letters hold the message they are about."""
    found = [letter for letter in await letters.read_letters(jetstream) if target.covers(letter.subject)]
    for entry in (entry for letter in found for entry in letter.entries):
        try:
            await jetstream.delete_msg(DEAD.name, entry)
        except nats.js.errors.APIError as error:
            if error.err_code not in GONE:
                raise
    return len(found)


async def _delete_rows(connection: Connection, target: Target) -> int:
    async with connection.transaction():
        for statement in FORGET_MONEY:
            await connection.execute(statement, target.tenant_id, target.panel_id)
        tags = [await connection.execute(_delete(table), *_ids(target)) for table in TABLES]
        if target.panel_id is not None:
            await connection.execute(FORGET_CHILD, target.tenant_id, str(target.panel_id))
    return sum(int(tag.rpartition(" ")[2]) for tag in tags)


def _where(table: str) -> str:
    column = "id" if table == "panels" else "panel_id"
    return f"from public.{table} where tenant_id = $1 and ($2::uuid is null or {column} = $2)"


def _count(table: str) -> str:
    return f"select count(*) {_where(table)}"


def _delete(table: str) -> str:
    return f"delete {_where(table)}"


def _ids(target: Target) -> tuple[UUID, UUID | None]:
    return target.tenant_id, target.panel_id


async def _messages(jetstream: JetStreamContext, stream: str, subject: str) -> int:
    info = await jetstream.stream_info(stream, subjects_filter=subject)
    return sum((info.state.subjects or {}).values())
