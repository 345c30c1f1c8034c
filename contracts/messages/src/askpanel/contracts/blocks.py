"""What a speaker is asked and what it may see: `role`, `purpose` and `context.blocks` of `expert.requested`.

The orchestrator decides who sees what and names nobody but by label; the expert-runner turns the
blocks into a prompt, in the order given, every text as quoted data. A block is frozen and told apart
by `kind`. Texts are verbatim; the runner escapes and, where a model's window is small, cuts them.

Typical contents per purpose (protocols.md):

| purpose | blocks |
|---|---|
| opening | question, evidence*, parent?, custom_prompt?, quantity? or item* (delphi: use `rating`) |
| view | question, own_answer, peer_answer* or theme*, human_text? |
| question | question, peer_answer (the one asked about), or proposition and debate_text* for a neutral seat |
| answer | question, own_answer, question_put+ |
| rebuttal | question, proposition, opponent_text+, question_put* |
| ballot | question, proposition, own_answer?, debate_text* |
| rating | question, item+ or quantity, statistics*, own_answer?, peer_answer* (reasons by label) |
| judgement | question, proposition, debate_text+ |
| synthesis | question, result |
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from askpanel.contracts.answer import Rating, Stance

Role = Literal["expert", "pro", "con", "neutral", "moderator", "judge", "chair"]
"""`pro` and `con` with purpose opening or view make the case for their side; `neutral` belongs to none."""

Purpose = Literal[
    "opening", "view", "question", "answer", "rebuttal", "ballot", "rating", "judgement", "synthesis"
]

ResponseType = Literal["analysis", "statement", "rebuttal", "question"]

Side = Literal["pro", "con", "neutral"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Option(_Frozen):
    """One of the choices of a question: the vote is its id."""

    id: str
    text: str


class QuestionBlock(_Frozen):
    """The panel's question. With `options` the vote is one of them (and, if `rank_options`, an order of
    all of them); with `dimensions` each key point may be tagged with one of these names. `ask_human`
    invites questions for the human who will decide (hybrid)."""

    kind: Literal["question"] = "question"
    text: str
    options: tuple[Option, ...] = ()
    rank_options: bool = False
    dimensions: tuple[str, ...] = ()
    ask_human: bool = False


class OwnAnswerBlock(_Frozen):
    """The speaker's own last answer."""

    kind: Literal["own_answer"] = "own_answer"
    label: str = "Your answer"
    text: str
    position: str | None = None
    stance: Stance | None = None
    option: str | None = None
    key_points: tuple[str, ...] = ()


class PeerAnswerBlock(_Frozen):
    """Another seat's answer (or, in delphi, its reason), known by its label only. Never with a confidence.

    `asked_about` marks, for purpose `question`, the answer to be questioned.
    """

    kind: Literal["peer_answer"] = "peer_answer"
    label: str
    text: str
    position: str | None = None
    stance: Stance | None = None
    option: str | None = None
    key_points: tuple[str, ...] = ()
    asked_about: bool = False


class ThemeBlock(_Frozen):
    """A theme of an open panel so far, verbatim, without names and counts."""

    kind: Literal["theme"] = "theme"
    label: str
    text: str


class QuestionPutBlock(_Frozen):
    """A question put to the speaker, to be answered one by one."""

    kind: Literal["question_put"] = "question_put"
    label: str
    text: str


class PropositionBlock(_Frozen):
    """The proposition under debate: pro defends it, con attacks it."""

    kind: Literal["proposition"] = "proposition"
    text: str


class OpponentTextBlock(_Frozen):
    """A text of the other side, to be rebutted with a quotation of the point answered."""

    kind: Literal["opponent_text"] = "opponent_text"
    label: str
    text: str


class DebateTextBlock(_Frozen):
    """A speech, question or rebuttal of the debate, for a ballot with sides lifted and for the judge."""

    kind: Literal["debate_text"] = "debate_text"
    label: str
    side: Side
    text: str


class ItemBlock(_Frozen):
    """One item to rate 1-9. The order of the item blocks is the order of `ratings`."""

    kind: Literal["item"] = "item"
    id: str
    text: str


class QuantityBlock(_Frozen):
    """A number to forecast: its unit and, if known, the bounds it must lie in."""

    kind: Literal["quantity"] = "quantity"
    unit: str
    minimum: float | None = Field(default=None, allow_inf_nan=False)
    maximum: float | None = Field(default=None, allow_inf_nan=False)


class StatisticsBlock(_Frozen):
    """The panel's anonymous figures of the round before for one item (or, without item, the forecast).

    `histogram` counts the ratings 1 to 9; it is empty for a forecast. `explain` asks a seat far from
    the median for its reasons.
    """

    kind: Literal["statistics"] = "statistics"
    item: str | None = None
    n: int
    median: float
    lower_quartile: float
    upper_quartile: float
    histogram: tuple[int, ...] = ()
    own_rating: Rating | None = None
    own_forecast: float | None = None
    explain: bool = False


class HumanTextBlock(_Frozen):
    """What the human of a hybrid panel wrote, marked as such."""

    kind: Literal["human_text"] = "human_text"
    text: str
    stance: Stance | None = None


class EvidenceBlock(_Frozen):
    """A piece of evidence the panel was given; `id` is what an answer cites."""

    kind: Literal["evidence"] = "evidence"
    id: str
    title: str = ""
    text: str


class ParentBlock(_Frozen):
    """The panel this one follows up: its question, consensus and dissent."""

    kind: Literal["parent"] = "parent"
    question: str
    recommendation: str
    dissent: tuple[str, ...] = ()


class CustomPromptBlock(_Frozen):
    """The user's `configuration.custom_prompt`: quoted user text, it changes no step and no ballot."""

    kind: Literal["custom_prompt"] = "custom_prompt"
    text: str


class ResultBlock(_Frozen):
    """The computed consensus, for the chair to phrase and never to change."""

    kind: Literal["result"] = "result"
    recommendation: str
    agreement_points: tuple[str, ...] = ()
    disagreement_points: tuple[str, ...] = ()
    dissenting_opinions: tuple[str, ...] = ()


Block = Annotated[
    QuestionBlock
    | OwnAnswerBlock
    | PeerAnswerBlock
    | ThemeBlock
    | QuestionPutBlock
    | PropositionBlock
    | OpponentTextBlock
    | DebateTextBlock
    | ItemBlock
    | QuantityBlock
    | StatisticsBlock
    | HumanTextBlock
    | EvidenceBlock
    | ParentBlock
    | CustomPromptBlock
    | ResultBlock,
    Field(discriminator="kind"),
]


class Context(_Frozen):
    """`context` of `expert.requested`."""

    blocks: tuple[Block, ...] = ()
