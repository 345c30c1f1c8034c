"""Who may do what on NATS, derived from events and topology: the one-writer table as permissions.

A service can publish its own event types, use its own durables and read the log; nothing else. Two kinds
of process open ephemeral consumers (gateway and projector, for the live tail) and need to create
consumers on the log. That right reaches consumers that are there: so no worker has it, and theirs is taken back for
every durable of ours. It still reaches those of other teams, whose names are not known here.

Another team reads the log as a reader: a user with one durable that an operator made for it. It can
take, acknowledge and look back, and publish nothing. Nobody but an operator may ask for a retry.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from askpanel.contracts.topology import (
    ADMISSIONS_BUCKET,
    ARCHIVE,
    ARCHIVE_BUCKET,
    AUDIT,
    DEAD,
    DURABLES,
    EXPERTS_BUCKET,
    OPTIONAL_DURABLES,
    PANELS,
    REQUESTS_BUCKET,
    STREAMS_BUCKET,
    TICKETS_BUCKET,
    TIMERS,
    WEBHOOK_ATTEMPTS_BUCKET,
    WEBHOOKS,
    WEBHOOKS_BUCKET,
    Bucket,
    Durable,
    dead_letter_subject,
    owners,
    retried_subject,
    retry_subject,
)

READ_ARCHIVE = (
    f"$JS.API.STREAM.INFO.{ARCHIVE.name}",
    f"$JS.API.STREAM.MSG.GET.{ARCHIVE.name}",
    f"$JS.API.DIRECT.GET.{ARCHIVE.name}",
    f"$JS.API.STREAM.MSG.GET.KV_{ARCHIVE_BUCKET.name}",
    f"$JS.API.DIRECT.GET.KV_{ARCHIVE_BUCKET.name}",
)
READ_LOG = (
    f"$JS.API.STREAM.INFO.{PANELS.name}",
    f"$JS.API.STREAM.MSG.GET.{PANELS.name}",
    f"$JS.API.DIRECT.GET.{PANELS.name}",
    f"$JS.API.DIRECT.GET.{PANELS.name}.>",
    *READ_ARCHIVE,
)
"""An archived panel is still a panel: whoever may read the log reads it there."""
FOLLOW_LOG = (
    f"$JS.API.CONSUMER.CREATE.{PANELS.name}.>",
    f"$JS.API.CONSUMER.INFO.{PANELS.name}.*",
    f"$JS.FC.{PANELS.name}.>",
)
"""Under names alone: without one in the subject, the request itself may name any consumer."""
_DECLARE_OURS = tuple(
    f"$JS.API.CONSUMER.CREATE.{PANELS.name}.{durable.name}{rest}"
    for durable in (*DURABLES, *OPTIONAL_DURABLES)
    if durable.stream == PANELS.name
    for rest in ("", ".>")
)
"""To declare a durable of the log anew, or another with its name."""
DELTAS = "live.delta.>"
GLOBAL_EXPERTS = f"$KV.{EXPERTS_BUCKET.name}.global.>"
TENANT_EXPERTS = f"$KV.{EXPERTS_BUCKET.name}.*.*"
"""The gateway publishes tenants' own experts, never the global ones: those are the expert-runner's."""
_ORDERS = (*WEBHOOKS.subjects, f"$JS.API.STREAM.INFO.{WEBHOOKS.name}")
"""To order a delivery, and to see how many wait."""
_VARIABLE = re.compile(r"\$[A-Z_]+")
SERVICES = ("gateway", "projector", "orchestrator", "expert-runner", "consensus", "usage")
STEPS = ("archiver",)
"""Run now and then, as a user of their own. No other user but `admin` may take anything off the log."""
OPTIONAL_SERVICES = ("webhooks",)
"""Have a user only where they run. What talks to strangers' servers has no right to make a consumer."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """Subjects a user may publish and subscribe to; `refuse` takes back some of what `publish` covers."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    refuse: tuple[str, ...] = ()


def permissions(service: str) -> Permissions:
    """The least a service needs."""
    publish = [f"{event_type}.*.*" for event_type in owners().get(service, ())]
    publish += READ_LOG
    if service not in STEPS:
        publish.append(dead_letter_subject(service))
    subscribe = [f"_INBOX_{service}.>"]
    for durable in (*DURABLES, *OPTIONAL_DURABLES):
        if durable.service == service:
            publish += [f"$JS.API.STREAM.{right}.{durable.stream}" for right in ("INFO", "MSG.GET")]
            publish += [*_consume(durable), retried_subject(durable.name)]
            subscribe.append(retry_subject(durable.name))
    publish += _extra(service)
    if service == "gateway":
        subscribe.append(DELTAS)
    if service in ("gateway", "expert-runner"):
        subscribe.append(f"$KV.{EXPERTS_BUCKET.name}.>")
    refuse = [GLOBAL_EXPERTS] if service == "gateway" else []
    if service in ("gateway", "projector"):
        refuse += _DECLARE_OURS
    return Permissions(tuple(dict.fromkeys(publish)), tuple(subscribe), tuple(refuse))


