import pytest

from askpanel.contracts.answer import Answer
from askpanel.contracts.blocks import OwnAnswerBlock, PeerAnswerBlock
from askpanel.contracts.events import ConsensusRequested

from .simulator import begin, calculated, created, kinds, responded, shape


def test_two_rounds_and_no_agreement_is_ten_calls_and_max_rounds() -> None:
    panel = begin(created()).run()
    assert panel.ending.stop_reason == "max_rounds"
    assert len(panel.requests("1")) + len(panel.requests("2")) == 10
    assert [request.response_type for request in panel.requests("1")] == ["analysis"] * 5
    assert [request.response_type for request in panel.requests("2")] == ["statement"] * 5


def test_agreement_after_round_1_ends_the_panel() -> None:
    panel = begin(created()).run(count=lambda request: calculated(request, 0.7))
    assert (panel.ending.stop_reason, panel.ending.rounds) == ("threshold_reached", 1)


@pytest.mark.parametrize(
    "metrics",
    [
        {"majority_confidence": 0.49},
        {"distinct_sources": 1},
    ],
)
def test_quick_unanimity_that_may_be_one_shared_error_goes_on(metrics: dict[str, object]) -> None:
    panel = begin(created()).run(count=lambda request: calculated(request, 1.0, metrics=metrics))
    assert (panel.ending.stop_reason, panel.ending.rounds) == ("max_rounds", 2)


def test_the_guard_is_silent_where_nothing_is_stated() -> None:
    metrics = {"majority_confidence": None, "distinct_sources": None, "flags": ["few_independent"]}
    panel = begin(created()).run(count=lambda request: calculated(request, 1.0, metrics=metrics))
    assert panel.ending.stop_reason == "threshold_reached"


def test_one_round_is_experts_in_parallel_and_one_consensus() -> None:
    panel = begin(created(experts=3, configuration={"max_rounds": 1})).run()
    assert shape(panel.events)[-3:] == ["count 1", "consensus.calculated 1", "panel.completed max_rounds"]
    assert len(panel.of(ConsensusRequested)) == 1


def test_round_1_sees_the_question_only() -> None:
    panel = begin(created())
    assert {tuple(kinds(request)) for request in panel.requests("1")} == {("question",)}


def test_later_rounds_see_the_own_last_answer_and_every_peers_last_answer() -> None:
    panel = begin(created(experts=4, configuration={"max_rounds": 3})).run()
    for step in ("2", "3"):
        for request in panel.requests(step):
            assert kinds(request) == ["question", "own_answer", *["peer_answer"] * 3]
            own = next(b for b in request.context.blocks if isinstance(b, OwnAnswerBlock))
            before = str(int(step) - 1)
            assert own.text == f"Text of seat {request.seat}, step {before}."
            texts = {b.text for b in request.context.blocks if isinstance(b, PeerAnswerBlock)}
            assert texts == {
                f"Text of seat {seat}, step {before}." for seat in range(4) if seat != request.seat
            }


def test_a_peer_is_shown_with_words_and_vote_but_never_a_confidence() -> None:
    panel = begin(created(experts=3)).run(lambda request: responded(request, confidence=0.9))
    peer = next(b for b in panel.request("2", 0).context.blocks if isinstance(b, PeerAnswerBlock))
    assert peer.stance == "support"
    assert peer.position is not None
    assert len(peer.key_points) == 2
    assert "0.9" not in panel.request("2", 0).model_dump_json()
    assert not set(PeerAnswerBlock.model_fields) & (set(Answer.model_fields) - set(_SHOWN))


_SHOWN = ("position", "stance", "option", "key_points")


@pytest.mark.parametrize(
    ("agreeing", "voters", "threshold", "reached"),
    [(5, 6, 5 / 6, True), (4, 7, 4 / 7, True), (5, 6, 0.8334, False)],
)
def test_a_threshold_is_reached_by_as_many_as_it_names(
    agreeing: int, voters: int, threshold: float, reached: bool
) -> None:
    level = round(agreeing / voters, 4)  # as `consensus.calculated` has it
    panel = begin(created(experts=voters, configuration={"consensus_threshold": threshold}))
    panel.run(count=lambda request: calculated(request, level))
    assert (panel.ending.stop_reason == "threshold_reached") is reached
