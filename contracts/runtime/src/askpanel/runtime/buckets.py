"""What lies in a key-value bucket, many keys at once or a key's versions, read without a consumer.

Not by the client's watcher, nor what is made of it (`keys`, `history`): when the server has sent the values
before it is asked how many are left, the watcher says at first that there are none (nats-py 2.16), and whoever
stops reading there has an empty bucket.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from askpanel.runtime.direct import batches
from askpanel.runtime.replies import Replies

OPERATION, MARKER = "KV-Operation", "Nats-Marker-Reason"
GONE = ("DEL", "PURGE")


@dataclass(frozen=True, slots=True)
class Contents:
    """The newest value of each key, in the order in which they were written; `last`: the newest message read."""

    values: Mapping[str, bytes]
    last: int


async def contents(replies: Replies, bucket: str, keys: str = ">") -> Contents:
    """The keys that match, wildcards as in subjects. Raises LogUnavailable, also where there is none."""
    prefix, last = f"$KV.{bucket}.", 0
    values: dict[str, bytes] = {}
    async for subject, headers, body, sequence in batches(replies, f"KV_{bucket}", f"{prefix}{keys}"):
        last = sequence
        values.pop(key := subject.removeprefix(prefix), None)
        if not _gone(headers):
            values[key] = body
    return Contents(values, last)


async def versions(replies: Replies, bucket: str, key: str) -> Sequence[bytes]:
    """What the bucket keeps of a key, oldest first. Raises LogUnavailable, also where there is none."""
    found = batches(replies, f"KV_{bucket}", f"$KV.{bucket}.{key}")
    return [body async for _, headers, body, _ in found if not _gone(headers)]


def _gone(headers: Mapping[str, str]) -> bool:
    return headers.get(OPERATION) in GONE or MARKER in headers