def reader_permissions(reader: Durable) -> Permissions:
    """What another team needs to consume the log through its own durable (`topology.reader`)."""
    publish = (*READ_LOG, *_consume(reader))
    return Permissions(publish, (f"_INBOX_{reader.name}.>",))


def _consume(durable: Durable) -> tuple[str, ...]:
    return (
        f"$JS.API.CONSUMER.INFO.{durable.stream}.{durable.name}",
        f"$JS.API.CONSUMER.MSG.NEXT.{durable.stream}.{durable.name}",
        f"$JS.ACK.{durable.stream}.{durable.name}.>",
    )


def _extra(service: str) -> list[str]:
    match service:
        case "orchestrator":
            return [TIMERS.subjects[0], f"$JS.API.STREAM.PURGE.{TIMERS.name}"]
        case "expert-runner":
            return [DELTAS, GLOBAL_EXPERTS, *_list(EXPERTS_BUCKET)]
        case "gateway":
            buckets = [*_list(EXPERTS_BUCKET), *_read(WEBHOOKS_BUCKET), *_list(WEBHOOK_ATTEMPTS_BUCKET)]
            for counts in (REQUESTS_BUCKET, STREAMS_BUCKET, TICKETS_BUCKET, ADMISSIONS_BUCKET):
                buckets += [*_read(counts), _write(counts)]
            return [TENANT_EXPERTS, *FOLLOW_LOG, *buckets, _write(WEBHOOKS_BUCKET), *_ORDERS]
        case "projector":
            return [*FOLLOW_LOG, f"$KV.{ARCHIVE_BUCKET.name}.projected.*"]
        case "archiver":
            return _archiver()
        case "webhooks":
            return [*_read(WEBHOOKS_BUCKET), _write(WEBHOOK_ATTEMPTS_BUCKET), *WEBHOOKS.subjects]
        case _:
            return []


def _archiver() -> list[str]:
    """Copies to the archive, takes what is copied off the log, and sees what keeps it from doing so."""
    return [
        f"$JS.API.CONSUMER.LIST.{PANELS.name}",
        f"$JS.API.STREAM.PURGE.{PANELS.name}",
        *ARCHIVE.subjects,
        f"$JS.API.STREAM.MSG.DELETE.{ARCHIVE.name}",
        f"$KV.{ARCHIVE_BUCKET.name}.page.*",
        f"$KV.{ARCHIVE_BUCKET.name}.progress",
        *(
            f"$JS.API.{right}.{stream.name}"
            for stream in (AUDIT, DEAD)
            for right in ("STREAM.INFO", "DIRECT.GET")
        ),
    ]


def _read(bucket: Bucket) -> list[str]:
    """One key at a time."""
    stream = f"KV_{bucket.name}"
    return [
        f"$JS.API.STREAM.INFO.{stream}",
        f"$JS.API.STREAM.MSG.GET.{stream}",
        f"$JS.API.DIRECT.GET.{stream}.>",
    ]


def _list(bucket: Bucket) -> list[str]:
    """Many keys at once, or a key's versions."""
    return [*_read(bucket), f"$JS.API.DIRECT.GET.KV_{bucket.name}"]


def _write(bucket: Bucket) -> str:
    return f"$KV.{bucket.name}.>"


def authorization(passwords: Mapping[str, str], readers: Sequence[Durable] = ()) -> str:
    """The `authorization` block of a server's configuration: a user per service and reader, and `admin`.

    `passwords` by user name; whoever has none is left out. A value like `$NATS_USAGE_PASSWORD` is left
    to the server to look up in its environment.
    """
    granted = {service: permissions(service) for service in (*SERVICES, *OPTIONAL_SERVICES, *STEPS)}
    granted |= {reader.name: reader_permissions(reader) for reader in readers}
    users = [
        _user(name, passwords[name], json.dumps(_allowed(rights)))
        for name, rights in granted.items()
        if name in passwords
    ]
    if "admin" in passwords:
        users.append(_user("admin", passwords["admin"], None))
    return "authorization: {\n  users: [\n" + "".join(users) + "  ]\n}\n"


def reader_user(reader: Durable) -> str:
    """A reader's line for a server's configuration; its password is a variable of the server's environment."""
    rights = json.dumps(_allowed(reader_permissions(reader)))
    return _user(reader.name, f"${password_variable(reader.name)}", rights)


def password_variable(user: str) -> str:
    """The server's environment variable with this user's password."""
    return f"NATS_{user.upper().replace('-', '_')}_PASSWORD"


def _allowed(rights: Permissions) -> dict[str, dict[str, list[str]]]:
    refused = {"deny": list(rights.refuse)} if rights.refuse else {}
    return {
        "publish": {"allow": list(rights.publish)} | refused,
        "subscribe": {"allow": list(rights.subscribe)},
    }


def _user(name: str, password: str, rights: str | None) -> str:
    secret = password if _VARIABLE.fullmatch(password) else json.dumps(password)
    rest = f", permissions: {rights}" if rights else ""
    return f"    {{ user: {json.dumps(name)}, password: {secret}{rest} }}\n"
