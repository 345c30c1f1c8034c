"""Creates streams, durables and buckets from the contract, or asserts that they do for this version.

Creation is a step of its own (a Job in a cluster, the start of the local stack). Services only assert:
a subscriber that may alter a stream can wipe its limits. They ask for what they need at the least, since in a rolling
update, or on the way back, the step of a newer version has run: it may add filters and subjects and raise times and
counts. What takes any of that back comes a release later.
"""

import math
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import nats.errors
import nats.js.errors
from nats.js import JetStreamContext, api

from askpanel.contracts.topology import BUCKETS, DURABLES, PANELS, STREAMS, Bucket, Durable, Stream
from askpanel.runtime.errors import LogMisconfigured, LogUnavailable
from askpanel.runtime.unavailable import unavailable

OTHERS = 16
"""What part of the log's bytes each other stream may take."""


@dataclass(frozen=True, slots=True)
class Sizing:
    """What differs between a laptop and a cluster. Bytes of the log; -1 is without limit of its own.

    NATS sets the limits of all streams aside when it makes them, and makes none beyond its store. So every other
    stream has a sixteenth of the log's: the five of them together take almost a third more than the log.
    """

    replicas: int = 1
    max_bytes: int = -1

    def bytes_of(self, stream: Stream) -> int:
        """The limit of this stream."""
        if self.max_bytes < 0 or stream == PANELS:
            return self.max_bytes
        return self.max_bytes // OTHERS


async def create(jetstream: JetStreamContext, sizing: Sizing = Sizing()) -> None:
    """Create or bring up to the contract; safe to repeat, keeps every message and position.

    But for the counts of requests and streams: between one server and several they change where they lie, which only
    a new bucket can. Gateways go by their own counts meanwhile and write them again.
    Raises LogMisconfigured when the server refuses, as it does for properties that cannot be taken back; LogUnavailable
    when it does not answer, as a stream may not whose copies move: repeat it then.
    """
    try:
        for stream in STREAMS:
            await _make_or_update(jetstream, _stream_config(stream, sizing))
        for durable in DURABLES:
            await add_durable(jetstream, durable)
        for bucket in BUCKETS:
            config = _bucket_config(bucket, sizing)
            if bucket.storage == "memory":
                await _leave_if_elsewhere(jetstream, config)
            await _make_or_update(jetstream, config)
    except (nats.js.errors.ServiceUnavailableError, nats.errors.TimeoutError) as error:
        raise LogUnavailable(f"the server does not answer the bootstrap step: {error!r}") from error
    except nats.js.errors.APIError as error:
        raise LogMisconfigured(f"the server refuses the contract: {error.description}") from None


async def _make_or_update(jetstream: JetStreamContext, config: api.StreamConfig) -> None:
    try:
        await jetstream.stream_info(config.name or "")
    except nats.js.errors.NotFoundError:
        await jetstream.add_stream(config)
    else:
        await jetstream.update_stream(config)


async def _leave_if_elsewhere(jetstream: JetStreamContext, config: api.StreamConfig) -> None:
    """Delete a stream of counts that no update can bring to where this configuration has it."""
    name = config.name or ""
    with suppress(nats.js.errors.NotFoundError):
        found = (await jetstream.stream_info(name)).config
        if (found.storage, found.persist_mode) != (config.storage, config.persist_mode):
            await jetstream.delete_stream(name)


async def add_durable(jetstream: JetStreamContext, durable: Durable) -> None:
    """Create a durable, ours or another team's, or bring it up to its declaration; it keeps its position."""
    await jetstream.add_consumer(durable.stream, _consumer_config(durable))


async def verify(jetstream: JetStreamContext, *durables: Durable, sizing: Sizing | None = None) -> None:
    """Raise LogMisconfigured with all that the server lacks of what this version needs.

    Looks at the log, the given durables and their streams; with `sizing` at every stream and bucket, and at how many
    servers keep it. Raises LogUnavailable when nobody answers.
    """
    streams = (
        STREAMS if sizing else [stream for stream in STREAMS if stream in (PANELS, *_streams_of(durables))]
    )
    with unavailable("JetStream cannot be asked for its streams"):
        problems = [problem for stream in streams for problem in await _stream_problems(jetstream, stream)]
        for durable in durables:
            problems += await _consumer_problems(jetstream, durable)
        if sizing:
            problems += await _copies_problems(jetstream, sizing)
    if problems:
        raise LogMisconfigured("; ".join(problems))


def _streams_of(durables: tuple[Durable, ...]) -> list[Stream]:
    names = {durable.stream for durable in durables}
    return [stream for stream in STREAMS if stream.name in names]


async def _stream_problems(jetstream: JetStreamContext, stream: Stream) -> list[str]:
    try:
        info = await jetstream.stream_info(stream.name)
    except nats.js.errors.NotFoundError:
        return [f"stream {stream.name} does not exist: run the bootstrap step"]
    return [f"stream {stream.name}: {problem}" for problem in _stream_differences(stream, info.config)]


async def _consumer_problems(jetstream: JetStreamContext, durable: Durable) -> list[str]:
    try:
        info = await jetstream.consumer_info(durable.stream, durable.name)
    except nats.js.errors.NotFoundError:
        return [f"consumer {durable.name} of {durable.stream} does not exist: run the bootstrap step"]
    return [f"consumer {durable.name}: {problem}" for problem in _consumer_differences(durable, info.config)]


