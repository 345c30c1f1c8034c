"""Worked examples of the methods and metrics, each by hand or from its source."""

from __future__ import annotations

import math

import pytest

from askpanel.consensus.ballots import Answer, Ballots, Context, Option, PastVote, Space
from askpanel.consensus.fold import Rules, fold
from askpanel.consensus.methods import METHODS
from askpanel.consensus.methods.delphi import rate_item
from askpanel.consensus.methods.quantum import spectrum, vote_overlaps
from askpanel.consensus.methods.ranked import kendalls_w, midranks, tau_b
from askpanel.consensus.methods.reliability import dawid_skene, in_space, log_odds
from askpanel.consensus.metrics import correlation, measure, n_eff, vendor, wilson

CONTEXT = Context(threshold=0.7)
MODELS = ("openai:gpt-a", "openai:gpt-a", "anthropic:b", "google:c", "xai:d")
OPTIONS = tuple(Option(name, name.upper()) for name in "abcde")


def stances(*votes: tuple[str, float | None], models: tuple[str, ...] = MODELS) -> Ballots:
    answers = [
        Answer(f"r{i}", i, f"agent-{i}", f"Agent {i}", model=models[i % len(models)], stance=vote,
               confidence=confidence, position=f"view {i}")
        for i, (vote, confidence) in enumerate(votes)
    ]  # fmt: skip
    return fold(answers, Rules("stance"))


WORKED = stances(("support", 0.9), ("support", 0.8), ("support", 0.7), ("conditional", 0.6), ("oppose", 0.9))


@pytest.mark.parametrize(("method", "level"), [("majority", 0.70), ("weighted", 0.6923), ("quantum", 0.7018)])
def test_worked_example_has_the_level_computed_by_hand(method: str, level: float) -> None:
    verdict = METHODS[method](WORKED, CONTEXT)
    assert verdict.level == pytest.approx(level, abs=5e-5)
    assert verdict.leaders == ("support",)


def test_worked_example_has_the_metrics_computed_by_hand() -> None:
    measured = measure(WORKED, METHODS["majority"](WORKED, CONTEXT))
    assert measured.percent_agreement == pytest.approx(0.60)
    assert measured.entropy == pytest.approx(0.3145, abs=5e-5)
    assert measured.n_eff == pytest.approx(1.81, abs=0.005)
    assert measured.level_interval == pytest.approx((0.16, 0.97), abs=0.005)
    assert measured.majority_confidence == pytest.approx(0.75)
    assert measured.distinct_sources is None
    assert measured.flags == ()


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        (("a:1", "b:1", "c:1", "d:1", "e:1"), 1.92),
        (("a:1",), 1.19),
        (("a:1", "a:2", "a:3", "a:4", "a:5"), 1.47),
    ],
)
def test_effective_votes_of_five_experts(models: tuple[str, ...], expected: float) -> None:
    ballots = stances(*[("support", None)] * 5, models=models)
    assert n_eff(ballots.voters, [1.0] * len(ballots)) == pytest.approx(expected, abs=0.005)


def test_equal_correlation_gives_kishs_formula() -> None:
    ballots = stances(*[("support", None)] * 4, models=("m:x",))
    assert n_eff(ballots.voters, [1.0] * 4) == pytest.approx(4 / (1 + 3 * 0.8))


def test_a_human_is_independent_of_every_model() -> None:
    answers = [
        Answer("r1", 1, "a", "A", model="m:x", stance="support"),
        Answer("r2", 2, "human:u", "U", role="human", weight=2, stance="oppose"),
    ]
    one, two = fold(answers, Rules("stance")).voters
    assert correlation(one, two) == 0
    assert n_eff((one, two), (1.0, 1.0)) == 2.0


@pytest.mark.parametrize(
    ("model", "maker"),
    [("openai:gpt-5", "openai"), ("gpt-4o", "openai"), ("openrouter/anthropic/claude-4", "anthropic"),
     ("google:gemini-2", "google"), ("acme:thing", "acme"), ("scripted", "scripted"), ("Qwen2.5-Coder", "alibaba")],
)  # fmt: skip
def test_vendor_is_read_from_the_models_name(model: str, maker: str) -> None:
    assert vendor(model) == maker


