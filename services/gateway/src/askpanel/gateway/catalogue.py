"""The published experts, kept in memory: bucket `experts`, read whole whenever it has changed.

A tenant sees the global experts and its own; its own wins where both have an id. A retired expert stays out of new
panels, and an own one out of the global one's way. What cannot be read is logged and left out.

A change announces itself (a bucket's subjects are ordinary subjects), perhaps before it is stored, so the bucket is
looked at again a moment later; and every few seconds its last sequence is compared, so a lost announcement costs
seconds and a restart of NATS nothing. A standing
watcher of the client would not do: it stays silent for good after some failures (see runtime.tail), and it may
begin with nothing (see runtime.buckets).
"""

import asyncio
import logging
from collections.abc import Collection, Iterator, Mapping
from uuid import UUID

from nats.aio.client import Client
from nats.aio.msg import Msg
from pydantic import ValidationError

from askpanel.contracts.catalogue import BUCKET, GLOBAL, Expert, decode_expert
from askpanel.runtime.buckets import contents
from askpanel.runtime.errors import LogUnavailable
from askpanel.runtime.replies import Replies
from askpanel.runtime.unavailable import CLIENT_ERRORS

logger = logging.getLogger(__name__)

LOOK_EVERY = 5.0
"""Seconds between looks at the bucket's last sequence."""

LOOK_AGAIN = (0.1, 0.5, 2.0)
"""Seconds after an announcement by which what it announced is stored, sooner or later."""
LOAD_PATIENCE = 10.0


class Catalogue:
    """Experts by tenant and id. `run` is the watching task; `loaded` is set once the bucket held any."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._jetstream = client.jetstream(timeout=2.0)
        self._replies = Replies(client)
        self._published: Mapping[tuple[str, str], Expert] = {}
        self._changed = asyncio.Event()
        self.loaded = asyncio.Event()

    def of(self, tenant_id: UUID) -> Mapping[str, Expert]:
        """Experts this tenant may put on a new panel, by id, in id order."""
        return dict(sorted((self._offered(GLOBAL) | self._offered(str(tenant_id))).items()))

    def own(self, tenant_id: UUID) -> Collection[str]:
        """The ids under which this tenant sees an expert of its own; the others are shared by all."""
        return self._offered(str(tenant_id)).keys()

    def shared(self, agent_id: str) -> Expert | None:
        """The shared expert of this id, a retired one too."""
        return self._published.get((GLOBAL, agent_id))

    def _offered(self, owner: str) -> dict[str, Expert]:
        return {
            agent: expert
            for (of, agent), expert in self._published.items()
            if of == owner and not expert.retired
        }

    async def run(self) -> None:
        """Keep up with the bucket for ever; end by cancellation."""
        announcements = await self._client.subscribe(f"$KV.{BUCKET}.>", cb=self._announced)
        known: tuple[str, int] | None = None
        try:
            while True:
                try:
                    known = await self._look(known)
                except (LogUnavailable, *CLIENT_ERRORS) as error:
                    logger.warning("catalogue: %r; looking again", error)
                await self._until_changed()
        finally:
            if not self._client.is_closed:
                await announcements.unsubscribe()

    async def _announced(self, _: Msg) -> None:
        self._changed.set()
        for seconds in LOOK_AGAIN:
            asyncio.get_running_loop().call_later(seconds, self._changed.set)

    async def _until_changed(self) -> None:
        try:
            async with asyncio.timeout(LOOK_EVERY if self.loaded.is_set() else 0.5):
                await self._changed.wait()
        except TimeoutError:
            return
        self._changed.clear()

    async def _look(self, known: tuple[str, int] | None) -> tuple[str, int] | None:
        """Read the bucket if it is not as known: its creation time and last sequence.

        None when what was read ends before that: a replica that is behind has answered.
        """
        info = await self._jetstream.stream_info(f"KV_{BUCKET}")
        found = (str(info.created), info.state.last_seq)
        if found != known:
            async with asyncio.timeout(LOAD_PATIENCE):
                there = await contents(self._replies, BUCKET)
            self._published = dict(_experts(there.values))
            if there.last < info.state.last_seq:
                return None
        if self._published:
            self.loaded.set()
        return found


def _experts(values: Mapping[str, bytes]) -> Iterator[tuple[tuple[str, str], Expert]]:
    for key, value in values.items():
        expert = _read(key, value)
        if expert is not None:
            yield (key.partition(".")[0], expert.agent_id), expert


def _read(key: str, value: bytes) -> Expert | None:
    """The expert under a key; None, and a line in the log, when it is none or under another's key."""
    try:
        expert = decode_expert(value)
    except ValidationError as error:
        logger.warning("expert %s cannot be read: %s", key, error.errors(include_input=False)[0]["msg"])
        return None
    if expert.agent_id != key.partition(".")[2]:
        logger.warning("expert %s calls itself %s: left out", key, expert.agent_id)
        return None
    return expert
