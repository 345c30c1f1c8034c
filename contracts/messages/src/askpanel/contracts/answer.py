"""What an expert answered, in typed fields: the `answer` of `expert.responded`.

Votes and numbers are read from here and never from prose. The prose itself (`content`) stands beside
this model in the event. Which fields are filled depends on the purpose of the request:

| purpose | filled beside `position` and `stance` |
|---|---|
| opening, view, ballot, answer | option?, ranking?, key_points, conditions, confidence?, citations; questions? (for a human) |
| any of these after round 1 | also changed, cause |
| question | questions; stance is `abstain` |
| rebuttal, or a speech of role pro or con | key_points; stance is `abstain`: an assigned side is no opinion |
| rating | ratings, or forecast; key_points; conditions (what would change the rating) |
| judgement | judgement; stance is `abstain` |
| synthesis | nothing else: the chair's text is `content` |
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Stance = Literal["support", "conditional", "oppose", "neutral", "abstain"]
"""Towards the question's proposition. Models are offered all but `neutral`."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Rating = Annotated[int, Field(ge=1, le=9)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class KeyPoint(_Frozen):
    """One point of the answer, tagged by the expert with one of the panel's dimensions."""

    text: str
    dimension: str


class Forecast(_Frozen):
    """A numeric estimate in the unit the question names, with the range the expert finds plausible."""

    value: float = Field(allow_inf_nan=False)
    low: float | None = Field(default=None, allow_inf_nan=False)
    high: float | None = Field(default=None, allow_inf_nan=False)


class Judgement(_Frozen):
    """What the judge of an adversarial panel found; it names no winner and is never a vote."""

    strongest_pro: str
    strongest_con: str
    unresolved: tuple[str, ...] = ()


class Answer(_Frozen):
    """The typed part of one expert's answer.

    `ratings` are in item order, None where the expert has no view. `ranking` holds option ids, best
    first; a nested tuple is a tie. `confidence` is None when unstated or unusable, never clamped.
    """

    position: str
    stance: Stance
    option: str | None = None
    ratings: tuple[Rating | None, ...] | None = None
    ranking: tuple[str | tuple[str, ...], ...] | None = None
    changed: bool | None = None
    cause: str | None = None
    key_points: tuple[str | KeyPoint, ...] = ()
    conditions: tuple[str, ...] = ()
    confidence: Share | None = None
    citations: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    forecast: Forecast | None = None
    judgement: Judgement | None = None
