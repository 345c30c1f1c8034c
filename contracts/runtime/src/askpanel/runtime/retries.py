"""A dead letter's second chance: an operator asks, the service handles the stored message once more.

    operator  ── retry.<durable> {"sequence": 345} ──►  one process of the service
              ◄── retried.<durable> {"sequence": 345, "outcome": "done", "detail": ""} ──

Nothing is published again: the message still stands on its stream, and the log holds every fact once. The
process reads it there and gives it to the handler that gave it up, as a redelivery, which every handler must
stand anyway. The request itself is not kept: the dead letter is, until somebody saw the outcome `done`.
"""

import asyncio
import json
import logging
from typing import Any, Literal, cast

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import RawStreamMsg

from askpanel.contracts.envelope import Unreadable
from askpanel.contracts.topology import Durable, retried_subject, retry_subject
from askpanel.runtime import tracing
from askpanel.runtime.ending import end
from askpanel.runtime.errors import LogUnavailable, Reject, Retry
from askpanel.runtime.log import EventLog
from askpanel.runtime.unavailable import CLIENT_ERRORS
from askpanel.runtime.worker import Delivery, Handler

logger = logging.getLogger(__name__)

TRIES = 4
"""How often a handler may say "not now" before the operator is told so."""
LONGEST_PAUSE = 3.0
NOT_IN_ORDER = -1
"""A consumer sequence that follows no other: this delivery proves nothing about what came between."""

Outcome = Literal["done", "gone", "refused", "failed", "not now"]
"""`gone`: the message is not on its stream any more, as after an erasure; `refused`: it never can be handled;
`failed`: a bug, its text is the detail; `not now`: try later."""


class Retries:
    """Handles stored messages of one durable again, on request. Costs nothing while nobody asks."""

    def __init__(self, client: Client, log: EventLog, durable: Durable, handler: Handler) -> None:
        self._client = client
        self._log = log
        self._durable = durable
        self._handler = handler
        self._work: dict[int, asyncio.Task[None]] = {}
        self._subscription: Subscription | None = None

    async def start(self) -> None:
        """Listen. Of several processes of a service one takes each request."""
        name = self._durable.name
        self._subscription = await self._client.subscribe(retry_subject(name), queue=name, cb=self._asked)

    async def stop(self) -> None:
        """Take no more and leave what is under way: its letter is still there."""
        if self._subscription is not None and self._client.is_connected:
            await self._subscription.unsubscribe()
        await end(*self._work.values())

    async def _asked(self, request: Msg) -> None:
        try:
            sequence = int(json.loads(request.data)["sequence"])
        except (ValueError, KeyError, TypeError) as error:
            logger.warning("%s: not a request for a retry: %r", self._durable.name, error)
            return
        if sequence not in self._work:
            task = asyncio.create_task(self._answer(sequence))
            self._work[sequence] = task
            task.add_done_callback(lambda _: self._work.pop(sequence))

    async def _answer(self, sequence: int) -> None:
        outcome, detail = await self._retry(sequence)
        told: dict[str, Any] = {"sequence": sequence, "outcome": outcome, "detail": detail[:2000]}
        logger.warning("retried by hand: %s", outcome, extra={"durable": self._durable.name, **told})
        try:
            await self._client.publish(retried_subject(self._durable.name), json.dumps(told).encode())
        except nats.errors.Error as error:
            logger.warning("%s: could not tell the outcome of a retry: %r", self._durable.name, error)

    async def _retry(self, sequence: int) -> tuple[Outcome, str]:
        try:
            stored = await self._log.jetstream.get_msg(self._durable.stream, sequence)
        except nats.js.errors.NotFoundError:
            return "gone", f"{self._durable.stream} has no message {sequence} any more"
        except CLIENT_ERRORS as error:
            return "not now", f"the message could not be read: {error!r}"
        return await self._handle(_delivery(stored, sequence))

    async def _handle(self, delivery: Delivery) -> tuple[Outcome, str]:
        why = ""
        for _ in range(TRIES):
            try:
                with tracing.processing(delivery.subject, delivery.headers, self._durable, delivery.attempt):
                    await self._handler(delivery)
            except Retry as retry:
                why = str(retry)
                await asyncio.sleep(min(retry.after, LONGEST_PAUSE))
            except LogUnavailable as error:
                return "not now", str(error)
            except (Reject, Unreadable) as error:
                return "refused", f"{type(error).__name__}: {error}"
            except Exception as error:
                logger.exception("%s failed again on %s", self._durable.name, delivery.subject)
                return "failed", f"{type(error).__name__}: {error}"
            else:
                return "done", ""
        return "not now", why


def _delivery(stored: RawStreamMsg, sequence: int) -> Delivery:
    return Delivery(
        subject=stored.subject or "",
        headers=cast("dict[str, str]", stored.headers or {}),
        body=stored.data or b"",
        sequence=sequence,
        consumer_sequence=NOT_IN_ORDER,
        attempt=2,
        stored_at=stored.time.timestamp() if stored.time is not None else 0.0,
    )
