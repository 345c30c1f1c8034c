"""Creates streams, durables and buckets from the contract, or asserts that they are as declared.

Creation is a step of its own (a Job in a cluster, the start of the local stack). Services only assert:
a subscriber that may alter a stream can wipe its limits.
"""

from dataclasses import dataclass
from typing import Any

import nats.js.errors
from nats.js import JetStreamContext, api

from askpanel.contracts.topology import BUCKETS, DURABLES, PANELS, STREAMS, Bucket, Durable, Stream
from askpanel.runtime.errors import LogMisconfigured
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

    Raises LogMisconfigured when the server refuses, as it does for properties that cannot be taken back.
    """
    try:
        await _create(jetstream, sizing)
    except nats.js.errors.APIError as error:
        raise LogMisconfigured(f"the server refuses the contract: {error.description}") from None


async def _create(jetstream: JetStreamContext, sizing: Sizing) -> None:
    for stream in STREAMS:
        config = _stream_config(stream, sizing)
        try:
            await jetstream.stream_info(stream.name)
        except nats.js.errors.NotFoundError:
            await jetstream.add_stream(config)
        else:
            await jetstream.update_stream(config)
    for durable in DURABLES:
        await add_durable(jetstream, durable)
    for bucket in BUCKETS:
        try:
            await jetstream.key_value(bucket.name)
        except nats.js.errors.BucketNotFoundError:
            await jetstream.add_stream(_bucket_config(bucket, sizing))


async def add_durable(jetstream: JetStreamContext, durable: Durable) -> None:
    """Create a durable, ours or another team's, or bring it up to its declaration; it keeps its position."""
    await jetstream.add_consumer(durable.stream, _consumer_config(durable))


async def verify(jetstream: JetStreamContext, *durables: Durable) -> None:
    """Raise LogMisconfigured with every difference between the server and the contract.

    Looks at the log, the given durables and their streams. Raises LogUnavailable when nobody answers.
    """
    streams = [stream for stream in STREAMS if stream in (PANELS, *_streams_of(durables))]
    with unavailable("JetStream cannot be asked for its streams"):
        problems = [problem for stream in streams for problem in await _stream_problems(jetstream, stream)]
        for durable in durables:
            problems += await _consumer_problems(jetstream, durable)
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
    return [
        f"stream {stream.name}: {name} is {found!r}, expected {wanted!r}"
        for name, found, wanted in _stream_differences(stream, info.config)
    ]


async def _consumer_problems(jetstream: JetStreamContext, durable: Durable) -> list[str]:
    try:
        info = await jetstream.consumer_info(durable.stream, durable.name)
    except nats.js.errors.NotFoundError:
        return [f"consumer {durable.name} of {durable.stream} does not exist: run the bootstrap step"]
    return [
        f"consumer {durable.name}: {name} is {found!r}, expected {wanted!r}"
        for name, found, wanted in _consumer_differences(durable, info.config)
    ]


def _stream_differences(stream: Stream, found: api.StreamConfig) -> list[tuple[str, Any, Any]]:
    pairs: list[tuple[str, Any, Any]] = [
        ("subjects", tuple(sorted(found.subjects or ())), tuple(sorted(stream.subjects))),
        ("discard", api.DiscardPolicy(found.discard), api.DiscardPolicy(stream.discard)),
        ("retention", api.RetentionPolicy(found.retention), api.RetentionPolicy(stream.retention)),
        ("max_age", found.max_age or 0.0, stream.max_age),
        ("duplicate_window", found.duplicate_window, stream.duplicate_window),
        ("deny_delete", found.deny_delete, stream.deny_delete),
        ("allow_msg_schedules", bool(found.allow_msg_schedules), stream.schedules),
    ]
    if not stream.schedules:
        # Any publisher could forge or wipe through these.
        pairs.append(("allow_rollup_hdrs", found.allow_rollup_hdrs, False))
        pairs.append(("allow_msg_ttl", bool(found.allow_msg_ttl), False))
    return [(name, is_, wanted) for name, is_, wanted in pairs if is_ != wanted]


def _consumer_differences(durable: Durable, found: api.ConsumerConfig) -> list[tuple[str, Any, Any]]:
    filters = tuple(found.filter_subjects or ([found.filter_subject] if found.filter_subject else []))
    pairs = [
        ("filters", tuple(sorted(filters)), tuple(sorted(durable.filters))),
        ("ack_wait", found.ack_wait, durable.ack_wait),
        ("max_deliver", found.max_deliver, durable.max_deliver),
        ("max_ack_pending", found.max_ack_pending, durable.max_ack_pending),
        ("ack_policy", api.AckPolicy(found.ack_policy), api.AckPolicy.EXPLICIT),
    ]
    return [(name, is_, wanted) for name, is_, wanted in pairs if is_ != wanted]


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
