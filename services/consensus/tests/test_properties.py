"""Properties that hold for every panel (Hypothesis)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from askpanel.consensus.ballots import Answer, Forecast, Option, Point, Quantity, Seat
from askpanel.consensus.compute import Request, compute
from askpanel.consensus.keypoints.negation import contradicts
from askpanel.consensus.keypoints.normalise import normalise
from askpanel.consensus.methods import METHODS
from askpanel.consensus.result import Result, as_data

FRAGMENTS = (
    "File the request now", "Do not file the request now", "The price is too high", "The price is too low",
    "Recruit 200 patients", "Recruit 400 patients", "Wait for the audit", "Launch before the audit",
    "Launch after the audit", "The budget is too high for us", "Train the staff first", "Never share raw data",
)  # fmt: skip
MODELS = ("openai:gpt-a", "anthropic:b", "google:c")
STANCES = ("support", "oppose", "conditional", "neutral", "abstain")
OPTIONS = (Option("a", "Alpha"), Option("b", "Beta"), Option("c", "Gamma"))

points = st.lists(st.sampled_from(FRAGMENTS), max_size=3, unique=True)


forecasts = st.builds(
    Forecast, st.floats(allow_nan=True, allow_infinity=True), st.one_of(st.none(), st.floats(-1e9, 1e9))
)
QUANTITIES = (None, Quantity("days"), Quantity("EUR", 0, None), Quantity("%", 0, 100))


@st.composite
def panels(draw: st.DrawFn, stances: Sequence[str] = STANCES, least: int = 2) -> tuple[Answer, ...]:
    size = draw(st.integers(least, 6))
    return tuple(
        Answer(
            f"r{number}", number, f"agent-{number}", f"Expert {number}",
            model=draw(st.sampled_from(MODELS)),
            position=f"{draw(st.sampled_from(FRAGMENTS))}, says {number}",
            stance=draw(st.sampled_from(stances)),
            option=draw(st.sampled_from(["a", "b", "c", "z"])),
            key_points=tuple(Point(text) for text in draw(points)),
            conditions=tuple(Point(text) for text in draw(points)[:1]),
            ratings=tuple(draw(st.lists(st.one_of(st.none(), st.integers(0, 10)), min_size=3, max_size=3))),
            ranking=tuple((one,) for one in draw(st.permutations(["a", "b", "c"]))),
            forecast=draw(st.one_of(st.none(), forecasts)),
            confidence=draw(st.one_of(st.none(), st.sampled_from([0.0, 0.4, 0.6, 0.9, 1.0, 1.5]))),
        )
        for number in range(size)
    )  # fmt: skip


@st.composite
def requests(draw: st.DrawFn) -> Request:
    return Request(
        panel_type=draw(st.sampled_from(["structured", "open", "delphi"])),
        method=draw(st.sampled_from(sorted(METHODS))),
        threshold=draw(st.sampled_from([0.5, 0.7, 1.0])),
        round_number=1,
        answers=draw(panels()),
        options=draw(st.sampled_from([(), OPTIONS])),
        quantity=draw(st.sampled_from(QUANTITIES)),
    )


def ask(answers: Sequence[Answer], method: str = "majority", **more: Any) -> Result:
    return compute(Request("structured", method, 0.7, 1, tuple(answers), **more))


def as_bytes(result: Result) -> str:
    return json.dumps(as_data(result), sort_keys=True, allow_nan=False)


@given(requests(), st.randoms(use_true_random=False))
@settings(max_examples=35, deadline=None)
def test_any_order_of_its_parts_gives_the_same_bytes(request: Request, shuffle: Any) -> None:
    def mixed(values: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(shuffle.sample(list(values), len(values)))

    order: tuple[int, ...] = mixed(range(len(request.options)))
    answers = [
        replace(
            one,
            key_points=mixed(one.key_points),
            conditions=mixed(one.conditions),
            ratings=tuple(one.ratings[place] for place in order) if order else one.ratings,
        )
        for one in request.answers
    ]
    other = replace(request, answers=mixed(answers), options=tuple(request.options[place] for place in order))
    assert as_bytes(compute(request)) == as_bytes(compute(other))


@given(requests())
@settings(max_examples=35, deadline=None)
def test_renaming_agents_renames_and_changes_nothing_else(request: Request) -> None:
    renamed = tuple(
        replace(
            one,
            agent_id=one.agent_id.replace("agent", "seat"),
            agent_name=one.agent_name.replace("Expert", "Doctor"),
        )
        for one in request.answers
    )
    found = as_bytes(compute(replace(request, answers=renamed)))
    assert found.replace("seat-", "agent-").replace("Doctor", "Expert") == as_bytes(compute(request))


@given(requests())
@settings(max_examples=40, deadline=None)
def test_every_text_is_its_authors_and_every_supporter_made_the_point(request: Request) -> None:
    result = compute(request)
    said = {one.agent_id: {point.text for point in one.key_points} for one in request.answers}
    for point in result.agreement_points:
        assert set(point.supporters) == {quote.agent_id for quote in point.quotes}
        assert all(quote.text in said[quote.agent_id] for quote in point.quotes)
        texts = [quote.text for quote in point.quotes]
        assert not any(contradicts(one, two) for one, two in permutations(texts, 2))
    positions = {one.agent_id: one.position for one in request.answers}
    assert all(one.opinion == positions[one.agent_id] for one in result.dissenting_opinions)
    assert 0 <= result.consensus_level <= 1
    low, high = result.metrics.level_interval
    assert 0 <= low <= high <= 1


@given(panels(stances=("support", "oppose", "conditional", "neutral")))
@settings(max_examples=35, deadline=None)
def test_an_agreement_point_of_two_sides_is_in_words_of_both(answers: tuple[Answer, ...]) -> None:
    side = {"support": 1, "conditional": 1, "oppose": -1, "neutral": 0}
    stances = {one.agent_id: side[str(one.stance)] for one in answers}
    for point in ask(answers).agreement_points:
        words = {
            one: {normalise(quote.text) for quote in point.quotes if stances[quote.agent_id] == one}
            for one in (-1, 1)
        }
        assert words[1] & words[-1] or not (words[1] and words[-1])


@given(requests())
@settings(max_examples=40, deadline=None)
def test_the_sides_of_a_disagreement_have_names_of_their_own(request: Request) -> None:
    for point in compute(request).disagreement_points:
        assert len({side.position for side in point.sides}) == len(point.sides)


@given(panels(), st.sampled_from(sorted(METHODS)))
@settings(max_examples=35, deadline=None)
def test_an_exact_clone_changes_neither_level_nor_independence_nor_interval(
    answers: tuple[Answer, ...], method: str
) -> None:
    clone = replace(answers[0], response_id="clone", seat=99, agent_id="agent-9", agent_name="Clone")
    seats = tuple(Seat(n, f"agent-{n}", f"Expert {n}") for n in range(2))
    before, after = (ask(group, method, seats=seats) for group in (answers, (*answers, clone)))
    if before.band != "none":
        assert after.consensus_level == before.consensus_level
    assert after.metrics.n_eff == before.metrics.n_eff
    assert after.metrics.level_interval == before.metrics.level_interval


@given(
    st.sampled_from(["support", "oppose", "conditional"]),
    st.integers(2, 7),
    st.sampled_from(["majority", "weighted", "quantum"]),
)
@settings(max_examples=30, deadline=None)
def test_unanimity_is_level_one_without_dissent(stance: str, size: int, method: str) -> None:
    answers = [
        Answer(
            f"r{n}",
            n,
            f"agent-{n}",
            f"E{n}",
            model=f"m{n}",
            stance=stance,
            position=f"view {n}",
            confidence=0.1 * n + 0.1,
        )
        for n in range(size)
    ]
    result = ask(answers, method)
    assert (result.band, round(result.consensus_level, 9)) == ("unanimous", 1.0)
    assert result.metrics.entropy == 1.0
    assert result.dissenting_opinions == ()
    assert not any(point.is_vote for point in result.disagreement_points)


@given(panels(stances=("support", "oppose", "conditional", "neutral"), least=3), st.data())
@settings(max_examples=35, deadline=None)
def test_moving_to_the_leading_position_never_lowers_majority(
    answers: tuple[Answer, ...], data: st.DataObject
) -> None:
    answers = tuple(replace(one, model=f"m{number}") for number, one in enumerate(answers))
    before = ask(answers)
    leader = before.metrics.positions[0].position
    mover = data.draw(st.integers(0, len(answers) - 1))
    moved = [replace(one, stance=leader) if number == mover else one for number, one in enumerate(answers)]
    assert ask(moved).consensus_level >= before.consensus_level - 1e-9


@given(panels())
@settings(max_examples=40, deadline=None)
def test_an_unreadable_ballot_is_an_abstention_but_for_its_reason(answers: tuple[Answer, ...]) -> None:
    silent = as_data(ask([replace(answers[0], stance="abstain"), *answers[1:]]))
    broken = as_data(ask([replace(answers[0], unreadable="not JSON"), *answers[1:]]))
    for data in (silent, broken):
        for one in data["metrics"]["abstained"]:
            del one["reason"]
    assert silent == broken


@given(panels(), st.sampled_from(["moderator", "judge", "chair", "observer"]))
@settings(max_examples=40, deadline=None)
def test_a_moderator_judge_or_chair_changes_nothing(answers: tuple[Answer, ...], role: str) -> None:
    extra = replace(answers[0], agent_id="agent-8", response_id="x", role=role, stance="oppose")
    assert as_bytes(ask(answers)) == as_bytes(ask((*answers, extra)))


@given(panels(stances=("support", "oppose", "neutral")), st.sampled_from(["majority", "weighted", "quantum"]))
@settings(max_examples=40, deadline=None)
def test_swapping_support_and_oppose_mirrors_the_result(answers: tuple[Answer, ...], method: str) -> None:
    turned = {"support": "oppose", "oppose": "support", "neutral": "neutral"}
    before, after = (
        ask(answers, method),
        ask([replace(one, stance=turned[str(one.stance)]) for one in answers], method),
    )
    assert round(before.consensus_level, 9) == round(after.consensus_level, 9)
    assert before.band == after.band
    mirrored = {turned[one.position]: round(one.share, 9) for one in before.metrics.positions}
    assert mirrored == {one.position: round(one.share, 9) for one in after.metrics.positions}


@given(panels(), st.integers(7, 12))
@settings(max_examples=30, deadline=None)
def test_without_quorum_there_is_no_band_and_no_level(answers: tuple[Answer, ...], extra: int) -> None:
    seats = tuple(Seat(n, f"agent-{n}", f"Expert {n}") for n in range(len(answers) + extra))
    result = ask(answers, seats=seats)
    assert (result.band, result.consensus_level, result.agreement_points) == ("none", 0.0, ())


@given(panels(stances=("support", "oppose", "neutral")))
@settings(max_examples=40, deadline=None)
def test_equal_weights_and_exclusive_votes_make_three_methods_agree(answers: tuple[Answer, ...]) -> None:
    equal = [replace(one, confidence=None) for one in answers]
    results = [ask(equal, method) for method in ("majority", "weighted", "quantum")]
    assert len({round(one.consensus_level, 9) for one in results}) == 1
    assert len({one.band for one in results}) == 1


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_normalising_twice_is_normalising_once(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.sampled_from(FRAGMENTS), st.sampled_from(FRAGMENTS))
def test_the_guard_is_symmetric_and_never_parts_a_text_from_itself(first: str, second: str) -> None:
    assert contradicts(first, second) is contradicts(second, first)
    assert not contradicts(first, first)
