"""Appends to a replicated log: one after the other for each panel, under one filter.

A stream with replicas compares an expected sequence with what its leader has stored. What the leader has
accepted and is still replicating it knows only by the filter of its expectation, letter for letter. Measured on
nats-server 2.15.1, three replicas: of 300 events that expected a panel's last sequence while another event of
the panel was on its way, without an expectation or with a narrower filter, all 300 were stored behind it. A
single server refuses all 300.

So here every append of a panel states an expectation under the panel's own filter, also one that may stand
anywhere: it expects whatever the last event is, and again when that has changed. Then the leader has at most
one event of a panel on its way and refuses the others meanwhile, which publishing waits out.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from nats.js import JetStreamContext

from askpanel.contracts.envelope import Recorded
from askpanel.contracts.topology import PANELS
from askpanel.runtime.errors import Conflict, LogUnavailable
from askpanel.runtime.unavailable import CLIENT_ERRORS

ASK_AGAIN = 30.0
"""Seconds after which a change of the number of replicas is noticed."""
UNANSWERED = 5.0
"""Seconds before it is asked again when nobody answered: an append must not wait for it each time."""

Publish = Callable[[Recorded, Mapping[str, str]], Awaitable[int]]
Last = Callable[[str], Awaitable[int | None]]


class Replicas:
    """Whether the log is replicated. While nobody has answered yet it counts as such: slower, never wrong."""

    def __init__(self, jetstream: JetStreamContext) -> None:
        self._jetstream = jetstream
        self._replicated = True
        self._ask_at = 0.0
        self.newest = 0
        """The log's last sequence when it was asked last."""
        self._asking = asyncio.Lock()

    async def replicated(self) -> bool:
        """As the server said last; asked now and then, and whoever comes meanwhile waits for the answer."""
        async with self._asking:
            if time.monotonic() >= self._ask_at:
                await self._ask()
        return self._replicated

    async def _ask(self) -> None:
        self._ask_at = time.monotonic() + ASK_AGAIN
        try:
            info = await self._jetstream.stream_info(PANELS.name)
        except CLIENT_ERRORS:
            self._ask_at = time.monotonic() + UNANSWERED
        else:
            self._replicated = (info.config.num_replicas or 1) > 1
            self.newest = info.state.last_seq


async def in_turn(
    publish: Publish,
    last: Last,
    event: Recorded,
    *,
    guess: int = 0,
    unless: tuple[str, int] | None = None,
    patience: float,
) -> int:
    """Append behind whatever the panel's last event is, `guess` to begin with. Returns the sequence.

    `unless`: a filter of the panel and a sequence. Raises Conflict when an event of the filter stands behind
    that sequence, LogUnavailable when others were faster for `patience` seconds.
    """
    panel = event.envelope.panel
    deadline = time.monotonic() + patience
    expected = guess
    while True:
        try:
            return await publish(event, guard(panel.filter, expected))
        except Conflict as conflict:
            if unless is not None and (newest := await last(unless[0]) or 0) > unless[1]:
                raise Conflict(unless[1], newest) from None
            if time.monotonic() > deadline:
                raise LogUnavailable(f"{event.envelope.type} found no turn in {patience:g} s") from None
            expected = conflict.actual


def guard(subject_filter: str, expected: int) -> dict[str, str]:
    """Refuse the message unless `expected` is the last sequence of this filter (0: it has none)."""
    return {
        "Nats-Expected-Last-Subject-Sequence": str(expected),
        "Nats-Expected-Last-Subject-Sequence-Subject": subject_filter,
    }
