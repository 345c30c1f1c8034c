"""Creates streams, durables and buckets from the contract, or asserts that they are as declared.

Creation is a step of its own (a Job in a cluster, the start of the local stack). Services only assert:
a subscriber that may alter a stream can wipe its limits.
"""

from dataclasses import dataclass
from typing import Any

import nats.js.errors
from nats.js import JetStreamContext, api

from askpanel.contracts.topology import BUCKETS, DURABLES, STREAMS, Bucket, Durable, Stream
from askpanel.runtime.errors import LogMisconfigured


@dataclass(frozen=True, slots=True)
class Sizing:
    """What differs between a laptop and a cluster. Bytes; -1 is without limit of its own."""

    replicas: int = 1
    max_bytes: int = -1


async def create(jetstream: JetStreamContext, sizing: Sizing = Sizing()) -> None:
    """Create or bring up to the contract; safe to repeat, keeps every message and position."""
    for stream in STREAMS:
        config = _stream_config(stream, sizing)
        try:
            await jetstream.stream_info(stream.name)
        except nats.js.errors.NotFoundError:
            await jetstream.add_stream(config)
        else:
            await jetstream.update_stream(config)
    for durable in DURABLES:
        await jetstream.add_consumer(durable.stream, _consumer_config(durable))
    for bucket in BUCKETS:
        try:
            await jetstream.key_value(bucket.name)
        except nats.js.errors.BucketNotFoundError:
            await jetstream.create_key_value(_bucket_config(bucket, sizing))


async def verify(jetstream: JetStreamContext, *durables: Durable) -> None:
    """Raise LogMisconfigured with every difference between the server and the contract.

    Looks at the given durables and at their streams' properties that protect the log.
    """
    problems: list[str] = []
    for durable in durables:
        try:
            info = await jetstream.consumer_info(durable.stream, durable.name)
        except nats.js.errors.NotFoundError:
            problems.append(
                f"consumer {durable.name} of {durable.stream} does not exist: run the bootstrap step"
            )
            continue
        problems += [
            f"consumer {durable.name}: {name} is {found!r}, expected {wanted!r}"
            for name, found, wanted in _consumer_differences(durable, info.config)
        ]
    if problems:
        raise LogMisconfigured("; ".join(problems))


def _consumer_differences(durable: Durable, found: api.ConsumerConfig) -> list[tuple[str, Any, Any]]:
    filters = tuple(found.filter_subjects or ([found.filter_subject] if found.filter_subject else []))
    pairs = [
        ("filters", tuple(sorted(filters)), tuple(sorted(durable.filters))),
        ("ack_wait", found.ack_wait, durable.ack_wait),
        ("max_deliver", found.max_deliver, durable.max_deliver),
        ("ack_policy", str(found.ack_policy), str(api.AckPolicy.EXPLICIT)),
    ]
    return [(name, is_, wanted) for name, is_, wanted in pairs if is_ != wanted]


def _stream_config(stream: Stream, sizing: Sizing) -> api.StreamConfig:
    return api.StreamConfig(
        name=stream.name,
        subjects=list(stream.subjects),
        retention=api.RetentionPolicy.LIMITS,
        storage=api.StorageType.FILE,
        num_replicas=sizing.replicas,
        discard=api.DiscardPolicy(stream.discard),
        max_age=stream.max_age,
        max_bytes=sizing.max_bytes,
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


def _bucket_config(bucket: Bucket, sizing: Sizing) -> api.KeyValueConfig:
    return api.KeyValueConfig(bucket=bucket.name, history=bucket.history, replicas=sizing.replicas)
