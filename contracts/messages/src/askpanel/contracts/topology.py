"""Streams, durable consumers and buckets: declared here once.

The bootstrap step creates them, services assert them, NATS permissions are derived from them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from askpanel.contracts.events import (
    EVENTS,
    BudgetExceeded,
    ConsensusCalculated,
    ConsensusRequested,
    ExpertFailed,
    ExpertRequested,
    ExpertResponded,
    HumanResponded,
    PanelCancelRequested,
    PanelCreated,
    PanelDeadlinePassed,
    UsageRecorded,
)
from askpanel.contracts.subjects import all_of

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Stream:
    """A JetStream stream. Ages and windows are in seconds; 0 is without limit.

    With `retention` "interest" a message leaves once its durable has settled it: what is there waits.
    """

    name: str
    subjects: tuple[str, ...]
    discard: Literal["new", "old"] = "new"
    retention: Literal["limits", "interest"] = "limits"
    max_age: float = 0.0
    duplicate_window: float = 600.0
    schedules: bool = False
    deny_delete: bool = False


@dataclass(frozen=True, slots=True)
class Durable:
    """A durable pull consumer. `ack_wait` in seconds; `max_deliver` bounds poison."""

    name: str
    stream: str
    service: str
    filters: tuple[str, ...]
    ack_wait: float = 10.0
    max_deliver: int = 20
    max_ack_pending: int = 1000


@dataclass(frozen=True, slots=True)
class Bucket:
    """A key-value bucket. `max_age` in seconds; 0 is without limit.

    `storage` "memory": counts that change with every few requests, not worth a disk's sync each. They outlive
    any server of a cluster; all of them together forget.
    """

    name: str
    history: int
    writer: str
    max_age: float = 0.0
    storage: Literal["file", "memory"] = "file"


PANELS = Stream(
    name="PANELS",
    subjects=tuple(sorted({f"{event_type.split('.')[0]}.>" for event_type in EVENTS})),
    deny_delete=True,
)
"""The event log. No schedules, roll-ups or per-message age: they would let a publisher forge or wipe."""

TIMERS = Stream(name="TIMERS", subjects=("timer.scheduled.>", "timer.fired.>"), discard="old", schedules=True)
"""Durable timers, by scheduled messages; only the orchestrator may publish here."""

DEAD = Stream(
    name="DEAD",
    subjects=(
        "dead.>",
        "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>",
        "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>",
    ),
    discard="old",
    max_age=30 * DAY,
)
"""What could not be processed: reason, trace and original."""

AUDIT = Stream(name="AUDIT", subjects=("audit.>",), deny_delete=True)
"""What operators did by hand, who and why: kept for good, written by the `askpanel` command alone."""

WEBHOOKS = Stream(
    name="WEBHOOKS", subjects=("webhook.delivery.*.*",), discard="old", retention="interest", max_age=7 * DAY
)
"""What is to be delivered to which webhook, `webhook.delivery.<tenant>.<endpoint>`: references, no content. Only
what waits is there, so it can be counted by tenant."""

ARCHIVE = Stream(name="ARCHIVE", subjects=("archive.*",))
"""Panels that ended long ago, `archive.<tenant>`: a message each, or several. Erasure deletes from it."""

STREAMS = (PANELS, TIMERS, DEAD, AUDIT, WEBHOOKS, ARCHIVE)

ORCHESTRATOR = Durable(
    name="orchestrator",
    stream=PANELS.name,
    service="orchestrator",
    filters=tuple(
        all_of(event.TYPE)
        for event in (
            PanelCreated,
            PanelCancelRequested,
            ExpertResponded,
            ExpertFailed,
            ConsensusCalculated,
            HumanResponded,
            UsageRecorded,
            BudgetExceeded,
            PanelDeadlinePassed,
        )
    ),
)
"""Every input of a decision, also the deadline that an alarm put on the log: so whoever holds a panel in mind
learns of each input, or of a gap in the deliveries, and whatever followed from an input another one saw."""
ORCHESTRATOR_TIMERS = Durable(
    name="orchestrator-timers", stream=TIMERS.name, service="orchestrator", filters=("timer.fired.>",)
)
EXPERT_RUNNER = Durable(
    name="expert-runner",
    stream=PANELS.name,
    service="expert-runner",
    filters=(all_of(ExpertRequested.TYPE),),
    ack_wait=15.0,
    max_ack_pending=10_000,
)
"""Requests wait for a model in the runners' hands, up to a thousand in each: from `max_ack_pending` on the server
hands out none, also not to a runner with nothing to do."""
CONSENSUS = Durable(
    name="consensus", stream=PANELS.name, service="consensus", filters=(all_of(ConsensusRequested.TYPE),)
)
USAGE = Durable(
    name="usage",
    stream=PANELS.name,
    service="usage",
    filters=(all_of(ExpertResponded.TYPE), all_of(ExpertFailed.TYPE)),
)
DURABLES = (ORCHESTRATOR, ORCHESTRATOR_TIMERS, EXPERT_RUNNER, CONSENSUS, USAGE)

WEBHOOK_EVENTS = Durable(
    name="webhook-events",
    stream=PANELS.name,
    service="webhooks",
    filters=tuple(all_of(event.TYPE) for event in EVENTS.values() if event.SSE),
)
WEBHOOK_DELIVERIES = Durable(
    name="webhook-deliveries",
    stream=WEBHOOKS.name,
    service="webhooks",
    filters=WEBHOOKS.subjects,
    ack_wait=30.0,
    max_deliver=1_000_000,
    max_ack_pending=50_000,
)
"""Its handler gives a delivery up by age, and one that waits for its next attempt counts as pending."""
OPTIONAL_DURABLES = (WEBHOOK_EVENTS, WEBHOOK_DELIVERIES)
"""Made where webhooks are switched on: a durable that nobody takes from would fill the log's alerts."""

