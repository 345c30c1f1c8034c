"""Who is who is hidden from the experts: labels, drawn orders, and names blanked from quoted texts.

Every draw is a sort by SHA-256 of the panel's id, the purpose of the draw and the thing drawn: fixed for
a panel, unrelated to seat order, the same on every machine.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from operator import itemgetter
from string import ascii_uppercase
from typing import TypeVar
from uuid import UUID

T = TypeVar("T")

BLANK = "[expert]"
"""Stands where a quoted text names an agent."""


def drawn(panel: UUID, draw: Iterable[object], things: Iterable[T]) -> tuple[T, ...]:
    """The things in an order drawn for this panel and this draw; equal things keep their order."""
    seed = ":".join([str(panel), *(str(part) for part in draw)])
    keyed = [
        (sha256(f"{seed}:{thing}".encode()).digest(), place, thing) for place, thing in enumerate(things)
    ]
    return tuple(thing for _, _, thing in sorted(keyed, key=itemgetter(0, 1)))


def letters(count: int) -> tuple[str, ...]:
    """A, B … Z, then AA, AB …: at most 702."""
    pairs = (first + second for first in ascii_uppercase for second in ascii_uppercase)
    return (
        (*ascii_uppercase, *pairs)[:count] if count > len(ascii_uppercase) else tuple(ascii_uppercase[:count])
    )


def labels(panel: UUID, seats: Sequence[int]) -> Mapping[int, str]:
    """One label per seat, "Response A" …, for the whole panel."""
    order = drawn(panel, ("labels",), seats)
    return {seat: f"Response {letter}" for seat, letter in zip(order, letters(len(order)), strict=True)}


class Blanking:
    """Replaces agent names and ids by `BLANK`: as whole words, in any case, longest first."""

    def __init__(self, names: Iterable[str]) -> None:
        known = sorted({name.strip() for name in names if name.strip()}, key=lambda name: (-len(name), name))
        words = "|".join(r"\s+".join(re.escape(word) for word in name.split()) for name in known)
        initials = re.escape("".join(sorted({name[0] for name in known})))
        pattern = rf"(?<!\w)(?=[{initials}])(?:{words})(?!\w)" if known else r"(?!)"
        self._pattern = re.compile(pattern, re.IGNORECASE)
        self._first_words = tuple({name.split()[0].casefold() for name in known})

    def __call__(self, text: str) -> str:
        """The text without the names."""
        folded = text.casefold()
        named = any(word in folded for word in self._first_words)
        return self._pattern.sub(BLANK, text) if named else text
