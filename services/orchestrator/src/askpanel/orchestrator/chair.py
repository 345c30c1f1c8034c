"""The optional chair: phrases the computed result for people, never decides, and can be done without.

Its text becomes `panel.completed.summary` only if it adds nothing to the result. What is checked: numbers,
quotations and experts' names must stand in the result, unanimity may be claimed only where there is no
dissent, and most of its longer words must be the result's own.
"""

import re

from askpanel.contracts.blocks import Context, ResultBlock
from askpanel.contracts.events import ConsensusCalculated, ExpertRequested
from askpanel.orchestrator.schedule import CHAIR_STEP, CHAIR_TIME
from askpanel.orchestrator.state import StepKey
from askpanel.orchestrator.view import View
from askpanel.orchestrator.visibility import question

MOST_NEW_WORDS = 0.5
"""The share of words of four letters and more that need not be the result's: phrasing needs its own."""

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_QUOTED = re.compile(r"[\"“«]([^\"”»]{3,})[\"”»]")
_WORD = re.compile(r"[^\W\d_]{4,}")


def step(view: View) -> StepKey:
    """The chair's one paid step, after the last consensus."""
    return (view.concluded, CHAIR_STEP, view.chair, "synthesis")


def requested(view: View) -> ExpertRequested:
    """One attempt, on the question and the computed result alone."""
    seat = view.seat(view.chair)
    return ExpertRequested(
        round_number=view.concluded,
        step=CHAIR_STEP,
        seat=view.chair,
        purpose="synthesis",
        agent_id=seat.agent_id,
        agent_name=seat.name,
        role="chair",
        response_type="analysis",
        context=Context(blocks=(question(view), block(view.state.consensus[view.concluded]))),
        attempt_limit=1,
        deadline_at=view.state.at + CHAIR_TIME,
    )


def block(result: ConsensusCalculated) -> ResultBlock:
    """The computed result as texts."""
    return ResultBlock(
        recommendation=result.recommendation,
        agreement_points=tuple(point.text for point in result.agreement_points),
        disagreement_points=tuple(point.text for point in result.disagreement_points),
        dissenting_opinions=tuple(
            f"{dissent.agent_name}: {dissent.opinion}" for dissent in result.dissenting_opinions
        ),
    )


def summary(view: View) -> str | None:
    """The chair's text; None where it did not come or adds something."""
    said = view.state.answers.get(step(view))
    if said is None or not said.content.strip() or view.result is None:
        return None
    return said.content if adds_nothing(said.content, view) else None


def adds_nothing(text: str, view: View) -> bool:
    """Whether everything checkable in the text stands in the question or the result."""
    result = view.state.consensus[view.concluded]
    shown = block(result)
    record = "\n".join(
        (
            view.state.created.query,
            shown.recommendation,
            *shown.agreement_points,
            *shown.disagreement_points,
            *shown.dissenting_opinions,
        )
    ).casefold()
    told = text.casefold()
    names = (seat.name.casefold() for seat in view.state.created.agents)
    words = _WORD.findall(told)
    new = sum(word[:5] not in record for word in words)
    return (
        all(number in _NUMBER.findall(record) for number in _NUMBER.findall(told))
        and all(quoted.strip() in record for quoted in _QUOTED.findall(told))
        and all(name in record for name in names if name in told)
        and not (result.dissenting_opinions and re.search(r"\bunanim", told))
        and new <= MOST_NEW_WORDS * len(words)
    )
