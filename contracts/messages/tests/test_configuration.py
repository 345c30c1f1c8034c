from decimal import Decimal
from typing import Any

import pytest

from askpanel.contracts.configuration import (
    PANEL_TYPES,
    PROTOCOLS,
    Problem,
    default_experts,
    describe,
    effective,
    read,
)
from askpanel.contracts.events import PanelType


def experts(panel_type: PanelType) -> list[str]:
    return [f"expert-{n}" for n in range(PROTOCOLS[panel_type].experts)]


def accepted(panel_type: PanelType, configuration: dict[str, Any], **tenant: Any) -> dict[str, Any]:
    result = effective(panel_type, configuration, experts(panel_type), **tenant)
    assert isinstance(result, dict), result
    return result


def refused(panel_type: PanelType, configuration: dict[str, Any], **tenant: Any) -> list[str]:
    result = effective(panel_type, configuration, experts(panel_type), **tenant)
    assert isinstance(result, tuple)
    return [problem.pointer for problem in result]


@pytest.mark.parametrize("panel_type", PANEL_TYPES)
def test_saying_nothing_takes_every_default_and_taking_it_again_changes_nothing(
    panel_type: PanelType,
) -> None:
    limits, first = PROTOCOLS[panel_type], accepted(panel_type, {})
    assert first["max_rounds"] == limits.rounds
    assert first["consensus_threshold"] == limits.threshold
    assert first["time_limit_minutes"] == limits.time_limit
    assert first["max_cost_usd"] == limits.max_cost_usd
    assert first["method"] == limits.methods[0]
    assert accepted(panel_type, first) == first
    assert read(panel_type, first).max_cost_usd == Decimal(limits.max_cost_usd)


@pytest.mark.parametrize(
    ("panel_type", "key", "values"),
    [
        ("structured", "max_rounds", [0, 6, 1.5, "2", True, None]),
        ("socratic", "max_rounds", [1, 2, 4]),
        ("delphi", "max_rounds", [1, 6]),
        ("open", "consensus_threshold", [0.49, 1.01, "0.7", True, float("nan")]),
        ("open", "time_limit_minutes", [0, 61, "15"]),
        ("open", "max_cost_usd", ["0", "0.001", "100.01", "NaN", "x", 1, ""]),
        (
            "open",
            "max_cost_usd",
            ["0.5" + "0" * 20_000, "0.1234567", "1" + " " * 20, "0" * 20 + "1", "1e-999999999"],
        ),
        ("delphi", "method", ["majority"]),
        ("hybrid", "method", ["majority", "delphi"]),
        ("structured", "method", ["none", "delphi", 1, ["majority"]]),
        ("structured", "attempt_limit", [0, 4, 2.5]),
        ("structured", "custom_prompt", ["x" * 2001, 1, "  "]),
        ("structured", "enable_dissent", ["yes", 1, None]),
        ("structured", "dimensions", ["cost", [1], ["cost", "Cost"], ["x"] * 11, [""]]),
        ("structured", "moderator_agent", ["someone"]),
        ("structured", "human_deadline_minutes", [60]),
        ("structured", "quantity", [{"unit": "days"}]),
        ("hybrid", "human_deadline_minutes", [4, 10081]),
        ("delphi", "quantity", ["days", {}, {"unit": ""}, {"unit": "d", "minimum": 2, "maximum": 1}]),
        ("delphi", "quantity", [{"unit": "d", "minimum": "-1e308"}, {"unit": "d", "maximum": True}]),
    ],
)
def test_values_out_of_range_are_refused_with_a_pointer(
    panel_type: PanelType, key: str, values: list[Any]
) -> None:
    for value in values:
        assert refused(panel_type, {key: value}) == [f"/configuration/{key}"], value


def test_every_problem_is_reported_at_once() -> None:
    pointers = refused("structured", {"max_rounds": 9, "consensus_threshold": 2, "moderator_agent": "x"})
    assert sorted(pointers) == [
        "/configuration/consensus_threshold",
        "/configuration/max_rounds",
        "/configuration/moderator_agent",
    ]


