"""structured: a decision with reasons, by vote.

| step | who, order | sees | writes | response_type | ballot |
|---|---|---|---|---|---|
| 1 | all, parallel | the question | position, reasons, key points, evidence | analysis | yes |
| 2…n | all, parallel | own last answer, every peer's last answer | final position, cause of any change | statement | yes |

Ends when the threshold is reached after any round, else after max_rounds.
"""

from askpanel.orchestrator.protocols.results import level_reached, rounds_used_up
from askpanel.orchestrator.protocols.table import Finish, Next, NextRound, PanelProtocol, Row
from askpanel.orchestrator.view import View
from askpanel.orchestrator.visibility import brief, own_answer, peers


def rows(view: View, number: int) -> tuple[Row, ...]:
    """One step per round: alone first, then in sight of the others."""
    if number == 1:
        return (Row("1", view.experts, lambda _: brief(view), "opening", "analysis"),)
    return (
        Row(
            str(number),
            view.members,
            lambda seat: (
                *brief(view),
                *own_answer(view, seat, number),
                *peers(view, seat, number),
            ),
            "view",
            "statement",
        ),
    )


def after(view: View, number: int) -> Next:
    """Agreement may end the panel after any round."""
    if level_reached(view, number):
        return Finish("threshold_reached")
    return Finish("max_rounds") if rounds_used_up(view, number) else NextRound()


STRUCTURED = PanelProtocol("structured", rows, after)