EXPERTS_BUCKET = Bucket(name="experts", history=64, writer="expert-runner")
WEBHOOKS_BUCKET = Bucket(name="webhooks", history=8, writer="gateway")
"""A tenant's webhooks under the tenant's id. No secret is in it."""
WEBHOOK_ATTEMPTS_BUCKET = Bucket(
    name="webhook_attempts", history=1, writer="webhooks", max_age=WEBHOOKS.max_age
)
"""What became of the latest deliveries, `<tenant>.<endpoint>.<place in a ring>`."""
ARCHIVE_BUCKET = Bucket(name="archive", history=1, writer="archiver")
"""Where archived panels are, how far archiving is, and how far projections are (written by them)."""
ADMISSIONS_BUCKET = Bucket(name="admissions", history=1, writer="gateway", max_age=DAY)
"""Panels let in that the tables may not show yet, under their tenant's id: ids and amounts, no content."""
REQUESTS_BUCKET = Bucket(name="limit_requests", history=1, writer="gateway", max_age=3600.0, storage="memory")
"""What each user may still send, under `user.<id>`. One not written for this long is full again."""
STREAMS_BUCKET = Bucket(name="limit_streams", history=1, writer="gateway", max_age=7200.0, storage="memory")
"""Open streams: `user.<id>` by gateway, `gateway.<id>` its sign of life. Older than any stream may become."""
TICKETS_BUCKET = Bucket(name="used_tickets", history=1, writer="gateway", max_age=300.0)
"""Stream tickets that were used, for longer than one is valid. On disk: a restart must not make one good again."""
BUCKETS = (
    EXPERTS_BUCKET,
    WEBHOOKS_BUCKET,
    WEBHOOK_ATTEMPTS_BUCKET,
    REQUESTS_BUCKET,
    STREAMS_BUCKET,
    TICKETS_BUCKET,
    ADMISSIONS_BUCKET,
    ARCHIVE_BUCKET,
)

DEAD_SUBJECT = "dead"


def reader(team: str, *event_types: str) -> Durable:
    """The durable of another team, for some event types or, without any, for all.

    It never gives a message up: `max_deliver` -1 is without limit. ValueError for an unknown type.
    """
    unknown = [event_type for event_type in event_types if event_type not in EVENTS]
    if unknown:
        raise ValueError(f"no such event type: {', '.join(unknown)}")
    filters = tuple(all_of(event_type) for event_type in event_types) or PANELS.subjects
    name = f"reader-{team}"
    return Durable(name=name, stream=PANELS.name, service=name, filters=filters, max_deliver=-1)


def dead_letter_subject(service: str) -> str:
    """Where a service puts what it cannot process."""
    return f"{DEAD_SUBJECT}.{service}"


def retry_subject(durable: str) -> str:
    """Where an operator asks a durable's service to handle a stored message again: core NATS, not kept."""
    return f"retry.{durable}"


def retried_subject(durable: str) -> str:
    """Where the service tells what became of it."""
    return f"retried.{durable}"


def webhook_subject(tenant_id: UUID | str, endpoint_id: UUID | str) -> str:
    """Where deliveries to one webhook are put; `*` is any."""
    return f"webhook.delivery.{tenant_id}.{endpoint_id}"


def owners() -> Mapping[str, tuple[str, ...]]:
    """Which event types each service may write."""
    services = dict.fromkeys(event.OWNER for event in EVENTS.values())
    return {
        service: tuple(event.TYPE for event in EVENTS.values() if service == event.OWNER)
        for service in services
    }
