"""adversarial: one proposal is attacked and defended, then everybody votes with sides lifted.

| step | who, order | sees | writes | response_type | ballot |
|---|---|---|---|---|---|
| 1 | all, parallel | the question | own view | analysis | yes |
| 2a | pro and con, parallel | the proposition, answers of round 1 | the strongest case for the side | statement | no |
| 2a | neutral, parallel | the same | one question to each side | question | no |
| 2b | pro and con, parallel | the other side's texts, the question to their side | a rebuttal | rebuttal | no |
| 2c | all, parallel, sides lifted | all texts of 2a and 2b | own view now, what convinced | analysis | yes |
| 2d | judge, after 2c closed | all texts, no ballots | strongest pro, strongest con, unresolved | analysis | never |

Rounds 3 and 4 repeat 2b-2d on the latest texts. When a whole side fails in 2a the neutral seat takes it
(step `2a-again`); without one the debate would be one-sided and the quorum is not met. Ends after max_rounds.
"""

from collections import Counter
from collections.abc import Iterator

from askpanel.contracts.blocks import (
    DebateTextBlock,
    OpponentTextBlock,
    PropositionBlock,
    Purpose,
    QuestionPutBlock,
    Side,
)
from askpanel.contracts.events import ExpertResponded
from askpanel.orchestrator.protocols.results import rounds_used_up
from askpanel.orchestrator.protocols.table import Finish, Next, NextRound, PanelProtocol, Row, answered
from askpanel.orchestrator.view import View
from askpanel.orchestrator.visibility import Blocks, brief, own_answer, peers, question

SIDES: tuple[Side, Side] = ("pro", "con")
OTHER: dict[Side, Side] = {"pro": "con", "con": "pro"}
SPEECH: Purpose = "view"
AGAIN = "2a-again"


def rows(view: View, number: int) -> tuple[Row, ...]:
    """Own views; then speeches, rebuttals, ballots, judgement; later rounds without new speeches."""
    if number == 1:
        return (Row("1", view.experts, lambda _: brief(view), "opening", "analysis"),)
    return (*(_speeches(view) if number == 2 else ()), *_debate(view, number))


def _speeches(view: View) -> tuple[Row, ...]:
    side = sides(view)

    def case(seat: int) -> Blocks:
        return (
            *brief(view, choose=False),
            proposition(view),
            *own_answer(view, seat, 2),
            *peers(view, seat, 2),
        )

    return (
        *(Row("2a", side[name], case, SPEECH, "statement", role=name) for name in SIDES),
        Row("2a", side["neutral"], case, "question", "question", role="neutral"),
        *(Row(AGAIN, stand_in(view, name), case, SPEECH, "statement", role=name) for name in SIDES),
    )


def _debate(view: View, number: int) -> tuple[Row, ...]:
    speakers = speaking(view)
    return (
        *(
            Row(
                f"{number}b",
                speakers[name],
                lambda seat, name=name: (
                    *brief(view, choose=False),
                    proposition(view),
                    *opponents(view, seat, OTHER[name], number),
                    *question_to(view, name),
                ),
                "rebuttal",
                "rebuttal",
                role=name,
                answers=lambda seat, name=name: answered(
                    *(said for _, said in _opposing(view, seat, OTHER[name], number)),
                    *_questions_of_the_neutral(view, name),
                ),
            )
            for name in SIDES
        ),
        Row(
            f"{number}c",
            view.members,
            lambda seat: (
                *brief(view),
                proposition(view),
                *own_answer(view, seat, number),
                *debate_texts(view, seat, number),
            ),
            "ballot",
            "analysis",
        ),
        Row(
            f"{number}d",
            (view.judge,),
            lambda seat: (
                question(view),
                proposition(view),
                *debate_texts(view, seat, number),
            ),
            "judgement",
            "analysis",
            role="judge",
        ),
    )


def after(view: View, number: int) -> Next:
    """No early stop: a debate is heard to its end."""
    return Finish("max_rounds") if rounds_used_up(view, number) else NextRound()


def halted(view: View, number: int) -> str | None:
    """A debate that only one side can lead is none."""
    if number != 2 or not view.is_closed(2, "2a"):
        return None
    silent: list[Side] = [name for name in SIDES if not _spoke(view, name)]
    if not silent or (len(silent) == 1 and view.over is None and _may_yet_speak(view, silent[0])):
        return None
    return f"The debate would be one-sided: nobody spoke {' or '.join(silent)}."


def notes(view: View, number: int) -> tuple[str, ...]:
    """The judge may fail: its part is missing then, and nothing else."""
    if number == 1 or view.said(number, f"{number}d", view.judge, "judgement") is not None:
        return ()
    return (f"The judge's part of round {number} is missing.",)


# --------------------------------------------------------------------------------------- sides


def sides(view: View) -> dict[Side, tuple[int, ...]]:
    """Drawn from the seats that answered round 1: half pro, half con, an odd seat neutral."""
    return view.once("sides", lambda: _drawn_sides(view))


def _drawn_sides(view: View) -> dict[Side, tuple[int, ...]]:
    order = view.draw("sides", of=view.members)
    half = len(order) // 2
    return {"pro": order[:half], "con": order[half : 2 * half], "neutral": order[2 * half :]}


