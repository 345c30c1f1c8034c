"""What an attempt costs, from the price list that genai-prices bundles; nothing is fetched.

A price that is not known is said to be unknown: no cost at all, never zero and never a guess.
"""

import importlib.metadata
from dataclasses import dataclass
from decimal import Decimal

from genai_prices import Usage, calc_price

from askpanel.contracts.events import TokenUsage

SNAPSHOT = f"genai-prices {importlib.metadata.version('genai-prices')}"
FREE_PROVIDERS = frozenset({"local", "scripted"})
PROVIDER_IDS = {"openai-chat": "openai"}


@dataclass(frozen=True, slots=True)
class Price:
    """Cost in USD, or None when no price is known; `source` names the price list used."""

    cost_usd: Decimal | None
    source: str

    @property
    def unpriced(self) -> bool:
        """No price is known for what was used."""
        return self.cost_usd is None


UNKNOWN = Price(None, "")


def price(model: str, usage: TokenUsage | None) -> Price:
    """The price of one attempt on `model` (`<provider>:<name>`, or `scripted`).

    Models that run here cost nothing. Without reported usage, or with a model the list does not know,
    the price is unknown.
    """
    provider, _, name = model.partition(":")
    if provider in FREE_PROVIDERS:
        return Price(Decimal(0), "free")
    if usage is None:
        return UNKNOWN
    try:
        calculated = calc_price(
            Usage(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens),
            model_ref=name,
            provider_id=PROVIDER_IDS.get(provider, provider),
        )
    except LookupError:
        return UNKNOWN
    return Price(calculated.total_price, SNAPSHOT)
