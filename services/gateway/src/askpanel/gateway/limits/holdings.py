"""How many streams of one user each gateway process has open: the arithmetic. Pure."""

import json
from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

Holdings: TypeAlias = Mapping[str, int]
"""Open streams by process."""


def elsewhere(holdings: Holdings, me: str) -> int:
    """Streams that other processes have."""
    return sum(count for who, count in holdings.items() if who != me)


def without(holdings: Holdings, gone: Collection[str]) -> Holdings:
    """Without the streams of processes that are gone."""
    return {who: count for who, count in holdings.items() if who not in gone}


def with_mine(holdings: Holdings, me: str, count: int) -> Holdings:
    """With so many of this process."""
    return {**without(holdings, [me]), **({me: count} if count else {})}


def encode(holdings: Holdings) -> bytes:
    """As the bucket keeps it."""
    return json.dumps(dict(holdings)).encode()


def decode(value: bytes | None) -> Holdings:
    """As it was encoded; nothing for what is none."""
    try:
        fields: Any = json.loads(value or b"{}")
        return {str(who): int(count) for who, count in fields.items()}
    except (ValueError, TypeError, AttributeError):
        return {}
