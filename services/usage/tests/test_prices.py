"""What an attempt costs: the tenant's price, the list's, nothing, or unknown."""

from decimal import Decimal
from uuid import uuid4

import pytest

from askpanel.contracts.events import ExpertFailed, ModelPrice, TokenUsage
from askpanel.usage.meter import Spending, budget, record
from askpanel.usage.prices import SNAPSHOT, price

USED = TokenUsage(input_tokens=1_000, output_tokens=333)
NOTHING = TokenUsage(input_tokens=0, output_tokens=0)
OWN = ModelPrice(model="openai:gpt-4o", input_usd=Decimal("0.000001"), output_usd=Decimal(3))


def test_the_tenants_own_price_comes_first_and_is_exact() -> None:
    own = price("openai:gpt-4o", USED, [OWN])
    listed = price("openai:gpt-4o", USED, [OWN.model_copy(update={"model": "openai:other"})])

    assert (own.cost_usd, own.source) == (Decimal("0.000999001"), "tenant")
    assert listed.source == SNAPSHOT
    assert listed.cost_usd is not None
    assert listed.cost_usd > 0


def test_a_free_model_has_a_price_where_one_was_agreed() -> None:
    agreed = [ModelPrice(model="scripted", input_usd=Decimal(1000), output_usd=Decimal(0))]
    assert (price("scripted", USED).cost_usd, price("local:any", USED).cost_usd) == (0, 0)
    assert price("scripted", USED, agreed).cost_usd == 1


@pytest.mark.parametrize(
    ("model", "usage"), [("openai:gpt-4o", None), ("nobody:knows-it", USED), ("compatible:mine", USED)]
)
def test_what_is_not_known_is_no_cost_at_all(model: str, usage: TokenUsage | None) -> None:
    assert price(model, usage).unpriced
    assert price("openai:gpt-4o", None, [OWN]).unpriced, "whose tokens nobody told"


@pytest.mark.parametrize("model", ["openai:gpt-4o", "nobody:knows-it", "compatible:mine"])
def test_a_call_that_was_never_made_costs_nothing(model: str) -> None:
    assert price(model, NOTHING).cost_usd == 0
    assert price("openai:gpt-4o", NOTHING, [OWN]).cost_usd == 0


def test_what_the_providers_cache_saved_is_not_charged() -> None:
    whole = TokenUsage(input_tokens=10_000, output_tokens=300)
    cached = whole.model_copy(update={"cache_read_tokens": 9_000})
    assert price("openai:gpt-5", whole).cost_usd == Decimal("0.0155")
    assert price("openai:gpt-5", cached).cost_usd == Decimal("0.005375")
    written = whole.model_copy(update={"cache_write_tokens": 9_000})
    assert price("anthropic:claude-haiku-4-5", written).cost_usd == Decimal("0.01375")
    assert price("openai:gpt-4o", cached, [OWN]) == price("openai:gpt-4o", whole, [OWN]), "agreed as it is"
    impossible = whole.model_copy(update={"cache_read_tokens": 10_001})
    assert price("openai:gpt-5", impossible).unpriced


def test_a_record_says_what_came_from_the_cache() -> None:
    failed = ExpertFailed(
        round_number=1, step="1", seat=0, purpose="opening", agent_id="a", agent_name="A",
        model="openai:gpt-5", attempt=1, reason="truncated", retryable=True, execution_time_ms=5,
        usage=TokenUsage(input_tokens=10_000, output_tokens=300, cache_read_tokens=9_000),
    )  # fmt: skip
    kept = record(failed, uuid4())
    assert (kept.input_tokens, kept.cache_read_tokens, kept.cache_write_tokens) == (10_000, 9_000, None)


def test_a_failed_attempt_is_recorded_at_the_agreed_price() -> None:
    failed = ExpertFailed(
        round_number=1, step="1", seat=0, purpose="synthesis", agent_id="chair", agent_name="Chair",
        role="chair", model="openai:gpt-4o", attempt=1, reason="truncated", retryable=False, usage=USED,
        execution_time_ms=5,
    )  # fmt: skip

    kept = record(failed, uuid4(), [OWN])

    assert (kept.purpose, kept.step_purpose, kept.cost_usd) == (
        "failed_attempt", "synthesis", Decimal("0.000999001"),
    )  # fmt: skip
    assert (kept.unpriced, kept.prices, kept.tokens_used) == (False, "tenant", 1_333)


def test_a_panel_is_stopped_once_and_at_its_limit() -> None:
    limit = Decimal("0.5")
    below = Spending(limit_usd=limit, spent_usd=Decimal("0.4999"), exceeded=False)
    reached = Spending(limit_usd=limit, spent_usd=limit, exceeded=False)

    assert budget(below) is None
    stop = budget(reached)
    assert stop is not None
    assert (stop.scope, stop.limit_usd, stop.spent_usd) == ("panel", limit, limit)
    assert budget(Spending(limit_usd=limit, spent_usd=limit, exceeded=True)) is None
    assert budget(Spending(limit_usd=None, spent_usd=limit, exceeded=False)) is None