def test_wilson_interval_of_unanimity_and_of_nobody() -> None:
    low, high = wilson(1.0, 5)
    assert low == pytest.approx(5 / (5 + 3.8415), abs=1e-4)
    assert high == 1.0
    assert wilson(0.0, 0) == (0.0, 1.0)


def test_missing_confidence_takes_the_median_of_the_stated_ones() -> None:
    ballots = stances(("support", 0.4), ("oppose", 0.8), ("oppose", None))
    assert METHODS["weighted"](ballots, CONTEXT).weights == pytest.approx((0.4, 0.8, 0.6))


@pytest.mark.parametrize("confidence", [None, 0.0])
def test_no_usable_confidence_makes_weighted_equal_to_majority(confidence: float | None) -> None:
    ballots = stances(("support", confidence), ("oppose", confidence), ("support", confidence))
    assert METHODS["weighted"](ballots, CONTEXT).level == pytest.approx(2 / 3)


def test_support_level_with_conditional_leads_as_conditional() -> None:
    ballots = stances(("support", None), ("conditional", None))
    verdict = METHODS["majority"](ballots, CONTEXT)
    assert verdict.leaders == ("conditional",)
    assert verdict.level == 0.75


def test_equal_shares_of_incompatible_positions_lead_together() -> None:
    ballots = stances(("support", None), ("oppose", None))
    assert METHODS["majority"](ballots, CONTEXT).leaders == ("oppose", "support")


# ranked


def test_kendalls_w_of_tied_ranks_as_in_the_design() -> None:
    names = "abcde"
    one = dict(zip(names, (4.5, 2.5, 1, 4.5, 2.5), strict=True))
    two = dict(zip(names, (2.5, 4, 5, 2.5, 1), strict=True))
    assert kendalls_w([one, two]) == pytest.approx(0.2297, abs=5e-5)


def test_kendalls_w_is_zero_for_reversed_and_one_for_equal_ballots() -> None:
    order = [("a",), ("b",), ("c",)]
    assert kendalls_w([midranks(order), midranks(order[::-1])]) == 0
    assert kendalls_w([midranks(order), midranks(order)]) == 1
    assert kendalls_w([midranks([("a", "b")]), midranks([("a", "b")])]) is None


def test_midranks_share_the_mean_of_the_places_taken() -> None:
    assert midranks([("b",), ("a", "c"), ("d",)]) == {"b": 1, "a": 2.5, "c": 2.5, "d": 4}


