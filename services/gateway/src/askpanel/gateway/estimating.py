"""What a panel will about cost, told before it runs. Pure.

Its calls follow from its protocol. What a call costs is taken from what the tenant's calls of this month have
cost on average; without any, from what a usual panel costs, which is half of the protocol's default limit
(protocols.md, section 8).
"""

from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from typing import Literal

from askpanel.contracts.configuration import PROTOCOLS
from askpanel.contracts.events import PanelType
from askpanel.gateway.readmodel.views import QuotaView

CENTI_CENT = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Estimate:
    """Calls when nobody fails and nothing ends early, and their cost in USD; `basis` says what it rests on."""

    calls: int
    cost_usd: Decimal
    basis: Literal["this_month", "usual"]


def planned_calls(panel_type: PanelType, seats: int, rounds: int, *, chair: bool = False) -> int:
    """Model calls of a panel that goes through all its rounds, each answered at the first attempt."""
    if panel_type == "adversarial" and rounds > 1:
        # The debate opens with speeches; then, in each round: rebuttals of the two equal sides, ballots, the judge.
        return seats + seats + (rounds - 1) * (2 * seats - seats % 2 + 1) + chair
    return seats * rounds + chair


def estimate(panel_type: PanelType, calls: int, quota: QuotaView) -> Estimate:
    """The cost of so many calls, rounded up to a hundredth of a cent."""
    protocol = PROTOCOLS[panel_type]
    if quota.costed_calls_this_month:
        each = quota.spent_usd_this_month / quota.costed_calls_this_month
        basis: Literal["this_month", "usual"] = "this_month"
    else:
        each, basis = Decimal(protocol.max_cost_usd) / 2 / protocol.model_calls, "usual"
    return Estimate(calls, (each * calls).quantize(CENTI_CENT, ROUND_UP), basis)
