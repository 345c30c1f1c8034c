"""What this connection is answered, through one subscription: a token of its own for each question.

    one     →  <inbox>.<token>  →  one message; `ask` for its body
    stream  →  <inbox>.<token>  →  message, message, … until whoever reads stops

The client's own requests draw two random ids and start two futures and a timer each; here a question costs
a number and a place in a table.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from askpanel.runtime.connection import receive

NO_RESPONDERS = "503"


class Replies:
    """Questions of one connection. Lost connections are the client's to mend: its subscriptions come back."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._inbox: str | None = None
        self._waiting: dict[str, Callable[[Msg], object]] = {}
        self._asked = 0

    async def ask(
        self, subject: str, body: bytes, *, timeout: float, headers: Mapping[str, str] | None = None
    ) -> bytes:
        """The body of the one answer. Raises as `one`."""
        return (await self.one(subject, body, timeout=timeout, headers=headers)).data

    async def one(
        self, subject: str, body: bytes, *, timeout: float, headers: Mapping[str, str] | None = None
    ) -> Msg:
        """The one answer.

        Raises NoRespondersError when nobody listens, TimeoutError after `timeout` seconds, and what the
        client raises while it is closed or its buffer is full.
        """
        answer: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()
        token = self._token(lambda message: answer.done() or answer.set_result(message))
        try:
            await self._send(subject, body, token, headers)
            async with asyncio.timeout(timeout):
                message = await answer
        finally:
            del self._waiting[token]
        if not message.data and status_of(message) == NO_RESPONDERS:
            raise nats.errors.NoRespondersError
        return message

    async def stream(self, subject: str, body: bytes, *, timeout: float) -> AsyncGenerator[Msg]:
        """Answer after answer. Raises TimeoutError when none comes for `timeout` seconds."""
        arrived: asyncio.Queue[Msg] = asyncio.Queue()
        token = self._token(arrived.put_nowait)
        try:
            await self._send(subject, body, token, None)
            while True:
                if arrived.empty():
                    async with asyncio.timeout(timeout):  # wait_for may drop a cancellation (Python 3.11)
                        message = await arrived.get()
                else:
                    message = arrived.get_nowait()
                yield message
        finally:
            del self._waiting[token]

    def _token(self, take: Callable[[Msg], object]) -> str:
        self._asked += 1
        token = str(self._asked)
        self._waiting[token] = take
        return token

    async def _send(self, subject: str, body: bytes, token: str, headers: Mapping[str, str] | None) -> None:
        if self._inbox is None:
            inbox = self._client.new_inbox()
            await receive(self._client, f"{inbox}.*", self._receive)
            self._inbox = inbox  # two first questions at once make two subscriptions, and both are answered
        # The client writes into the headers it is given.
        given = None if headers is None else dict(headers)
        await self._client.publish(subject, body, reply=f"{self._inbox}.{token}", headers=given)

    def _receive(self, message: Msg) -> None:
        """Whoever asked may have gone: then nobody waits for this."""
        take = self._waiting.get(message.subject.rpartition(".")[2])
        if take is not None:
            take(message)


def status_of(message: Msg) -> str | None:
    """The status of a message without content, such as 404 or 503; None of an ordinary one."""
    return (message.headers or {}).get("Status")
