"""One value under one key of NATS, changed by compare-and-set: what every count and register we share stands on.

A change that got no answer may or may not have been made: LogUnavailable, and whoever asks again reads again. Until a
replicated bucket has decided about it, it answers nobody else's change of that key either: asked again for as long as
an answer may take, then LogUnavailable.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import nats.js.errors
from nats.aio.client import Client
from nats.js.kv import KeyValue

from askpanel.contracts.topology import Bucket
from askpanel.runtime.errors import LogUnavailable
from askpanel.runtime.publishing import IN_FLIGHT, IN_FLIGHT_PAUSE, WRONG_LAST_SEQUENCE
from askpanel.runtime.unavailable import unavailable

LONGEST_PAUSE = 0.05
PATIENCE = 2.0
"""Seconds an answer may take."""


class Overtaken(Exception):
    """The value is not the one that was read: read it again."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A value, and the revision to write on: 0 where there is none yet."""

    value: bytes | None
    revision: int


class Cells:
    """The keys of one bucket. `at_once`: without a connection say so at once, instead of waiting for one."""

    def __init__(
        self, client: Client, bucket: Bucket, *, patience: float = PATIENCE, at_once: bool = False
    ) -> None:
        self._client = client
        self._jetstream = client.jetstream(timeout=patience)
        self._name = bucket.name
        self._patience = patience
        self._at_once = at_once
        self._bucket: KeyValue | None = None

    async def read(self, key: str) -> Cell:
        """What stands under the key. Raises LogUnavailable, also where there is no bucket."""
        self._look()
        with unavailable(self._name):
            try:
                entry = await (await self._open()).get(key)
            except nats.js.errors.KeyNotFoundError as missing:
                # A key that an operator deleted still has a revision to write on.
                deleted = cast("KeyValue.Entry | None", missing.entry)
                return Cell(None, (deleted.revision or 0) if deleted else 0)
        return Cell(entry.value, entry.revision or 0)

    async def write(
        self, key: str, value: bytes, revision: int, *, headers: Mapping[str, str] | None = None
    ) -> int:
        """Replace what was read at this revision; the new one. Raises Overtaken or LogUnavailable."""
        self._look()
        guarded = {**(headers or {}), "Nats-Expected-Last-Subject-Sequence": str(revision)}
        deadline, pause = time.monotonic() + self._patience, IN_FLIGHT_PAUSE
        with unavailable(self._name):
            while True:
                try:
                    ack = await self._jetstream.publish(f"$KV.{self._name}.{key}", value, headers=guarded)
                except nats.js.errors.APIError as error:
                    if error.err_code == WRONG_LAST_SEQUENCE:
                        raise Overtaken(key) from None
                    if error.err_code not in IN_FLIGHT or time.monotonic() > deadline:
                        raise
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE)
                else:
                    return ack.seq

    def _look(self) -> None:
        if self._at_once and not self._client.is_connected:
            raise LogUnavailable(f"{self._name}: not connected")

    async def _open(self) -> KeyValue:
        if self._bucket is None:
            try:
                self._bucket = await self._jetstream.key_value(self._name)
            except nats.js.errors.BucketNotFoundError:
                raise LogUnavailable(f"there is no bucket {self._name}: run the bootstrap step") from None
        return self._bucket
