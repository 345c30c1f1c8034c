"""The optional chair: phrases the computed result for people, never decides, and can be done without.

Its text becomes `panel.completed.summary` only if it adds nothing to the question and the result; what that
means stands in `phrasing.py`.
"""

from askpanel.contracts.blocks import Context, ResultBlock
from askpanel.contracts.events import ConsensusCalculated, ExpertRequested
from askpanel.orchestrator.phrasing import Record, additions
from askpanel.orchestrator.schedule import CHAIR_STEP, chair_deadline
from askpanel.orchestrator.state import StepKey
from askpanel.orchestrator.view import View
from askpanel.orchestrator.visibility import question


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
        deadline_at=chair_deadline(view.state, view.at),
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
    if said is None or view.result is None or additions(said.content, record(view)):
        return None
    return said.content


def record(view: View) -> Record:
    """What the chair was shown, and what must be known to judge its text."""
    result = view.state.consensus[view.concluded]
    shown = block(result)
    return Record(
        question=view.state.created.query,
        lines=(
            shown.recommendation,
            *shown.agreement_points,
            *shown.disagreement_points,
            *shown.dissenting_opinions,
        ),
        names=tuple(seat.name for seat in view.state.created.agents),
        dissenters=frozenset(dissent.agent_name for dissent in result.dissenting_opinions),
        band=result.band,
    )
