from itertools import chain
from typing import TypeVar

import pytest

from askpanel.contracts.blocks import (
    DebateTextBlock,
    OpponentTextBlock,
    PropositionBlock,
    QuestionPutBlock,
)
from askpanel.contracts.events import (
    ConsensusRequested,
    ExpertRequested,
    ExpertResponded,
    RoundCompleted,
    RoundStarted,
    Seat,
)

from .simulator import Simulation, begin, calculated, created, failed, kinds, responded, shape

T = TypeVar("T")


def sides(panel: Simulation) -> dict[str, list[int]]:
    asked = panel.requests("2a")
    return {role: [r.seat for r in asked if r.role == role] for role in ("pro", "con", "neutral")}


def blocks(request: ExpertRequested, kind: type[T]) -> list[T]:
    return [block for block in request.context.blocks if isinstance(block, kind)]


def test_twenty_calls_with_the_right_types_and_two_counts() -> None:
    panel = begin(created("adversarial")).run()
    assert len(panel.of(ExpertRequested)) == 20
    assert panel.ending.stop_reason == "max_rounds"
    types = {(r.step, r.role): r.response_type for r in panel.of(ExpertRequested)}
    assert types == {
        ("1", "expert"): "analysis",
        ("2a", "pro"): "statement",
        ("2a", "con"): "statement",
        ("2a", "neutral"): "question",
        ("2b", "pro"): "rebuttal",
        ("2b", "con"): "rebuttal",
        ("2c", "expert"): "analysis",
        ("2d", "judge"): "analysis",
    }


@pytest.mark.parametrize(
    ("experts", "counts"), [(3, (1, 1, 1)), (4, (2, 2, 0)), (5, (2, 2, 1)), (8, (4, 4, 0)), (9, (4, 4, 1))]
)
def test_sides_are_always_equal_and_an_odd_seat_is_neutral(
    experts: int, counts: tuple[int, int, int]
) -> None:
    panel = begin(created("adversarial", experts)).run()
    assert tuple(len(seats) for seats in sides(panel).values()) == counts
    assert sorted(chain.from_iterable(sides(panel).values())) == list(range(experts))


def test_unanimity_ends_nothing() -> None:
    panel = begin(created("adversarial")).run(count=lambda request: calculated(request, 1.0))
    assert panel.ending.rounds == 2


def test_the_proposition_is_the_leading_position_of_round_1() -> None:
    stances = {0: "oppose", 1: "support", 2: "oppose", 3: "conditional", 4: "oppose"}
    panel = begin(created("adversarial")).run(lambda r: responded(r, stance=stances[r.seat % 5]))
    texts = {block.text for r in panel.requests("2a") for block in blocks(r, PropositionBlock)}
    assert len(texts) == 1
    assert texts <= {f"Position of seat {seat}" for seat in (0, 2, 4)}


def test_the_proposition_of_a_panel_with_options_is_the_leading_option() -> None:
    event = created("adversarial", 3, options=["a", "b"])
    panel = begin(event).run(lambda r: responded(r, option="a" if r.seat == 0 else "b"))
    assert blocks(panel.requests("2a")[0], PropositionBlock)[0].text == "Option b"


def test_a_speech_is_made_in_sight_of_the_proposition_and_the_answers_of_round_1() -> None:
    panel = begin(created("adversarial", 3)).run()
    expected = ["question", "proposition", "own_answer", "peer_answer", "peer_answer"]
    assert [kinds(request) for request in panel.requests("2a")] == [expected] * 3


def test_a_rebuttal_sees_the_other_sides_texts_and_the_question_to_its_side() -> None:
    panel = begin(created("adversarial")).run()
    drawn, questions = sides(panel), {"pro": "First", "con": "Second"}
    for request in panel.requests("2b"):
        other = drawn["con" if request.role == "pro" else "pro"]
        shown = {block.text for block in blocks(request, OpponentTextBlock)}
        assert shown == {f"Text of seat {seat}, step 2a." for seat in other}
        put = [block.text for block in blocks(request, QuestionPutBlock)]
        assert put == [f"{questions[request.role]} by {drawn['neutral'][0]}?"]


def test_a_rebuttal_names_the_texts_and_questions_it_answers() -> None:
    panel = begin(created("adversarial", configuration={"max_rounds": 3})).run()
    drawn = sides(panel)
    said = {response.response_id: response for response in panel.of(ExpertResponded)}
    for step, before in (("2b", "2a"), ("3b", "2b")):
        for request in panel.requests(step):
            other = drawn["con" if request.role == "pro" else "pro"]
            expected = {(before, seat) for seat in other}
            expected |= {("2a", drawn["neutral"][0])}  # it asks once; later rounds put it again
            told = [said[one.response_id] for one in request.answers]
            assert {(one.step, one.seat) for one in told} == expected
            assert [one.seat for one in request.answers] == [one.seat for one in told]
    for step in ("1", "2a", "2c", "2d"):
        assert all(request.answers == () for request in panel.requests(step))


def test_a_ballot_and_the_judge_see_all_texts_and_no_ballots() -> None:
    panel = begin(created("adversarial")).run()
    for request in [*panel.requests("2c"), *panel.requests("2d")]:
        texts = [block.text for block in blocks(request, DebateTextBlock)]
        assert len(texts) == len(set(texts)) == 5 + 4
        assert all(", step 2a." in text or ", step 2b." in text for text in texts)
    assert "own_answer" not in kinds(panel.requests("2d")[0])
    assert "peer_answer" not in kinds(panel.requests("2d")[0])


