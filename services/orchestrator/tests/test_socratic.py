from askpanel.contracts.blocks import PeerAnswerBlock, QuestionPutBlock
from askpanel.contracts.events import (
    ConsensusRequested,
    ExpertRequested,
    ExpertResponded,
    RoundCompleted,
    RoundStarted,
    Seat,
)

from .simulator import Simulation, begin, calculated, created, failed, kinds, responded, shape

MODERATOR = Seat(agent_id="chair-person", name="Madam Moderator", role="moderator")


def put(request: ExpertRequested) -> list[str]:
    return [block.text for block in request.context.blocks if isinstance(block, QuestionPutBlock)]


def asked_about(panel: Simulation, request: ExpertRequested) -> int:
    """Whose answer the request is about."""
    block = next(b for b in request.context.blocks if isinstance(b, PeerAnswerBlock) and b.asked_about)
    return int(block.text.removeprefix("Text of seat ").split(",")[0])


def test_nine_calls_in_three_rounds_with_a_consensus_after_the_first_and_third() -> None:
    panel = begin(created("socratic")).run()
    assert len(panel.of(ExpertRequested)) == 9
    assert [request.round_number for request in panel.of(ConsensusRequested)] == [1, 3]
    types = [panel.requests(step)[0].response_type for step in "123"]
    assert types == ["analysis", "question", "statement"]


def test_unanimity_after_round_1_never_ends_it_but_after_round_3_it_does() -> None:
    event = created("socratic", configuration={"max_rounds": 5})
    panel = begin(event).run(count=lambda request: calculated(request, 1.0))
    assert (panel.ending.stop_reason, panel.ending.rounds) == ("threshold_reached", 3)


def test_each_seat_asks_one_other_in_a_circle_that_moves_on() -> None:
    panel = begin(created("socratic", 5, configuration={"max_rounds": 5})).run()
    pairs: dict[str, dict[int, int]] = {}
    for step in ("2", "4"):
        asks = {request.seat: asked_about(panel, request) for request in panel.requests(step)}
        assert sorted(asks) == sorted(asks.values()) == [0, 1, 2, 3, 4]
        assert all(asker != target for asker, target in asks.items())
        pairs[step] = asks
    assert all(pairs["4"][seat] == pairs["2"][pairs["2"][seat]] for seat in range(5))


def test_two_seats_ask_each_other_in_every_round() -> None:
    panel = begin(created("socratic", 3, configuration={"max_rounds": 5}))
    panel.run(lambda request: failed(request) if request.seat == 2 else responded(request))
    for step in ("2", "4"):
        assert [asked_about(panel, request) for request in panel.requests(step)] == [1, 0]


def test_who_asks_sees_that_one_answer() -> None:
    panel = begin(created("socratic")).run()
    assert {tuple(kinds(request)) for request in panel.requests("2")} == {("question", "peer_answer")}


def test_who_answers_sees_the_own_answer_and_the_questions_put() -> None:
    panel = begin(created("socratic")).run()
    asks = {asked_about(panel, request): request.seat for request in panel.requests("2")}
    for request in panel.requests("3"):
        assert kinds(request) == ["question", "own_answer", "question_put", "question_put"]
        asker = asks[request.seat]
        assert put(request) == [f"First by {asker}?", f"Second by {asker}?"]


def spoken_to(panel: Simulation, request: ExpertRequested) -> list[tuple[str, int]]:
    """The steps and seats of the responses that the request names as answered."""
    said = {response.response_id: response for response in panel.of(ExpertResponded)}
    assert all(one.seat == said[one.response_id].seat for one in request.answers)
    return [(said[one.response_id].step, said[one.response_id].seat) for one in request.answers]


