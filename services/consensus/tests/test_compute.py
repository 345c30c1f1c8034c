"""What one computation returns: bands, points, dissent, alternatives, quorum, shift."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from askpanel.consensus.ballots import Answer, InvalidRequest, Option, Point, Seat, UnknownMethod
from askpanel.consensus.compute import Request, Round, compute
from askpanel.consensus.result import Result, agreement_line, as_data, disagreement_line
from askpanel.contracts.events import PanelType

MODELS = ("openai:gpt-a", "anthropic:b", "google:c", "xai:d", "acme:e")


def answer(number: int, stance: str | None = "support", *points: str, **more: Any) -> Answer:
    fields: dict[str, Any] = {
        "position": f"Position of {number}", "model": MODELS[number % 5], "stance": stance,
        "key_points": tuple(Point(text) for text in points),
    }  # fmt: skip
    return Answer(f"r{number}", number, f"agent-{number}", f"Expert {number}", **(fields | more))


def ask(
    *answers: Answer, method: str = "majority", panel_type: PanelType = "structured", **more: Any
) -> Result:
    fields: dict[str, Any] = {"threshold": 0.7, "round_number": 1} | more
    return compute(Request(panel_type, method, answers=answers, **fields))


def test_three_of_five_is_a_moderate_majority_with_dissent_and_alternative() -> None:
    result = ask(
        *(answer(i, "support", "The market is ready.") for i in range(3)),
        answer(3, "oppose", "The trial is too small.", confidence=0.8),
        answer(4, "oppose", "Payers will refuse.", confidence=0.6),
    )
    assert (result.band, result.consensus_level) == ("moderate", 0.6)
    assert [point.text for point in result.agreement_points] == ["The market is ready."]
    assert result.agreement_points[0].supporters == ("agent-0", "agent-1", "agent-2")
    assert {quote.response_id for quote in result.agreement_points[0].quotes} == {"r0", "r1", "r2"}
    assert [(one.agent_id, one.opinion, one.reasoning) for one in result.dissenting_opinions] == [
        ("agent-3", "Position of 3", "The trial is too small."),
        ("agent-4", "Position of 4", "Payers will refuse."),
    ]
    assert result.disagreement_points[0].is_vote
    assert result.alternatives[0].position == "oppose"
    assert result.alternatives[0].confidence == pytest.approx((0.8 + 0.6) / 5)
    assert "Moderate consensus (3 of 5 voters)" in result.recommendation
    assert "Dissent: Expert 3, Expert 4." in result.recommendation


def test_file_and_do_not_file_give_no_agreement_point() -> None:
    result = ask(answer(0, "support", "File De Novo"), answer(1, "oppose", "Do not file De Novo"))
    assert result.agreement_points == ()
    assert result.band == "split"
    assert result.recommendation.startswith("No majority")
    assert len(result.alternatives) == 2
    contested = [point for point in result.disagreement_points if not point.is_vote]
    assert {side.position for side in contested[0].sides} == {"support", "oppose"}


def test_the_guard_parts_points_even_inside_one_side() -> None:
    result = ask(answer(0, "support", "File De Novo"), answer(1, "support", "Do not file De Novo"))
    assert result.agreement_points == ()
    assert result.band == "unanimous"
    (contest,) = result.disagreement_points
    assert {side.position for side in contest.sides} == {"File De Novo", "Do not file De Novo"}


def test_paraphrases_of_one_side_become_one_agreement_point() -> None:
    result = ask(
        answer(0, "support", "Small clinics will need training."),
        answer(1, "support", "Training will be needed in small clinics."),
        answer(2, "support", "The price is right."),
    )
    (point,) = result.agreement_points
    assert (point.n, point.supporters) == (2, ("agent-0", "agent-1"))


@pytest.mark.parametrize(
    ("votes", "band"),
    [
        (["support"] * 4, "unanimous"),
        (["support"] * 4 + ["oppose"], "strong"),
        (["support"] * 7 + ["oppose"] * 3, "moderate"),
        (["support"] * 2 + ["oppose", "neutral", "conditional"], "moderate"),
        (["support", "oppose"], "split"),
        (["support"] * 3 + ["abstain"], "strong"),
    ],
)
def test_bands(votes: list[str], band: str) -> None:
    assert ask(*(answer(i, vote) for i, vote in enumerate(votes))).band == band


def test_weak_is_a_leader_with_less_than_half() -> None:
    options = tuple(Option(o, o) for o in "abc")
    chosen = ["a", "a", "b", "c", "b", "a", "c"]
    result = ask(*(answer(i, None, option=o) for i, o in enumerate(chosen)), options=options)
    assert (result.band, round(result.consensus_level, 4)) == ("weak", 0.4286)


def test_without_quorum_there_is_no_level_no_band_and_no_recommendation() -> None:
    seats = tuple(Seat(i, f"agent-{i}", f"Expert {i}") for i in range(5))
    result = ask(answer(0), answer(1), seats=seats)
    assert (result.band, result.consensus_level) == ("none", 0.0)
    assert result.quorum.needed == 3
    assert "2 of 5 seats answered and 3 are needed" in result.recommendation
    assert result.metrics.voters == 2
    assert result.agreement_points == ()


def test_one_model_alone_is_no_quorum_when_the_seats_have_two() -> None:
    seats = tuple(Seat(i, f"agent-{i}", f"Expert {i}", model=m) for i, m in enumerate(("m:a", "m:a", "m:b")))
    alone = ask(answer(0, model="m:a"), answer(1, "oppose", model="m:a"), seats=seats)
    assert (alone.quorum.met, alone.quorum.models) == (False, 1)
    both = ask(answer(0, model="m:a"), answer(2, "oppose", model="m:b"), seats=seats)
    assert both.quorum.met


def test_carried_ballots_count_as_votes_but_not_for_quorum() -> None:
    seats = tuple(Seat(i, f"agent-{i}", f"Expert {i}") for i in range(5))
    result = ask(answer(0), answer(1), answer(2, carried=True), seats=seats)
    assert not result.quorum.met
    result = ask(answer(0), answer(1), answer(3), answer(2, carried=True), seats=seats)
    assert result.quorum.met
    assert result.metrics.voters == 4
    assert result.metrics.carried == ("agent-2",)
    assert result.degraded == ("carried from an earlier round: Expert 2",)
    assert result.recommendation.startswith("Degraded: carried")


def test_unreadable_ballots_and_unknown_options_abstain_with_their_reason() -> None:
    options = (Option("a", "A"), Option("b", "B"))
    result = ask(
        answer(0, None, option="a"),
        answer(1, None, option="a"),
        answer(2, None, option="z"),
        answer(3, None, option="b", unreadable="not the asked JSON"),
        options=options,
    )
    assert {one.agent_id: one.reason for one in result.metrics.abstained} == {
        "agent-2": "unknown option",
        "agent-3": "unreadable: not the asked JSON",
    }
    assert result.consensus_level == 1.0
    assert result.band == "strong"


@pytest.mark.parametrize("confidence", [1.2, -0.1, float("nan"), float("inf")])
def test_confidence_outside_the_range_is_unknown_and_never_clamped(confidence: float) -> None:
    result = ask(answer(0, confidence=confidence), answer(1))
    assert result.metrics.majority_confidence is None


def test_unknown_citations_are_dropped_and_counted() -> None:
    result = ask(
        answer(0, citations=("e1", "made-up")),
        answer(1, citations=("e1",)),
        evidence_ids=frozenset({"e1", "e2"}),
    )
    assert (result.metrics.unknown_citations, result.metrics.distinct_sources) == (1, 1)
    assert "shared_source" in result.metrics.flags


def test_the_only_piece_of_evidence_is_no_shared_source() -> None:
    answers = [answer(i, citations=("e1",)) for i in range(3)]
    alone = ask(*answers, evidence_ids=frozenset({"e1"})).metrics
    assert (alone.distinct_sources, "shared_source" in alone.flags) == (None, False)
    among_two = ask(*answers, evidence_ids=frozenset({"e1", "e2"})).metrics
    assert (among_two.distinct_sources, "shared_source" in among_two.flags) == (1, True)


def test_unanimity_with_low_confidence_on_one_model_is_flagged() -> None:
    result = ask(*(answer(i, confidence=0.3, model="m:x") for i in range(3)))
    assert result.metrics.flags == ("low_confidence_unanimity", "few_independent")


def test_moderators_judges_and_chairs_do_not_vote() -> None:
    plain = ask(answer(0), answer(1, "oppose"), answer(2))
    crowd = ask(
        answer(0), answer(1, "oppose"), answer(2), *(answer(i, "oppose", role=r) for i, r in ((7, "moderator"), (8, "judge"), (9, "chair")))
    )  # fmt: skip
    assert as_data(plain) == as_data(crowd)


def test_the_last_answer_of_a_seat_counts() -> None:
    result = ask(answer(0, "oppose", sequence=1), answer(0, "support", sequence=9), answer(1))
    assert result.band == "unanimous"


def test_enable_dissent_false_empties_dissenting_opinions_and_nothing_else() -> None:
    answers = (answer(0), answer(1), answer(2, "oppose"))
    with_dissent, without = ask(*answers), ask(*answers, enable_dissent=False)
    assert with_dissent.dissenting_opinions
    assert replace(with_dissent, dissenting_opinions=()) == without


def test_neutral_counts_in_the_denominator_and_is_no_dissent() -> None:
    result = ask(answer(0), answer(1), answer(2, "neutral"))
    assert result.consensus_level == pytest.approx(2 / 3)
    assert result.dissenting_opinions == ()


def test_conditions_of_the_leading_side_stand_in_the_recommendation() -> None:
    result = ask(answer(0), answer(1), answer(2, "conditional", conditions=(Point("Only after the audit."),)))
    assert "Conditions: “Only after the audit.”." in result.recommendation
    assert "2 of 3 voters, 1 more in part" in result.recommendation


def test_shift_reports_who_changed_and_towards_the_earlier_majority() -> None:
    before = (answer(0), answer(1), answer(2, "oppose"))
    now = (answer(0), answer(1), answer(2, "support", cause="Response A showed the price."))
    result = ask(*now, earlier=(Round(1, before),), round_number=2)
    shift = result.metrics.shift
    assert shift is not None
    assert shift.distance == pytest.approx(1 / 3)
    assert (shift.level_before, shift.level_now) == (pytest.approx(2 / 3), 1.0)
    assert shift.to_earlier_majority == 1
    assert as_data(result)["metrics"]["changed"] == [
        {"agent_id": "agent-2", "from": "oppose", "to": "support", "cause": "Response A showed the price."}
    ]


def test_open_panel_counts_points_of_all_rounds_and_reports_novelty() -> None:
    first = Round(1, (
        answer(0, None, "Lower the price."),
        answer(1, None, "Lower the price for everyone."),
        answer(2, None, "Hire more nurses."),
    ))  # fmt: skip
    now = (
        replace(answer(0, None, "Train the staff."), response_id="n0", sequence=5),
        replace(answer(2, None, "Lower the price."), response_id="n2", sequence=6),
    )
    result = ask(*now, earlier=(first,), panel_type="open", threshold=0.6, round_number=2)
    assert result.consensus_level == 1.0
    assert result.agreement_points[0].n == 3
    assert {quote.response_id for quote in result.agreement_points[0].quotes} == {"r0", "r1", "n2"}
    assert result.metrics.novelty == 0.5
    assert result.recommendation.startswith("Unanimous on themes")


def test_delphi_reports_items_minority_and_stability() -> None:
    options = (Option("x", "Ship in May"),)
    before = Round(1, tuple(answer(i, None, ratings=(r,)) for i, r in enumerate((7, 7, 7, 8, 3))))
    result = ask(
        *(answer(i, None, ratings=(r,)) for i, r in enumerate((7, 7, 7, 8, 2))),
        method="delphi", panel_type="delphi", options=options, earlier=(before,), round_number=2,
    )  # fmt: skip
    assert (result.consensus_level, result.band) == (0.8, "strong")
    assert [one.agent_id for one in result.dissenting_opinions] == ["agent-4"]
    assert result.metrics.items[0].stable is True
    assert result.metrics.items[0].verdict == "accepted"
    assert "Accepted: “Ship in May” (median 7)." in result.recommendation


def test_delphi_disagreement_caps_the_band_at_weak() -> None:
    result = ask(
        *(answer(i, None, ratings=(r,)) for i, r in enumerate((1, 1, 5, 9, 9))),
        method="delphi", panel_type="delphi", options=(Option("x", "Ship in May"),),
    )  # fmt: skip
    assert (result.consensus_level, result.band) == (0.2, "weak")
    assert [side.position for side in result.disagreement_points[0].sides] == ["7-9", "4-6", "1-3"]


def test_ranked_dissent_is_the_leader_in_the_lower_half() -> None:
    options = tuple(Option(o, o.upper()) for o in "abc")
    orders = ("abc", "acb", "cba")
    result = ask(
        *(answer(i, None, ranking=tuple((o,) for o in order)) for i, order in enumerate(orders)),
        method="ranked", options=options,
    )  # fmt: skip
    assert result.metrics.positions[0].position == "a"
    assert [one.agent_id for one in result.dissenting_opinions] == ["agent-2"]


def test_the_matrix_shows_each_expert_on_each_aspect_in_their_words() -> None:
    result = ask(
        answer(0, "support", "The trial is large enough."),
        answer(1, "oppose", "The trial is not large enough."),
        answer(2, "conditional", "The trial is large enough.", conditions=(Point("Add a site."),)),
    )
    vote, point = result.matrix
    assert [cell.view for cell in vote.cells] == ["support", "oppose", "qualified"]
    assert [cell.view for cell in point.cells] == ["support", "oppose", "qualified"]
    assert point.cells[1].quotes[0].text == "The trial is not large enough."


def test_embeddings_wanted_but_absent_are_said() -> None:
    result = ask(answer(0), answer(1), embeddings=True)
    assert result.metrics.backend == "tfidf"
    assert "embeddings are not available" in result.degraded[0]


def test_contradictory_requests_are_refused_by_name() -> None:
    with pytest.raises(UnknownMethod, match="unknown method 'dice'"):
        ask(answer(0), method="dice")
    with pytest.raises(InvalidRequest, match="threshold"):
        ask(answer(0), threshold=1.5)
    with pytest.raises(InvalidRequest, match="option ids"):
        ask(answer(0), options=(Option("a", "A"), Option("a", "B")))


def test_the_json_form_is_finite_rounded_and_serialisable() -> None:
    data = as_data(ask(answer(0), answer(1), answer(2, "oppose"), method="quantum", dimensions=("risk",)))
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert data["consensus_level"] == 0.6667
    assert data["metrics"]["method"]["dimensions"][0]["coverage"] == 0
    assert data["disagreement_points"][0]["sides"] == {
        "support": ["agent-0", "agent-1"],
        "oppose": ["agent-2"],
    }


def test_points_have_a_one_line_form_for_readers_of_strings() -> None:
    result = ask(answer(0, "support", "Buy."), answer(1, "support", "Buy."), answer(2, "oppose", "Wait."))
    assert agreement_line(result.agreement_points[0]) == "Buy. (2 voters)"
    assert disagreement_line(result.disagreement_points[0]) == "Position of 0 (support: 2; oppose: 1)"


def test_a_stance_of_abstain_takes_back_no_rating_option_or_point() -> None:
    options = (Option("x", "Ship in May"), Option("y", "Wait"))
    rated = ask(
        *(answer(i, "abstain", ratings=(7, 3)) for i in range(3)),
        method="delphi", panel_type="delphi", options=options,
    )  # fmt: skip
    assert (rated.band, rated.metrics.abstained) == ("unanimous", ())
    assert ask(*(answer(i, "abstain", option="x") for i in range(3)), options=options).band == "unanimous"
    opened = ask(*(answer(i, "abstain", "Lower the price.") for i in range(3)), panel_type="open")
    assert opened.band == "unanimous"


def test_novelty_leaves_out_answers_of_earlier_rounds_that_count_on() -> None:
    first = tuple(answer(i, None, "Lower the price.") for i in range(3))
    second = replace(answer(0, None, "Train the staff."), response_id="n0", sequence=5)
    result = ask(*first, second, earlier=(Round(1, first),), panel_type="open", round_number=2)
    assert result.metrics.novelty == 1.0
