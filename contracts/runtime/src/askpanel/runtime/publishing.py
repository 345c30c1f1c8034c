"""One message to the log until it is confirmed.

A publish that times out has an unknown outcome. It is published again with the same id and the same
expectation, until the server confirms it, refuses it, or patience ends.
"""

import asyncio
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import nats.errors
from nats.aio.client import Client
from pydantic_core import from_json

from askpanel.contracts.envelope import Recorded, encode
from askpanel.contracts.topology import PANELS
from askpanel.runtime import telemetry, tracing
from askpanel.runtime.errors import Conflict, EventTooLarge, LogMisconfigured, LogUnavailable
from askpanel.runtime.replies import Replies
from askpanel.runtime.unavailable import unavailable_or_absent

WRONG_LAST_SEQUENCE = 10071
IN_FLIGHT = frozenset({10158, 10164})
"""A replicated stream has this very message, or another of its filter, accepted and not stored yet."""
IN_FLIGHT_PAUSE = 0.003
STORE_FULL = frozenset({10023, 10077})
NOT_OURS = 10060


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Where an event stands on the log.

    `copy`: the server found it there under this id and stored nothing. `asked_again`: that answered a further
    request, so the copy may be this call's own doing.
    """

    sequence: int
    copy: bool = False
    asked_again: bool = False


class Publisher:
    """Publishes events over one NATS connection. `patience` in seconds bounds every retry."""

    def __init__(self, client: Client, replies: Replies, *, patience: float, attempt_timeout: float) -> None:
        self._client = client
        self._replies = replies
        self._jetstream = client.jetstream(timeout=attempt_timeout)
        self._patience = patience
        self._attempt_timeout = attempt_timeout
        self.newest = 0
        """Highest sequence of the log that this connection knows of."""

    def saw(self, sequence: int) -> None:
        """The log has this sequence."""
        self.newest = max(self.newest, sequence)

    async def publish(
        self,
        recorded: Recorded,
        expectation: Mapping[str, str],
        *,
        within: float = math.inf,
    ) -> Confirmed:
        """Where the event stands now; what is written says where in its trace that was. Raises Conflict.

        A copy proves the expectation only on a single server: one with replicas recognises it before it looks at
        what was expected. `within`: seconds, where that is less than this publisher's patience.
        """
        began = time.perf_counter()
        patience = min(self._patience, within)
        with tracing.sending(recorded) as placed:
            confirmed = await self._confirmed(placed, expectation, patience)
        self.saw(confirmed.sequence)
        telemetry.PUBLISHING.labels(recorded.envelope.type).observe(time.perf_counter() - began)
        return confirmed

    async def _confirmed(
        self, recorded: Recorded, expectation: Mapping[str, str], patience: float
    ) -> Confirmed:
        deadline = time.monotonic() + patience
        pause, asked_again = 0.05, False
        subject, headers, body = encode(recorded)
        headers |= expectation
        self._check_size(recorded.envelope.type, headers, body)
        while True:
            try:
                ack = from_json(
                    await self._replies.ask(subject, body, headers=headers, timeout=self._attempt_timeout)
                )
            except nats.errors.NoRespondersError:
                reason = f"no stream takes {subject}"
            except (nats.errors.Error, TimeoutError, OSError) as error:
                reason = repr(error)
            else:
                if (error := ack.get("error")) is None:
                    if copy := bool(ack.get("duplicate")):
                        await self._assert_same(recorded, ack["seq"])
                    return Confirmed(ack["seq"], copy, asked_again)
                reason = _refused(error)
                if error.get("err_code") in IN_FLIGHT and time.monotonic() < deadline:
                    await asyncio.sleep(IN_FLIGHT_PAUSE)
                    continue
            asked_again = True
            telemetry.PUBLISH_RETRIES.inc()
            if time.monotonic() + pause > deadline:
                with unavailable_or_absent():  # raises LogMisconfigured where there is no log at all
                    await self._jetstream.stream_info(PANELS.name)
                raise LogUnavailable(f"{recorded.envelope.type} was not confirmed: {reason}")
            await asyncio.sleep(pause)
            pause = min(pause * 2, 1.0)

    def _check_size(self, event_type: str, headers: Mapping[str, str], body: bytes) -> None:
        """The limit counts headers too; the client does not, and the server answers by disconnecting."""
        size = len(body) + header_bytes(headers)
        if size > self._client.max_payload:
            raise EventTooLarge(f"{event_type} has {size} bytes, the log takes {self._client.max_payload}")

    async def _assert_same(self, recorded: Recorded, sequence: int) -> None:
        """Deduplication is per stream, not per subject: the copy must stand on our own subject."""
        with unavailable_or_absent():
            stored = await self._jetstream.get_msg(PANELS.name, seq=sequence)
        if stored.subject != recorded.envelope.panel.subject(recorded.envelope.type):
            raise LogMisconfigured(f"id {recorded.envelope.id} belongs to {stored.subject} at {sequence}")


def _refused(error: Mapping[str, Any]) -> str:
    """Why the server did not store a message, in words, where asking again may help. Raises where it cannot."""
    reason = f"{error.get('err_code')} {error.get('description')}"
    match error.get("err_code"):
        case code if code == WRONG_LAST_SEQUENCE:
            raise Conflict(-1, _actual(str(error.get("description"))))
        case code if code == NOT_OURS:
            raise LogMisconfigured(reason)
        case code if code in STORE_FULL:
            raise LogUnavailable(f"the log is full: {reason}")
        case _:
            return reason


def _actual(description: str) -> int:
    """The sequence in `wrong last sequence: N`; 0 when the server does not say."""
    digits = description.rpartition(":")[2].strip()
    return int(digits) if digits.isdigit() else 0


def header_bytes(headers: Mapping[str, str]) -> int:
    """What headers add to a message: a first line, `name: value` lines, an empty line."""
    lines = sum(len(name.encode()) + len(value.encode()) + 4 for name, value in headers.items())
    return len("NATS/1.0\r\n") + lines + 2
