"""Who speaks: the persona of a seat, by agent and version, from the published catalogue.

This service publishes the experts it ships at start; tenants' own come from others. A panel names the
version it was created with, and gets that one, whatever has been published since.
"""

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from uuid import UUID

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import InvalidKeyError, KeyNotFoundError
from nats.js.kv import KeyValue
from pydantic import ValidationError

from askpanel.contracts.catalogue import BUCKET, Expert, catalogue_key, decode_expert, encode_expert
from askpanel.expert_runner.catalogue import BUILT_IN
from askpanel.expert_runner.prompts.prompt import Speaker, speaker_of
from askpanel.runtime.unavailable import unavailable

logger = logging.getLogger(__name__)

Versions = Callable[[str], Awaitable[Sequence[bytes]]]
"""What the catalogue keeps of a key, oldest first."""


class UnknownExpert(Exception):
    """The catalogue has no such expert in this version."""


async def publish(bucket: KeyValue, experts: Iterable[Expert]) -> int:
    """Put what is new or changed; returns how many. An equal entry is left alone."""
    changed = 0
    for expert in experts:
        key, value = catalogue_key(expert.agent_id), encode_expert(expert)
        try:
            current = (await bucket.get(key)).value
        except KeyNotFoundError:
            current = None
        if current != value:
            await bucket.put(key, value)
            changed += 1
    logger.info("catalogue published", extra={"changed": changed})
    return changed


class Speakers:
    """Looks experts up and keeps what it found, also that there was none: `most` answers, the latest asked for.

    A version never changes, but an erased tenant's may be published anew, and one that was missed may come. So an
    answer is kept until the bucket announces a change of its key (its subjects are ordinary subjects, and an erasure
    leaves a marker there) or the connection was lost, which may have lost announcements.
    """

    def __init__(self, bucket: KeyValue, client: Client, versions: Versions, *, most: int) -> None:
        self._bucket = bucket
        self._versions = versions
        self._client = client
        self._most = most
        self._kept: OrderedDict[tuple[str, int], Expert | None] = OrderedDict()
        self._changes = 0
        self._connections = 0

    async def watch(self) -> None:
        """Hear of changes from now on, for as long as the connection lasts."""
        await self._client.subscribe(f"$KV.{BUCKET}.>", cb=self._announced)
        await self._client.flush()

    async def _announced(self, message: Msg) -> None:
        self._changes += 1
        changed = message.subject.removeprefix(f"$KV.{BUCKET}.")
        for known in [known for known in self._kept if known[0] == changed]:
            del self._kept[known]

    async def find(
        self, tenant_id: UUID, agent_id: str, version: int, *, shared: bool | None = None
    ) -> Speaker:
        """The persona: the global expert (`shared`) or the tenant's own. Raises UnknownExpert, LogUnavailable.

        None: the request does not say, as older ones; the tenant's own then comes first.
        """
        if built_in := BUILT_IN.get(agent_id):
            return built_in
        own, of_all = catalogue_key(agent_id, str(tenant_id)), catalogue_key(agent_id)
        for key in (own, of_all) if shared is None else (of_all,) if shared else (own,):
            expert = await self._look_up(key, version)
            if expert is not None:
                return speaker_of(expert)
        raise UnknownExpert(f"no expert {agent_id!r} in version {version}")

    async def _look_up(self, key: str, version: int) -> Expert | None:
        connections, changes = self._client.stats["reconnects"], self._changes
        if connections != self._connections:
            self._kept.clear()
            self._connections = connections
        if (key, version) in self._kept:
            self._kept.move_to_end((key, version))
            return self._kept[key, version]
        expert = await self._load(key, version)
        if changes == self._changes:
            self._kept[key, version] = expert
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return expert

    async def _load(self, key: str, version: int) -> Expert | None:
        with unavailable("the catalogue of experts"):
            try:
                entry = await self._bucket.get(key)
            except (KeyNotFoundError, InvalidKeyError):
                return None
        expert = _read(entry.value)
        if expert is not None and expert.version == version:
            return expert
        older = (_read(value) for value in reversed(await self._versions(key)))
        return next((e for e in older if e is not None and e.version == version), None)


def _read(value: bytes | None) -> Expert | None:
    """An entry that is no expert counts as absent, and is said."""
    if not value:
        return None
    try:
        return decode_expert(value)
    except ValidationError as error:
        logger.warning("unreadable catalogue entry: %s", error.error_count())
        return None
