from datetime import timedelta
from typing import Any

from askpanel.contracts.blocks import HumanTextBlock, QuestionBlock
from askpanel.contracts.events import ConsensusRequested, HumanRequested, HumanResponded, RoundStarted

from .simulator import (
    BUDGET,
    USER,
    Simulation,
    begin,
    calculated,
    created,
    failed,
    human,
    kinds,
    responded,
    shape,
)


def waiting(**configuration: Any) -> Simulation:
    """A panel of three that waits at 1h."""
    return begin(created("hybrid", 3, configuration=configuration)).run()


def asked(panel: Simulation) -> HumanRequested:
    return panel.of(HumanRequested)[-1]


def says(panel: Simulation, action: str, content: str = "", stance: str | None = None) -> list[str]:
    """The human speaks; then experts and consensus play on."""
    decided = panel.give(human(asked(panel), action, content, stance))
    panel.run()
    return shape(decided)


def test_the_panel_pauses_after_round_1_for_the_humans_input() -> None:
    panel = waiting()
    checkpoint = asked(panel)
    assert shape(panel.events)[-1] == "human 1 input"
    assert checkpoint.actions == ("answer", "approve", "veto")
    assert checkpoint.deadline_at == panel.log[-1].envelope.time + timedelta(minutes=1440)
    assert panel.ending is None


def test_the_first_round_invites_questions_and_puts_them_to_the_human() -> None:
    panel = begin(created("hybrid", 3))
    panel.run(lambda r: responded(r, questions=("What is the budget?", f"Ask Name 1 about {r.seat}?")))
    assert [
        b.ask_human for r in panel.requests("1") for b in r.context.blocks if isinstance(b, QuestionBlock)
    ] == [True] * 3
    question = asked(panel).question
    assert question.count("What is the budget?") == 1
    assert "Ask [expert] about 2?" in question


def test_an_answer_leads_to_a_round_in_sight_of_peers_and_the_humans_text() -> None:
    panel = waiting()
    assert says(panel, "answer", "We have no budget.", "conditional")[0] == "round.started 2"
    for request in panel.requests("2"):
        assert kinds(request) == ["question", "own_answer", "peer_answer", "peer_answer", "human_text"]
        text = next(b for b in request.context.blocks if isinstance(b, HumanTextBlock))
        assert (text.text, text.stance) == ("We have no budget.", "conditional")
    assert shape(panel.events)[-1] == "human 2 ratify"


def test_each_round_answers_the_humans_latest_text() -> None:
    panel = waiting(max_rounds=3)
    says(panel, "answer", "First wish.")
    says(panel, "modify", "Second wish.")
    given = panel.of(HumanResponded)
    assert [request.answers for request in panel.requests("1")] == [()] * 3
    for step, said in zip("23", given, strict=True):
        for request in panel.requests(step):
            assert [(one.response_id, one.seat) for one in request.answers] == [(said.response_id, None)]


def test_the_humans_last_answer_is_among_the_ballots_once_given() -> None:
    panel = waiting()
    says(panel, "answer", "We have no budget.", "oppose")
    first, second = panel.of(ConsensusRequested)
    assert len(first.responses) == 3
    assert len(second.responses) == 4
    assert second.responses[-1] == human(panel.of(HumanRequested)[0], "answer").response_id


def test_a_text_without_a_vote_leaves_the_vote_before_it() -> None:
    panel = waiting(max_rounds=3)
    says(panel, "answer", "Not like this.", "oppose")
    says(panel, "modify", "Mind the budget, too.")
    first, second = panel.of(HumanResponded)
    counted = panel.of(ConsensusRequested)[-1]
    assert first.response_id in counted.responses
    assert second.response_id not in counted.responses


def test_an_option_is_a_vote_too() -> None:
    panel = waiting(max_rounds=3)
    chosen = human(asked(panel), "answer", "France.").model_copy(update={"option": "fr"})
    panel.give(chosen)
    panel.run()
    says(panel, "modify", "Mind the budget, too.")
    assert chosen.response_id in panel.of(ConsensusRequested)[-1].responses


def test_without_consensus_the_human_still_signs() -> None:
    panel = waiting(method="none")
    assert shape(panel.events)[-2:] == ["round.completed 1", "human 1 ratify"]
    assert asked(panel).actions == ("approve", "veto")
    assert "nothing was counted" in asked(panel).question
    says(panel, "approve")
    ending = panel.ending
    assert (ending.stop_reason, ending.ratified_by, ending.consensus_level) == ("human_approved", USER, None)
    assert ending.recommendation.startswith("3 experts answered.")


def test_without_consensus_a_veto_or_silence_fails_the_panel() -> None:
    panel = waiting(method="none")
    says(panel, "veto")
    assert panel.ending.reason == "rejected"
    panel = waiting(method="none")
    panel.fire(f"human-{asked(panel).checkpoint_id}")
    assert panel.ending.detail.startswith("human_no_answer")


