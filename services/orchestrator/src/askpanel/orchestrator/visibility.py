"""What a speaker may see, block by block: the only place where one seat's words reach another.

Texts are verbatim but for agent names and ids. Peers are known by label, in an order drawn anew per
round and reader. Tallies, levels and confidences never enter a block.
"""

from collections.abc import Iterable

from askpanel.contracts.answer import Answer
from askpanel.contracts.blocks import (
    Block,
    CustomPromptBlock,
    EvidenceBlock,
    HumanTextBlock,
    OwnAnswerBlock,
    ParentBlock,
    PeerAnswerBlock,
    QuestionBlock,
    ThemeBlock,
)
from askpanel.contracts.events import ExpertResponded
from askpanel.orchestrator.view import View

Blocks = tuple[Block, ...]


def question(view: View) -> QuestionBlock:
    """The bare question, for who neither argues nor votes."""
    return QuestionBlock(text=view.state.created.query)


def _question(view: View, choose: bool, ask_human: bool) -> QuestionBlock:
    configuration = view.configuration
    return QuestionBlock(
        text=view.state.created.query,
        options=view.state.created.options if choose else (),
        rank_options=configuration.rank_options and choose,
        dimensions=configuration.dimensions,
        ask_human=ask_human,
    )


def custom_prompt(view: View) -> Blocks:
    """The user's wish about focus or style, for experts only."""
    text = view.configuration.custom_prompt
    return () if text is None else (CustomPromptBlock(text=text),)


def brief(view: View, *, choose: bool = True, ask_human: bool = False) -> Blocks:
    """What every expert is given whenever it argues: the question and what came with it.

    The options are shown where the speaker is to choose one.
    """
    return view.once(
        ("brief", choose, ask_human),
        lambda: (
            _question(view, choose, ask_human),
            *_evidence(view),
            *_parent(view),
            *custom_prompt(view),
        ),
    )


def _evidence(view: View) -> Blocks:
    given = view.state.created.evidence
    return tuple(EvidenceBlock(id=item.id, title=item.title, text=item.text) for item in given)


def _parent(view: View) -> Blocks:
    parent = view.state.created.parent
    if parent is None:
        return ()
    return (ParentBlock(question=parent.query, recommendation=parent.recommendation, dissent=parent.dissent),)


def own_answer(view: View, seat: int, number: int) -> Blocks:
    """The speaker's own last ballot before this round, unchanged."""
    given = view.last_ballot(seat, number - 1)
    if given is None:
        return ()
    answer = given.answer
    return (
        OwnAnswerBlock(
            text=given.content,
            position=answer.position or None,
            stance=answer.stance,
            option=answer.option,
            key_points=point_texts(answer),
        ),
    )


def peers(view: View, reader: int, number: int) -> Blocks:
    """Every other seat's last ballot before this round."""
    others = tuple(seat for seat in view.members if seat != reader)
    return tuple(
        peer(view, seat, given)
        for seat in view.draw("peers", number, reader, of=others)
        if (given := view.last_ballot(seat, number - 1)) is not None
    )


def peer(view: View, seat: int, given: ExpertResponded, *, asked_about: bool = False) -> PeerAnswerBlock:
    """One answer as others see it."""
    return view.once(("peer", given.response_id, asked_about), lambda: _peer(view, seat, given, asked_about))


def _peer(view: View, seat: int, given: ExpertResponded, asked_about: bool) -> PeerAnswerBlock:
    answer = given.answer
    return PeerAnswerBlock(
        label=view.labels[seat],
        text=view.blank(given.content),
        position=view.blank(answer.position) or None,
        stance=answer.stance,
        option=answer.option,
        key_points=tuple(view.blank(point) for point in point_texts(answer)),
        asked_about=asked_about,
    )


def theme(label: str, text: str) -> ThemeBlock:
    """A theme of an open panel."""
    return ThemeBlock(label=label, text=text)


def human_texts(view: View) -> Blocks:
    """What the human has written so far, in order, marked as the human's."""
    responses = view.state.human.values()
    return tuple(HumanTextBlock(text=said.content, stance=said.stance) for said in responses if said.content)


def point_texts(answer: Answer) -> tuple[str, ...]:
    """The key points of an answer as plain texts."""
    return tuple(point if isinstance(point, str) else point.text for point in answer.key_points)


def distinct(texts: Iterable[str]) -> tuple[str, ...]:
    """Each text once, by its letters and digits in lower case; blank ones dropped; order kept."""
    first: dict[str, str] = {}
    for text in texts:
        if key := " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split()):
            first.setdefault(key, text.strip())
    return tuple(first.values())