def test_min_consensus_is_read_as_the_threshold_and_unknown_keys_are_kept() -> None:
    result = accepted("open", {"min_consensus": 0.9, "colour": "blue"})
    assert result["consensus_threshold"] == 0.9
    assert result["colour"] == "blue"
    assert "min_consensus" not in result
    assert accepted("open", {"min_consensus": 0.9, "consensus_threshold": 0.8})["consensus_threshold"] == 0.8


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("max_cost", "max_cost_usd"),
        ("max_round", "max_rounds"),
        ("maxRounds", "max_rounds"),
        ("threshold", "consensus_threshold"),
        ("Method", "method"),
    ],
)
def test_a_key_that_reads_like_one_of_ours_is_asked_about(key: str, meant: str) -> None:
    """Ignored, it would be a limit that its sender believes in."""
    (problem,) = effective("open", {key: 1}, ["a", "b", "c"])
    assert problem == Problem(f"/configuration/{key}", f"is no key of open panels; did you mean {meant}?")


@pytest.mark.parametrize("key", ["colour", "a", "x", "enable_consensus", "ticket", "max_tokens", "model", ""])
def test_a_key_of_its_senders_own_is_kept(key: str) -> None:
    assert accepted("open", {key: 1})[key] == 1


def test_seats_are_counted_and_may_be_taken_once() -> None:
    assert effective("socratic", {}, ["a", "b"]) == (
        Problem("/agents", "socratic panels have 3 to 6 experts, not 2"),
    )
    assert effective("delphi", {}, ["a", "b", "a"]) == (Problem("/agents/2", "a has a seat already"),)
    assert effective("open", {}, list("abcdef"), most_experts=5) == (
        Problem("/agents", "open panels have 3 to 5 experts, not 6"),
    )


def test_a_tenant_that_may_have_too_few_experts_for_a_type_is_told_so() -> None:
    assert effective("open", {}, list("abc"), most_experts=2) == (
        Problem("/panel_type", "open panels need 3 experts, and this tenant may have 2"),
    )


def test_a_moderator_must_not_be_an_expert_of_the_panel() -> None:
    assert refused("socratic", {"moderator_agent": "expert-1"}) == ["/configuration/moderator_agent"]
    assert accepted("socratic", {"moderator_agent": "someone-else"})["moderator_agent"] == "someone-else"
    assert accepted("structured", {"moderator_agent": None})["method"] == "majority"


def test_a_tenant_without_consensus_gets_one_round_and_nothing_counted() -> None:
    result = accepted("delphi", {"max_rounds": 5, "method": "delphi"}, consensus=False)
    assert (result["method"], result["max_rounds"]) == ("none", 1)
    assert read("delphi", result).max_rounds == 1


def test_the_cost_limit_is_never_above_what_the_tenant_has_left() -> None:
    assert accepted("open", {"max_cost_usd": "5"}, budget_left=Decimal("0.50"))["max_cost_usd"] == "0.50"
    assert accepted("open", {"max_cost_usd": "0.10"}, budget_left=Decimal("0.50"))["max_cost_usd"] == "0.10"


def test_what_the_tenant_has_left_is_rounded_down_to_what_may_be_asked_for() -> None:
    left = accepted("open", {}, budget_left=Decimal("0.123456789012345678"))
    assert left["max_cost_usd"] == "0.123456"
    assert accepted("open", left)["max_cost_usd"] == "0.123456"


def test_a_frozen_limit_is_read_with_all_its_decimals() -> None:
    assert read("open", {"max_cost_usd": "0.123456789012"}).max_cost_usd == Decimal("0.123456789012")


def test_ranking_needs_options() -> None:
    assert refused("structured", {"method": "ranked"}) == ["/configuration/method"]
    assert accepted("structured", {"method": "ranked"}, options=3)["rank_options"] is True


def test_a_forecast_is_read_with_its_unit_and_has_no_options() -> None:
    wanted = {"quantity": {"unit": "days", "minimum": 0}}
    quantity = read("delphi", accepted("delphi", wanted)).quantity
    assert quantity is not None
    assert (quantity.unit, quantity.minimum, quantity.maximum) == ("days", 0, None)
    assert refused("delphi", wanted, options=2) == ["/configuration/quantity"]


def test_reading_is_total() -> None:
    configuration = read("socratic", {"max_rounds": "many", "min_consensus": 0.8})
    assert (configuration.max_rounds, configuration.consensus_threshold) == (3, 0.8)


def test_a_default_above_the_tenants_limit_is_lowered_but_never_below_the_protocols_need() -> None:
    assert default_experts("structured", 4) == 4
    assert default_experts("socratic", 2) == 3
    assert describe("structured", 4)["experts"] == {"default": 4, "min": 3, "max": 4}
