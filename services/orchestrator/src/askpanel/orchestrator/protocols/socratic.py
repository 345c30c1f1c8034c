"""socratic: every assumption is questioned by another expert. Positions are compared, not voted on.

| step | who, order | sees | writes | response_type | ballot |
|---|---|---|---|---|---|
| 1 | all, parallel | the question | position, the assumptions under it, evidence | analysis | yes |
| 2 | ring, parallel: seat i asks seat i+1 of a seeded circle | that one answer | 2-3 questions | question | no |
| 3 | all, parallel | own answer, the questions put to it | an answer to each, position kept or revised | statement | yes |

Rounds 4 and 5 repeat 2 and 3 with the circle moved on by one seat. With a moderator, it asks instead: one
seat after the other, in sight of all answers. Questions that do not come are replaced by standing ones.
Ends when the threshold is reached after round 3, else after max_rounds; never after round 1.
"""

from askpanel.contracts.blocks import QuestionPutBlock
from askpanel.contracts.events import ExpertResponded
from askpanel.orchestrator.protocols.results import level_reached, rounds_used_up
from askpanel.orchestrator.protocols.table import Finish, Next, NextRound, PanelProtocol, Row, answered
from askpanel.orchestrator.view import View
from askpanel.orchestrator.visibility import Blocks, brief, custom_prompt, own_answer, peer, question

STANDING_QUESTIONS = (
    "Which assumption does your position rest on most, and what if it is wrong?",
    "What is the best evidence for your position, and how could it mislead?",
    "If your position is followed, what is the most likely unwanted consequence?",
)
"""Assumption, evidence, consequence: put to a seat whose questions did not come."""

MOST_QUESTIONS = 3


def rows(view: View, number: int) -> tuple[Row, ...]:
    """Odd rounds answer, even rounds ask."""
    if number == 1:
        return (Row("1", view.experts, lambda _: brief(view), "opening", "analysis"),)
    if number % 2:
        return (
            Row(
                str(number),
                view.members,
                lambda seat: (
                    *brief(view),
                    *own_answer(view, seat, number),
                    *questions_put(view, seat, number),
                ),
                "answer",
                "statement",
                answers=lambda seat: answered(_questions_to(view, seat, number - 1)),
            ),
        )
    moderator = view.role_seat("moderator")
    if moderator is not None:
        return moderated(view, moderator, number)
    asked = ring(view, number)
    return (
        Row(
            str(number),
            view.members,
            lambda seat: (*questioned(view, asked[seat], number), *custom_prompt(view)),
            "question",
            "question",
            answers=lambda seat: answered(view.last_ballot(asked[seat], number - 1)),
        ),
    )


def after(view: View, number: int) -> Next:
    """Agreement counts only once it has been questioned."""
    if number >= 3 and level_reached(view, number):
        return Finish("threshold_reached")
    return Finish("max_rounds") if rounds_used_up(view, number) else NextRound()


def ring(view: View, number: int) -> dict[int, int]:
    """Whom each seat asks: the next in a seeded circle of those who answered round 1; moved on by one
    seat with each pair of rounds, never so far that a seat would ask itself."""
    circle = view.draw("ring", of=view.members)
    size = len(circle)
    shift = 1 + (number // 2 - 1) % max(1, size - 1)
    return {seat: circle[(place + shift) % size] for place, seat in enumerate(circle)}


def moderated(view: View, moderator: int, number: int) -> tuple[Row, ...]:
    """The moderator questions one seat after the other: one step each."""
    order = view.draw("moderated", number, of=view.members)
    return tuple(
        Row(
            moderated_step(number, place),
            (moderator,),
            lambda _, target=target: questioned(
                view, target, number, *view.draw("shown", number, target, of=order)
            ),
            "question",
            "question",
            role="moderator",
            answers=lambda _, target=target: answered(view.last_ballot(target, number - 1)),
        )
        for place, target in enumerate(order, start=1)
    )


def moderated_step(number: int, place: int) -> str:
    """The name of the step in which the moderator questions its n-th seat."""
    return f"{number}-{place}"


def questioned(view: View, target: int, number: int, *shown: int) -> Blocks:
    """The answer to be questioned, first and marked, then whatever else the asker is shown."""
    others = tuple(seat for seat in shown if seat != target)
    given = {seat: view.last_ballot(seat, number - 1) for seat in (target, *others)}
    return (
        question(view),
        *(
            peer(view, seat, answer, asked_about=seat == target)
            for seat, answer in given.items()
            if answer is not None
        ),
    )


def questions_put(view: View, seat: int, number: int) -> Blocks:
    """What the round before asked this seat; the standing questions where nothing came."""
    said = _questions_to(view, seat, number - 1)
    asked = () if said is None else said.answer.questions
    texts = tuple(view.blank(text) for text in asked if text.strip())
    return tuple(
        QuestionPutBlock(label=f"Question {place}", text=text)
        for place, text in enumerate((texts or STANDING_QUESTIONS)[:MOST_QUESTIONS], start=1)
    )


def _questions_to(view: View, seat: int, number: int) -> ExpertResponded | None:
    """The response whose questions were put to this seat; None when they did not come."""
    moderator = view.role_seat("moderator")
    if moderator is None:
        asker = next(asker for asker, target in ring(view, number).items() if target == seat)
        return view.said(number, str(number), asker, "question")
    place = view.draw("moderated", number, of=view.members).index(seat) + 1
    return view.said(number, moderated_step(number, place), moderator, "question")


SOCRATIC = PanelProtocol("socratic", rows, after)