def test_tau_b_with_ties_by_hand() -> None:
    """Pairs ab ac bc: first a<b<c; second a<b=c. 2 concordant; sqrt(3 x 2)."""
    one = {"a": 1.0, "b": 2.0, "c": 3.0}
    two = {"a": 1.0, "b": 2.5, "c": 2.5}
    assert tau_b(one, two) == pytest.approx(2 / math.sqrt(6))
    assert tau_b({"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 2.0}) is None


def rankings(*orders: str) -> Ballots:
    options = tuple(Option(o, o) for o in "abc")
    answers = [
        Answer(
            f"r{i}",
            i,
            f"agent-{i}",
            f"Agent {i}",
            model=f"v{i}:m",
            ranking=tuple(tuple(p) for p in order.split(">")),
        )
        for i, order in enumerate(orders)
    ]
    return fold(answers, Rules("ranking", options))


def test_ranked_orders_by_borda_and_reports_w_beside_chance() -> None:
    verdict = METHODS["ranked"](rankings("a>b>c", "a>c>b", "b>a>c"), CONTEXT)
    assert verdict.leaders == ("a",)
    assert verdict.shares == pytest.approx({"a": (1 + 1 + 0.5) / 3, "b": 0.5, "c": 0.5 / 3})
    # Rank sums 4, 6, 8: (12 x 116 - 1296) / 216.
    assert verdict.level == verdict.extra["kendalls_w"] == pytest.approx(96 / 216)
    assert verdict.extra["w_above_chance"] == pytest.approx((3 * 96 / 216 - 1) / 2)


def test_unranked_options_share_the_last_place_and_the_level_is_tau_b() -> None:
    verdict = METHODS["ranked"](rankings("a", "a>b>c"), CONTEXT)
    assert verdict.extra["kendalls_w"] is None
    assert verdict.level == pytest.approx(2 / math.sqrt(6))
    assert verdict.shares == pytest.approx({"a": 1.0, "b": (0.25 + 0.5) / 2, "c": (0.25 + 0) / 2})


def test_a_fully_tied_ranking_abstains() -> None:
    ballots = rankings("abc", "a>b>c")
    assert len(ballots) == 1
    assert ballots.abstained[0].reason == "no order in the ranking"


def test_ranked_without_two_options_is_majority_and_says_so() -> None:
    verdict = METHODS["ranked"](WORKED, CONTEXT)
    assert verdict.method == "majority"
    assert verdict.notes


# delphi


def ratings(*values: int) -> Ballots:
    answers = [
        Answer(f"r{i}", i, f"agent-{i}", f"Agent {i}", model=f"v{i}:m", ratings=(value,))
        for i, value in enumerate(values)
    ]
    return fold(answers, Rules("ratings", items=(Option("x", "X"),)))


@pytest.mark.parametrize(
    ("values", "level", "capped"),
    [((7, 7, 7, 8, 2), 0.8, False), ((6, 6, 7, 7, 7), 1.0, False), ((1, 1, 5, 9, 9), 0.2, True)],
)
def test_delphi_levels_of_the_design(values: tuple[int, ...], level: float, capped: bool) -> None:
    verdict = METHODS["delphi"](ratings(*values), CONTEXT)
    assert verdict.level == pytest.approx(level)
    assert verdict.capped is capped


def test_ipras_values_of_the_protocol() -> None:
    wide = rate_item("x", (1, 1, 5, 9, 9))
    assert (wide.ipr, wide.ipras, wide.disagreement) == (pytest.approx(6.4), pytest.approx(2.35), True)
    three = rate_item("x", (1, 9, 9))
    assert (three.ipr, three.ipras, three.disagreement) == (pytest.approx(3.2), pytest.approx(5.95), False)
    assert three.quartiles == (5.0, 9.0)
    assert three.verdict == "undecided"


def test_delphi_verdict_needs_a_narrow_iqr_and_a_high_or_low_median() -> None:
    assert rate_item("x", (7, 7, 8, 8, 9)).verdict == "accepted"
    assert rate_item("x", (1, 2, 2, 3, 3)).verdict == "rejected"
    assert rate_item("x", (5, 5, 6)).verdict == "undecided"
    assert rate_item("x", ()).median is None


def test_delphi_stability_counts_only_seats_that_rated_twice() -> None:
    assert rate_item("x", (7, 7, 8), [(7, 7), (7, 8)]).stable is True
    assert rate_item("x", (7, 7, 8), [(3, 7), (3, 8)]).stable is False
    assert rate_item("x", (7, 7, 8)).stable is None
    assert rate_item("x", (7, 7, 8), [(7, 7), (7, 8)]).moved == 0.5


def test_delphi_without_ratings_is_the_plain_majority() -> None:
    assert METHODS["delphi"](WORKED, CONTEXT).method == "majority"


# quantum


def test_purity_with_one_hot_votes_is_the_herfindahl_index() -> None:
    ballots = stances(("support", None), ("support", None), ("oppose", None), ("neutral", None))
    values = spectrum([1.0] * 4, vote_overlaps(ballots))
    assert float((values**2).sum()) == pytest.approx(0.5**2 + 0.25**2 + 0.25**2)


def test_purity_is_the_weighted_mean_squared_cosine() -> None:
    ballots = stances(("support", 0.5), ("support", 1.0))
    cosine = ((1.0, 0.6), (0.6, 1.0))
    verdict = METHODS["quantum"](ballots, Context(threshold=0.7, cosine=cosine))
    p, q = 1 / 3, 2 / 3
    assert verdict.extra["purity"] == pytest.approx(p * p + q * q + 2 * p * q * 0.36)


def test_opposed_experts_are_orthogonal_whatever_their_words() -> None:
    ballots = stances(("support", None), ("oppose", None))
    verdict = METHODS["quantum"](ballots, Context(threshold=0.7, cosine=((1.0, 1.0), (1.0, 1.0))))
    assert verdict.level == pytest.approx(0.5)
    assert verdict.extra["purity"] == pytest.approx(0.5)
    assert verdict.extra["uncertainty"] == pytest.approx(math.log(2) / math.log(4))


def test_the_leading_side_agrees_for_the_same_or_for_other_reasons() -> None:
    ballots = stances(("support", None), ("support", None))
    same = METHODS["quantum"](ballots, Context(threshold=0.7, cosine=((1.0, 1.0), (1.0, 1.0))))
    other = METHODS["quantum"](ballots, Context(threshold=0.7, cosine=((1.0, 0.0), (0.0, 1.0))))
    assert same.extra["reasons"] == pytest.approx(1.0)
    assert other.extra["reasons"] == pytest.approx(0.0)


# reliability


def past(panels: int, *experts: str, wrong: dict[str, int]) -> tuple[PastVote, ...]:
    """Truth alternates; an expert with n in `wrong` errs on every n-th panel."""
    votes: list[PastVote] = []
    for number in range(panels):
        truth = "support" if number % 2 else "oppose"
        other = "oppose" if number % 2 else "support"
        for expert in experts:
            errs = expert in wrong and (number // 2) % wrong[expert] == 0
            votes.append(PastVote(f"p{number}", expert, other if errs else truth))
    return tuple(votes)


def test_dawid_skene_finds_the_unreliable_expert() -> None:
    history = past(60, "agent-0", "agent-1", "agent-2", "agent-3", wrong={"agent-3": 2})
    accuracy = dawid_skene(in_space(history, ("oppose", "support")), ("oppose", "support"))
    assert accuracy["agent-0"] > 0.95
    assert accuracy["agent-3"] == pytest.approx(0.5, abs=0.03)


def test_reliability_lets_two_proven_experts_outvote_three_poor_ones() -> None:
    names = [f"agent-{i}" for i in range(5)]
    history = past(80, *names, *("x", "y", "z"), wrong={"agent-2": 2, "agent-3": 3, "agent-4": 2})
    ballots = stances(
        ("support", None), ("support", None), ("oppose", None), ("oppose", None), ("oppose", None)
    )
    verdict = METHODS["reliability"](ballots, Context(threshold=0.7, history=history))
    assert verdict.method == "reliability"
    assert verdict.leaders == ("support",)
    assert METHODS["majority"](ballots, CONTEXT).leaders == ("oppose",)


def test_reliability_with_too_little_history_is_majority_and_says_so() -> None:
    verdict = METHODS["reliability"](WORKED, CONTEXT)
    assert verdict.method == "majority"
    assert "30 past panels" in verdict.notes[0]


def test_log_odds_are_clipped() -> None:
    assert log_odds(0.5, 2) == 0
    assert log_odds(0.2, 2) == 0
    assert log_odds(0.999, 2) == 3
    assert log_odds(0.8, 2) == pytest.approx(math.log(4))
    assert log_odds(0.25, 4) == 0


@pytest.mark.parametrize("method", sorted(METHODS))
@pytest.mark.parametrize("space", ["stance", "option", "ranking", "ratings", "points"])
def test_nobody_voted_has_a_value_in_every_method_and_space(method: str, space: Space) -> None:
    ballots = fold((), Rules(space, OPTIONS, OPTIONS))
    verdict = METHODS[method](ballots, CONTEXT)
    measured = measure(ballots, verdict)
    assert (verdict.level, verdict.leaders) == (0.0, ())
    assert (measured.percent_agreement, measured.entropy, measured.n_eff) == (0, 0, 0)
    assert measured.level_interval == (0, 1)