def stand_in(view: View, name: Side) -> tuple[int, ...]:
    """The neutral seat, where this side alone has nobody who spoke."""
    if not view.is_closed(2, "2a") or _spoke_first(view, name) or not _spoke_first(view, OTHER[name]):
        return ()
    return sides(view)["neutral"]


def speaking(view: View) -> dict[Side, tuple[int, ...]]:
    """Who rebuts for each side: its seats, or the one that stands in for them."""
    drawn = sides(view)
    return view.once("speaking", lambda: {name: stand_in(view, name) or drawn[name] for name in SIDES})


def _spoke_first(view: View, name: Side) -> bool:
    return any(view.said(2, "2a", seat, SPEECH) is not None for seat in sides(view)[name])


def _spoke(view: View, name: Side) -> bool:
    again = (view.said(2, AGAIN, seat, SPEECH) is not None for seat in stand_in(view, name))
    return _spoke_first(view, name) or any(again)


def _may_yet_speak(view: View, name: Side) -> bool:
    return bool(stand_in(view, name)) and not view.is_closed(2, AGAIN)


# --------------------------------------------------------------------------------------- texts


def proposition(view: View) -> PropositionBlock:
    """The leading position of round 1, in the words of one of its holders; ties by the panel's seed.

    Support counts half for conditional and the other way round (consensus.md, section 3).
    """
    return view.once("proposition", lambda: PropositionBlock(text=view.blank(_leading(view))))


def _leading(view: View) -> str:
    ballots = view.ballots(1)
    options = {option.id: option.text for option in view.state.created.options}
    cast = {seat: given.answer.option if options else given.answer.stance for seat, given in ballots.items()}
    votes = {seat: vote for seat, vote in cast.items() if vote is not None and vote != "abstain"}
    counts = Counter(votes.values())
    shares = {
        seat: counts[vote] + (0 if options else counts[_AKIN.get(vote, "")] / 2)
        for seat, vote in votes.items()
    }
    order = view.draw("proposition", of=tuple(ballots))
    ranked = sorted(order, key=lambda seat: -shares.get(seat, 0))
    leading = ballots[ranked[0]].answer
    return options.get(leading.option or "") or leading.position.strip() or view.state.created.query


_AKIN = {"support": "conditional", "conditional": "support"}


def opponents(view: View, reader: int, other: Side, number: int) -> Blocks:
    """The other side's latest texts before this round's rebuttals."""
    return tuple(
        OpponentTextBlock(label=view.labels[seat], text=view.blank(said.content))
        for seat, said in _opposing(view, reader, other, number)
    )


def _opposing(view: View, reader: int, other: Side, number: int) -> Iterator[tuple[int, ExpertResponded]]:
    for seat in view.draw("opponents", number, reader, of=speaking(view)[other]):
        said = _latest(view, seat, number - 1)
        if said is not None:
            yield seat, said


def question_to(view: View, name: Side) -> Blocks:
    """What the neutral seat asked this side: its first question goes to pro, its second to con."""
    place = SIDES.index(name)
    texts = [said.answer.questions[place] for said in _questions_of_the_neutral(view, name)]
    return tuple(QuestionPutBlock(label="Question to your side", text=view.blank(text)) for text in texts)


def _questions_of_the_neutral(view: View, name: Side) -> tuple[ExpertResponded, ...]:
    """The neutral seats' responses that hold a question to this side."""
    place = SIDES.index(name)
    asked = (view.said(2, "2a", seat, "question") for seat in sides(view)["neutral"])
    return tuple(said for said in asked if said is not None and len(said.answer.questions) > place)


def debate_texts(view: View, reader: int, number: int) -> Blocks:
    """The texts each seat came with and those of this round, in an order of the reader's."""
    shown = view.once(("debate", number), lambda: _debate_blocks(view, number))
    return tuple(
        block.model_copy(update={"label": "Your answer"}) if seat == reader else block
        for seat in view.draw("debate", number, reader, of=tuple(shown))
        for block in shown[seat]
    )


def _debate_blocks(view: View, number: int) -> dict[int, list[DebateTextBlock]]:
    blocks: dict[int, list[DebateTextBlock]] = {}
    for seat, side, said in _texts(view, number):
        text = view.blank(said.content)
        blocks.setdefault(seat, []).append(DebateTextBlock(label=view.labels[seat], side=side, text=text))
    return blocks


def _texts(view: View, number: int) -> Iterator[tuple[int, Side, ExpertResponded]]:
    speakers = speaking(view)
    for seat in sides(view)["neutral"] if number == 2 else ():
        asked = view.said(2, "2a", seat, "question")
        if asked is not None:
            yield seat, "neutral", asked
    for side in SIDES:
        for seat in speakers[side]:
            for said in (
                _latest(view, seat, number - 1),
                view.said(number, f"{number}b", seat, "rebuttal"),
            ):
                if said is not None:
                    yield seat, side, said


def _latest(view: View, seat: int, number: int) -> ExpertResponded | None:
    """A seat's last rebuttal up to this round, else its speech."""
    rebuttals = (view.said(n, f"{n}b", seat, "rebuttal") for n in range(number, 1, -1))
    speeches = (view.said(2, step, seat, SPEECH) for step in ("2a", AGAIN))
    return next((said for said in (*rebuttals, *speeches) if said is not None), None)


ADVERSARIAL = PanelProtocol(
    "adversarial",
    rows,
    after,
    announced=lambda number: None if number == 1 else "rebuttal",
    halted=halted,
    notes=notes,
)