def test_who_asks_and_who_answers_is_told_by_whom_each_speaks_to() -> None:
    panel = begin(created("socratic", configuration={"max_rounds": 5})).run()
    assert [request.answers for request in panel.requests("1")] == [()] * 3
    for step in (2, 4):
        asks = {asked_about(panel, request): request.seat for request in panel.requests(str(step))}
        for request in panel.requests(str(step)):
            assert spoken_to(panel, request) == [(str(step - 1), asked_about(panel, request))]
        for request in panel.requests(str(step + 1)):
            assert spoken_to(panel, request) == [(str(step), asks[request.seat])]


def test_who_is_given_the_standing_questions_speaks_to_nobody() -> None:
    panel = begin(created("socratic"))
    panel.run(lambda request: failed(request) if request.step == "2" else responded(request))
    assert [request.answers for request in panel.requests("3")] == [()] * 3


def test_a_moderators_questions_name_the_answer_they_are_about() -> None:
    panel = begin(created("socratic", 3, seats=[MODERATOR])).run()
    asked = {place: panel.requests(f"2-{place}")[0] for place in (1, 2, 3)}
    targets = {asked_about(panel, request): f"2-{place}" for place, request in asked.items()}
    for target, step in targets.items():
        assert spoken_to(panel, panel.requests(step)[0]) == [("1", target)]
    for request in panel.requests("3"):
        assert spoken_to(panel, request) == [(targets[request.seat], 3)]


def test_questions_that_do_not_come_are_replaced_by_three_standing_ones() -> None:
    panel = begin(created("socratic"))
    panel.run(lambda request: failed(request) if request.step == "2" else responded(request))
    assert all(len(put(request)) == 3 for request in panel.requests("3"))
    assert panel.ending.stop_reason == "max_rounds"


def test_the_round_of_questions_needs_no_quorum_and_asks_for_no_consensus() -> None:
    panel = begin(created("socratic"))
    panel.run(lambda request: failed(request) if request.step == "2" else responded(request))
    second = panel.of(RoundCompleted)[1]
    assert (second.answered, second.quorum.needed, second.quorum.met) == ((), 0, True)


def test_a_moderator_asks_one_seat_after_the_other_in_sight_of_all_answers() -> None:
    panel = begin(created("socratic", 3, seats=[MODERATOR]))
    panel.run(lambda request: None if request.role == "moderator" else responded(request))
    first = panel.requests("2-1")
    assert (len(first), first[0].seat, first[0].role) == (1, 3, "moderator")
    assert kinds(first[0]) == ["question", "peer_answer", "peer_answer", "peer_answer"]
    assert panel.requests("2-2") == []
    assert shape(panel.give(responded(first[0]))) == ["ask 2-2 moderator question 3"]
    panel.run()
    targets = [asked_about(panel, panel.requests(f"2-{place}")[0]) for place in (1, 2, 3)]
    assert sorted(targets) == [0, 1, 2]
    assert all(put(request) == ["First by 3?", "Second by 3?"] for request in panel.requests("3"))


def test_a_moderator_is_no_expert() -> None:
    panel = begin(created("socratic", 3, seats=[MODERATOR])).run()
    assert 3 not in [request.seat for request in panel.requests("1")]
    assert panel.of(RoundCompleted)[0].quorum.seats == 3
    assert len(panel.of(ConsensusRequested)[0].responses) == 3


def test_a_moderator_that_fails_leaves_the_standing_questions() -> None:
    panel = begin(created("socratic", 3, seats=[MODERATOR]))
    panel.run(lambda request: failed(request) if request.role == "moderator" else responded(request))
    assert all(len(put(request)) == 3 for request in panel.requests("3"))
    assert panel.ending.stop_reason == "max_rounds"


def test_a_step_that_hangs_is_closed_at_its_share_of_the_round() -> None:
    panel = begin(created("socratic", 3, seats=[MODERATOR]))
    panel.run(lambda request: None if request.role == "moderator" else responded(request))
    started = panel.of(RoundStarted)[1]
    assert [step.step for step in started.steps] == ["2-1", "2-2", "2-3"]
    assert shape(panel.fire("round-2-2-1")) == ["ask 2-2 moderator question 3"]
    assert panel.fire("round-2-2-1") == []
