"""The dead letters, for whoever looks after them: read, have them retried, drop them; both leave an audit line.

A letter is one message that one consumer gave up on, however often DEAD tells of it: the letter our loops
write, and the server's own advisory. An advisory without a letter is a message whose handler never came to
write one, because the process died under it at every delivery.
"""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext, api

from askpanel.contracts.topology import (
    AUDIT,
    DEAD,
    DEAD_SUBJECT,
    DURABLES,
    OPTIONAL_DURABLES,
    retried_subject,
    retry_subject,
)
from askpanel.runtime.unavailable import GONE

BATCH = 500
ADVISORY_REASONS = {"MAX_DELIVERIES": "max_deliveries", "MSG_TERMINATED": "terminated"}


class NotRetried(Exception):
    """The message was not handled, and why; its letter is still there."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message given up on by the consumer `durable`. `number` names it; `entries` are its messages in DEAD.

    `sequence` is the message's on `stream`. Subject, headers and body are empty when only the server told.
    """

    number: int
    entries: tuple[int, ...]
    at: datetime
    durable: str
    stream: str
    sequence: int
    reason: str
    error: str = ""
    deliveries: int = 0
    subject: str = ""
    headers: Mapping[str, str] | None = None
    body: bytes = b""

    def told(self) -> dict[str, Any]:
        """As JSON without the body: what a list, a log line or the audit may show."""
        return {
            "letter": self.number,
            "at": self.at.isoformat().replace("+00:00", "Z"),
            "durable": self.durable,
            "stream": self.stream,
            "sequence": self.sequence,
            "reason": self.reason,
            "error": self.error,
            "deliveries": self.deliveries,
            "subject": self.subject,
            "id": (self.headers or {}).get("ce-id", ""),
            "traceparent": (self.headers or {}).get("traceparent", ""),
        }


async def read_letters(jetstream: JetStreamContext) -> list[Letter]:
    """All letters, oldest first."""
    merged: dict[tuple[str, int, str], Letter] = {}
    for message in await _all_of(jetstream, DEAD.name):
        letter = _letter(message)
        if letter is None:
            continue
        key = (letter.stream, letter.sequence, letter.durable)
        merged[key] = _merged(merged[key], letter) if key in merged else letter
    return sorted(merged.values(), key=lambda letter: letter.number)


async def drop(jetstream: JetStreamContext, letter: Letter, *, by: str, because: str) -> None:
    """Give the message up for good. The audit line is stored before the letter is taken away."""
    await record(jetstream, "dead.dropped", letter.told() | {"by": by, "because": because})
    await _take_away(jetstream, letter)


async def settle(jetstream: JetStreamContext, letter: Letter, *, by: str, how: str) -> None:
    """Take away the letter of a message that has been handled after all."""
    await record(jetstream, "dead.retried", letter.told() | {"by": by, "how": how})
    await _take_away(jetstream, letter)


async def retry(client: Client, letter: Letter, *, seconds: float) -> None:
    """Have the service handle the message again; return once it has. Raises NotRetried.

    `seconds` bound the wait for the handler, which for an expert's answer includes the model.
    """
    if letter.durable not in {durable.name for durable in (*DURABLES, *OPTIONAL_DURABLES)}:
        raise NotRetried(f"{letter.durable} is no consumer of ours: it can only be dropped")
    arrived: asyncio.Queue[Msg] = asyncio.Queue()
    nobody = client.new_inbox()
    listening = [
        await client.subscribe(subject, cb=arrived.put)
        for subject in (retried_subject(letter.durable), nobody)
    ]
    try:
        request = json.dumps({"sequence": letter.sequence}).encode()
        await client.publish(retry_subject(letter.durable), request, reply=nobody)
        async with asyncio.timeout(seconds):
            told = await _outcome(arrived, letter)
    except TimeoutError:
        raise NotRetried(f"no outcome after {seconds:g} s; the service may still be at it") from None
    finally:
        for subscription in listening:
            await subscription.unsubscribe()
    if told["outcome"] != "done":
        raise NotRetried(": ".join(filter(None, (told["outcome"], told["detail"]))))


async def record(jetstream: JetStreamContext, action: str, facts: Mapping[str, Any]) -> None:
    """Append a line to the audit: what was done by hand. Raises the client's errors; then it is not there."""
    line = {"action": action, "done_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"), **facts}
    await jetstream.publish(f"audit.{action}", json.dumps(line).encode())


async def read_audit(jetstream: JetStreamContext) -> list[dict[str, Any]]:
    """Every line of the audit, oldest first."""
    return [json.loads(message.data) for message in await _all_of(jetstream, AUDIT.name)]


async def _take_away(jetstream: JetStreamContext, letter: Letter) -> None:
    for entry in letter.entries:
        try:
            await jetstream.delete_msg(DEAD.name, entry)
        except nats.js.errors.APIError as error:
            if error.err_code not in GONE:  # gone already: another operator, or its age
                raise


async def _all_of(jetstream: JetStreamContext, stream: str) -> list[Msg]:
    """Every message of a stream, by a consumer that is nobody's and forgotten by the server."""
    if not (await jetstream.stream_info(stream)).state.messages:
        return []
    config = api.ConsumerConfig(ack_policy=api.AckPolicy.NONE, inactive_threshold=10.0, mem_storage=True)
    subscription = await jetstream.pull_subscribe("", stream=stream, config=config)
    messages: list[Msg] = []
    try:
        while not messages or messages[-1].metadata.num_pending:
            messages += await subscription.fetch(BATCH, timeout=5)
    except nats.errors.TimeoutError:  # what was there has expired meanwhile
        return messages
    finally:
        await subscription.unsubscribe()
    return messages


def _letter(message: Msg) -> Letter | None:
    """One message of DEAD; None when it is neither a letter nor an advisory that means one."""
    told: dict[str, Any] = json.loads(message.data)
    number = message.metadata.sequence.stream
    at = message.metadata.timestamp.astimezone(UTC)
    if message.subject.startswith(f"{DEAD_SUBJECT}."):
        return Letter(
            number=number,
            entries=(number,),
            at=at,
            durable=told["durable"],
            stream=told["stream"],
            sequence=told["sequence"],
            reason=told["reason"],
            error=told["error"],
            deliveries=told["deliveries"],
            subject=told["subject"],
            headers=told["headers"],
            body=base64.b64decode(told["body"]),
        )
    kind = next((kind for kind in ADVISORY_REASONS if f".{kind}." in message.subject), None)
    if kind is None:
        return None
    return Letter(
        number=number,
        entries=(number,),
        at=at,
        durable=told["consumer"],
        stream=told["stream"],
        sequence=told["stream_seq"],
        reason=ADVISORY_REASONS[kind],
        error=told.get("reason", ""),
        deliveries=told.get("deliveries", 0),
    )


def _merged(first: Letter, second: Letter) -> Letter:
    """The one that tells more, the later of two that do, under the first one's number, with both entries."""
    full = second if second.subject or not first.subject else first
    return replace(full, number=first.number, entries=(*first.entries, *second.entries))


async def _outcome(arrived: asyncio.Queue[Msg], letter: Letter) -> dict[str, Any]:
    """What the service told of this message; on the inbox only the server answers: that nobody listens."""
    while True:
        message = await arrived.get()
        if message.subject != retried_subject(letter.durable):
            raise NotRetried(f"no process takes {letter.durable}'s retries: start the service, then retry")
        told = json.loads(message.data)
        if told["sequence"] == letter.sequence:
            return told
