"""The consensus methods behind one protocol.

A method is pure: frozen values in, frozen values out; no clock, no randomness. It decides level,
leading position and weights. Everything else is shared code that runs after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from askpanel.consensus.ballots import Ballots, Context, Verdict
from askpanel.consensus.methods.delphi import delphi
from askpanel.consensus.methods.majority import majority
from askpanel.consensus.methods.quantum import quantum
from askpanel.consensus.methods.ranked import ranked
from askpanel.consensus.methods.reliability import reliability
from askpanel.consensus.methods.weighted import weighted


class Method(Protocol):
    """Ballots and context in, a verdict out. Total: every edge (nobody voted, one voter, ties) has a value."""

    def __call__(self, ballots: Ballots, context: Context) -> Verdict: ...


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "majority": majority,
        "weighted": weighted,
        "ranked": ranked,
        "delphi": delphi,
        "quantum": quantum,
        "reliability": reliability,
    }
)
