"""Chance that can be replayed and taken back one fault at a time. Pure.

Each draw is a hash of seed, site and how often that site was asked before, so it does not depend on what
happens elsewhere: leaving one fault out changes no other draw. That is what makes a schedule shrink.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Dice:
    """The draws of one schedule. With `only`, no other fault than these strikes.

    `unrest` scales the rate of every fault; 0 is a calm world. `struck` lists the faults that happened.
    """

    seed: int
    unrest: float = 0.0
    only: frozenset[str] | None = None
    struck: list[str] = field(default_factory=list[str])
    _asked: Counter[str] = field(default_factory=Counter[str])

    def unit(self, site: str) -> float:
        """A number in [0, 1)."""
        return self._draw(site, self._count(site))

    def between(self, site: str, least: float, most: float) -> float:
        """A number in [least, most)."""
        return least + (most - least) * self.unit(site)

    def choice(self, site: str, options: Sequence[T]) -> T:
        """One of the options."""
        return options[int(self.unit(site) * len(options))]

    def strikes(self, kind: str, site: str, rate: float) -> bool:
        """Whether this fault happens here, this time."""
        if self.unrest == 0:
            return False
        place = f"{kind} {site}"
        number = self._count(place)
        if self._draw(place, number) >= rate * self.unrest:
            return False
        name = f"{place} #{number}"
        if self.only is not None and name not in self.only:
            return False
        self.struck.append(name)
        return True

    def _count(self, site: str) -> int:
        number = self._asked[site]
        self._asked[site] += 1
        return number

    def _draw(self, site: str, number: int) -> float:
        name = f"{self.seed}\x1f{site}\x1f{number}".encode()
        return int.from_bytes(hashlib.blake2b(name, digest_size=7).digest(), "big") / 2**56