def test_own_words_in_the_debate_are_marked_as_own() -> None:
    panel = begin(created("adversarial", 4)).run()
    for request in panel.requests("2c"):
        own = {block.text for block in blocks(request, DebateTextBlock) if block.label == "Your answer"}
        assert own == {f"Text of seat {request.seat}, step {step}." for step in ("2a", "2b")}


def test_speeches_are_never_counted() -> None:
    panel = begin(created("adversarial", 3)).run()
    ballots = [responded(request).response_id for request in panel.requests("2c")]
    assert panel.of(ConsensusRequested)[1].responses == tuple(ballots)


def test_the_judge_speaks_after_the_ballots_are_closed() -> None:
    panel = begin(created("adversarial", 3))
    panel.run(lambda request: None if request.step == "2c" else responded(request))
    assert panel.requests("2d") == []
    assert shape(panel.give(*(responded(r) for r in panel.requests("2c")))) == ["ask 2d judge judgement 3"]


def test_a_judge_that_fails_degrades_the_result_and_nothing_else() -> None:
    panel = begin(created("adversarial", 3))
    panel.run(lambda request: failed(request) if request.role == "judge" else responded(request))
    assert panel.ending.degraded == ("The judge's part of round 2 is missing.",)


def test_a_given_judge_takes_the_built_in_ones_place() -> None:
    judge = Seat(agent_id="lawyer", name="Lawyer", role="judge")
    panel = begin(created("adversarial", 3, seats=[judge])).run()
    assert panel.requests("2d")[0].agent_id == "lawyer"
    assert panel.of(RoundCompleted)[1].answered == (0, 1, 2, 3)
    assert panel.of(RoundCompleted)[1].quorum.answered == 3


def test_a_seat_that_fails_its_speech_is_still_asked_for_its_ballot() -> None:
    panel = begin(created("adversarial"))
    loser = -1

    def speak(request: ExpertRequested):
        return failed(request) if request.step == "2a" and request.seat == loser else responded(request)

    loser = sides(begin(created("adversarial")).run())["pro"][0]
    panel.run(speak)
    assert loser in [request.seat for request in panel.requests("2c")]
    assert panel.ending.stop_reason == "max_rounds"


def test_when_a_whole_side_fails_the_neutral_seat_takes_it() -> None:
    for side in ("pro", "con"):
        panel = begin(created("adversarial"))
        panel.run(lambda r, side=side: failed(r) if r.step == "2a" and r.role == side else responded(r))
        again = panel.requests("2a-again")
        assert [(r.seat, r.role) for r in again] == [(sides(panel)["neutral"][0], side)]
        assert [r.seat for r in panel.requests("2b") if r.role == side] == [again[0].seat]
        assert panel.ending.stop_reason == "max_rounds"


def test_without_a_neutral_seat_a_one_sided_debate_misses_its_quorum() -> None:
    panel = begin(created("adversarial", 4))
    panel.run(lambda r: failed(r) if r.step == "2a" and r.role == "con" else responded(r))
    assert (panel.ending.reason, panel.ending.detail) == (
        "quorum_not_met",
        "The debate would be one-sided: nobody spoke con.",
    )
    assert panel.requests("2b") == []


def test_a_neutral_seat_that_fails_to_stand_in_leaves_the_debate_one_sided() -> None:
    panel = begin(created("adversarial"))
    panel.run(lambda r: failed(r) if r.role == "pro" and r.step in ("2a", "2a-again") else responded(r))
    assert panel.ending.reason == "quorum_not_met"
    panel = begin(created("adversarial"))
    panel.run(lambda r: failed(r) if r.step == "2a" else responded(r))
    assert "pro or con" in panel.ending.detail


def test_later_rounds_repeat_from_the_rebuttals_on_the_latest_texts() -> None:
    panel = begin(created("adversarial", configuration={"max_rounds": 3})).run()
    assert [r.purpose for r in panel.of(RoundStarted)] == ["opening", "rebuttal", "rebuttal"]
    assert panel.requests("3a") == []
    for request in panel.requests("3b"):
        assert all(", step 2b." in block.text for block in blocks(request, OpponentTextBlock))
    texts = {block.text[-4:] for block in blocks(panel.requests("3d")[0], DebateTextBlock)}
    assert texts == {" 2b.", " 3b."}
    assert len(panel.of(ConsensusRequested)) == 3


def test_a_speech_that_comes_after_the_rebuttals_began_is_not_shown() -> None:
    panel = begin(created("adversarial"))
    slow = sides(begin(created("adversarial")).run())["pro"][0]
    panel.run(lambda r: None if r.step == "2a" and r.seat == slow else responded(r))
    panel.fire("round-2-2a")
    late = responded(next(r for r in panel.requests("2a") if r.seat == slow))
    panel.give(late)
    panel.run()
    later = [r for step in ("2b", "2c", "2d") for r in panel.requests(step)]
    assert late.content not in "".join(r.model_dump_json() for r in later)
    assert panel.ending.stop_reason == "max_rounds"
