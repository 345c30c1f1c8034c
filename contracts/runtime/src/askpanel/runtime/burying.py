"""Writes dead letters: one form, whoever gives a message up. `letters` reads them."""

import base64
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from nats.js import JetStreamContext

from askpanel.contracts.envelope import MESSAGE_ID
from askpanel.contracts.topology import dead_letter_subject
from askpanel.runtime import telemetry
from askpanel.runtime.unavailable import unavailable

logger = logging.getLogger(__name__)

LONGEST_BODY = 500_000
LONGEST_HEADER = 2_000
LONGEST_ERROR = 2_000


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A message as it stands on its stream, and who gives it up: `durable` of `service`, at which delivery."""

    service: str
    durable: str
    stream: str
    sequence: int
    deliveries: int
    subject: str
    headers: Mapping[str, str]
    body: bytes


async def bury(jetstream: JetStreamContext, message: GivenUp, reason: str, error: str) -> None:
    """Return when the letter is stored; a message has one of each consumer. Raises LogUnavailable.

    A body or header too long for one message is cut; `body_bytes` and `sequence` tell what to fetch.
    """
    letter = {
        "reason": reason,
        "error": error[:LONGEST_ERROR],
        "durable": message.durable,
        "stream": message.stream,
        "sequence": message.sequence,
        "deliveries": message.deliveries,
        "subject": message.subject,
        "headers": {name: value[:LONGEST_HEADER] for name, value in message.headers.items()},
        "body": base64.b64encode(message.body[:LONGEST_BODY]).decode(),
        "body_bytes": len(message.body),
    }
    identity = {MESSAGE_ID: f"{message.stream}:{message.sequence}:{message.durable}"}
    subject = dead_letter_subject(message.service)
    with unavailable("the dead letter was not confirmed"):
        ack = await jetstream.publish(subject, json.dumps(letter).encode(), headers=identity)
    if not ack.duplicate:
        telemetry.DEAD_LETTERS.labels(message.service).inc()
    told = {"subject": message.subject, "sequence": message.sequence, "durable": message.durable}
    logger.error("dead letter: %s: %s", reason, error, extra=told)
