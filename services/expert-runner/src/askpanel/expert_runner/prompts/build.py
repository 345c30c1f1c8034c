"""The prompt of one request. The same arguments give the same bytes.

What all seats share (rules, fields) comes first and what differs (persona) later, so that a server that
caches prompt prefixes reads the shared part once.
"""

from collections.abc import Sequence

from askpanel.contracts.blocks import (
    Block,
    ParentBlock,
    PeerAnswerBlock,
    Purpose,
    QuestionBlock,
    ResponseType,
    Role,
    StatisticsBlock,
    ThemeBlock,
)
from askpanel.expert_runner.prompts.fit import Fitted, fit, shorten
from askpanel.expert_runner.prompts.prompt import Budget, Call, Prompt, Speaker
from askpanel.expert_runner.prompts.tasks import (
    ASK_HUMAN,
    ASKED_ABOUT,
    CUT_NOTE,
    EXPLAIN,
    FOLLOW_UP,
    HEADINGS,
    LEANINGS,
    RULES,
    THEMES,
    task,
)
from askpanel.expert_runner.shape import Shape, fields, shape_of


def build(
    call: Call,
    speaker: Speaker,
    response_type: ResponseType,
    blocks: Sequence[Block],
    budget: Budget,
) -> Prompt:
    """The prompt for `call` by `speaker`, who sees `blocks` in this order and nothing else.

    Raises `fit.NoRoom` when the model's window cannot hold even the shortened question.
    """
    shape = shape_of(call.role, call.purpose, blocks)
    persona = _persona(speaker, budget)
    fixed = _system(shape, budget, persona, cut=True)
    ask = _ask(speaker, call.role, call.purpose, response_type, blocks)
    headings = sum(len(HEADINGS[block.kind].encode()) + 3 for block in blocks)
    room = budget.prompt_bytes - len(fixed.encode()) - len(ask.encode()) - headings
    fitted = fit(blocks, room)
    user = _user(fitted, ask)
    system = _system(shape, budget, persona, cut=bool(fitted.cut))
    return Prompt(call, system, user, shape, budget.max_tokens, fitted.cut)


def _system(shape: Shape, budget: Budget, persona: str, *, cut: bool) -> str:
    listed = "\n".join(f"- {field.name}: {field.meaning}" for field in fields(shape, budget.words))
    rules = RULES.format(cut=CUT_NOTE if cut else "")
    return f"{rules}\n\nThe fields of the object, in this order:\n{listed}\n\n{persona}"


def _persona(speaker: Speaker, budget: Budget) -> str:
    """Who speaks; what may be cut of it is what its instructions say last."""
    instructions = " ".join(speaker.instructions.split())
    told = f"You are {speaker.name}, {speaker.title}. {shorten(instructions, budget.persona_bytes, mark='')}"
    return f"{told} {LEANINGS[speaker.temperament]}".rstrip()


def _user(fitted: Fitted, ask: str) -> str:
    lines, previous = list[str](), ""
    for kind, text in fitted.blocks:
        if kind != previous:
            lines.append(HEADINGS[kind])
        previous = kind
        lines.append(text)
    return "\n\n".join([*lines, ask])


def _ask(
    speaker: Speaker, role: Role, purpose: Purpose, response_type: ResponseType, blocks: Sequence[Block]
) -> str:
    """The task, what single blocks add to it, and last who speaks: small models heed what they read last."""
    extra = list[str]()
    if any(isinstance(block, ThemeBlock) for block in blocks):
        extra.append(THEMES)
    if any(isinstance(block, StatisticsBlock) and block.explain for block in blocks):
        extra.append(EXPLAIN)
    if purpose == "opening" and any(isinstance(block, QuestionBlock) and block.ask_human for block in blocks):
        extra.append(ASK_HUMAN)
    if any(isinstance(block, PeerAnswerBlock) and block.asked_about for block in blocks):
        extra.append(ASKED_ABOUT)
    if any(isinstance(block, ParentBlock) for block in blocks):
        extra.append(FOLLOW_UP)
    voice = f"Write this {response_type} as {speaker.name}, {speaker.title}: bring what only this field sees."
    return " ".join(["Your task:", task(role, purpose), *extra, voice])
