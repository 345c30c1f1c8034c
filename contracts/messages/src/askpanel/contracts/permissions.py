"""Who may do what on NATS, derived from events and topology: the one-writer table as permissions.

A service can publish its own event types, use its own durables and read the log; nothing else. Two kinds
of process open ephemeral consumers (gateway and projector, for the live tail) and need to create
consumers on the log, a right that reaches every durable there: no worker has it.

Another team reads the log as a reader: a user with one durable that an operator made for it. It can
take, acknowledge and look back, and publish nothing.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from askpanel.contracts.topology import (
    DURABLES,
    EXPERTS_BUCKET,
    PANELS,
    TIMERS,
    Durable,
    dead_letter_subject,
    owners,
)

READ_LOG = (
    f"$JS.API.STREAM.INFO.{PANELS.name}",
    f"$JS.API.STREAM.MSG.GET.{PANELS.name}",
    f"$JS.API.DIRECT.GET.{PANELS.name}",
    f"$JS.API.DIRECT.GET.{PANELS.name}.>",
)
FOLLOW_LOG = (
    f"$JS.API.CONSUMER.CREATE.{PANELS.name}",
    f"$JS.API.CONSUMER.CREATE.{PANELS.name}.>",
    f"$JS.API.CONSUMER.INFO.{PANELS.name}.*",
    f"$JS.FC.{PANELS.name}.>",
)
DELTAS = "live.delta.>"
GLOBAL_EXPERTS = f"$KV.{EXPERTS_BUCKET.name}.global.>"
TENANT_EXPERTS = f"$KV.{EXPERTS_BUCKET.name}.*.*"
"""The gateway publishes tenants' own experts, never the global ones: those are the expert-runner's."""
_VARIABLE = re.compile(r"\$[A-Z_]+")
SERVICES = ("gateway", "projector", "orchestrator", "expert-runner", "consensus", "usage")


@dataclass(frozen=True, slots=True)
class Permissions:
    """Subjects a user may publish and subscribe to; `refuse` takes back some of what `publish` covers."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    refuse: tuple[str, ...] = ()


def permissions(service: str) -> Permissions:
    """The least a service needs."""
    publish = [f"{event_type}.*.*" for event_type in owners().get(service, ())]
    publish += [*READ_LOG, dead_letter_subject(service)]
    for durable in DURABLES:
        if durable.service == service:
            publish += [f"$JS.API.STREAM.INFO.{durable.stream}", *_consume(durable)]
    subscribe = [f"_INBOX_{service}.>"]
    publish += _extra(service)
    if service == "gateway":
        subscribe += [DELTAS, f"$KV.{EXPERTS_BUCKET.name}.>"]
    refuse = (GLOBAL_EXPERTS,) if service == "gateway" else ()
    return Permissions(tuple(dict.fromkeys(publish)), tuple(subscribe), refuse)


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
    stream = f"KV_{EXPERTS_BUCKET.name}"
    read_bucket = [
        f"$JS.API.STREAM.INFO.{stream}",
        f"$JS.API.STREAM.MSG.GET.{stream}",
        f"$JS.API.DIRECT.GET.{stream}.>",
        f"$JS.API.CONSUMER.CREATE.{stream}",
        f"$JS.API.CONSUMER.CREATE.{stream}.>",
        f"$JS.API.CONSUMER.INFO.{stream}.*",
        f"$JS.API.CONSUMER.DELETE.{stream}.*",
        f"$JS.FC.{stream}.>",
    ]
    match service:
        case "orchestrator":
            return [TIMERS.subjects[0], f"$JS.API.STREAM.PURGE.{TIMERS.name}"]
        case "expert-runner":
            return [DELTAS, GLOBAL_EXPERTS, *read_bucket]
        case "gateway":
            return [TENANT_EXPERTS, *FOLLOW_LOG, *read_bucket]
        case "projector":
            return list(FOLLOW_LOG)
        case _:
            return []


def authorization(passwords: Mapping[str, str], readers: Sequence[Durable] = ()) -> str:
    """The `authorization` block of a server's configuration: a user per service and reader, and `admin`.

    `passwords` by user name; whoever has none is left out. A value like `$NATS_USAGE_PASSWORD` is left
    to the server to look up in its environment.
    """
    granted = {service: permissions(service) for service in SERVICES}
    granted |= {reader.name: reader_permissions(reader) for reader in readers}
    users = [
        _user(name, passwords[name], json.dumps(_allowed(rights)))
        for name, rights in granted.items()
        if name in passwords
    ]
    if "admin" in passwords:
        users.append(_user("admin", passwords["admin"], None))
    return "authorization: {\n  users: [\n" + "".join(users) + "  ]\n}\n"


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
