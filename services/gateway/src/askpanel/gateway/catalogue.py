"""The published experts, kept in memory: bucket `experts`, watched through an ordered consumer.

A tenant sees the global experts and its own; its own wins where both have an id. A retired expert stays
out of new panels. What cannot be read is logged and left out.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress

import nats.errors
import nats.js.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext, api
from pydantic import ValidationError

from askpanel.contracts.catalogue import BUCKET, GLOBAL, Expert, decode_expert

logger = logging.getLogger(__name__)

STREAM = f"KV_{BUCKET}"
PREFIX = f"$KV.{BUCKET}."
HEARTBEAT = 0.5
"""Seconds: lets the client notice within two that its consumer is gone and make another."""


class Catalogue:
    """Experts by tenant and id. `run` is the watching task; `loaded` is set once it has seen all there is."""

    def __init__(self, jetstream: JetStreamContext) -> None:
        self._jetstream = jetstream
        self._published: dict[tuple[str, str], Expert] = {}
        self.loaded = asyncio.Event()

    def of(self, tenant_id: object) -> Mapping[str, Expert]:
        """Experts this tenant may put on a new panel, by id, in id order."""
        seen: dict[str, Expert] = {}
        for owner in (GLOBAL, str(tenant_id)):
            seen |= {agent: expert for (of, agent), expert in self._published.items() if of == owner}
        return {agent: expert for agent, expert in sorted(seen.items()) if not expert.retired}

    async def run(self) -> None:
        """Watch for ever; end by cancellation."""
        while True:
            try:
                await self._watch()
            except (nats.errors.Error, nats.js.errors.Error, TimeoutError) as error:
                logger.warning("catalogue: %r; watching again", error)
            await asyncio.sleep(0.5)

    async def _watch(self) -> None:
        """Read the last value of every key, then every change."""
        state = (await self._jetstream.stream_info(STREAM)).state
        if not state.messages:
            self.loaded.set()
        subscription = await self._jetstream.subscribe(
            "",
            stream=STREAM,
            ordered_consumer=True,
            idle_heartbeat=HEARTBEAT,
            config=api.ConsumerConfig(
                deliver_policy=api.DeliverPolicy.LAST_PER_SUBJECT, filter_subjects=[f"{PREFIX}>"]
            ),
        )
        try:
            while True:
                try:
                    message = await subscription.next_msg(timeout=5.0)
                except nats.errors.TimeoutError:
                    continue
                self._take(message)
                if not message.metadata.num_pending:
                    self.loaded.set()
        finally:
            with suppress(nats.errors.Error):
                await subscription.unsubscribe()

    def _take(self, message: Msg) -> None:
        owner, _, agent = message.subject.removeprefix(PREFIX).partition(".")
        if (message.headers or {}).get("KV-Operation") in ("DEL", "PURGE"):
            self._published.pop((owner, agent), None)
            return
        try:
            expert = decode_expert(message.data)
        except ValidationError as error:
            logger.warning(
                "expert %s.%s cannot be read: %s", owner, agent, error.errors(include_input=False)[0]
            )
            return
        if expert.agent_id != agent:
            logger.warning("expert %s.%s calls itself %s: left out", owner, agent, expert.agent_id)
            return
        self._published[owner, agent] = expert
