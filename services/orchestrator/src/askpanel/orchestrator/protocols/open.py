"""open: the widest range of ideas. Points are collected and grouped, never voted on.

| step | who, order | sees | writes | response_type | ballot |
|---|---|---|---|---|---|
| 1 | all, parallel | the question | ideas in free form, as key points | analysis | key points |
| 2…n | all, parallel | themes so far (at most 8, random order, no names, no counts) | new points; support or objection | statement | key points |

The consensus is over the key points of all rounds so far. Ends from round 2 when under 20 % of the round's
points are new (agreement never stops it), else after max_rounds.
"""

from collections.abc import Iterator

from askpanel.orchestrator.anonymity import drawn
from askpanel.orchestrator.protocols.results import metric, metric_texts, rounds_used_up
from askpanel.orchestrator.protocols.table import Finish, Next, NextRound, PanelProtocol, Row
from askpanel.orchestrator.view import View
from askpanel.orchestrator.visibility import Blocks, brief, distinct, point_texts, theme

MOST_THEMES = 8
NEW_ENOUGH = 0.20


def rows(view: View, number: int) -> tuple[Row, ...]:
    """One step per round: ideas of one's own, then ideas beside the themes so far."""
    if number == 1:
        return (Row("1", view.experts, lambda _: brief(view), "opening", "analysis"),)
    return (
        Row(
            str(number),
            view.members,
            lambda seat: (*brief(view), *themes(view, seat, number)),
            "view",
            "statement",
        ),
    )


def after(view: View, number: int) -> Next:
    """Only exhaustion ends the panel early."""
    consensus = view.state.consensus.get(number)
    novelty = None if consensus is None else metric(consensus.metrics, "novelty")
    if number >= 2 and novelty is not None and novelty < NEW_ENOUGH:
        return Finish("nothing_new")
    return Finish("max_rounds") if rounds_used_up(view, number) else NextRound()


def themes(view: View, reader: int, number: int) -> Blocks:
    """The themes after the round before: one label each for all readers, in an order of the reader's."""
    labelled = view.once(("themes", number), lambda: _labelled(view, number))
    return drawn(view.panel_id, ("themes", number, reader), labelled)


def _labelled(view: View, number: int) -> Blocks:
    texts = tuple(_found(view, number - 1)) or tuple(_own_points(view, number - 1))
    known = distinct(view.blank(text) for text in texts)[:MOST_THEMES]
    order = drawn(view.panel_id, ("themes", number), known)
    return tuple(theme(f"Theme {place}", text) for place, text in enumerate(order, start=1))


def _found(view: View, number: int) -> Iterator[str]:
    """The themes that the consensus found, best supported first: the agreement, then the others."""
    consensus = view.state.consensus.get(number)
    if consensus is not None:
        yield from (point.text for point in consensus.agreement_points)
        for listed in ("points", "positions"):
            yield from metric_texts(consensus.metrics, listed)


def _own_points(view: View, number: int) -> Iterator[str]:
    """What the experts wrote, where the consensus lists no theme."""
    for seat in view.draw("points", number, of=view.members):
        for earlier in range(1, number + 1):
            given = view.ballot(seat, earlier)
            yield from () if given is None else point_texts(given.answer)


OPEN = PanelProtocol(
    "open",
    rows,
    after,
    counted_rounds=lambda number: range(1, number + 1),
)