def test_approving_at_either_point_completes_the_panel() -> None:
    panel = waiting()
    assert says(panel, "approve") == ["panel.completed human_approved"]
    assert (panel.ending.ratified_by, panel.ending.rounds) == (USER, 1)
    panel = waiting()
    says(panel, "answer", "Go on.")
    assert says(panel, "approve") == ["panel.completed human_approved"]
    assert panel.ending.rounds == 2


def test_a_veto_at_either_point_fails_the_panel() -> None:
    panel = waiting()
    assert says(panel, "veto", "Not in my name.") == ["panel.failed rejected"]
    assert panel.ending.detail == "Ada rejected the result. Not in my name."
    panel = waiting()
    says(panel, "answer", "Go on.")
    assert says(panel, "veto") == ["panel.failed rejected"]


def test_agreement_never_replaces_the_signature() -> None:
    panel = begin(created("hybrid", 3)).run(count=lambda request: calculated(request, 1.0))
    panel.give(human(asked(panel), "answer", "Go on."))
    panel.run(count=lambda request: calculated(request, 1.0))
    assert panel.ending is None
    assert asked(panel).kind == "ratify"


def test_modify_is_one_more_round_while_rounds_remain() -> None:
    panel = waiting(max_rounds=3)
    says(panel, "answer", "First wish.")
    assert asked(panel).actions == ("approve", "modify", "veto")
    assert says(panel, "modify", "Second wish.")[0] == "round.started 3"
    texts = [b.text for b in panel.requests("3")[0].context.blocks if isinstance(b, HumanTextBlock)]
    assert texts == ["First wish.", "Second wish."]
    assert (asked(panel).round_number, asked(panel).actions) == (3, ("approve", "veto"))


def test_a_silent_human_at_1h_leads_straight_to_ratification_of_round_1() -> None:
    panel = waiting()
    first = asked(panel)
    assert shape(panel.fire(f"human-{first.checkpoint_id}")) == ["human 1 ratify"]
    assert asked(panel).checkpoint_id != first.checkpoint_id
    says(panel, "approve")
    assert panel.ending.degraded == ("The human was asked for input and did not answer in time.",)
    assert panel.requests("2") == []


def test_a_silent_human_at_2h_fails_the_panel() -> None:
    panel = waiting()
    says(panel, "answer", "Go on.")
    assert shape(panel.fire(f"human-{asked(panel).checkpoint_id}")) == ["panel.failed deadline_passed"]
    assert panel.ending.detail.startswith("human_no_answer")


def test_an_answer_after_the_deadline_changes_nothing() -> None:
    panel = waiting()
    first = asked(panel)
    panel.fire(f"human-{first.checkpoint_id}")
    assert panel.give(human(first, "veto")) == []


def test_waiting_stops_the_clock() -> None:
    panel = waiting(time_limit_minutes=30)
    panel.now += timedelta(days=3)
    assert panel.fire("panel") == []
    says(panel, "answer", "Here I am.")
    started = panel.of(RoundStarted)[1]
    at = next(r.envelope.time for r in panel.log if r.event.TYPE == "human.responded")
    asked_at = next(r.envelope.time for r in panel.log if r.event.TYPE == "human.requested")
    limit = panel.log[0].envelope.time + timedelta(minutes=30)
    assert started.deadline_at == started.panel_deadline_at == limit + (at - asked_at)


def test_the_moved_deadline_ends_a_panel_that_hangs_after_the_wait() -> None:
    panel = waiting(max_rounds=3)
    panel.now += timedelta(days=3)
    panel.give(human(asked(panel), "answer", "Go on."))
    panel.give(*(responded(request) for request in panel.requests("2")))
    assert panel.fire("panel") == []
    assert panel.fire("panel-2") == []
    assert panel.state.passed
    assert shape(panel.fire("panel-final")) == ["human 1 ratify"]


def test_a_budget_used_up_leaves_the_signature_to_the_human() -> None:
    panel = begin(created("hybrid", 3))
    panel.give(BUDGET)
    assert panel.ending.reason == "budget_exceeded"
    panel = waiting(max_rounds=4)
    panel.give(BUDGET)
    assert says(panel, "answer", "Too late.") == ["human 1 ratify"]
    assert asked(panel).actions == ("approve", "veto")
    says(panel, "approve")
    assert panel.ending.stop_reason == "human_approved"


def test_too_few_experts_after_the_wait_fail_the_panel() -> None:
    panel = waiting()
    panel.give(human(asked(panel), "answer", "Go on."))
    panel.give(*(failed(request) for request in panel.requests("2")))
    assert panel.ending.reason == "quorum_not_met"


def test_two_answers_at_once_count_as_the_first() -> None:
    panel = waiting()
    panel.give(human(asked(panel), "approve"), human(asked(panel), "veto"))
    assert panel.ending.stop_reason == "human_approved"