async def _copies_problems(jetstream: JetStreamContext, sizing: Sizing) -> list[str]:
    problems: list[str] = []
    for name in (*(stream.name for stream in STREAMS), *(f"KV_{bucket.name}" for bucket in BUCKETS)):
        try:
            copies = (await jetstream.stream_info(name)).config.num_replicas
        except nats.js.errors.NotFoundError:
            problems.append(f"stream {name} does not exist")
        else:
            if copies != sizing.replicas:
                problems.append(f"stream {name} is kept by {copies} servers, expected {sizing.replicas}")
    return problems


def _stream_differences(stream: Stream, found: api.StreamConfig) -> list[str]:
    same: list[_Pair] = [
        ("discard", api.DiscardPolicy(found.discard), api.DiscardPolicy(stream.discard)),
        ("retention", api.RetentionPolicy(found.retention), api.RetentionPolicy(stream.retention)),
        ("deny_delete", found.deny_delete, stream.deny_delete),
        ("allow_msg_schedules", bool(found.allow_msg_schedules), stream.schedules),
    ]
    if not stream.schedules:
        # Any publisher could forge or wipe through these.
        same += [
            ("allow_rollup_hdrs", found.allow_rollup_hdrs, False),
            ("allow_msg_ttl", bool(found.allow_msg_ttl), False),
        ]
    least: list[_Pair] = [
        ("subjects", set(found.subjects or ()), set(stream.subjects)),
        ("max_age", found.max_age or math.inf, stream.max_age or math.inf),
        ("duplicate_window", found.duplicate_window, stream.duplicate_window),
    ]
    return _differences(same, least)


def _consumer_differences(durable: Durable, found: api.ConsumerConfig) -> list[str]:
    filters = found.filter_subjects or ([found.filter_subject] if found.filter_subject else [])
    same: list[_Pair] = [("ack_policy", api.AckPolicy(found.ack_policy), api.AckPolicy.EXPLICIT)]
    least: list[_Pair] = [
        ("filters", set(filters), set(durable.filters)),
        ("ack_wait", found.ack_wait, durable.ack_wait),
        ("max_deliver", _bound(found.max_deliver), _bound(durable.max_deliver)),
        ("max_ack_pending", _bound(found.max_ack_pending), _bound(durable.max_ack_pending)),
    ]
    return _differences(same, least)


_Pair = tuple[str, Any, Any]
"""A property, what it is, and what it has to be, or to be at the least: a set holds a smaller one."""


def _bound(count: int | None) -> float:
    """A count where -1 is without limit."""
    return math.inf if count is None or count < 0 else count


def _differences(same: list[_Pair], least: list[_Pair]) -> list[str]:
    return [
        f"{name} is {_told(is_)}, expected {_told(wanted)}" for name, is_, wanted in same if is_ != wanted
    ] + [
        f"{name} is {_told(is_)}, expected {_told(wanted)} or more"
        for name, is_, wanted in least
        if not is_ >= wanted
    ]


def _told(value: Any) -> str:
    return ", ".join(sorted(cast("set[str]", value))) or "none" if isinstance(value, set) else str(value)


def _stream_config(stream: Stream, sizing: Sizing) -> api.StreamConfig:
    return api.StreamConfig(
        name=stream.name,
        subjects=list(stream.subjects),
        retention=api.RetentionPolicy(stream.retention),
        storage=api.StorageType.FILE,
        num_replicas=sizing.replicas,
        discard=api.DiscardPolicy(stream.discard),
        max_age=stream.max_age,
        max_bytes=sizing.bytes_of(stream),
        duplicate_window=stream.duplicate_window,
        deny_delete=stream.deny_delete,
        allow_direct=True,
        allow_msg_schedules=stream.schedules or None,
    )


def _consumer_config(durable: Durable) -> api.ConsumerConfig:
    return api.ConsumerConfig(
        durable_name=durable.name,
        filter_subjects=list(durable.filters),
        ack_policy=api.AckPolicy.EXPLICIT,
        ack_wait=durable.ack_wait,
        max_deliver=durable.max_deliver,
        max_ack_pending=durable.max_ack_pending,
    )


def _bucket_config(bucket: Bucket, sizing: Sizing) -> api.StreamConfig:
    """As clients make buckets, and one thing more that their configuration has no word for.

    A single server forgets a stream in memory when it restarts, its declaration too, and no service may
    declare one (who may, can publish under any subject through it). So there it lies on disk, acknowledged
    before the disk has it.
    """
    in_memory = bucket.storage == "memory"
    unsynced = in_memory and sizing.replicas == 1
    return api.StreamConfig(
        name=f"KV_{bucket.name}",
        subjects=[f"$KV.{bucket.name}.>"],
        max_msgs_per_subject=bucket.history,
        max_age=bucket.max_age or None,
        max_msgs=-1,
        max_consumers=-1,
        duplicate_window=min(bucket.max_age or 120.0, 120.0),
        discard=api.DiscardPolicy.NEW,
        storage=api.StorageType.MEMORY if in_memory and not unsynced else api.StorageType.FILE,
        persist_mode=api.PersistMode.ASYNC if unsynced else None,
        num_replicas=sizing.replicas,
        deny_delete=True,
        allow_direct=True,
        allow_rollup_hdrs=True,
        allow_msg_ttl=True,
    )
