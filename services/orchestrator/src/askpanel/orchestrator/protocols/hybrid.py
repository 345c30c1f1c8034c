"""hybrid: experts advise, one human decides.

| step | who, order | sees | writes | response_type | ballot |
|---|---|---|---|---|---|
| 1 | experts, parallel | the question | view, what needs human judgement, questions for the human | analysis | weight 1 |
| 1h | human (kind input) | answers, consensus of round 1, the questions | answer; or approve; or veto | statement | weight 2 |
| 2 | experts, parallel | own and peers' answers, the human's text marked as such | revised view | statement | weight 1 |
| 2h | human (kind ratify) | answers, consensus of round 2 | approve, modify with text, or veto | statement | – |

Modify: one more round as 2 and 2h, while rounds, time and budget remain. Approve at either point completes the
panel; veto fails it; a level above the threshold never replaces the signature. A silent human at 1h leads
straight to 2h on the result there is; a silent human at 2h fails the panel. A tenant without consensus has
round 1 and then 2h, on the answers alone.
"""

from typing import Literal
from uuid import UUID

from askpanel.contracts.events import Answered, HumanRequested
from askpanel.orchestrator.protocols.results import rounds_used_up
from askpanel.orchestrator.protocols.table import (
    AskHuman,
    Fail,
    Finish,
    Next,
    NextRound,
    PanelProtocol,
    Row,
    Wait,
)
from askpanel.orchestrator.view import View
from askpanel.orchestrator.visibility import brief, distinct, human_texts, own_answer, peers

SILENT_INPUT = "The human was asked for input and did not answer in time."


def rows(view: View, number: int) -> tuple[Row, ...]:
    """One step per round for the experts; the human follows the round."""
    if number == 1:
        return (Row("1", view.experts, lambda _: brief(view, ask_human=True), "opening", "analysis"),)
    return (
        Row(
            str(number),
            view.members,
            lambda seat: (
                *brief(view),
                *own_answer(view, seat, number),
                *peers(view, seat, number),
                *human_texts(view),
            ),
            "view",
            "statement",
            answers=lambda _: _human_said(view),
        ),
    )


def _human_said(view: View) -> tuple[Answered, ...]:
    """The person's latest text: earlier ones were answered in the round that followed them."""
    said = [one for one in view.state.human.values() if one.content]
    return tuple(Answered(response_id=one.response_id) for one in said[-1:])


def after(view: View, _number: int) -> Next:
    """Nothing but the human's word ends the panel with a result."""
    asked = last_checkpoint(view)
    if asked is None:
        first = view.concluded == 1 and another_round(view)
        return ask_input(view) if first else ask_ratification(view)
    said = view.state.human.get(asked.checkpoint_id)
    if said is None:
        return Wait() if view.state.awaits(asked.checkpoint_id) else _silence(view, asked.kind)
    if said.action == "approve":
        return Finish("human_approved")
    if said.action == "veto":
        detail = f"{said.user_name or 'The human'} rejected the result."
        return Fail("rejected", f"{detail} {said.content}".strip())
    return NextRound() if another_round(view) else ask_ratification(view)


def last_checkpoint(view: View) -> HumanRequested | None:
    """The last question to the human that follows the last concluded round."""
    asked = [asked for asked in view.state.checkpoints.values() if asked.round_number == view.concluded]
    return asked[-1] if asked else None


def another_round(view: View) -> bool:
    """Whether rounds, time and budget remain."""
    return view.over is None and not rounds_used_up(view, view.state.round_number)


def ask_input(view: View) -> AskHuman:
    """1h: the experts' questions, verbatim."""
    questions = distinct(
        view.blank(question)
        for seat in view.draw("questions", of=view.members)
        if (given := view.ballot(seat, 1)) is not None
        for question in given.answer.questions
    )
    lines = ["What should the experts know or weigh?", *(f"- {question}" for question in questions)]
    return AskHuman("input", "\n".join(lines), ("answer", "approve", "veto"))


def ask_ratification(view: View) -> AskHuman:
    """2h: the result, to be signed."""
    result = view.result
    if result is None:
        question = "Do you approve these answers? Consensus is switched off here, so nothing was counted."
    else:
        question = f"Do you approve this result?\n{result.recommendation}"
    if another_round(view):
        return AskHuman("ratify", question, ("approve", "modify", "veto"))
    return AskHuman("ratify", question, ("approve", "veto"))


def _silence(view: View, kind: Literal["input", "ratify"]) -> Next:
    if kind == "input":
        return ask_ratification(view)
    return Fail("deadline_passed", "human_no_answer: nobody approved the result in time.")


def notes(view: View, number: int) -> tuple[str, ...]:
    """A human who was asked for input and stayed silent."""
    state = view.state
    return tuple(
        SILENT_INPUT
        for checkpoint, asked in state.checkpoints.items()
        if (asked.kind, asked.round_number) == ("input", number) and _was_silent(view, checkpoint)
    )


def _was_silent(view: View, checkpoint: UUID) -> bool:
    return checkpoint not in view.state.human and not view.state.awaits(checkpoint)


HYBRID = PanelProtocol("hybrid", rows, after, uncounted=after, notes=notes)
