"""One small value under one key of NATS, changed by compare-and-set: what every shared count stands on.

Unshared        NATS could not be asked in time; a change may or may not have been made
Overtaken       somebody else changed the value first: read it again
"""

from dataclasses import dataclass
from typing import cast

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.js.kv import KeyValue

from askpanel.contracts.topology import Bucket

PATIENCE = 1.0
"""Seconds an answer may take: a request of a user waits for it, once, before NATS counts as silent."""


class Unshared(Exception):
    """The shared value cannot be had now."""


class Overtaken(Exception):
    """The value is not the one that was read."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A value, and the revision to write on: 0 where there is none yet."""

    value: bytes | None
    revision: int


class Cells:
    """The keys of one bucket."""

    def __init__(self, client: Client, bucket: Bucket, *, patience: float = PATIENCE) -> None:
        self._client = client
        self._jetstream = client.jetstream(timeout=patience)
        self._name = bucket.name
        self._bucket: KeyValue | None = None

    async def read(self, key: str) -> Cell:
        """What stands under the key. Raises Unshared."""
        try:
            entry = await (await self._open()).get(key)
        except nats.js.errors.KeyNotFoundError as missing:
            # A key that an operator deleted still has a revision to write on.
            deleted = cast("KeyValue.Entry | None", missing.entry)
            return Cell(None, (deleted.revision or 0) if deleted else 0)
        except (nats.errors.Error, nats.js.errors.Error, TimeoutError, OSError) as error:
            raise Unshared(f"{self._name}: {error!r}") from error
        return Cell(entry.value, entry.revision or 0)

    async def write(self, key: str, value: bytes, revision: int) -> int:
        """Replace what was read at this revision; the new one. Raises Overtaken or Unshared."""
        try:
            return await (await self._open()).update(key, value, last=revision)
        except nats.js.errors.KeyWrongLastSequenceError:
            raise Overtaken from None
        except (nats.errors.Error, nats.js.errors.Error, TimeoutError, OSError) as error:
            raise Unshared(f"{self._name}: {error!r}") from error

    async def _open(self) -> KeyValue:
        if not self._client.is_connected:
            raise Unshared(f"{self._name}: not connected")
        if self._bucket is None:
            self._bucket = await self._jetstream.key_value(self._name)
        return self._bucket
