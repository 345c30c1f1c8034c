"""What an attempt costs: by the tenant's own prices, else from the list that genai-prices bundles.

Nothing is fetched. A price that is not known is said to be unknown: no cost at all, never zero and never a
guess.
"""

import importlib.metadata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from genai_prices import Usage, calc_price

from askpanel.contracts.events import ModelPrice, TokenUsage

SNAPSHOT = f"genai-prices {importlib.metadata.version('genai-prices')}"
FREE_PROVIDERS = frozenset({"local", "scripted"})
PROVIDER_IDS = {"openai-chat": "openai"}
TENANT = "tenant"


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
NO_TOKENS = TokenUsage(input_tokens=0, output_tokens=0)


def price(model: str, usage: TokenUsage | None, agreed: Iterable[ModelPrice] = ()) -> Price:
    """The price of one attempt on `model` (`<provider>:<name>`, or `scripted`), exact to the last digit.

    `agreed` are the tenant's own prices, which come first. Models that run here cost nothing, and nor does
    an attempt that is known to have used no token. Without reported usage, or with a model that no list
    knows, the price is unknown. The list has prices for what a provider's cache saved; the tenant's own have not, so
    there a token of the cache costs what any other does.
    """
    own = next((one for one in agreed if one.model == model), None)
    if own is not None:
        return _agreed(own, usage)
    provider, _, name = model.partition(":")
    if provider in FREE_PROVIDERS or usage == NO_TOKENS:
        return Price(Decimal(0), "free")
    if usage is None:
        return UNKNOWN
    try:
        calculated = calc_price(
            Usage(
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                cache_read_tokens=usage.cache_read_tokens,
                cache_write_tokens=usage.cache_write_tokens,
            ),
            model_ref=name,
            provider_id=PROVIDER_IDS.get(provider, provider),
        )
    except (LookupError, ValueError):  # no such model; counts that cannot be
        return UNKNOWN
    return Price(calculated.total_price, SNAPSHOT)


def _agreed(own: ModelPrice, usage: TokenUsage | None) -> Price:
    if usage is None:
        return UNKNOWN
    cost = own.input_usd * usage.input_tokens + own.output_usd * usage.output_tokens
    return Price(cost.scaleb(-6), TENANT)
