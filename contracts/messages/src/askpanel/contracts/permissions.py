"""Who may do what on NATS, derived from events and topology: the one-writer table as permissions.

A service can publish its own event types, use its own durables and read the log; nothing else. Two kinds
of process open ephemeral consumers (gateway and projector, for the live tail) and need to create
consumers on the log, a right that reaches every durable there: no worker has it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from askpanel.contracts.topology import (
    DURABLES,
    EXPERTS_BUCKET,
    PANELS,
    TIMERS,
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
SERVICES = ("gateway", "projector", "orchestrator", "expert-runner", "consensus", "usage")


@dataclass(frozen=True, slots=True)
class Permissions:
    """Subjects a user may publish and subscribe to."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def permissions(service: str) -> Permissions:
    """The least a service needs."""
    publish = [f"{event_type}.*.*" for event_type in owners().get(service, ())]
    publish += [*READ_LOG, dead_letter_subject(service)]
    for durable in DURABLES:
        if durable.service == service:
            publish += [
                f"$JS.API.STREAM.INFO.{durable.stream}",
                f"$JS.API.CONSUMER.INFO.{durable.stream}.{durable.name}",
                f"$JS.API.CONSUMER.MSG.NEXT.{durable.stream}.{durable.name}",
                f"$JS.ACK.{durable.stream}.{durable.name}.>",
            ]
    subscribe = [f"_INBOX_{service}.>"]
    publish += _extra(service)
    if service == "gateway":
        subscribe.append(DELTAS)
    return Permissions(tuple(dict.fromkeys(publish)), tuple(subscribe))


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
            return [DELTAS, f"$KV.{EXPERTS_BUCKET.name}.global.>", *read_bucket]
        case "gateway":
            return [*FOLLOW_LOG, *read_bucket]
        case "projector":
            return list(FOLLOW_LOG)
        case _:
            return []


def authorization(passwords: Mapping[str, str]) -> str:
    """The `authorization` block of a server's configuration: a user per service, and `admin` for operators.

    `passwords` by user name; a service without one is left out.
    """
    users = [
        {
            "user": service,
            "password": passwords[service],
            "permissions": {
                "publish": {"allow": list(permissions(service).publish)},
                "subscribe": {"allow": list(permissions(service).subscribe)},
            },
        }
        for service in SERVICES
        if service in passwords
    ]
    if "admin" in passwords:
        users.append({"user": "admin", "password": passwords["admin"]})
    return f"authorization: {json.dumps({'users': users}, indent=2)}\n"
