"""A standing pull: one request that grants the server room for so many messages, renewed when used up.

    room for n  →  request n  →  messages come as they are stored  →  … n used up, or the request expired
         ↑___________________________________________________________________________|

So a message costs no request of its own and waits for none, and never more messages are leased than there
is room for. A restarted server has forgotten the request: it is made again after EXPIRES.
"""

import asyncio
import json
import logging
from collections.abc import Callable

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from askpanel.contracts.topology import Durable
from askpanel.runtime.connection import receive
from askpanel.runtime.ending import end

logger = logging.getLogger(__name__)

EXPIRES = 2.0
"""Seconds after which the server drops a request; also how soon work resumes after a restart."""
OVERDUE = 0.5
"""Seconds after EXPIRES at which a request without an answer counts as forgotten."""
PAUSE = 0.25
"""Seconds before asking again when the server has no such consumer now, or no JetStream."""
USED_UP = frozenset({"404", "408"})


class Pull:
    """Feeds `take` from a durable. `room` says how many more messages may be leased now.

    `take` is called in the order of delivery and returns at once; after work is done, call `freed`.
    """

    def __init__(
        self, client: Client, durable: Durable, *, take: Callable[[Msg], None], room: Callable[[], int]
    ) -> None:
        self._client = client
        self._durable = durable
        self._take = take
        self._room = room
        self._granted = 0
        self._request = 0
        self._renewable = asyncio.Event()
        self._subscription: Subscription | None = None
        self._task: asyncio.Task[None] | None = None
        self._inbox = ""

    async def start(self) -> "asyncio.Task[None]":
        """Begin to consume. The task returned asks for messages: when it ends before `stop`, none come any more."""
        self._inbox = self._client.new_inbox()
        self._subscription = await receive(self._client, f"{self._inbox}.*", self._receive)
        self._renewable.set()
        self._task = asyncio.create_task(self._renew(), name=f"the pull of {self._durable.name}")
        return self._task

    async def stop(self) -> None:
        """Take the request back. What was under way has reached `take` when this returns."""
        if self._task is not None:
            await end(self._task)
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            try:
                await subscription.drain()
            except (nats.errors.Error, TimeoutError) as error:  # the server forgets us when we disconnect
                logger.warning("%s: could not take the request back: %r", self._durable.name, error)

    def freed(self) -> None:
        """There is room again."""
        if self._granted == 0:
            self._renewable.set()

    async def _renew(self) -> None:
        while True:
            await self._renewable.wait()
            self._renewable.clear()
            room = self._room()
            if self._granted == 0 and room > 0:
                await self._ask(room)

    async def _ask(self, room: int) -> None:
        self._request += 1
        self._granted = room
        request = {"batch": room, "expires": int(EXPIRES * 1e9)}
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._durable.stream}.{self._durable.name}"
        loop = asyncio.get_running_loop()
        try:
            await self._client.publish(subject, json.dumps(request).encode(), reply=self._reply())
        except nats.errors.Error as error:
            logger.warning("%s: could not ask for messages: %r", self._durable.name, error)
        loop.call_later(EXPIRES + OVERDUE, self._forgotten, self._request)

    def _forgotten(self, request: int) -> None:
        """The server did not answer for this request to its end; nothing to do for one that was renewed."""
        if request == self._request:
            self._granted = 0
            self._renewable.set()

    def _reply(self) -> str:
        """Where the server says how the current request ended: a subject of its own for each."""
        return f"{self._inbox}.{self._request}"

    def _receive(self, message: Msg) -> None:
        if not message.subject.startswith(f"{self._inbox}."):
            self._granted = max(self._granted - 1, 0)
            self._take(message)
            if self._granted == 0:
                self._renewable.set()
        elif message.subject == self._reply():  # an older request was renewed already, and must not be twice
            status = (message.headers or {}).get("Status")
            self._granted = 0
            if status in USED_UP:
                self._renewable.set()
            else:
                asyncio.get_running_loop().call_later(PAUSE, self._renewable.set)
